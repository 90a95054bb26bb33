//! Diff between the permissions that a policy needs and those that a tenant has granted, and the requests that grant them.
//! It is a value: it can be printed before anything is changed.
//!
//! Source: learn.microsoft.com/graph/permissions-grant-via-msgraph, serviceprincipal-post-approleassignments,
//! oauth2permissiongrant-post and -update, application-update.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::domain::catalogue::granted::GrantedPermissions;
use crate::domain::catalogue::{Access, Operation};
use crate::domain::permissions::required::missing;

/// Microsoft Graph's own app id, the same in every tenant and cloud.
pub(crate) const GRAPH: &str = "00000003-0000-0000-c000-000000000000";

/// An app that holds these can grant itself any permission. They are used, never granted.
const ADMINISTRATIVE: [&str; 3] =
    ["Application.ReadWrite.All", "AppRoleAssignment.ReadWrite.All", "DelegatedPermissionGrant.ReadWrite.All"];

/// The permissions that granting requires and the token lacks.
pub(crate) fn missing_admin_permissions(access: Access, granted: &GrantedPermissions) -> Vec<&'static str> {
    let GrantedPermissions::Known(names) = granted else { return Vec::new() };
    let [register, assign, consent] = ADMINISTRATIVE;
    let takes = [register, if access == Access::AppOnly { assign } else { consent }];
    takes.into_iter().filter(|name| !names.contains(*name)).collect()
}

/// A tenant as Graph describes it to the app.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tenant {
    /// `None` where the app is registered in another tenant.
    pub registration: Option<Registration>,
    /// Object id of the app's service principal.
    pub principal: String,
    /// Object id of Microsoft Graph's service principal.
    pub graph: String,
    /// The permissions that Microsoft Graph offers to this kind of token: id by name.
    pub offered: BTreeMap<String, String>,
    /// The permissions with consent for the whole tenant.
    pub consented: BTreeSet<String>,
    /// Delegated: id and scope of the consent for all users.
    pub grant: Option<(String, String)>,
}

/// The app's registration.
#[derive(Clone, Debug, Default)]
pub(crate) struct Registration {
    /// Object id of the application.
    pub id: String,
    /// `requiredResourceAccess`, with the entries of other services.
    pub required_access: Vec<Value>,
}

/// The changes that are needed, as names of permissions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Diff {
    pub register: Vec<&'static str>,
    pub consent: Vec<&'static str>,
    /// Needed, but not offered in this cloud.
    pub not_offered: Vec<&'static str>,
}

/// One request, and its description.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Step {
    pub does: String,
    pub consents: Vec<&'static str>,
    pub method: &'static str,
    pub url: String,
    pub body: Value,
}

/// The permissions that the operations need beyond those of the registration and the consent.
pub(crate) fn diff(wanted: &[&'static Operation], access: Access, tenant: &Tenant) -> Diff {
    let beyond = |mut held: BTreeSet<String>| {
        // Administrative permissions are removed again later, and what they allow with them.
        held.retain(|name| !ADMINISTRATIVE.contains(&name.as_str()));
        let mut names = missing(wanted, access, &GrantedPermissions::Known(held));
        names.retain(|name| !ADMINISTRATIVE.contains(name));
        names
    };
    let consent = beyond(tenant.consented.clone());
    let register = tenant.registration.as_ref().map(|found| beyond(registered(found, access, &tenant.offered)));
    let register = register.unwrap_or_default();
    let offered = |name: &&str| tenant.offered.contains_key(*name);
    Diff {
        not_offered: consent.union(&register).copied().filter(|name| !offered(name)).collect(),
        register: register.into_iter().filter(offered).collect(),
        consent: consent.into_iter().filter(offered).collect(),
    }
}

const fn kind(access: Access) -> &'static str {
    match access {
        Access::AppOnly => "Role",
        Access::Delegated => "Scope",
    }
}

fn is_graph(entry: &Value) -> bool {
    entry["resourceAppId"].as_str().is_some_and(|id| id.eq_ignore_ascii_case(GRAPH))
}

fn registered(found: &Registration, access: Access, offered: &BTreeMap<String, String>) -> BTreeSet<String> {
    let entries = found.required_access.iter().filter(|entry| is_graph(entry));
    let entries: Vec<&Value> = entries.filter_map(|entry| entry["resourceAccess"].as_array()).flatten().collect();
    let holds = |id: &str| entries.iter().any(|one| one["type"] == kind(access) && one["id"] == id);
    offered.iter().filter(|(_, id)| holds(id)).map(|(name, _)| name.clone()).collect()
}

