//! OneDrive: folders, small files, links, versions, check-out, copies.

use serde_json::{Value, json};

use crate::graph::context::Context;
use crate::graph::crud;
use crate::graph::ownership;
use crate::graph::resource_path::{self, ResourcePath};
use crate::graph::services::common::{default, require};
use crate::state::ids::Id;
use crate::state::store::{Object, object, text, visible};
use crate::wire::encoding::{base64, timestamp, unbase64};
use crate::wire::reply::Reply;

const MAX_FILE_BYTES: usize = 250 * 1024 * 1024;

pub(crate) fn serve(context: &mut Context) -> Option<Reply> {
    let template = context.template();
    if context.call.method == "GET" && matches!(template, "/users/{}/drives" | "/groups/{}/drives" | "/sites/{}/drives")
    {
        return Some(drives(context));
    }
    let (_, rest) = template.split_once("/drive/").or_else(|| template.strip_prefix("/drives/{}/").map(|r| ("", r)))?;
    let last = rest.split('/').next_back().unwrap_or_default();
    Some(match (context.call.method.as_str(), last) {
        ("PUT", "content") if rest.contains("{}:") => upload(context),
        ("PUT", "content") if rest == "items/{}/content" => replace(context),
        ("GET", "content") => download(context),
        ("GET", "delta") => delta(context),
        ("GET", "search(q)") => search(context),
        ("GET", "following" | "recent" | "sharedWithMe" | "thumbnails") => crud::page(context, followed(context, last)),
        ("DELETE", "{}") if rest == "items/{}" => delete(context),
        ("POST", "children") => {
            let resource = context.resource();
            crud::create(context, &resource)
        }
        ("POST", "copy") => copy(context),
        ("POST", "follow") => follow(context, true),
        ("POST", "unfollow") => follow(context, false),
        ("POST", "createLink") => link(context),
        ("POST", "preview") => {
            let item = context.resource_at(context.segments.len() - 1);
            Reply::ok(json!({"getUrl": format!("{}/_preview/{}", context.endpoint, item.id.unwrap_or_default())}))
        }
        ("POST", "checkout" | "checkin" | "discardCheckout") => check(context, last),
        ("GET", "versions") => versions(context),
        _ => return None,
    })
}

fn drives(context: &mut Context) -> Reply {
    let owner = if context.segments[0] == "sites" {
        let site = context.resource_at(2);
        format!("sites/{}", site.id.unwrap_or_default())
    } else {
        context.segments[..2].join("/")
    };
    let all = context.tenant.store.list("drives").into_iter().filter(|(_, d)| text(d, "_owner") == owner);
    let all = all.map(|(_, d)| visible(d)).collect();
    crud::page(context, all)
}

fn items(context: &Context) -> (String, ResourcePath) {
    let at = context.segments.iter().position(|s| s == "items").map_or(context.segments.len(), |n| n + 2);
    let mut segments = context.segments[..at.min(context.segments.len())].to_vec();
    if let Some(last) = segments.last_mut() {
        *last = last.trim_end_matches(':').to_owned();
    }
    let resource = resource_path::keyed(&context.tenant.store, &segments);
    (resource.collection.clone(), resource)
}

pub(crate) fn show(context: &Context, collection: &str, id: &str, held: &Object, shown: &mut Object) {
    if shown.contains_key("folder") {
        let inside = context.tenant.store.list(collection).into_iter().filter(|(_, o)| text(o, "_in") == id).count();
        shown.insert("folder".into(), json!({"childCount": inside}));
    }
    if shown.contains_key("file") {
        let link = format!("{}/_content/{}/{collection}/{id}", context.endpoint, context.tenant.definition.id);
        shown.insert("@microsoft.graph.downloadUrl".into(), link.into());
    }
    let drive = collection.split('/').nth(1).unwrap_or_default();
    let parent = held.get("_in").cloned().unwrap_or_default();
    shown.insert("parentReference".into(), json!({"driveId": drive, "driveType": "business", "id": parent}));
}

