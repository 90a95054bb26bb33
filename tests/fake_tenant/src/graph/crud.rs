//! Create, read, update, delete, list and delta, as all services share them.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::graph::context::Context;
use crate::graph::ownership;
use crate::graph::resource_path::{self, ResourcePath};
use crate::model::route::Kind;
use crate::state::ids::Id;
use crate::state::store::{Object, text, visible};
use crate::state::tenant_state::TenantState;
use crate::wire::call::Body;
use crate::wire::encoding::timestamp;
use crate::wire::reply::Reply;

/// Time that sent mail takes to arrive.
const DELIVERY_TIME: TimeDelta = TimeDelta::minutes(3);

pub(crate) fn serve(context: &mut Context) -> Reply {
    let resource = context.resource();
    match (context.route.kind, context.call.method.as_str()) {
        (Kind::Collection, "GET") => list(context, &resource),
        (Kind::Collection, "POST") => create(context, &resource),
        (Kind::Entity, "GET") => read(context, &resource),
        (Kind::Entity, "PATCH") => change(context, &resource),
        (Kind::Entity, "DELETE") => match remove(context, &resource) {
            Ok(()) => Reply::empty(204),
            Err(reply) => reply,
        },
        (Kind::Property, "GET") => property(context),
        (Kind::Function, "GET") if context.template().ends_with("/delta") => delta(context),
        _ => Reply::error(
            501,
            "NotImplemented",
            &format!("The fake tenant does not serve {} {}.", context.call.method, context.template()),
        ),
    }
}

pub(crate) fn list(context: &mut Context, resource: &ResourcePath) -> Reply {
    let all = found(context, resource);
    page(context, all)
}

/// The objects of a collection, as answered.
pub(crate) fn found(context: &Context, resource: &ResourcePath) -> Vec<Object> {
    let inside = |o: &Object| resource.within.as_ref().is_none_or(|c| text(o, "_in") == c.as_str());
    let all = context
        .tenant
        .store
        .list(&resource.collection)
        .into_iter()
        .filter(|(_, o)| inside(o) && !o.contains_key("_hidden"));
    all.map(|(id, o)| context.shown(&resource.collection, id, o)).collect()
}

/// A list answer with the request's query applied.
pub(crate) fn page(context: &Context, all: Vec<Object>) -> Reply {
    let prefer = context.call.headers.get("prefer").map(String::as_str).unwrap_or_default();
    let asked = prefer.split("odata.maxpagesize=").nth(1).and_then(|t| t.split([',', ';', ' ']).next()?.parse().ok());
    let link = format!("{}/v1.0{}", context.endpoint, context.call.path);
    let mut answer = context.query.apply(all, asked.unwrap_or(context.service.page_size()), &link);
    answer.insert(
        "@odata.context".into(),
        format!("{}/v1.0/$metadata#{}", context.endpoint, context.segments.join("/")).into(),
    );
    Reply::ok(answer)
}

pub(crate) fn read(context: &mut Context, resource: &ResourcePath) -> Reply {
    let id = resource.id.clone().unwrap_or_default();
    match context.tenant.store.get(&resource.collection, &id) {
        Some(object) => {
            let shown = context.shown(&resource.collection, &id, object);
            let mut shown = expand(context, resource, shown);
            shown.insert(
                "@odata.context".into(),
                format!("{}/v1.0/$metadata#{}", context.endpoint, context.segments.join("/")).into(),
            );
            Reply::ok(context.query.trim(shown))
        }
        None => context.service.not_found(context.segments.last().map_or("", String::as_str)),
    }
}

fn expand(context: &Context, resource: &ResourcePath, mut shown: Object) -> Object {
    let base = format!("{}/{}", resource.collection, resource.id.as_deref().unwrap_or_default());
    for name in &context.query.expand {
        let below = context.tenant.store.list(&format!("{}/{name}", base.trim_end_matches('/')));
        let all: Vec<Value> = below.into_iter().map(|(_, o)| visible(o).into()).collect();
        shown.entry(name.clone()).or_insert(all.into());
    }
    shown
}

/// Creates the object in the body, completed by its service.
pub(crate) fn create(context: &mut Context, resource: &ResourcePath) -> Reply {
    let mut object = context.call.json();
    let of = context.route.type_name().to_owned();
    if let Err(reply) = context.complete(resource, &of, &mut object) {
        return reply;
    }
    let answer = put_new(context, &resource.collection, resource.within.as_deref(), object);
    Reply::json(201, context.query.trim(answer))
}

/// Stores a new object and returns it as answered.
pub(crate) fn put_new(context: &mut Context, collection: &str, within: Option<&str>, mut object: Object) -> Object {
    if !ownership::may_create(&context.tenant.store, collection, within, &object) {
        context.report_offence("makes something outside an Evergreen container");
    }
    object.insert("_made".into(), true.into());
    if let Some(container) = within {
        object.insert("_in".into(), container.into());
    }
    let id = text(&object, "id").to_owned();
    object.retain(|name, _| !name.starts_with("@microsoft.graph."));
    context.tenant.store.put(collection, &id, object.clone());
    context.shown(collection, &id, &object)
}

