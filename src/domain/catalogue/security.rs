//! Secure score, alerts, incidents, risk.

use super::{Operation, Service};

pub(super) const ROWS: &[Operation] = &[
    Operation {
        id: "security.secureScores",
        query: "$top=1",
        delegated: Some("SecurityEvents.Read.All"),
        application: Some("SecurityEvents.Read.All"),
        doc: page!("security-list-securescores"),
        ..Operation::get(Service::Security, "/security/secureScores")
    },
    Operation {
        id: "security.controlProfiles",
        query: "$top=5",
        delegated: Some("SecurityEvents.Read.All"),
        application: Some("SecurityEvents.Read.All"),
        doc: page!("security-list-securescorecontrolprofiles"),
        ..Operation::get(Service::Security, "/security/secureScoreControlProfiles")
    },
    Operation {
        id: "security.alerts",
        query: "$top=5",
        delegated: Some("SecurityAlert.Read.All"),
        application: Some("SecurityAlert.Read.All"),
        weight: 60,
        doc: page!("security-list-alerts_v2"),
        ..Operation::get(Service::Security, "/security/alerts_v2")
    },
    Operation {
        id: "security.incidents",
        query: "$top=5",
        delegated: Some("SecurityIncident.Read.All"),
        application: Some("SecurityIncident.Read.All"),
        weight: 60,
        doc: page!("security-list-incidents"),
        ..Operation::get(Service::Security, "/security/incidents")
    },
    Operation {
        id: "risk.users",
        query: "$top=5",
        delegated: Some("IdentityRiskyUser.Read.All"),
        application: Some("IdentityRiskyUser.Read.All"),
        weight: 20,
        doc: page!("riskyuser-list"),
        ..Operation::get(Service::Security, "/identityProtection/riskyUsers")
    },
];
