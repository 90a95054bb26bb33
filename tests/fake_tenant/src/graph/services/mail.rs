//! Mail: folders, messages, rules, attachments, sending.

use serde_json::{Value, json};

use crate::graph::context::Context;
use crate::graph::crud;
use crate::graph::ownership;
use crate::graph::resource_path::{self, ResourcePath};
use crate::graph::services::common::{default, outlook_marks, require, taken};
use crate::state::ids::Id;
use crate::state::store::{Object, object, text};
use crate::wire::call::Body;
use crate::wire::encoding::timestamp;
use crate::wire::reply::Reply;

pub(super) fn serve(context: &mut Context) -> Option<Reply> {
    let template = context.template().strip_prefix("/users/{}/")?;
    let method = context.call.method.as_str();
    Some(match (method, template) {
        ("GET", "messages") => {
            let resource = ResourcePath { within: None, ..context.resource() };
            crud::list(context, &resource)
        }
        ("POST", "messages") => {
            let drafts = known(context, "drafts");
            let resource = ResourcePath { within: Some(drafts), ..context.resource() };
            crud::create(context, &resource)
        }
        ("DELETE", "messages/{}" | "mailFolders/{}/messages/{}" | "mailFolders/{}") => discard(context),
        (
            "POST",
            "messages/{}/permanentDelete"
            | "mailFolders/{}/permanentDelete"
            | "mailFolders/{}/messages/{}/permanentDelete",
        ) => purge(context),
        ("POST", "messages/{}/move" | "mailFolders/{}/move") => transfer(context),
        ("POST", "sendMail") => send(context),
        ("POST", "getMailTips") => tips(context),
        ("POST", "translateExchangeIds") => translate(context),
        ("GET", "mailFolders/delta") => {
            let collection = format!("users/{}/mailFolders", context.user());
            let all = crud::found(context, &ResourcePath { collection, id: None, within: None });
            let reply = crud::page(context, all);
            with_delta_link(context, reply)
        }
        _ => return None,
    })
}

fn with_delta_link(context: &Context, mut reply: Reply) -> Reply {
    if let Body::Json(Value::Object(answer)) = &mut reply.body
        && !answer.contains_key("@odata.nextLink")
    {
        let link = format!("{}/v1.0{}?$deltatoken={}", context.endpoint, context.call.path, context.now.timestamp());
        answer.insert("@odata.deltaLink".into(), link.into());
    }
    reply
}

fn known(context: &Context, name: &str) -> String {
    let folders = format!("users/{}/mailFolders", context.user());
    resource_path::named(&context.tenant.store, &folders, name).unwrap_or_default()
}

/// Moves to Deleted Items; deletes for good from there.
fn discard(context: &mut Context) -> Reply {
    let resource = context.resource();
    let id = resource.id.clone().unwrap_or_default();
    let bin = known(context, "deleteditems");
    let Some(held) = context.tenant.store.get(&resource.collection, &id).cloned() else {
        return context.service.not_found(&id);
    };
    if held.contains_key("_known") {
        return Reply::error(403, "ErrorDeleteDistinguishedFolder", "Distinguished folders cannot be deleted.");
    }
    context.must_be_own(&resource.collection, &id);
    if text(&held, "_in") == bin {
        crud::purge(context.tenant, &resource.collection, &id);
    } else {
        let moved = context.tenant.store.get_mut(&resource.collection, &id).expect("it was there");
        moved.insert("_in".into(), bin.clone().into());
        moved.insert("parentFolderId".into(), bin.into());
    }
    Reply::empty(204)
}

fn purge(context: &mut Context) -> Reply {
    let resource = context.resource_at(context.segments.len() - 1);
    let id = resource.id.clone().unwrap_or_default();
    let Some(held) = context.tenant.store.get(&resource.collection, &id) else { return context.service.not_found(&id) };
    if held.contains_key("_known") {
        return Reply::error(403, "ErrorDeleteDistinguishedFolder", "Distinguished folders cannot be deleted.");
    }
    context.must_be_own(&resource.collection, &id);
    crud::purge(context.tenant, &resource.collection, &id);
    Reply::empty(204)
}

