//! Looks up what a tenant has granted: registration, service principals, permissions on offer, consents.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::actions::grant::grantor::{Grantor, item, status_text};
use crate::domain::catalogue::Access;
use crate::domain::permissions::diff::{GRAPH, Registration, Tenant};
use crate::domain::plan::Payload;
use crate::ports::{BatchItem, BatchReply};

/// Pages that a list is followed for: a thousand consents and more.
const MAX_PAGES: usize = 20;

/// Reads the tenant as it is. The error is a sentence for a person.
pub(crate) async fn look_up(grantor: &Grantor<'_>) -> Result<Tenant, String> {
    let client = &grantor.secret.client_id;
    let offers = if grantor.subject == Access::AppOnly { "appRoles" } else { "oauth2PermissionScopes" };
    let registrations = format!("/applications?$filter=appId%20eq%20'{client}'&$select=id,requiredResourceAccess");
    let own = format!("/servicePrincipals?$filter=appId%20eq%20'{client}'&$select=id");
    let graph = format!("/servicePrincipals?$filter=appId%20eq%20'{GRAPH}'&$select=id,{offers}");
    let [registrations, own, graph] = lists(grantor, [registrations, own, graph]).await?;
    let first = |list: &[Value], what: &str| {
        let id = list.first().map(|found| text(&found["id"])).filter(|id| is_id(id));
        id.ok_or_else(|| format!("The tenant shows no {what}."))
    };
    let mut tenant = Tenant {
        registration: registrations.first().map(|found| Registration {
            id: text(&found["id"]),
            required_access: found["requiredResourceAccess"].as_array().cloned().unwrap_or_default(),
        }),
        principal: first(&own, "service principal of the app")?,
        graph: first(&graph, "service principal of Microsoft Graph")?,
        ..Tenant::default()
    };
    if tenant.registration.as_ref().is_some_and(|found| !is_id(&found.id)) {
        return Err("Graph's answer about the registration makes no sense.".to_owned());
    }
    let offered = graph[0][offers].as_array().map(Vec::as_slice).unwrap_or_default();
    let enabled = offered.iter().filter(|one| one["isEnabled"] != false);
    tenant.offered = enabled.map(|one| (text(&one["value"]), text(&one["id"]))).collect();
    read_consents(grantor, &mut tenant).await?;
    Ok(tenant)
}

async fn read_consents(grantor: &Grantor<'_>, tenant: &mut Tenant) -> Result<(), String> {
    let url = match grantor.subject {
        Access::AppOnly => format!("/servicePrincipals/{}/appRoleAssignments", tenant.principal),
        Access::Delegated => format!("/oauth2PermissionGrants?$filter=clientId%20eq%20'{}'", tenant.principal),
    };
    let [found] = lists(grantor, [url]).await?;
    let ours = found.iter().filter(|one| one["resourceId"] == tenant.graph.as_str());
    match grantor.subject {
        Access::AppOnly => {
            let ids: BTreeSet<&str> = ours.filter_map(|one| one["appRoleId"].as_str()).collect();
            let held = tenant.offered.iter().filter(|(_, id)| ids.contains(id.as_str()));
            tenant.consented = held.map(|(name, _)| name.clone()).collect();
        }
        Access::Delegated => {
            let all = ours.filter(|one| one["consentType"] == "AllPrincipals").find_map(|one| {
                let id = one["id"].as_str().filter(|id| is_id(id))?;
                Some((id.to_owned(), one["scope"].as_str().unwrap_or_default().to_owned()))
            });
            let scopes = all.iter().flat_map(|(_, scope)| scope.split_whitespace());
            tenant.consented = scopes.map(str::to_owned).collect();
            tenant.grant = all;
        }
    }
    Ok(())
}

/// All elements of each list, page by page.
async fn lists<const N: usize>(grantor: &Grantor<'_>, urls: [String; N]) -> Result<[Vec<Value>; N], String> {
    let mut found: [Vec<Value>; N] = std::array::from_fn(|_| Vec::new());
    let mut open: BTreeMap<usize, String> = urls.into_iter().enumerate().collect();
    for _ in 0..MAX_PAGES {
        if open.is_empty() {
            return Ok(found);
        }
        let items: Vec<BatchItem> =
            open.iter().map(|(index, url)| item(*index, "GET", url.clone(), Payload::None, None)).collect();
        let replies = grantor.ask(&items).await?;
        for (index, url) in std::mem::take(&mut open) {
            let reply = replies.iter().find(|reply| reply.id == index.to_string());
            let Some(BatchReply { status: 200, body, .. }) = reply else {
                let path = url.split('?').next().unwrap_or_default();
                return Err(format!("Nothing was changed: asked for {path}, Graph answered {}.", status_text(reply)));
            };
            let body = body.read();
            found[index].extend(body["value"].as_array().cloned().unwrap_or_default());
            let next = body["@odata.nextLink"].as_str().and_then(|link| link.split_once("/v1.0/"));
            open.extend(next.map(|(_, path)| (index, format!("/{path}"))));
        }
    }
    Err("Nothing was changed: Graph's lists do not end.".to_owned())
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// An id of Graph's that fits into a path as it is.
fn is_id(id: &str) -> bool {
    !id.is_empty() && id.len() <= 128 && id.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))
}
