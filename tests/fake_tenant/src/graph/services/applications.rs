//! App registrations and consents. Consents are kept in the tenant's apps alone, so that the next token has them.

use std::collections::BTreeSet;

use ring::digest::{SHA256, digest};
use serde_json::{Value, json};

use crate::graph::context::Context;
use crate::graph::crud;
use crate::model::facts::FACTS;
use crate::model::schema::is_guid;
use crate::state::store::{Object, object, text};
use crate::state::tenant::App;
use crate::wire::encoding::timestamp;
use crate::wire::reply::Reply;

/// Microsoft Graph's own app id, the same in every tenant.
pub(crate) const GRAPH: &str = "00000003-0000-0000-c000-000000000000";

/// Roles of which a user needs one to change registrations and to consent for all users.
const ADMINS: [&str; 4] = [
    "Global Administrator",
    "Privileged Role Administrator",
    "Application Administrator",
    "Cloud Application Administrator",
];

pub(crate) fn serve(context: &mut Context) -> Option<Reply> {
    let answer = match (context.call.method.as_str(), context.template()) {
        ("PATCH", "/applications/{}") => register(context),
        ("GET", "/servicePrincipals/{}/appRoleAssignments") => {
            let all = assignments(context);
            Ok(crud::page(context, all))
        }
        ("POST", "/servicePrincipals/{}/appRoleAssignments") => assign(context),
        ("GET", "/oauth2PermissionGrants") => {
            let all = grants(context);
            Ok(crud::page(context, all))
        }
        ("POST", "/oauth2PermissionGrants") => consent(context),
        ("PATCH", "/oauth2PermissionGrants/{}") => widen(context),
        _ => return None,
    };
    Some(answer.unwrap_or_else(|refused| refused))
}

/// An id that is the same in every run of the program; the fake does not know Microsoft's ids of permissions.
pub(crate) fn guid(kind: &str, name: &str) -> String {
    let hash = digest(&SHA256, format!("{kind} {name}").as_bytes());
    let hex: String = hash.as_ref()[..16].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

/// The permissions in a new registration: the portal's default, and one of another service.
pub(crate) fn registered() -> Value {
    json!([
        {"resourceAppId": "00000003-0000-0ff1-ce00-000000000000",
         "resourceAccess": [{"id": guid("SharePoint", "Sites.Read.All"), "type": "Role"}]},
        {"resourceAppId": GRAPH, "resourceAccess": [{"id": guid("Scope", "User.Read"), "type": "Scope"}]},
    ])
}

/// Adds the permissions that Microsoft Graph offers, if selected.
pub(crate) fn show(context: &Context, principal: &Object, shown: &mut Object) {
    if text(principal, "appId") != GRAPH {
        return;
    }
    let asked = |name: &str| context.query.select.is_empty() || context.query.select.iter().any(|one| one == name);
    let offered = |kind: &str| -> Vec<Value> {
        let names = FACTS.all(kind == "Scope").into_iter();
        names.map(|name| json!({"id": guid(kind, &name), "value": name, "isEnabled": true})).collect()
    };
    for (list, kind) in [("appRoles", "Role"), ("oauth2PermissionScopes", "Scope")] {
        if asked(list) {
            shown.insert(list.into(), offered(kind).into());
        }
    }
}

fn refused(message: &str) -> Reply {
    Reply::error(400, "Request_BadRequest", message)
}

/// Refuses a user without a role, whatever the token's permissions.
fn administers(context: &Context) -> Result<(), Reply> {
    let Some(user) = &context.token.user else { return Ok(()) };
    let admin = context.tenant.user(user).is_some_and(|user| ADMINS.iter().any(|role| user.roles.contains(*role)));
    if admin { Ok(()) } else { Err(context.service.denied()) }
}

fn field(body: &Object, name: &str) -> Result<String, Reply> {
    match text(body, name) {
        "" => Err(refused(&format!("A value is required for property '{name}' of the resource."))),
        value => Ok(value.to_owned()),
    }
}

/// The app behind a service principal. Stricter than Graph: only the caller's own app may be changed.
fn own_app<'a>(context: &'a mut Context, principal: &str) -> Result<&'a mut App, Reply> {
    let app = context.tenant.store.get("servicePrincipals", principal).map(|found| text(found, "appId").to_owned());
    let app = app.ok_or_else(|| context.service.not_found(principal))?;
    if !app.eq_ignore_ascii_case(&context.token.app) {
        context.report_offence("consents for another app");
    }
    let service = context.service;
    context
        .tenant
        .definition
        .apps
        .iter_mut()
        .find(|known| known.client_id == app)
        .ok_or_else(|| service.not_found(principal))
}