impl Diff {
    pub(crate) fn is_empty(&self) -> bool {
        self.register.is_empty() && self.consent.is_empty()
    }

    /// The requests in the order to send them. If one fails, the effect of those before it is still correct.
    pub(crate) fn steps(&self, access: Access, tenant: &Tenant) -> Vec<Step> {
        let mut steps = Vec::new();
        if let Some(found) = tenant.registration.as_ref().filter(|_| !self.register.is_empty()) {
            steps.push(Step {
                does: format!("add to the app registration: {}", self.register.join(", ")),
                consents: Vec::new(),
                method: "PATCH",
                url: format!("/applications/{}", found.id),
                body: json!({"requiredResourceAccess": self.registration(found, access, tenant)}),
            });
        }
        if self.consent.is_empty() {
            return steps;
        }
        match access {
            Access::AppOnly => steps.extend(self.consent.iter().map(|name| Step {
                does: format!("consent to {name}"),
                consents: vec![name],
                method: "POST",
                url: format!("/servicePrincipals/{}/appRoleAssignments", tenant.principal),
                body: json!({"principalId": tenant.principal, "resourceId": tenant.graph, "appRoleId": tenant.offered[*name]}),
            })),
            Access::Delegated => steps.push(self.delegated(tenant)),
        }
        steps
    }

    /// The consent for all users: one object, whose scopes are written all at once.
    fn delegated(&self, tenant: &Tenant) -> Step {
        let held = tenant.grant.as_ref().map_or("", |(_, scope)| scope);
        let scope = held.split_whitespace().chain(self.consent.iter().copied()).collect::<Vec<_>>().join(" ");
        let (method, url, body) = match &tenant.grant {
            Some((id, _)) => ("PATCH", format!("/oauth2PermissionGrants/{id}"), json!({"scope": scope})),
            None => (
                "POST",
                "/oauth2PermissionGrants".to_owned(),
                json!({"clientId": tenant.principal, "consentType": "AllPrincipals", "resourceId": tenant.graph, "scope": scope}),
            ),
        };
        let does = format!("consent for all users to {}", self.consent.join(", "));
        Step { does, consents: self.consent.clone(), method, url, body }
    }

    /// The full list, since Graph replaces it: the present entries and the new ones.
    fn registration(&self, found: &Registration, access: Access, tenant: &Tenant) -> Vec<Value> {
        let new = self.register.iter().map(|name| json!({"id": tenant.offered[*name], "type": kind(access)}));
        let mut required_access = found.required_access.clone();
        let entry = required_access.iter_mut().find(|entry| is_graph(entry));
        match entry.and_then(|entry| entry["resourceAccess"].as_array_mut()) {
            Some(list) => list.extend(new),
            None => required_access.push(json!({"resourceAppId": GRAPH, "resourceAccess": new.collect::<Vec<_>>()})),
        }
        required_access
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::catalogue;
    use crate::domain::permissions::required::{permissions, wanted};
    use crate::domain::policy::Policy;

    fn operations(access: Access, include: &[&str]) -> Vec<&'static Operation> {
        wanted(&Policy::parse(json!({"operations": {"include": include}})).unwrap(), access, Some("u"))
    }

    /// A tenant that offers every permission and has granted none.
    fn tenant(access: Access) -> Tenant {
        let names = catalogue::all().filter_map(|operation| operation.permission(access));
        Tenant {
            registration: Some(Registration { id: "app".to_owned(), required_access: Vec::new() }),
            principal: "p".to_owned(),
            graph: "g".to_owned(),
            offered: names.map(|name| (name.to_owned(), format!("id of {name}"))).collect(),
            ..Tenant::default()
        }
    }

    #[test]
    fn the_diff_is_the_permissions_of_the_policy_and_never_an_administrative_one() {
        for access in [Access::AppOnly, Access::Delegated] {
            for include in [&["*"][..], &["mail.*"], &["users.list"]] {
                let wanted = operations(access, include);
                let found = diff(&wanted, access, &tenant(access));
                let needed: Vec<&str> = permissions(&wanted, access).into_iter().collect();
                assert_eq!((&found.consent, &found.register), (&needed, &needed));
                assert!(needed.iter().all(|name| !ADMINISTRATIVE.contains(name)), "{needed:?}");
            }
        }
    }