/// Moves a message or a folder; a message gets a new id unless the request asks for immutable ids.
fn transfer(context: &mut Context) -> Reply {
    let resource = context.resource_at(context.segments.len() - 1);
    let id = resource.id.clone().unwrap_or_default();
    let body = context.call.json();
    let wanted =
        body.get("destinationId").or_else(|| body.get("DestinationId")).and_then(Value::as_str).unwrap_or_default();
    let folders = format!("users/{}/mailFolders", context.user());
    let target = match context.tenant.store.get(&folders, wanted) {
        Some(_) => Some(wanted.to_owned()),
        None => resource_path::named(&context.tenant.store, &folders, wanted),
    };
    let Some(target) = target else { return context.service.not_found(wanted) };
    context.must_be_own(&resource.collection, &id);
    if !ownership::made(&context.tenant.store, &folders, &target)
        && resource_path::named(&context.tenant.store, &folders, "deleteditems").is_none_or(|bin| bin != target)
    {
        context.report_offence("moves something to a folder that no run has made");
    }
    let Some(mut moved) = context.tenant.store.get(&resource.collection, &id).cloned() else {
        return context.service.not_found(&id);
    };
    let immutable = context.call.headers.get("prefer").is_some_and(|p| p.contains("ImmutableId"));
    let folder = resource.collection.ends_with("mailFolders");
    let new = if immutable || folder { id.clone() } else { context.tenant.id(Id::Outlook) };
    moved.insert("id".into(), new.clone().into());
    moved.insert("_in".into(), target.clone().into());
    moved.insert("parentFolderId".into(), target.into());
    if new != id {
        context.tenant.store.rename(&resource.collection, &id, &new);
    }
    context.tenant.store.put(&resource.collection, &new, moved.clone());
    Reply::json(201, context.shown(&resource.collection, &new, &moved))
}

fn send(context: &mut Context) -> Reply {
    let body = context.call.json();
    let message =
        body.get("message").or_else(|| body.get("Message")).and_then(Value::as_object).cloned().unwrap_or_default();
    let save =
        body.get("saveToSentItems").or_else(|| body.get("SaveToSentItems")).and_then(Value::as_bool).unwrap_or(true);
    let user = context.user();
    let own = context.tenant.user(&user).map(|u| u.upn.to_lowercase()).unwrap_or_default();
    let to = ownership::recipients(&message);
    if to.is_empty() {
        return Reply::error(400, "ErrorInvalidRecipients", "At least one recipient isn't valid.");
    }
    if to.iter().any(|address| *address != own) {
        context.report_offence("sends mail to another than the account itself");
    }
    if !text(&message, "subject").starts_with(ownership::OWN_PREFIX) {
        context
            .report_offence("sends mail whose subject does not begin with Evergreen, so that it cannot be found again");
    }
    let mut sent = message;
    stamp_message(context, &mut sent, &own);
    sent.insert("isDraft".into(), false.into());
    if save {
        let folder = known(context, "sentitems");
        let mut copy = sent.clone();
        let id = context.tenant.id(Id::Outlook);
        copy.insert("id".into(), id.clone().into());
        copy.insert("parentFolderId".into(), folder.clone().into());
        copy.insert("_in".into(), folder.into());
        context.tenant.store.put(&format!("users/{user}/messages"), &id, copy);
    }
    for address in to {
        let Some(recipient) = context.tenant.user(&address).filter(|u| u.mailbox).map(|u| u.id.clone()) else {
            continue;
        };
        let mut copy = sent.clone();
        copy.insert("id".into(), context.tenant.id(Id::Outlook).into());
        copy.insert("isRead".into(), false.into());
        crud::post(context.tenant, context.now, &recipient, copy);
    }
    Reply::empty(202)
}

fn stamp_message(context: &mut Context, message: &mut Object, from: &str) {
    outlook_marks(context, message);
    let sender = json!({"emailAddress": {"name": from, "address": from}});
    for (name, value) in [
        ("sentDateTime", timestamp(context.now)),
        ("receivedDateTime", timestamp(context.now)),
        ("internetMessageId", json!(format!("<{}@fake.example>", context.tenant.id(Id::Short)))),
        ("conversationId", json!(context.tenant.id(Id::Outlook))),
        ("from", sender.clone()),
        ("sender", sender),
        ("subject", json!("")),
        ("importance", json!("normal")),
        ("isDraft", json!(true)),
        ("isRead", json!(true)),
        ("hasAttachments", json!(false)),
        ("inferenceClassification", json!("focused")),
        ("body", json!({"contentType": "text", "content": ""})),
        ("toRecipients", json!([])),
        ("ccRecipients", json!([])),
        ("bccRecipients", json!([])),
        ("replyTo", json!([])),
        ("categories", json!([])),
        ("flag", json!({"flagStatus": "notFlagged"})),
    ] {
        default(message, name, value);
    }
    let content = message["body"]["content"].as_str().unwrap_or_default();
    let preview: String = content.chars().take(255).collect();
    message.insert("bodyPreview".into(), preview.into());
    message.insert("_made".into(), true.into());
}

