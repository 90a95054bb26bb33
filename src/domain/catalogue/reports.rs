//! Usage reports. Microsoft allows 14 requests per report in ten minutes, so they are drawn seldom.

use super::operation::Operation;
use super::service::Service;

pub(super) const ROWS: &[Operation] = &[
    Operation {
        id: "reports.activeUserCounts",
        delegated: &["Reports.Read.All"],
        application: &["Reports.Read.All"],
        expected: &[302],
        weight: 50,
        doc: page!("reportroot-getoffice365activeusercounts"),
        ..Operation::get(Service::Reports, "/reports/getOffice365ActiveUserCounts(period='{period}')")
    },
    Operation {
        id: "reports.activeUserDetail",
        delegated: &["Reports.Read.All"],
        application: &["Reports.Read.All"],
        expected: &[302],
        weight: 30,
        doc: page!("reportroot-getoffice365activeuserdetail"),
        ..Operation::get(Service::Reports, "/reports/getOffice365ActiveUserDetail(period='{period}')")
    },
    Operation {
        id: "reports.emailActivityCounts",
        delegated: &["Reports.Read.All"],
        application: &["Reports.Read.All"],
        expected: &[302],
        weight: 50,
        doc: page!("reportroot-getemailactivitycounts"),
        ..Operation::get(Service::Reports, "/reports/getEmailActivityCounts(period='{period}')")
    },
    Operation {
        id: "reports.oneDriveStorage",
        delegated: &["Reports.Read.All"],
        application: &["Reports.Read.All"],
        expected: &[302],
        weight: 30,
        doc: page!("reportroot-getonedriveusagestorage"),
        ..Operation::get(Service::Reports, "/reports/getOneDriveUsageStorage(period='{period}')")
    },
    Operation {
        id: "reports.teamsActivityCounts",
        delegated: &["Reports.Read.All"],
        application: &["Reports.Read.All"],
        expected: &[302],
        weight: 30,
        doc: page!("reportroot-getteamsuseractivitycounts"),
        ..Operation::get(Service::Reports, "/reports/getTeamsUserActivityCounts(period='{period}')")
    },
    Operation {
        id: "reports.sharePointSiteUsage",
        delegated: &["Reports.Read.All"],
        application: &["Reports.Read.All"],
        expected: &[302],
        weight: 30,
        doc: page!("reportroot-getsharepointsiteusagedetail"),
        ..Operation::get(Service::Reports, "/reports/getSharePointSiteUsageDetail(period='{period}')")
    },
    Operation {
        id: "reports.authMethodsRegistration",
        query: "$top=5",
        delegated: &["AuditLog.Read.All"],
        application: &["AuditLog.Read.All"],
        weight: 30,
        doc: page!("authenticationmethodsroot-list-userregistrationdetails"),
        ..Operation::get(Service::Reports, "/reports/authenticationMethods/userRegistrationDetails")
    },
];
