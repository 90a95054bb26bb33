//! Mail: folders, messages, rules, attachments, sending.

use serde_json::{Value, json};

use crate::graph::context::Context;
use crate::graph::crud;
use crate::graph::ownership;
use crate::graph::resource_path::{self, Place};
use crate::graph::services::common::{default, outlook_marks, require, taken};
use crate::state::ids::Id;
use crate::state::store::{Object, object, text};
use crate::wire::encoding::timestamp;
use crate::wire::reply::Reply;

pub(super) fn serve(context: &mut Context) -> Option<Reply> {
    let template = context.template().strip_prefix("/users/{}/")?;
    let method = context.call.method.as_str();
    Some(match (method, template) {
        ("GET", "messages") => {
            let place = Place { within: None, ..context.place() };
            crud::list(context, &place)
        }
        ("POST", "messages") => {
            let drafts = known(context, "drafts");
            let place = Place { within: Some(drafts), ..context.place() };
            crud::create(context, &place)
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
            let all = crud::found(context, &Place { collection, id: None, within: None });
            let reply = crud::page(context, all);
            with_delta_link(context, reply)
        }
        _ => return None,
    })
}

fn with_delta_link(context: &Context, mut reply: Reply) -> Reply {
    if let crate::wire::call::Body::Json(Value::Object(answer)) = &mut reply.body
        && !answer.contains_key("@odata.nextLink")
    {
        let link = format!("{}/v1.0{}?$deltatoken={}", context.endpoint, context.call.path, context.now.timestamp());
        answer.insert("@odata.deltaLink".into(), link.into());
    }
    reply
}

fn known(context: &Context, name: &str) -> String {
    let folders = format!("users/{}/mailFolders", context.user());
    resource_path::named(&context.held.store, &folders, name).unwrap_or_default()
}

/// A deleted thing goes to Deleted Items; from there it goes for good.
fn discard(context: &mut Context) -> Reply {
    let place = context.place();
    let id = place.id.clone().unwrap_or_default();
    let bin = known(context, "deleteditems");
    let Some(held) = context.held.store.get(&place.collection, &id).cloned() else { return context.service.gone(&id) };
    if held.contains_key("_known") {
        return Reply::error(403, "ErrorDeleteDistinguishedFolder", "Distinguished folders cannot be deleted.");
    }
    context.must_be_own(&place.collection, &id);
    if text(&held, "_in") == bin {
        crud::purge(context.held, &place.collection, &id);
    } else {
        let moved = context.held.store.get_mut(&place.collection, &id).expect("it was there");
        moved.insert("_in".into(), bin.clone().into());
        moved.insert("parentFolderId".into(), bin.into());
    }
    Reply::empty(204)
}

fn purge(context: &mut Context) -> Reply {
    let place = context.place_of(context.segments.len() - 1);
    let id = place.id.clone().unwrap_or_default();
    let Some(held) = context.held.store.get(&place.collection, &id) else { return context.service.gone(&id) };
    if held.contains_key("_known") {
        return Reply::error(403, "ErrorDeleteDistinguishedFolder", "Distinguished folders cannot be deleted.");
    }
    context.must_be_own(&place.collection, &id);
    crud::purge(context.held, &place.collection, &id);
    Reply::empty(204)
}

/// Moves a message or a folder; it gets a new id unless immutable ids were asked for.
fn transfer(context: &mut Context) -> Reply {
    let place = context.place_of(context.segments.len() - 1);
    let id = place.id.clone().unwrap_or_default();
    let body = context.call.json();
    let wanted =
        body.get("destinationId").or_else(|| body.get("DestinationId")).and_then(Value::as_str).unwrap_or_default();
    let folders = format!("users/{}/mailFolders", context.user());
    let target = match context.held.store.get(&folders, wanted) {
        Some(_) => Some(wanted.to_owned()),
        None => resource_path::named(&context.held.store, &folders, wanted),
    };
    let Some(target) = target else { return context.service.gone(wanted) };
    context.must_be_own(&place.collection, &id);
    if !ownership::made(&context.held.store, &folders, &target)
        && resource_path::named(&context.held.store, &folders, "deleteditems").is_none_or(|bin| bin != target)
    {
        context.offend("moves something to a folder that no run has made");
    }
    let Some(mut moved) = context.held.store.get(&place.collection, &id).cloned() else {
        return context.service.gone(&id);
    };
    let immutable = context.call.headers.get("prefer").is_some_and(|p| p.contains("ImmutableId"));
    let folder = place.collection.ends_with("mailFolders");
    let new = if immutable || folder { id.clone() } else { context.held.id(Id::Outlook) };
    moved.insert("id".into(), new.clone().into());
    moved.insert("_in".into(), target.clone().into());
    moved.insert("parentFolderId".into(), target.into());
    if new != id {
        context.held.store.rename(&place.collection, &id, &new);
    }
    context.held.store.put(&place.collection, &new, moved.clone());
    Reply::json(201, context.shown(&place.collection, &new, &moved))
}