    #[test]
    fn a_wider_permission_that_is_granted_already_is_enough() {
        let wanted = operations(Access::Delegated, &["mail.folders.list"]);
        let mut tenant = tenant(Access::Delegated);
        tenant.offered.insert("Mail.ReadWrite".to_owned(), "wide".to_owned());
        tenant.consented.insert("Mail.ReadWrite".to_owned());
        let required_access =
            json!({"resourceAppId": GRAPH.to_uppercase(), "resourceAccess": [{"id": "wide", "type": "Scope"}]});
        tenant.registration.as_mut().unwrap().required_access.push(required_access);
        let found = diff(&wanted, Access::Delegated, &tenant);
        assert!(found.is_empty() && found.steps(Access::Delegated, &tenant).is_empty(), "{found:?}");
    }

    #[test]
    fn an_operation_that_only_an_administrative_permission_allows_still_gets_its_own() {
        let mut tenant = tenant(Access::AppOnly);
        tenant.consented.insert("Application.ReadWrite.All".to_owned());
        let found = diff(&operations(Access::AppOnly, &["applications.list"]), Access::AppOnly, &tenant);
        assert_eq!(found.consent, ["Application.Read.All"]);
    }

    #[test]
    fn the_registration_keeps_its_other_entries() {
        let mut tenant = tenant(Access::AppOnly);
        let others = [
            json!({"resourceAppId": "another", "resourceAccess": [{"id": "x", "type": "Role"}], "unknown": 1}),
            json!({"resourceAppId": GRAPH, "resourceAccess": [{"id": "y", "type": "Scope"}]}),
        ];
        tenant.registration.as_mut().unwrap().required_access = others.to_vec();
        let found = diff(&operations(Access::AppOnly, &["users.list"]), Access::AppOnly, &tenant);
        let steps = found.steps(Access::AppOnly, &tenant);
        let id = &tenant.offered[found.register[0]];
        let required_access = &steps[0].body["requiredResourceAccess"];
        assert_eq!(required_access[0], others[0]);
        assert_eq!(
            required_access[1]["resourceAccess"],
            json!([{"id": "y", "type": "Scope"}, {"id": id, "type": "Role"}])
        );
        assert_eq!(steps[1].body, json!({"principalId": "p", "resourceId": "g", "appRoleId": id}));
    }

    #[test]
    fn a_delegated_consent_is_created_once_and_then_widened() {
        let mut tenant = tenant(Access::Delegated);
        let found = diff(&operations(Access::Delegated, &["users.list"]), Access::Delegated, &tenant);
        let made = found.steps(Access::Delegated, &tenant).pop().unwrap();
        assert_eq!((made.method, &made.body["scope"]), ("POST", &json!("User.ReadBasic.All")));
        tenant.grant = Some(("1".to_owned(), "openid Mail.Send".to_owned()));
        let widened = found.steps(Access::Delegated, &tenant).pop().unwrap();
        assert_eq!((widened.method, widened.url.as_str()), ("PATCH", "/oauth2PermissionGrants/1"));
        assert_eq!(widened.body, json!({"scope": "openid Mail.Send User.ReadBasic.All"}));
    }

    #[test]
    fn a_permission_that_a_cloud_does_not_offer_is_reported_and_not_requested() {
        let mut tenant = tenant(Access::AppOnly);
        tenant.offered.clear();
        let found = diff(&operations(Access::AppOnly, &["users.list"]), Access::AppOnly, &tenant);
        assert!(found.is_empty() && found.not_offered.len() == 1, "{found:?}");
    }

    #[test]
    fn granting_requires_two_permissions_by_kind_of_token() {
        let none = GrantedPermissions::from_scope("");
        assert_eq!(
            missing_admin_permissions(Access::AppOnly, &none),
            ["Application.ReadWrite.All", "AppRoleAssignment.ReadWrite.All"]
        );
        assert_eq!(
            missing_admin_permissions(Access::Delegated, &none),
            ["Application.ReadWrite.All", "DelegatedPermissionGrant.ReadWrite.All"]
        );
        assert!(
            missing_admin_permissions(Access::Delegated, &GrantedPermissions::from_scope(&ADMINISTRATIVE.join(" ")))
                .is_empty()
        );
        assert!(missing_admin_permissions(Access::AppOnly, &GrantedPermissions::Unknown).is_empty());
    }
}
