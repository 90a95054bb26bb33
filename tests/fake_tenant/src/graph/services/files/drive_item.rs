//! A drive item: its name, its marks, and how it is shown.

use serde_json::{Value, json};

use crate::graph::context::Context;
use crate::graph::ownership;
use crate::graph::resource_path::{self, ResourcePath};
use crate::graph::services::common::{default, require};
use crate::state::ids::Id;
use crate::state::store::{Object, text};
use crate::wire::encoding::timestamp;
use crate::wire::reply::Reply;

/// The item that the path addresses, and its collection.
pub(super) fn items(context: &Context) -> (String, ResourcePath) {
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

pub(super) fn marks(context: &mut Context, item: &mut Object) {
    let key = context.tenant.id(Id::Short);
    item.insert("eTag".into(), format!("\"{{{key}}},1\"").into());
    item.insert("cTag".into(), format!("\"c:{{{key}}},1\"").into());
    item.insert("createdDateTime".into(), timestamp(context.now));
    item.insert("lastModifiedDateTime".into(), timestamp(context.now));
    let url = format!("https://fake-my.sharepoint.com/personal/{}", text(item, "name"));
    item.insert("webUrl".into(), url.into());
    default(item, "size", json!(0));
}

pub(super) fn free(context: &Context, collection: &str, parent: &str, name: &str) -> bool {
    let all = context.tenant.store.list(collection).into_iter();
    all.filter(|(_, o)| text(o, "_in") == parent).all(|(_, o)| !text(o, "name").eq_ignore_ascii_case(name))
}

pub(super) fn proper(name: &str) -> Result<(), Reply> {
    let bad = name.is_empty() || name.contains(['"', '*', ':', '<', '>', '?', '/', '\\', '|']) || name.trim() != name;
    if bad {
        Err(Reply::error(400, "invalidRequest", "The provided name contains characters that are not allowed."))
    } else {
        Ok(())
    }
}

pub(super) fn taken() -> Reply {
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

/// Whether a request created the item; for services that work on files.
pub(crate) fn own(context: &Context, collection: &str, id: &str) -> bool {
    ownership::made(&context.tenant.store, collection, id)
}
