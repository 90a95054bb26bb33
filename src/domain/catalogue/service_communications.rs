//! Service health and the message centre.

use super::operation::Operation;
use super::service::Service;

pub(super) const ROWS: &[Operation] = &[
    Operation {
        id: "health.overviews",
        delegated: &["ServiceHealth.Read.All"],
        application: &["ServiceHealth.Read.All"],
        doc: page!("serviceannouncement-list-healthoverviews"),
        ..Operation::get(Service::ServiceCommunications, "/admin/serviceAnnouncement/healthOverviews")
    },
    Operation {
        id: "health.issues",
        query: "$top=5",
        delegated: &["ServiceHealth.Read.All"],
        application: &["ServiceHealth.Read.All"],
        doc: page!("serviceannouncement-list-issues"),
        ..Operation::get(Service::ServiceCommunications, "/admin/serviceAnnouncement/issues")
    },
    Operation {
        id: "health.messages",
        query: "$top=5",
        delegated: &["ServiceMessage.Read.All"],
        application: &["ServiceMessage.Read.All"],
        doc: page!("serviceannouncement-list-messages"),
        ..Operation::get(Service::ServiceCommunications, "/admin/serviceAnnouncement/messages")
    },
];
