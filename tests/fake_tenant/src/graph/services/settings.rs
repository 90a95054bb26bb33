//! Mailbox settings and categories.

use serde_json::{Value, json};

use crate::graph::context::Context;
use crate::graph::crud;
use crate::graph::resource_path::ResourcePath;
use crate::graph::services::common::{default, require, taken};
use crate::state::store::{Object, object, text, visible};
use crate::wire::reply::Reply;

pub(super) fn serve(context: &mut Context) -> Option<Reply> {
    let template = context.template().strip_prefix("/users/{}/")?;
    let method = context.call.method.as_str();
    Some(match (method, template) {
        ("GET", path) if path == "mailboxSettings" || path.starts_with("mailboxSettings/") => read(context),
        ("PATCH", "mailboxSettings") => {
            context.report_offence("changes the mailbox settings, which no run has made");
            let resource = settings(context);
            let held = context.tenant.store.get_mut(&resource, "").expect("a mailbox has settings");
            held.extend(context.call.json());
            Reply::ok(held.clone())
        }
        ("GET", "outlook/supportedLanguages") => {
            let all =
                [("en-US", "English (United States)"), ("de-DE", "German (Germany)"), ("zh-CN", "Chinese (China)")];
            let all = all.map(|(locale, name)| object(json!({"locale": locale, "displayName": name}))).to_vec();
            crud::page(context, all)
        }
        ("GET", path) if path.starts_with("outlook/supportedTimeZones") => {
            let all = ["UTC", "China Standard Time", "W. Europe Standard Time"];
            let all = all.map(|zone| object(json!({"alias": zone, "displayName": zone}))).to_vec();
            crud::page(context, all)
        }
        _ => return None,
    })
}

fn settings(context: &Context) -> String {
    format!("users/{}/mailboxSettings", context.user())
}

fn read(context: &Context) -> Reply {
    let held = context.tenant.store.get(&settings(context), "").cloned().unwrap_or_default();
    match context.segments.get(3) {
        None => Reply::ok(context.query.trim(visible(&held))),
        Some(name) => match held.get(name) {
            Some(Value::Object(map)) => Reply::ok(map.clone()),
            Some(value) => Reply::ok(json!({"value": value})),
            None => Reply::empty(204),
        },
    }
}

pub(super) fn complete_category(
    context: &Context,
    resource: &ResourcePath,
    category: &mut Object,
) -> Result<(), Reply> {
    require(category, "displayName")?;
    if taken(context, resource, "displayName", text(category, "displayName"), "") {
        return Err(Reply::error(409, "ErrorCategoryAlreadyExists", "A category with the same name already exists."));
    }
    default(category, "color", json!("none"));
    Ok(())
}