pub(crate) fn change(context: &mut Context, resource: &ResourcePath) -> Reply {
    let id = resource.id.clone().unwrap_or_default();
    let Some(held) = context.tenant.store.get(&resource.collection, &id).cloned() else {
        return context.service.not_found(&id);
    };
    if let Err(reply) = matched(context, &held) {
        return reply;
    }
    let patch = context.call.json();
    if let Err(reply) = context.check_change(resource, &patch) {
        return reply;
    }
    context.must_be_own(&resource.collection, &id);
    let mut object = held;
    for (name, value) in patch {
        if !name.starts_with('@') {
            object.insert(name, value);
        }
    }
    touch(context, &mut object);
    context.tenant.store.put(&resource.collection, &id, object.clone());
    Reply::ok(context.shown(&resource.collection, &id, &object))
}

/// A precondition on the etag.
fn matched(context: &Context, held: &Object) -> Result<(), Reply> {
    let etag = held.get("@odata.etag").or_else(|| held.get("eTag")).and_then(Value::as_str).unwrap_or_default();
    match context.call.headers.get("if-match") {
        Some(wanted) if wanted != "*" && wanted != etag => Err(Reply::error(
            412,
            "ErrorIrresolvableConflict",
            "The send or update operation could not be performed because the change key passed in the request does not match the current change key for the item.",
        )),
        _ => Ok(()),
    }
}

/// Renews the etags, change key and time of change that the object has.
pub(crate) fn touch(context: &mut Context, object: &mut Object) {
    let key = context.tenant.id(Id::Short);
    for (name, value) in [
        ("@odata.etag", json!(format!("W/\"{key}\""))),
        ("eTag", json!(format!("\"{{{key}}},2\""))),
        ("changeKey", json!(key)),
        ("lastModifiedDateTime", timestamp(context.now)),
    ] {
        if object.contains_key(name) {
            object.insert(name.into(), value);
        }
    }
}

/// Deletes an object for good, with its contents.
pub(crate) fn remove(context: &mut Context, resource: &ResourcePath) -> Result<(), Reply> {
    let id = resource.id.clone().unwrap_or_default();
    let Some(held) = context.tenant.store.get(&resource.collection, &id).cloned() else {
        return Err(context.service.not_found(&id));
    };
    matched(context, &held)?;
    context.must_be_own(&resource.collection, &id);
    purge(context.tenant, &resource.collection, &id);
    Ok(())
}

pub(crate) fn purge(held: &mut TenantState, collection: &str, id: &str) {
    for inner in resource_path::contents_of(collection) {
        let inside = held.store.list(&inner).into_iter().filter(|(_, o)| text(o, "_in") == id);
        let inside: Vec<String> = inside.map(|(id, _)| id.clone()).collect();
        for id in inside {
            purge(held, &inner, &id);
        }
    }
    held.store.remove(collection, id);
}

/// One property of an object.
fn property(context: &mut Context) -> Reply {
    let name = context.segments.last().cloned().unwrap_or_default();
    let resource = context.resource_at(context.segments.len() - 1);
    let value = context
        .tenant
        .store
        .get(&resource.collection, resource.id.as_deref().unwrap_or_default())
        .and_then(|o| o.get(&name));
    match value {
        Some(Value::Object(map)) => Reply::ok(map.clone()),
        Some(Value::Null) | None => Reply::empty(204),
        Some(value) => Reply::ok(json!({"value": value})),
    }
}

/// All objects, then a link for later changes.
pub(crate) fn delta(context: &mut Context) -> Reply {
    let n = context.segments.len() - 1;
    let resource = context.resource_at(n);
    let latest = context.query.option("token") == Some("latest") || context.query.option("$deltatoken").is_some();
    let mut resource = resource;
    if resource.collection.ends_with("Folders") || resource.id.is_some() {
        resource.within = None;
    }
    let all = if latest { Vec::new() } else { found(context, &resource) };
    let Reply { body: Body::Json(Value::Object(mut answer)), .. } = page(context, all) else {
        return Reply::bad("No delta here.");
    };
    if !answer.contains_key("@odata.nextLink") {
        let token = context.now.timestamp();
        let name = if context.template().ends_with("/root/delta") { "token" } else { "$deltatoken" };
        let link = format!("{}/v1.0{}?{name}={token}", context.endpoint, context.call.path);
        answer.insert("@odata.deltaLink".into(), link.into());
    }
    Reply::ok(answer)
}

/// Delivers the mail that is due, or all of it.
pub(crate) fn deliver(held: &mut TenantState, now: DateTime<Utc>, all: bool) {
    let (due, rest): (Vec<_>, Vec<_>) =
        std::mem::take(&mut held.post).into_iter().partition(|(at, ..)| all || *at <= now);
    held.post = rest;
    for (_, user, mut message) in due {
        let folders = format!("users/{user}/mailFolders");
        let inbox = resource_path::named(&held.store, &folders, "inbox").unwrap_or_default();
        message.insert("parentFolderId".into(), inbox.clone().into());
        message.insert("_in".into(), inbox.into());
        let id = text(&message, "id").to_owned();
        held.store.put(&format!("users/{user}/messages"), &id, message);
    }
}

/// Sends mail, which arrives later.
pub(crate) fn post(held: &mut TenantState, now: DateTime<Utc>, user: &str, message: Object) {
    held.post.push((now + DELIVERY_TIME, user.to_owned(), message));
}
