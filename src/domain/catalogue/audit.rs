//! Audit and sign-in logs: five requests in ten seconds are allowed.

use super::operation::Operation;
use super::service::Service;

pub(super) const ROWS: &[Operation] = &[
    Operation {
        id: "audit.directory",
        query: "$top=5",
        delegated: &["AuditLog.Read.All", "Directory.Read.All"],
        application: &["AuditLog.Read.All", "Directory.Read.All"],
        weight: 60,
        doc: page!("directoryaudit-list"),
        ..Operation::get(Service::Audit, "/auditLogs/directoryAudits")
    },
    Operation {
        id: "audit.signIns",
        query: "$top=1",
        delegated: &["AuditLog.Read.All"],
        application: &["AuditLog.Read.All"],
        weight: 60,
        doc: page!("signin-list"),
        ..Operation::get(Service::Audit, "/auditLogs/signIns")
    },
];
