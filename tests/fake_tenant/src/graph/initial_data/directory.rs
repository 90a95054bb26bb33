//! The directory: organization, domains, licences, roles, apps, users.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use crate::graph::initial_data::insert::{add, put};
use crate::graph::initial_data::licences::service_plans;
use crate::graph::services::applications;
use crate::state::ids::Id;
use crate::state::tenant_state::TenantState;
use crate::wire::encoding::timestamp;

pub(super) fn fill(tenant: &mut TenantState, now: DateTime<Utc>) {
    let (id, domain) = (tenant.definition.id.clone(), tenant.definition.domain.clone());
    put(
        tenant,
        "organization",
        &id,
        json!({"displayName": "Fake Developer Tenant", "tenantType": "AAD",
        "verifiedDomains": [{"name": domain, "isDefault": true, "isInitial": true}]}),
    );
    put(
        tenant,
        "domains",
        &domain,
        json!({"isDefault": true, "isInitial": true, "isVerified": true, "authenticationType": "Managed"}),
    );
    let sku = "c42b9cae-ea4f-4ab7-9717-81576235ccac";
    put(
        tenant,
        "subscribedSkus",
        &format!("{id}_{sku}"),
        json!({"skuId": sku, "skuPartNumber": "DEVELOPERPACK_E5",
        "capabilityStatus": "Enabled", "consumedUnits": 3, "appliesTo": "User", "prepaidUnits": {"enabled": 25, "suspended": 0, "warning": 0},
        "servicePlans": service_plans(|_| true)}),
    );
    add(
        tenant,
        "directory/subscriptions",
        Id::Guid,
        json!({"skuId": sku, "skuPartNumber": "DEVELOPERPACK_E5", "status": "Enabled",
        "isTrial": true, "totalLicenses": 25, "createdDateTime": timestamp(now - TimeDelta::days(40)), "nextLifecycleDateTime": timestamp(now + TimeDelta::days(50))}),
    );
    for role in ["Global Administrator", "Reports Reader"] {
        let template =
            add(tenant, "directoryRoleTemplates", Id::Guid, json!({"displayName": role, "description": role}));
        add(tenant, "directoryRoles", Id::Guid, json!({"displayName": role, "roleTemplateId": template}));
        put(
            tenant,
            "roleManagement/directory/roleDefinitions",
            &template,
            json!({"displayName": role, "isBuiltIn": true, "isEnabled": true}),
        );
    }
    put(
        tenant,
        "servicePrincipals",
        &applications::guid("principal", &id),
        json!({"appId": applications::GRAPH, "displayName": "Microsoft Graph", "accountEnabled": true, "servicePrincipalType": "Application"}),
    );
    for app in tenant.definition.apps.clone() {
        add(
            tenant,
            "applications",
            Id::Guid,
            json!({"appId": app.client_id, "displayName": "An app", "createdDateTime": timestamp(now), "keyCredentials": [],
            "requiredResourceAccess": applications::registered(),
            "passwordCredentials": app.secrets.iter().map(|secret| json!({
                "hint": secret.value.get(..3), "displayName": "A secret", "startDateTime": timestamp(now),
                "endDateTime": timestamp(secret.expires.unwrap_or(now + TimeDelta::days(180))),
            })).collect::<Vec<_>>()}),
        );
        add(
            tenant,
            "servicePrincipals",
            Id::Guid,
            json!({"appId": app.client_id, "displayName": "An app", "accountEnabled": true, "servicePrincipalType": "Application"}),
        );
    }
    put(
        tenant,
        "policies/identitySecurityDefaultsEnforcementPolicy",
        "",
        json!({"id": "00000000-0000-0000-0000-000000000005", "displayName": "Security Defaults", "isEnabled": false}),
    );
    put(
        tenant,
        "policies/authorizationPolicy",
        "",
        json!({"id": "authorizationPolicy", "displayName": "Authorization Policy", "allowInvitesFrom": "everyone"}),
    );
    for user in tenant.definition.users.clone() {
        let manager = user.manager.as_deref().and_then(|m| tenant.user(m)).map(|m| m.id.clone());
        let mail = user.mailbox.then(|| user.upn.clone());
        put(
            tenant,
            "users",
            &user.id,
            json!({"displayName": user.name, "givenName": user.name, "userPrincipalName": user.upn, "mail": mail,
            "accountEnabled": user.enabled, "userType": "Member", "businessPhones": [], "usageLocation": "DE", "_manager": manager}),
        );
    }
}
