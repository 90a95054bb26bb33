//! Service health and the message centre.

use super::{Operation, Service};

pub(super) const ROWS: &[Operation] = &[
    Operation {
        id: "health.overviews",
        delegated: Some("ServiceHealth.Read.All"),
        application: Some("ServiceHealth.Read.All"),
        doc: page!("serviceannouncement-list-healthoverviews"),
        ..Operation::get(Service::ServiceCommunications, "/admin/serviceAnnouncement/healthOverviews")
    },
    Operation {
        id: "health.issues",
        query: "$top=5",
        delegated: Some("ServiceHealth.Read.All"),
        application: Some("ServiceHealth.Read.All"),
        doc: page!("serviceannouncement-list-issues"),
        ..Operation::get(Service::ServiceCommunications, "/admin/serviceAnnouncement/issues")
    },
    Operation {
        id: "health.messages",
        query: "$top=5",
        delegated: Some("ServiceMessage.Read.All"),
        application: Some("ServiceMessage.Read.All"),
        doc: page!("serviceannouncement-list-messages"),
        ..Operation::get(Service::ServiceCommunications, "/admin/serviceAnnouncement/messages")
    },
];
