//! The directory: organization, domains, licences, roles, apps, users.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use crate::graph::initial_data::insert::{add, put};
use crate::graph::services::applications;
use crate::state::ids::Id;
use crate::state::tenant_state::Held;
use crate::wire::encoding::timestamp;

pub(super) fn fill(held: &mut Held, now: DateTime<Utc>) {
    let (id, domain) = (held.is.id.clone(), held.is.domain.clone());
    put(
        held,
        "organization",
        &id,
        json!({"displayName": "Fake Developer Tenant", "tenantType": "AAD",
        "verifiedDomains": [{"name": domain, "isDefault": true, "isInitial": true}]}),
    );
    put(
        held,
        "domains",
        &domain,
        json!({"isDefault": true, "isInitial": true, "isVerified": true, "authenticationType": "Managed"}),
    );
    let sku = "c42b9cae-ea4f-4ab7-9717-81576235ccac";
    put(
        held,
        "subscribedSkus",
        &format!("{id}_{sku}"),
        json!({"skuId": sku, "skuPartNumber": "DEVELOPERPACK_E5",
        "capabilityStatus": "Enabled", "consumedUnits": 3, "appliesTo": "User", "prepaidUnits": {"enabled": 25, "suspended": 0, "warning": 0}}),
    );
    add(
        held,
        "directory/subscriptions",
        Id::Guid,
        json!({"skuId": sku, "skuPartNumber": "DEVELOPERPACK_E5", "status": "Enabled",
        "isTrial": true, "totalLicenses": 25, "createdDateTime": timestamp(now - TimeDelta::days(40)), "nextLifecycleDateTime": timestamp(now + TimeDelta::days(50))}),
    );
    for role in ["Global Administrator", "Reports Reader"] {
        let template = add(held, "directoryRoleTemplates", Id::Guid, json!({"displayName": role, "description": role}));
        add(held, "directoryRoles", Id::Guid, json!({"displayName": role, "roleTemplateId": template}));
        put(
            held,
            "roleManagement/directory/roleDefinitions",
            &template,
            json!({"displayName": role, "isBuiltIn": true, "isEnabled": true}),
        );
    }
    put(
        held,
        "servicePrincipals",
        &applications::guid("principal", &id),
        json!({"appId": applications::GRAPH, "displayName": "Microsoft Graph", "accountEnabled": true, "servicePrincipalType": "Application"}),
    );
    for app in held.is.apps.clone() {
        add(
            held,
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
            held,
            "servicePrincipals",
            Id::Guid,
            json!({"appId": app.client_id, "displayName": "An app", "accountEnabled": true, "servicePrincipalType": "Application"}),
        );
    }
    put(
        held,
        "policies/identitySecurityDefaultsEnforcementPolicy",
        "",
        json!({"id": "00000000-0000-0000-0000-000000000005", "displayName": "Security Defaults", "isEnabled": false}),
    );
    put(
        held,
        "policies/authorizationPolicy",
        "",
        json!({"id": "authorizationPolicy", "displayName": "Authorization Policy", "allowInvitesFrom": "everyone"}),
    );
    for user in held.is.users.clone() {
        let manager = user.manager.as_deref().and_then(|m| held.user(m)).map(|m| m.id.clone());
        let mail = user.mailbox.then(|| user.upn.clone());
        put(
            held,
            "users",
            &user.id,
            json!({"displayName": user.name, "givenName": user.name, "userPrincipalName": user.upn, "mail": mail,
            "accountEnabled": user.enabled, "userType": "Member", "businessPhones": [], "usageLocation": "DE", "_manager": manager}),
        );
    }
}
