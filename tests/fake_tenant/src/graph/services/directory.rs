//! Users, groups and other objects of the directory.

use serde_json::{Value, json};

use crate::graph::context::Context;
use crate::graph::crud;
use crate::graph::resource_path::ResourcePath;
use crate::graph::services::common::require;
use crate::model::schema::is_guid;
use crate::state::store::{Object, text, visible};
use crate::wire::reply::Reply;

pub(super) fn serve(context: &mut Context) -> Option<Reply> {
    let template = context.template();
    let method = context.call.method.as_str();
    let last = template.rsplit('/').next().unwrap_or_default();
    Some(match (method, last) {
        ("GET", "memberOf" | "transitiveMemberOf") => {
            let groups = groups_of(context, &context.user());
            crud::page(context, groups)
        }
        ("GET", "transitiveMembers") => {
            let group = context.user();
            let resource = ResourcePath { collection: format!("groups/{group}/members"), id: None, within: None };
            crud::list(context, &resource)
        }
        ("GET", "ownedObjects" | "createdObjects") => {
            let user = context.user();
            let owned = context.tenant.store.list("groups").into_iter();
            let owned =
                owned.filter(|(id, _)| context.tenant.store.get(&format!("groups/{id}/owners"), &user).is_some());
            let owned = owned.map(|(_, o)| typed(o, "group")).collect();
            crud::page(context, owned)
        }
        ("POST", "getMemberGroups" | "getMemberObjects") => {
            if let Err(reply) = require(&context.call.json(), "securityEnabledOnly") {
                return Some(reply);
            }
            let groups = groups_of(context, &context.user());
            let ids: Vec<Value> = groups.iter().map(|g| json!(text(g, "id"))).collect();
            strings(context, ids)
        }
        ("POST", "checkMemberGroups" | "checkMemberObjects") => {
            let wanted = context.call.json().values().next().and_then(Value::as_array).cloned().unwrap_or_default();
            if wanted.is_empty() || wanted.len() > 20 || !wanted.iter().all(|v| v.as_str().is_some_and(is_guid)) {
                return Some(Reply::error(
                    400,
                    "Request_BadRequest",
                    "Between 1 and 20 ids of groups are to be checked.",
                ));
            }
            let groups = groups_of(context, &context.user());
            let ids = wanted.into_iter().filter(|w| groups.iter().any(|g| json!(text(g, "id")) == *w)).collect();
            strings(context, ids)
        }
        ("POST", "getByIds") if template == "/directoryObjects/getByIds" => by_ids(context),
        ("GET", "manager") if template == "/users/{}/manager" => manager(context),
        ("GET", "directReports") => {
            let chief = context.user();
            let all = context.tenant.store.list("users").into_iter();
            let all = all.filter(|(_, u)| text(u, "_manager") == chief).map(|(_, u)| typed(u, "user")).collect();
            crud::page(context, all)
        }
        ("POST" | "DELETE" | "PATCH", _)
            if template.starts_with("/groups/{}/members") || template.starts_with("/groups/{}/owners") =>
        {
            context.report_offence("changes who is in a group");
            Reply::empty(204)
        }
        _ => return only_unified(context),
    })
}

fn typed(object: &Object, of: &str) -> Object {
    let mut shown = visible(object);
    shown.insert("@odata.type".into(), format!("#microsoft.graph.{of}").into());
    shown
}

fn strings(context: &Context, values: Vec<Value>) -> Reply {
    Reply::ok(
        json!({"@odata.context": format!("{}/v1.0/$metadata#Collection(Edm.String)", context.endpoint), "value": values}),
    )
}

/// The groups that have the object as a member.
fn groups_of(context: &Context, id: &str) -> Vec<Object> {
    let store = &context.tenant.store;
    let groups = store.list("groups").into_iter();
    let groups = groups.filter(|(group, _)| store.get(&format!("groups/{group}/members"), id).is_some());
    groups.map(|(_, o)| typed(o, "group")).collect()
}

fn by_ids(context: &mut Context) -> Reply {
    let ids = context.call.json().get("ids").and_then(Value::as_array).cloned().unwrap_or_default();
    if ids.is_empty() || ids.len() > 1000 || !ids.iter().all(|v| v.as_str().is_some_and(is_guid)) {
        return Reply::error(400, "Request_BadRequest", "Between 1 and 1000 ids are to be given, each a GUID.");
    }
    let store = &context.tenant.store;
    let all = ids.iter().filter_map(Value::as_str).filter_map(|id| {
        let kinds = [("users", "user"), ("groups", "group"), ("servicePrincipals", "servicePrincipal")];
        kinds.iter().find_map(|(list, of)| Some(typed(store.get(list, id)?, of)))
    });
    let all = all.collect();
    crud::page(context, all)
}

fn manager(context: &mut Context) -> Reply {
    let user = context.user();
    let chief = context.tenant.store.get("users", &user).map(|u| text(u, "_manager").to_owned()).unwrap_or_default();
    match context.tenant.store.get("users", &chief) {
        Some(found) => Reply::ok(context.query.trim(typed(found, "user"))),
        None => context.service.not_found("manager"),
    }
}

/// Only Microsoft 365 groups have mail, events, drives and plans.
fn only_unified(context: &mut Context) -> Option<Reply> {
    let rest = context.template().strip_prefix("/groups/{}/")?;
    let unified =
        ["drive", "events", "threads", "calendarView", "planner", "photo", "team"].iter().any(|n| rest.starts_with(n));
    let group = context.tenant.store.get("groups", &context.user())?;
    let types = group.get("groupTypes").and_then(Value::as_array).cloned().unwrap_or_default();
    if unified && !types.contains(&json!("Unified")) {
        return Some(Reply::error(404, "ResourceNotFound", "Resource is not found."));
    }
    if context.token.user.as_ref().is_some_and(|user| {
        rest.starts_with("planner")
            && context.tenant.store.get(&format!("groups/{}/members", context.user()), user).is_none()
    }) {
        return Some(Reply::error(403, "", "You do not have the required permissions to access this item."));
    }
    None
}
