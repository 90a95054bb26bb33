//! OneDrive: folders, small files, links, versions, check-out, copies.

mod collaboration;
mod content;
mod drive_item;

use serde_json::{Value, json};

pub(crate) use content::bytes_of;
pub(crate) use drive_item::{change, complete_folder, own, show};

use crate::graph::context::Context;
use crate::graph::crud;
use crate::graph::resource_path::ResourcePath;
use crate::graph::services::files::collaboration::{check, copy, follow, followed, link, versions};
use crate::graph::services::files::content::{download, replace, upload};
use crate::state::store::{text, visible};
use crate::wire::call::Body;
use crate::wire::reply::Reply;

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

fn delta(context: &mut Context) -> Reply {
    let root = context.resource_at(context.segments.len() - 1);
    let latest = context.query.option("token").is_some();
    let all = ResourcePath { collection: root.collection, id: None, within: None };
    let all = if latest { Vec::new() } else { crud::found(context, &all) };
    let mut reply = crud::page(context, all);
    if let Body::Json(Value::Object(answer)) = &mut reply.body
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

fn delete(context: &mut Context) -> Reply {
    let resource = context.resource();
    let id = resource.id.clone().unwrap_or_default();
    if context.tenant.store.get(&resource.collection, &id).is_some_and(|o| o.contains_key("_known")) {
        return Reply::error(403, "accessDenied", "The root of a drive cannot be deleted.");
    }
    crud::remove(context, &resource).map_or_else(|reply| reply, |()| Reply::empty(204))
}
