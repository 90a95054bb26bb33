//! Personal contacts and their folders.

use serde_json::json;

use crate::graph::context::Context;
use crate::graph::crud;
use crate::graph::resource_path::ResourcePath;
use crate::graph::services::common::{default, outlook_marks, require, taken};
use crate::state::store::{Object, text};
use crate::wire::reply::Reply;

pub(super) fn serve(context: &mut Context) -> Option<Reply> {
    let template = context.template().strip_prefix("/users/{}/")?;
    match (context.call.method.as_str(), template) {
        ("POST", "contactFolders/{}/permanentDelete" | "contacts/{}/permanentDelete") => {
            let resource = context.resource_at(context.segments.len() - 1);
            Some(crud::remove(context, &resource).map_or_else(|reply| reply, |()| Reply::empty(204)))
        }
        _ => None,
    }
}

pub(super) fn complete_folder(
    context: &mut Context,
    resource: &ResourcePath,
    folder: &mut Object,
) -> Result<(), Reply> {
    require(folder, "displayName")?;
    if taken(context, resource, "displayName", text(folder, "displayName"), "") {
        return Err(Reply::error(409, "ErrorFolderExists", "A folder with the specified name already exists."));
    }
    folder.insert("parentFolderId".into(), resource.within.clone().unwrap_or_default().into());
    Ok(())
}

pub(super) fn complete_contact(
    context: &mut Context,
    resource: &ResourcePath,
    contact: &mut Object,
) -> Result<(), Reply> {
    outlook_marks(context, contact);
    let name = format!("{} {}", text(contact, "givenName"), text(contact, "surname"));
    default(contact, "displayName", json!(name.trim()));
    default(contact, "emailAddresses", json!([]));
    contact.insert("parentFolderId".into(), resource.within.clone().unwrap_or_default().into());
    Ok(())
}