fn marks(context: &mut Context, item: &mut Object) {
    let key = context.tenant.id(Id::Short);
    item.insert("eTag".into(), format!("\"{{{key}}},1\"").into());
    item.insert("cTag".into(), format!("\"c:{{{key}}},1\"").into());
    item.insert("createdDateTime".into(), timestamp(context.now));
    item.insert("lastModifiedDateTime".into(), timestamp(context.now));
    let url = format!("https://fake-my.sharepoint.com/personal/{}", text(item, "name"));
    item.insert("webUrl".into(), url.into());
    default(item, "size", json!(0));
}

fn free(context: &Context, collection: &str, parent: &str, name: &str) -> bool {
    let all = context.tenant.store.list(collection).into_iter();
    all.filter(|(_, o)| text(o, "_in") == parent).all(|(_, o)| !text(o, "name").eq_ignore_ascii_case(name))
}

fn proper(name: &str) -> Result<(), Reply> {
    let bad = name.is_empty() || name.contains(['"', '*', ':', '<', '>', '?', '/', '\\', '|']) || name.trim() != name;
    if bad {
        Err(Reply::error(400, "invalidRequest", "The provided name contains characters that are not allowed."))
    } else {
        Ok(())
    }
}

fn taken() -> Reply {
    Reply::error(409, "nameAlreadyExists", "An item with the same name already exists under the parent.")
}

pub(crate) fn complete_folder(context: &mut Context, resource: &ResourcePath, item: &mut Object) -> Result<(), Reply> {
    require(item, "name")?;
    if !item.contains_key("folder") {
        return Err(Reply::error(400, "invalidRequest", "A new item needs a facet that says what it is."));
    }
    proper(text(item, "name"))?;
    let parent = resource.within.clone().unwrap_or_default();
    let behaviour =
        context.call.json().get("@microsoft.graph.conflictBehavior").and_then(Value::as_str).map(str::to_owned);
    let mut name = text(item, "name").to_owned();
    if !free(context, &resource.collection, &parent, &name) {
        if behaviour.as_deref() != Some("rename") {
            return Err(taken());
        }
        let wanted = name.clone();
        let others = (1..).map(|n| format!("{wanted} {n}"));
        name = others.into_iter().find(|n| free(context, &resource.collection, &parent, n)).unwrap_or_default();
    }
    item.insert("name".into(), name.into());
    marks(context, item);
    Ok(())
}

pub(crate) fn change(context: &Context, resource: &ResourcePath, patch: &Object) -> Result<(), Reply> {
    let Some(name) = patch.get("name").and_then(Value::as_str) else { return Ok(()) };
    proper(name)?;
    let id = resource.id.clone().unwrap_or_default();
    let held = context.tenant.store.get(&resource.collection, &id).cloned().unwrap_or_default();
    let same = text(&held, "name").eq_ignore_ascii_case(name);
    if same || free(context, &resource.collection, text(&held, "_in"), name) { Ok(()) } else { Err(taken()) }
}

/// `PUT .../items/{parent}:/{name}:/content`
fn upload(context: &mut Context) -> Reply {
    let (collection, parent) = items(context);
    let parent = parent.id.unwrap_or_default();
    if !context.tenant.store.get(&collection, &parent).is_some_and(|o| o.contains_key("folder")) {
        return context.service.not_found(&parent);
    }
    let at = context.segments.len() - 2;
    let name = context.segments[at].trim_end_matches(':').to_owned();
    if let Err(reply) = proper(&name) {
        return reply;
    }
    let all = context.tenant.store.list(&collection).into_iter();
    let old = all
        .filter(|(_, o)| text(o, "_in") == parent && text(o, "name").eq_ignore_ascii_case(&name))
        .map(|(id, _)| id.clone())
        .next();
    match old {
        Some(id) => fill(context, &collection, &id),
        None => {
            let id = context.tenant.id(Id::Drive);
            let mut item = object(json!({"id": id, "name": name, "file": {}}));
            if let Err(reply) = content(context, &mut item) {
                return reply;
            }
            marks(context, &mut item);
            Reply::json(201, crud::put_new(context, &collection, Some(&parent), item))
        }
    }
}

fn replace(context: &mut Context) -> Reply {
    let (collection, resource) = items(context);
    let id = resource.id.unwrap_or_default();
    fill(context, &collection, &id)
}