/// Replaces the permissions in a registration; those missing from the new list are removed.
fn register(context: &mut Context) -> Result<Reply, Reply> {
    administers(context)?;
    let (id, body) = (context.user(), context.call.json());
    let held = context.tenant.store.get("applications", &id).cloned().ok_or_else(|| context.service.not_found(&id))?;
    if !text(&held, "appId").eq_ignore_ascii_case(&context.token.app)
        || body.keys().any(|k| k != "requiredResourceAccess")
    {
        context.report_offence("changes more of a registration than its own list of permissions");
    }
    let list = body.get("requiredResourceAccess").and_then(Value::as_array).cloned().unwrap_or_default();
    let mut seen = BTreeSet::new();
    for entry in &list {
        let resource = entry["resourceAppId"].as_str().unwrap_or_default();
        let access = entry["resourceAccess"].as_array().cloned().unwrap_or_default();
        if !is_guid(resource) || access.is_empty() || !seen.insert(resource.to_owned()) {
            return Err(refused("Invalid value specified for property 'resourceAppId' of resource 'Application'."));
        }
        for one in &access {
            let (id, kind) = (one["id"].as_str().unwrap_or_default(), one["type"].as_str().unwrap_or_default());
            let known = resource != GRAPH || FACTS.all(kind == "Scope").iter().any(|name| guid(kind, name) == id);
            if !matches!(kind, "Role" | "Scope") || !known || !seen.insert(format!("{resource} {kind} {id}")) {
                return Err(refused(
                    "Invalid value specified for property 'resourceAccess' of resource 'Application'.",
                ));
            }
        }
    }
    // The consent pages use the same list.
    let named = |kind: &str| -> BTreeSet<String> {
        let id_of = |name: &String| json!({"id": guid(kind, name), "type": kind});
        let access: Vec<&Value> = list
            .iter()
            .filter(|entry| entry["resourceAppId"] == GRAPH)
            .flat_map(|entry| entry["resourceAccess"].as_array().into_iter().flatten())
            .collect();
        FACTS.all(kind == "Scope").into_iter().filter(|name| access.contains(&&id_of(name))).collect()
    };
    let app_id = text(&held, "appId").to_owned();
    if let Some(app) = context.tenant.definition.apps.iter_mut().find(|app| app.client_id == app_id) {
        (app.registration.roles, app.registration.scopes) = (named("Role"), named("Scope"));
    }
    if let Some(app) = context.tenant.store.get_mut("applications", &id) {
        app.extend(body);
    }
    Ok(Reply::empty(204))
}

fn graph_principal(context: &Context) -> String {
    guid("principal", &context.tenant.definition.id)
}

fn assignment(context: &Context, principal: &str, role: &str) -> Object {
    object(json!({"id": guid(principal, role), "principalId": principal, "principalType": "ServicePrincipal",
        "resourceId": graph_principal(context), "resourceDisplayName": "Microsoft Graph", "appRoleId": guid("Role", role),
        "createdDateTime": timestamp(context.now)}))
}

fn assignments(context: &mut Context) -> Vec<Object> {
    let principal = context.user();
    let app = context.tenant.store.get("servicePrincipals", &principal).map(|found| text(found, "appId").to_owned());
    let roles = app.and_then(|app| context.tenant.app(&app)).map(|app| app.roles.clone()).unwrap_or_default();
    roles.iter().map(|role| assignment(context, &principal, role)).collect()
}

