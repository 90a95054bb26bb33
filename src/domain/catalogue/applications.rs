//! App registrations and the service principals that stand for them.

use super::{Operation, Service};

pub(super) const ROWS: &[Operation] = &[
    Operation {
        id: "applications.list",
        query: "$top=5&$select=id,displayName",
        delegated: Some("Application.Read.All"),
        application: Some("Application.Read.All"),
        doc: page!("application-list"),
        ..Operation::get(Service::Applications, "/applications")
    },
    Operation {
        id: "servicePrincipals.list",
        query: "$top=5&$select=id,appId",
        delegated: Some("Application.Read.All"),
        application: Some("Application.Read.All"),
        doc: page!("serviceprincipal-list"),
        ..Operation::get(Service::Applications, "/servicePrincipals")
    },
];