/// Replaces the content of a file; the old content becomes a version.
fn fill(context: &mut Context, collection: &str, id: &str) -> Reply {
    context.must_be_own(collection, id);
    let Some(mut item) = context.tenant.store.get(collection, id).cloned() else {
        return context.service.not_found(id);
    };
    if let Err(reply) = content(context, &mut item) {
        return reply;
    }
    let versions = item.get("_versions").and_then(Value::as_u64).unwrap_or(1) + 1;
    item.insert("_versions".into(), versions.into());
    crud::touch(context, &mut item);
    context.tenant.store.put(collection, id, item.clone());
    Reply::ok(context.shown(collection, id, &item))
}

fn content(context: &Context, item: &mut Object) -> Result<(), Reply> {
    let bytes = context.call.bytes();
    if bytes.len() > MAX_FILE_BYTES {
        return Err(Reply::error(413, "invalidRequest", "The file is too large for a simple upload."));
    }
    if context.call.content_type().is_empty() {
        return Err(Reply::error(400, "invalidRequest", "Entity only allows writes with a Content-Type header."));
    }
    item.insert("size".into(), bytes.len().into());
    item.insert("file".into(), json!({"mimeType": context.call.content_type()}));
    item.insert("_content".into(), base64(&bytes).into());
    Ok(())
}

/// Redirects to the content, which is served without a token.
fn download(context: &mut Context) -> Reply {
    let (collection, resource) = items(context);
    let id = resource.id.unwrap_or_default();
    match context.tenant.store.get(&collection, &id) {
        Some(item) if item.contains_key("_content") => Reply::redirect(&format!(
            "{}/_content/{}/{collection}/{id}",
            context.endpoint, context.tenant.definition.id
        )),
        _ => context.service.not_found(&id),
    }
}

/// The bytes behind a pre-authenticated link.
pub(crate) fn bytes_of(item: &Object) -> Option<Vec<u8>> {
    unbase64(item.get("_content")?.as_str()?)
}

fn delta(context: &mut Context) -> Reply {
    let root = context.resource_at(context.segments.len() - 1);
    let latest = context.query.option("token").is_some();
    let all = ResourcePath { collection: root.collection, id: None, within: None };
    let all = if latest { Vec::new() } else { crud::found(context, &all) };
    let mut reply = crud::page(context, all);
    if let crate::wire::call::Body::Json(Value::Object(answer)) = &mut reply.body
        && !answer.contains_key("@odata.nextLink")
    {
        let link = format!("{}/v1.0{}?token={}", context.endpoint, context.call.path, context.now.timestamp());
        answer.insert("@odata.deltaLink".into(), link.into());
    }
    reply
}

fn search(context: &mut Context) -> Reply {
    let root = context.resource_at(context.segments.len() - 1);
    let wanted = context.arguments.get("q").cloned().unwrap_or_default().to_lowercase();
    let all = ResourcePath { collection: root.collection, id: None, within: None };
    let mut all = crud::found(context, &all);
    all.retain(|o| text(o, "name").to_lowercase().contains(&wanted) && !o.contains_key("root"));
    crud::page(context, all)
}

fn followed(context: &Context, what: &str) -> Vec<Object> {
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

fn delete(context: &mut Context) -> Reply {
    let resource = context.resource();
    let id = resource.id.clone().unwrap_or_default();
    if context.tenant.store.get(&resource.collection, &id).is_some_and(|o| o.contains_key("_known")) {
        return Reply::error(403, "accessDenied", "The root of a drive cannot be deleted.");
    }
    crud::remove(context, &resource).map_or_else(|reply| reply, |()| Reply::empty(204))
}

/// Copies at once, although the reply says that the copy is in progress.
fn copy(context: &mut Context) -> Reply {
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

fn follow(context: &mut Context, on: bool) -> Reply {
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

fn link(context: &mut Context) -> Reply {
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

fn check(context: &mut Context, what: &str) -> Reply {
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

fn versions(context: &mut Context) -> Reply {
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

/// Whether a request created the item; for services that work on files.
pub(crate) fn own(context: &Context, collection: &str, id: &str) -> bool {
    ownership::made(&context.tenant.store, collection, id)
}
