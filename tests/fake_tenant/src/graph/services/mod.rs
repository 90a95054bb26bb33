//! What the services do in ways of their own; everything else is `generic`.

pub mod applications;
mod calendar;
mod contacts;
mod directory;
mod excel;
mod files;
mod mail;
mod misc;
mod onenote;
mod settings;
mod todo;

pub use files::bytes_of;
use serde_json::{Value, json};

use super::graph::Context;
use super::place::Place;
use super::store::{Object, text, visible};
use super::wire::{Reply, stamp};
use super::world::Id;

/// A service's own answer, or `None` where the general one will do.
pub fn serve(context: &mut Context) -> Option<Reply> {
    let all = [
        mail::serve,
        settings::serve,
        calendar::serve,
        contacts::serve,
        excel::serve,
        files::serve,
        onenote::serve,
        applications::serve,
        directory::serve,
        misc::serve,
    ];
    all.into_iter().find_map(|serve| serve(context))
}

/// Completes what a client wants to make, or refuses it.
pub fn complete(context: &mut Context, place: &Place, of: &str, object: &mut Object) -> Result<(), Reply> {
    let style = match of {
        "driveItem" => Id::Drive,
        "notebook" | "onenoteSection" | "onenotePage" | "sectionGroup" => Id::Onenote,
        _ if context.service.outlook() && of != "outlookCategory" => Id::Outlook,
        _ => Id::Guid,
    };
    object.remove("id");
    object.retain(|name, _| !name.starts_with("@odata.") || name == "@odata.type");
    let id = context.held.id(style);
    object.insert("id".into(), id.into());
    match of {
        "message" => mail::complete_message(context, place, object),
        "mailFolder" => mail::complete_folder(context, place, object),
        "messageRule" => mail::complete_rule(object),
        "attachment" => mail::complete_attachment(object),
        "outlookCategory" => settings::complete_category(context, place, object),
        "calendar" | "calendarGroup" => calendar::complete_calendar(context, place, object),
        "event" => calendar::complete_event(context, place, object),
        "contactFolder" => contacts::complete_folder(context, place, object),
        "contact" => contacts::complete_contact(context, place, object),
        "todoTaskList" | "todoTask" | "checklistItem" | "linkedResource" => todo::complete(context, place, of, object),
        "driveItem" => files::complete_folder(context, place, object),
        _ => misc::complete(context, place, of, object),
    }
}

/// Asks the service whether a change is allowed.
pub fn changed(context: &mut Context, place: &Place, patch: &Object) -> Result<(), Reply> {
    if patch.contains_key("id") {
        return Err(Reply::bad("The property 'id' is read-only and cannot be set."));
    }
    match context.route.type_name() {
        "mailFolder" => mail::change_folder(context, place, patch),
        "event" => calendar::check_times(patch),
        "driveItem" => files::change(context, place, patch),
        _ => Ok(()),
    }
}

/// An object as it is answered, with what is counted anew each time.
pub fn shown(context: &Context, collection: &str, id: &str, object: &Object) -> Object {
    let mut shown = visible(object);
    match collection.rsplit_once('/').map_or(collection, |(_, last)| last) {
        "servicePrincipals" => applications::show(context, object, &mut shown),
        "mailFolders" => mail::count(context, collection, id, &mut shown),
        "items" if collection.starts_with("drives/") => files::show(context, collection, id, object, &mut shown),
        _ => {}
    }
    shown
}

fn require(object: &Object, name: &str) -> Result<(), Reply> {
    match object.get(name) {
        None | Some(Value::Null) => {
            Err(Reply::error(400, "ErrorPropertyValidationFailure", &format!("Missing required property '{name}'.")))
        }
        Some(Value::String(text)) if text.trim().is_empty() => {
            Err(Reply::error(400, "ErrorInvalidArgument", &format!("The property '{name}' must not be empty.")))
        }
        Some(_) => Ok(()),
    }
}

/// Sets what the service sets and the client did not.
fn default(object: &mut Object, name: &str, value: Value) {
    object.entry(name.to_owned()).or_insert(value);
}

/// Creation and change marks of Outlook's objects.
fn outlook_marks(context: &mut Context, object: &mut Object) {
    let key = context.held.id(Id::Short);
    object.insert("@odata.etag".into(), json!(format!("W/\"{key}\"")));
    object.insert("changeKey".into(), json!(key));
    object.insert("createdDateTime".into(), stamp(context.now));
    object.insert("lastModifiedDateTime".into(), stamp(context.now));
}

/// Whether a sibling bears the same name, in any case of letters.
fn taken(context: &Context, place: &Place, name: &str, value: &str, but: &str) -> bool {
    let all = context.held.store.list(&place.collection);
    let within = |o: &Object| place.within.as_ref().is_none_or(|c| text(o, "_in") == c.as_str());
    all.into_iter().any(|(id, o)| id != but && within(o) && text(o, name).eq_ignore_ascii_case(value))
}
