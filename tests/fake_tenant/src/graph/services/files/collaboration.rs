//! Copies, links, check-out, versions, and followed files.

use serde_json::{Value, json};

use crate::graph::context::Context;
use crate::graph::crud;
use crate::graph::resource_path::{self, ResourcePath};
use crate::graph::services::files::drive_item::{free, marks};
use crate::state::ids::Id;
use crate::state::store::{Object, object, text};
use crate::wire::reply::Reply;

/// Copies at once, although the reply says that the copy is in progress.
pub(super) fn copy(context: &mut Context) -> Reply {
    let resource = context.resource_at(context.segments.len() - 1);
    let (collection, id) = (resource.collection.clone(), resource.id.clone().unwrap_or_default());
    let Some(mut item) = context.tenant.store.get(&collection, &id).cloned() else {
        return context.service.not_found(&id);
    };
    let body = context.call.json();
    let parent = body.get("parentReference").and_then(|r| r["id"].as_str()).unwrap_or(text(&item, "_in")).to_owned();
    let name = body.get("name").and_then(Value::as_str).unwrap_or(text(&item, "name")).to_owned();
    if context.tenant.store.get(&collection, &parent).is_none() {
        return context.service.not_found(&parent);
    }
    let monitor = format!("{}/_monitor/{}", context.endpoint, context.tenant.id(Id::Guid));
    if free(context, &collection, &parent, &name) {
        let new = context.tenant.id(Id::Drive);
        item.insert("id".into(), new.into());
        item.insert("name".into(), name.into());
        for own in ["_seq", "_made", "_followed", "_checked"] {
            item.remove(own);
        }
        marks(context, &mut item);
        crud::put_new(context, &collection, Some(&parent), item);
    }
    Reply::empty(202).with("Location", &monitor)
}

pub(super) fn follow(context: &mut Context, on: bool) -> Reply {
    let resource = context.resource_at(context.segments.len() - 1);
    let id = resource.id.unwrap_or_default();
    context.must_be_own(&resource.collection, &id);
    let Some(item) = context.tenant.store.get_mut(&resource.collection, &id) else {
        return context.service.not_found(&id);
    };
    if on {
        item.insert("_followed".into(), true.into());
        let item = item.clone();
        return Reply::ok(context.shown(&resource.collection, &id, &item));
    }
    if item.remove("_followed").is_none() {
        return context.service.not_found(&id);
    }
    Reply::empty(204)
}

pub(super) fn link(context: &mut Context) -> Reply {
    let resource = context.resource_at(context.segments.len() - 1);
    let id = resource.id.clone().unwrap_or_default();
    context.must_be_own(&resource.collection, &id);
    let body = context.call.json();
    let (kind, scope) = (body.get("type").and_then(Value::as_str), body.get("scope").and_then(Value::as_str));
    if !matches!(kind, Some("view" | "edit" | "embed"))
        || !matches!(scope, None | Some("organization" | "anonymous" | "users"))
    {
        return Reply::error(400, "invalidRequest", "The link's type or scope is not valid.");
    }
    if scope != Some("organization") {
        context.report_offence("shares a file beyond the organization");
    }
    let permission = context.tenant.id(Id::Guid);
    let made = json!({"id": permission, "roles": ["read"], "hasPassword": false,
        "link": {"type": kind, "scope": scope, "webUrl": format!("https://fake-my.sharepoint.com/:t:/g/{permission}")}});
    let collection = format!("{}/{id}/permissions", resource.collection);
    debug_assert!(collection.contains("/items/"));
    Reply::json(201, crud::put_new(context, &collection, None, object(made)))
}

pub(super) fn check(context: &mut Context, what: &str) -> Reply {
    let resource = context.resource_at(context.segments.len() - 1);
    let id = resource.id.clone().unwrap_or_default();
    context.must_be_own(&resource.collection, &id);
    let Some(item) = context.tenant.store.get_mut(&resource.collection, &id) else {
        return context.service.not_found(&id);
    };
    if !item.contains_key("file") {
        return Reply::error(400, "invalidRequest", "Only files are checked out.");
    }
    let out = item.contains_key("_checked");
    match (what, out) {
        ("checkout", false) => drop(item.insert("_checked".into(), true.into())),
        ("checkout", true) => return Reply::error(423, "resourceLocked", "The file is checked out."),
        (_, true) => drop(item.remove("_checked")),
        (_, false) => return Reply::error(400, "invalidRequest", "The file is not checked out."),
    }
    Reply::empty(204)
}

pub(super) fn versions(context: &mut Context) -> Reply {
    let resource = context.resource_at(context.segments.len() - 1);
    let item = context
        .tenant
        .store
        .get(&resource.collection, resource.id.as_deref().unwrap_or_default())
        .cloned()
        .unwrap_or_default();
    if !item.contains_key("file") {
        return Reply::error(400, "invalidRequest", "Only files have versions.");
    }
    let newest = item.get("_versions").and_then(Value::as_u64).unwrap_or(1);
    let all = (1..=newest).rev().map(|n| {
        object(json!({"id": format!("{n}.0"), "size": item.get("size"), "lastModifiedDateTime": item.get("lastModifiedDateTime")}))
    });
    crud::page(context, all.collect())
}

pub(super) fn followed(context: &Context, what: &str) -> Vec<Object> {
    let drive =
        resource_path::drive_of(&context.tenant.store, &format!("users/{}", context.user())).unwrap_or_default();
    let all = ResourcePath { collection: format!("drives/{drive}/items"), id: None, within: None };
    let store = &context.tenant.store;
    let keep = |o: &Object| match what {
        "following" => store.get(&all.collection, text(o, "id")).is_some_and(|i| i.contains_key("_followed")),
        "recent" => o.contains_key("file"),
        _ => false,
    };
    crud::found(context, &all).into_iter().filter(keep).collect()
}
