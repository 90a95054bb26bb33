//! What each service does in its own way; the rest is `crud`.

pub(super) mod applications;
mod calendar;
mod common;
mod contacts;
mod directory;
mod excel;
pub(super) mod files;
mod mail;
mod onenote;
mod other;
mod settings;
mod todo;

use crate::graph::context::{Context, Hooks};
use crate::graph::resource_path::ResourcePath;
use crate::state::ids::Id;
use crate::state::store::{Object, visible};
use crate::wire::reply::Reply;

pub(super) static HOOKS: Hooks = Hooks { complete, check_change, shown };

/// The reply of a service that handles the request in its own way; `None` leaves it to `crud`.
pub(super) fn serve(context: &mut Context) -> Option<Reply> {
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
        other::serve,
    ];
    all.into_iter().find_map(|serve| serve(context))
}

/// Completes an object that a client creates, or refuses it.
fn complete(context: &mut Context, resource: &ResourcePath, of: &str, object: &mut Object) -> Result<(), Reply> {
    let style = match of {
        "driveItem" => Id::Drive,
        "notebook" | "onenoteSection" | "onenotePage" | "sectionGroup" => Id::Onenote,
        _ if context.service.outlook() && of != "outlookCategory" => Id::Outlook,
        _ => Id::Guid,
    };
    object.remove("id");
    object.retain(|name, _| !name.starts_with("@odata.") || name == "@odata.type");
    let id = context.tenant.id(style);
    object.insert("id".into(), id.into());
    match of {
        "message" => mail::complete_message(context, resource, object),
        "mailFolder" => mail::complete_folder(context, resource, object),
        "messageRule" => mail::complete_rule(object),
        "attachment" => mail::complete_attachment(object),
        "outlookCategory" => settings::complete_category(context, resource, object),
        "calendar" | "calendarGroup" => calendar::complete_calendar(context, resource, object),
        "event" => calendar::complete_event(context, resource, object),
        "contactFolder" => contacts::complete_folder(context, resource, object),
        "contact" => contacts::complete_contact(context, resource, object),
        "todoTaskList" | "todoTask" | "checklistItem" | "linkedResource" => {
            todo::complete(context, resource, of, object)
        }
        "driveItem" => files::complete_folder(context, resource, object),
        _ => other::complete(context, resource, of, object),
    }
}

/// Refuses a change that the service does not allow.
fn check_change(context: &mut Context, resource: &ResourcePath, patch: &Object) -> Result<(), Reply> {
    if patch.contains_key("id") {
        return Err(Reply::bad("The property 'id' is read-only and cannot be set."));
    }
    match context.route.type_name() {
        "mailFolder" => mail::change_folder(context, resource, patch),
        "event" => calendar::check_times(patch),
        "driveItem" => files::change(context, resource, patch),
        _ => Ok(()),
    }
}

/// An object as it is answered, with its computed properties.
fn shown(context: &Context, collection: &str, id: &str, object: &Object) -> Object {
    let mut shown = visible(object);
    match collection.rsplit_once('/').map_or(collection, |(_, last)| last) {
        "servicePrincipals" => applications::show(context, object, &mut shown),
        "mailFolders" => mail::count(context, collection, id, &mut shown),
        "items" if collection.starts_with("drives/") => files::show(context, collection, id, object, &mut shown),
        _ => {}
    }
    shown
}
