//! Secure score, alerts, incidents, risk.

use super::operation::Operation;
use super::permissions;
use super::service::Service;

pub(super) const ROWS: &[Operation] = &[
    Operation {
        id: "security.secureScores",
        query: "$top=1",
        delegated: permissions::SECURITY_EVENTS_READ,
        application: permissions::SECURITY_EVENTS_READ,
        doc: page!("security-list-securescores"),
        ..Operation::get(Service::Security, "/security/secureScores")
    },
    Operation {
        id: "security.controlProfiles",
        query: "$top=5",
        delegated: permissions::SECURITY_EVENTS_READ,
        application: permissions::SECURITY_EVENTS_READ,
        doc: page!("security-list-securescorecontrolprofiles"),
        ..Operation::get(Service::Security, "/security/secureScoreControlProfiles")
    },
    Operation {
        id: "security.alerts",
        query: "$top=5",
        delegated: &["SecurityAlert.Read.All", "SecurityAlert.ReadWrite.All"],
        application: &["SecurityAlert.Read.All", "SecurityAlert.ReadWrite.All"],
        weight: 60,
        doc: page!("security-list-alerts_v2"),
        ..Operation::get(Service::Security, "/security/alerts_v2")
    },
    Operation {
        id: "security.incidents",
        query: "$top=5",
        delegated: &["SecurityIncident.Read.All", "SecurityIncident.ReadWrite.All"],
        application: &["SecurityIncident.Read.All", "SecurityIncident.ReadWrite.All"],
        weight: 60,
        doc: page!("security-list-incidents"),
        ..Operation::get(Service::Security, "/security/incidents")
    },
    Operation {
        id: "risk.users",
        query: "$top=5",
        delegated: &["IdentityRiskyUser.Read.All"],
        application: &["IdentityRiskyUser.Read.All"],
        weight: 20,
        doc: page!("riskyuser-list"),
        ..Operation::get(Service::Security, "/identityProtection/riskyUsers")
    },
];
