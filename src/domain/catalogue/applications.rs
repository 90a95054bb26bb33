//! App registrations and their service principals.

use super::operation::Operation;
use super::permissions;
use super::service::Service;

pub(super) const ROWS: &[Operation] = &[
    Operation {
        id: "applications.list",
        query: "$top=5&$select=id,displayName",
        delegated: permissions::APPLICATIONS_READ,
        application: permissions::APPLICATIONS_READ_APP,
        doc: page!("application-list"),
        ..Operation::get(Service::Applications, "/applications")
    },
    Operation {
        id: "servicePrincipals.list",
        query: "$top=5&$select=id,appId",
        delegated: permissions::APPLICATIONS_READ,
        application: permissions::APPLICATIONS_READ_APP,
        doc: page!("serviceprincipal-list"),
        ..Operation::get(Service::Applications, "/servicePrincipals")
    },
];