fn send(context: &mut Context) -> Reply {
    let body = context.call.json();
    let message =
        body.get("message").or_else(|| body.get("Message")).and_then(Value::as_object).cloned().unwrap_or_default();
    let save =
        body.get("saveToSentItems").or_else(|| body.get("SaveToSentItems")).and_then(Value::as_bool).unwrap_or(true);
    let user = context.user();
    let own = context.held.user(&user).map(|u| u.upn.to_lowercase()).unwrap_or_default();
    let to = ownership::recipients(&message);
    if to.is_empty() {
        return Reply::error(400, "ErrorInvalidRecipients", "At least one recipient isn't valid.");
    }
    if to.iter().any(|address| *address != own) {
        context.offend("sends mail to another than the account itself");
    }
    if !text(&message, "subject").starts_with(ownership::NAME) {
        context.offend("sends mail whose subject does not begin with Evergreen, so that it cannot be found again");
    }
    let mut sent = message;
    stamp_message(context, &mut sent, &own);
    sent.insert("isDraft".into(), false.into());
    if save {
        let folder = known(context, "sentitems");
        let mut copy = sent.clone();
        let id = context.held.id(Id::Outlook);
        copy.insert("id".into(), id.clone().into());
        copy.insert("parentFolderId".into(), folder.clone().into());
        copy.insert("_in".into(), folder.into());
        context.held.store.put(&format!("users/{user}/messages"), &id, copy);
    }
    for address in to {
        let Some(recipient) = context.held.user(&address).filter(|u| u.mailbox).map(|u| u.id.clone()) else { continue };
        let mut copy = sent.clone();
        copy.insert("id".into(), context.held.id(Id::Outlook).into());
        copy.insert("isRead".into(), false.into());
        crud::post(context.held, context.now, &recipient, copy);
    }
    Reply::empty(202)
}

fn stamp_message(context: &mut Context, message: &mut Object, from: &str) {
    outlook_marks(context, message);
    let sender = json!({"emailAddress": {"name": from, "address": from}});
    for (name, value) in [
        ("sentDateTime", timestamp(context.now)),
        ("receivedDateTime", timestamp(context.now)),
        ("internetMessageId", json!(format!("<{}@fake.example>", context.held.id(Id::Short)))),
        ("conversationId", json!(context.held.id(Id::Outlook))),
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

pub(super) fn complete_message(context: &mut Context, place: &Place, message: &mut Object) -> Result<(), Reply> {
    let own = context.held.user(&context.user()).map(|u| u.upn.clone()).unwrap_or_default();
    stamp_message(context, message, &own);
    message.insert("parentFolderId".into(), place.within.clone().unwrap_or_default().into());
    Ok(())
}

pub(super) fn complete_folder(context: &mut Context, place: &Place, folder: &mut Object) -> Result<(), Reply> {
    require(folder, "displayName")?;
    if taken(context, place, "displayName", text(folder, "displayName"), "") {
        return Err(exists());
    }
    let parent = place.within.clone().unwrap_or_default();
    default(folder, "isHidden", json!(false));
    folder.insert("parentFolderId".into(), parent.into());
    Ok(())
}

pub(super) fn change_folder(context: &Context, place: &Place, patch: &Object) -> Result<(), Reply> {
    let id = place.id.clone().unwrap_or_default();
    let parent = context.held.store.get(&place.collection, &id).map(|o| text(o, "_in").to_owned());
    let siblings = Place { within: parent, ..place.clone() };
    if taken(context, &siblings, "displayName", text(patch, "displayName"), &id) { Err(exists()) } else { Ok(()) }
}

fn exists() -> Reply {
    Reply::error(409, "ErrorFolderExists", "A folder with the specified name already exists.")
}

pub(super) fn count(context: &Context, collection: &str, id: &str, shown: &mut Object) {
    let inside = |name: &str| {
        let of = collection.replace("mailFolders", name);
        let all = context.held.store.list(&of).into_iter().filter(|(_, o)| text(o, "_in") == id);
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