fn assign(context: &mut Context) -> Result<Reply, Reply> {
    // The permission table lists the one that writes beside those that read: both are needed.
    if !context.token.permissions.contains("AppRoleAssignment.ReadWrite.All") {
        return Err(context.service.denied());
    }
    let reads = ["Application.Read.All", "Application.ReadWrite.All", "Directory.Read.All"];
    if !reads.iter().any(|name| context.token.permissions.contains(*name)) {
        return Err(context.service.denied());
    }
    administers(context)?;
    let (principal, body) = (context.user(), context.call.json());
    let (named, resource, id) = (field(&body, "principalId")?, field(&body, "resourceId")?, field(&body, "appRoleId")?);
    if named != principal || resource != graph_principal(context) {
        return Err(refused("The principal or the resource of the assignment is not valid."));
    }
    let role = FACTS.all(false).into_iter().find(|name| guid("Role", name) == id);
    let role = role.ok_or_else(|| refused("Permission being assigned was not found on application."))?;
    if !own_app(context, &principal)?.roles.insert(role.clone()) {
        return Err(refused("Permission being assigned already exists on the object"));
    }
    Ok(Reply::json(201, assignment(context, &principal, &role)))
}

fn grants(context: &Context) -> Vec<Object> {
    let principals = context.tenant.store.list("servicePrincipals").into_iter();
    let grant = |(id, principal): (&String, &Object)| {
        let app = context.tenant.app(text(principal, "appId")).filter(|app| !app.scopes.is_empty())?;
        let scope: Vec<&str> = app.scopes.iter().map(String::as_str).collect();
        Some(object(
            json!({"id": guid("grant", id), "clientId": id, "consentType": "AllPrincipals", "principalId": null,
            "resourceId": graph_principal(context), "scope": scope.join(" ")}),
        ))
    };
    principals.filter_map(grant).collect()
}

/// The permissions of a `scope`, all of which Microsoft Graph must offer.
fn scopes(body: &Object) -> Result<BTreeSet<String>, Reply> {
    let names: BTreeSet<String> = field(body, "scope")?.split_whitespace().map(str::to_owned).collect();
    let protocol = ["openid", "profile", "email", "offline_access"];
    match names.iter().find(|name| !protocol.contains(&name.as_str()) && !FACTS.all(true).contains(*name)) {
        Some(unknown) => Err(refused(&format!("The scope '{unknown}' was not found on the resource."))),
        None => Ok(names),
    }
}

fn consent(context: &mut Context) -> Result<Reply, Reply> {
    administers(context)?;
    let body = context.call.json();
    let (client, resource) = (field(&body, "clientId")?, field(&body, "resourceId")?);
    if field(&body, "consentType")? != "AllPrincipals" || !text(&body, "principalId").is_empty() {
        return Err(refused("The fake tenant takes consents for all users alone."));
    }
    if resource != graph_principal(context) {
        return Err(refused("The resource of the grant is not valid."));
    }
    let names = scopes(&body)?;
    let app = own_app(context, &client)?;
    if !app.scopes.is_empty() {
        return Err(Reply::error(409, "Request_MultipleObjectsWithSameKeyValue", "Permission entry already exists."));
    }
    app.scopes = names;
    let id = guid("grant", &client);
    let made = grants(context).into_iter().find(|grant| text(grant, "id") == id);
    Ok(Reply::json(201, made.unwrap_or_default()))
}

/// Replaces the scopes of a grant; those missing from the new list are removed.
fn widen(context: &mut Context) -> Result<Reply, Reply> {
    administers(context)?;
    let (id, body) = (context.user(), context.call.json());
    if body.keys().any(|name| name != "scope") {
        return Err(refused("Only the scope of a grant can be changed."));
    }
    let names = scopes(&body)?;
    let found = grants(context).into_iter().find(|grant| text(grant, "id") == id);
    let client =
        found.map(|grant| text(&grant, "clientId").to_owned()).ok_or_else(|| context.service.not_found(&id))?;
    own_app(context, &client)?.scopes = names;
    Ok(Reply::empty(204))
}
