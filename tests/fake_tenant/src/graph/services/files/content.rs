//! The content of files: upload, replacement, download.

use serde_json::{Value, json};

use crate::graph::context::Context;
use crate::graph::crud;
use crate::graph::services::files::drive_item::{items, marks, proper};
use crate::state::ids::Id;
use crate::state::store::{Object, object, text};
use crate::wire::encoding::{base64, unbase64};
use crate::wire::reply::Reply;

const MAX_FILE_BYTES: usize = 250 * 1024 * 1024;

/// `PUT .../items/{parent}:/{name}:/content`
pub(super) fn upload(context: &mut Context) -> Reply {
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

pub(super) fn replace(context: &mut Context) -> Reply {
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
pub(super) fn download(context: &mut Context) -> Reply {
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
