//! Services of the whole tenant: health, audit, security, bookings, Teams apps.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use crate::graph::initial_data::insert::{add, put};
use crate::state::ids::Id;
use crate::state::tenant_state::TenantState;
use crate::wire::encoding::timestamp;

pub(super) fn fill(tenant: &mut TenantState, now: DateTime<Utc>) {
    let issue = json!({"title": "Users may see delays", "service": "Exchange Online", "status": "serviceRestored", "classification": "advisory",
        "startDateTime": timestamp(now - TimeDelta::days(2)), "lastModifiedDateTime": timestamp(now - TimeDelta::days(1))});
    put(tenant, "admin/serviceAnnouncement/issues", "EX100001", issue);
    put(
        tenant,
        "admin/serviceAnnouncement/healthOverviews",
        "Exchange",
        json!({"service": "Exchange Online", "status": "serviceOperational"}),
    );
    put(
        tenant,
        "admin/serviceAnnouncement/messages",
        "MC100001",
        json!({"title": "A new feature", "category": "stayInformed", "severity": "normal",
        "startDateTime": timestamp(now), "endDateTime": timestamp(now + TimeDelta::days(30)), "lastModifiedDateTime": timestamp(now)}),
    );
    add(
        tenant,
        "auditLogs/directoryAudits",
        Id::Guid,
        json!({"activityDisplayName": "Add user", "category": "UserManagement", "result": "success", "activityDateTime": timestamp(now)}),
    );
    add(
        tenant,
        "auditLogs/signIns",
        Id::Guid,
        json!({"appDisplayName": "An app", "createdDateTime": timestamp(now), "isInteractive": false}),
    );
    add(
        tenant,
        "security/secureScores",
        Id::Guid,
        json!({"currentScore": 31.5, "maxScore": 280.0, "createdDateTime": timestamp(now)}),
    );
    put(
        tenant,
        "security/secureScoreControlProfiles",
        "AdminMFAV2",
        json!({"title": "Require MFA for administrative roles", "service": "AzureAD", "maxScore": 10.0}),
    );
    put(tenant, "solutions/bookingCurrencies", "EUR", json!({"symbol": "€"}));
    let domain = tenant.definition.domain.clone();
    let shop = format!("Contoso@{domain}");
    put(
        tenant,
        "solutions/bookingBusinesses",
        &shop,
        json!({"displayName": "Contoso lunch delivery", "businessType": "Restaurant", "isPublished": false}),
    );
    add(
        tenant,
        &format!("solutions/bookingBusinesses/{shop}/services"),
        Id::Guid,
        json!({"displayName": "Catering", "defaultDuration": "PT1H"}),
    );
    add(tenant, "appCatalogs/teamsApps", Id::Guid, json!({"displayName": "Polls", "distributionMethod": "store"}));
}
