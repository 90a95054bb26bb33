//! OneNote: notebooks, sections, pages. Delegated only, since March 2025.

use serde_json::json;

use crate::graph::context::Context;
use crate::graph::crud;
use crate::graph::resource_path::{self, ResourcePath};
use crate::graph::services::common::{require, taken};
use crate::state::ids::Id;
use crate::state::store::{Object, object, text};
use crate::wire::call::Body;
use crate::wire::encoding::{base64, timestamp, unbase64};
use crate::wire::reply::Reply;

pub(super) fn serve(context: &mut Context) -> Option<Reply> {
    let rest = context.template().strip_prefix("/users/{}/onenote/")?;
    if context.token.user.is_none() {
        return Some(Reply::error(
            401,
            "40001",
            "The request does not contain a valid authentication token for a user.",
        ));
    }
    Some(match (context.call.method.as_str(), rest) {
        ("GET", "sections" | "pages" | "notebooks" | "sectionGroups") => {
            let resource = ResourcePath { within: None, ..context.resource() };
            crud::list(context, &resource)
        }
        ("POST", "notebooks" | "notebooks/{}/sections") => make(context),
        ("POST", "pages" | "sections/{}/pages") => page(context),
        ("GET", "pages/{}/content") => content(context),
        ("DELETE", "pages/{}") => {
            let resource = context.resource();
            crud::remove(context, &resource).map_or_else(|reply| reply, |()| Reply::empty(204))
        }
        _ => return None,
    })
}

fn make(context: &mut Context) -> Reply {
    let resource = context.resource();
    let mut object = context.call.json();
    if let Err(reply) = require(&object, "displayName") {
        return reply;
    }
    if taken(context, &resource, "displayName", text(&object, "displayName"), "") {
        return Reply::error(409, "20117", "An item with this name already exists in this location.");
    }
    let id = context.tenant.id(Id::Onenote);
    object.insert("id".into(), id.into());
    object.insert("createdDateTime".into(), timestamp(context.now));
    Reply::json(201, crud::put_new(context, &resource.collection, resource.within.as_deref(), object))
}

/// Creates a page from HTML; without a section in the default one, which is created if missing.
fn page(context: &mut Context) -> Reply {
    let kind = context.call.content_type().split(';').next().unwrap_or_default().trim().to_owned();
    let Body::Bytes(bytes) = &context.call.body else { return unsupported() };
    if kind != "text/html" && kind != "application/xhtml+xml" {
        return unsupported();
    }
    let html = String::from_utf8_lossy(bytes).into_owned();
    let title = html.split("<title>").nth(1).and_then(|t| t.split("</title>").next()).unwrap_or_default().to_owned();
    let pages = format!("users/{}/onenote/pages", context.user());
    let section = match context.resource().within {
        Some(section) => section,
        None => default_section(context),
    };
    let id = context.tenant.id(Id::Onenote);
    let made = json!({"id": id, "title": title, "createdDateTime": timestamp(context.now), "lastModifiedDateTime": timestamp(context.now),
        "contentUrl": format!("{}/v1.0/users/{}/onenote/pages/{id}/content", context.endpoint, context.user()),
        "_content": base64(html.as_bytes()), "_title": title});
    Reply::json(201, crud::put_new(context, &pages, Some(&section), object(made)))
}

fn unsupported() -> Reply {
    Reply::error(400, "20108", "The page must be sent as text/html or application/xhtml+xml.")
}

fn default_section(context: &mut Context) -> String {
    let sections = format!("users/{}/onenote/sections", context.user());
    if let Some(known) = resource_path::named(&context.tenant.store, &sections, "default") {
        return known;
    }
    let notebooks = format!("users/{}/onenote/notebooks", context.user());
    let (notebook, section) = (context.tenant.id(Id::Onenote), context.tenant.id(Id::Onenote));
    let book = json!({"id": notebook, "displayName": "My Notebook", "isDefault": true, "_known": "default"});
    let part =
        json!({"id": section, "displayName": "Quick Notes", "isDefault": true, "_known": "default", "_in": notebook});
    context.tenant.store.put(&notebooks, &notebook, object(book));
    context.tenant.store.put(&sections, &section, object(part));
    section
}

fn content(context: &mut Context) -> Reply {
    let resource = context.resource_at(context.segments.len() - 1);
    let page: Option<&Object> =
        context.tenant.store.get(&resource.collection, resource.id.as_deref().unwrap_or_default());
    let html = page.and_then(|p| unbase64(text(p, "_content")));
    html.map_or_else(|| context.service.not_found(""), |html| Reply::bytes("text/html", html))
}