pub(super) fn complete_message(
    context: &mut Context,
    resource: &ResourcePath,
    message: &mut Object,
) -> Result<(), Reply> {
    let own = context.tenant.user(&context.user()).map(|u| u.upn.clone()).unwrap_or_default();
    stamp_message(context, message, &own);
    message.insert("parentFolderId".into(), resource.within.clone().unwrap_or_default().into());
    Ok(())
}

pub(super) fn complete_folder(
    context: &mut Context,
    resource: &ResourcePath,
    folder: &mut Object,
) -> Result<(), Reply> {
    require(folder, "displayName")?;
    if taken(context, resource, "displayName", text(folder, "displayName"), "") {
        return Err(exists());
    }
    let parent = resource.within.clone().unwrap_or_default();
    default(folder, "isHidden", json!(false));
    folder.insert("parentFolderId".into(), parent.into());
    Ok(())
}

pub(super) fn change_folder(context: &Context, resource: &ResourcePath, patch: &Object) -> Result<(), Reply> {
    let id = resource.id.clone().unwrap_or_default();
    let parent = context.tenant.store.get(&resource.collection, &id).map(|o| text(o, "_in").to_owned());
    let siblings = ResourcePath { within: parent, ..resource.clone() };
    if taken(context, &siblings, "displayName", text(patch, "displayName"), &id) { Err(exists()) } else { Ok(()) }
}

fn exists() -> Reply {
    Reply::error(409, "ErrorFolderExists", "A folder with the specified name already exists.")
}

pub(super) fn count(context: &Context, collection: &str, id: &str, shown: &mut Object) {
    let inside = |name: &str| {
        let of = collection.replace("mailFolders", name);
        let all = context.tenant.store.list(&of).into_iter().filter(|(_, o)| text(o, "_in") == id);
        all.map(|(_, o)| o.get("isRead") == Some(&json!(false))).collect::<Vec<bool>>()
    };
    let messages = inside("messages");
    shown.insert("childFolderCount".into(), inside("mailFolders").len().into());
    shown.insert("totalItemCount".into(), messages.len().into());
    shown.insert("unreadItemCount".into(), messages.iter().filter(|unread| **unread).count().into());
}

pub(super) fn complete_rule(rule: &mut Object) -> Result<(), Reply> {
    for name in ["displayName", "sequence", "actions"] {
        require(rule, name)?;
    }
    if rule["sequence"].as_i64().unwrap_or(0) < 1 {
        return Err(Reply::error(400, "ErrorInvalidArgument", "The sequence of a rule begins with 1."));
    }
    if rule["actions"].as_object().is_none_or(Object::is_empty) {
        return Err(Reply::error(400, "ErrorInvalidArgument", "A rule needs an action."));
    }
    default(rule, "isEnabled", json!(true));
    default(rule, "hasError", json!(false));
    default(rule, "isReadOnly", json!(false));
    Ok(())
}

pub(super) fn complete_attachment(attachment: &mut Object) -> Result<(), Reply> {
    require(attachment, "@odata.type")?;
    require(attachment, "name")
}

fn tips(context: &mut Context) -> Reply {
    let body = context.call.json();
    let addresses =
        body.iter().find(|(n, _)| n.eq_ignore_ascii_case("EmailAddresses")).map(|(_, v)| v.clone()).unwrap_or_default();
    let all = addresses
        .as_array()
        .into_iter()
        .flatten()
        .map(|address| object(json!({"emailAddress": {"name": "", "address": address}, "mailboxFull": false})));
    let all = all.collect();
    crud::page(context, all)
}

fn translate(context: &mut Context) -> Reply {
    let body = context.call.json();
    let ids = body.iter().find(|(n, _)| n.eq_ignore_ascii_case("inputIds")).map(|(_, v)| v.clone()).unwrap_or_default();
    let all = ids.as_array().into_iter().flatten().map(|id| object(json!({"sourceId": id, "targetId": id})));
    let all = all.collect();
    crud::page(context, all)
}
