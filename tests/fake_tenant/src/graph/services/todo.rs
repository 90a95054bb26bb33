//! To Do: lists, tasks, steps, links.

use serde_json::json;

use crate::graph::context::Context;
use crate::graph::resource_path::ResourcePath;
use crate::graph::services::common::{default, require};
use crate::state::ids::Id;
use crate::state::store::{Object, text};
use crate::wire::encoding::timestamp;
use crate::wire::reply::Reply;

pub(super) fn complete(
    context: &mut Context,
    resource: &ResourcePath,
    of: &str,
    object: &mut Object,
) -> Result<(), Reply> {
    let key = context.tenant.id(Id::Short);
    let now = timestamp(context.now);
    match of {
        "todoTaskList" => {
            require(object, "displayName")?;
            default(object, "isOwner", json!(true));
            default(object, "isShared", json!(false));
            default(object, "wellknownListName", json!("none"));
        }
        "todoTask" => {
            require(object, "title")?;
            default(object, "status", json!("notStarted"));
            default(object, "importance", json!("normal"));
            default(object, "isReminderOn", json!(false));
            default(object, "body", json!({"content": "", "contentType": "text"}));
            object.insert("createdDateTime".into(), now.clone());
            object.insert("lastModifiedDateTime".into(), now);
        }
        "checklistItem" => {
            require(object, "displayName")?;
            default(object, "isChecked", json!(false));
            object.insert("createdDateTime".into(), now);
            let id = context.tenant.id(Id::Guid);
            object.insert("id".into(), id.into());
        }
        _ => {
            require(object, "applicationName")?;
            let known = context.tenant.store.list(&resource.collection);
            if known
                .into_iter()
                .any(|(_, o)| text(o, "externalId") == text(object, "externalId") && !text(o, "externalId").is_empty())
            {
                return Err(Reply::error(409, "conflict", "A linked resource with this external id exists."));
            }
            let id = context.tenant.id(Id::Guid);
            object.insert("id".into(), id.into());
        }
    }
    if of != "linkedResource" {
        object.insert("@odata.etag".into(), format!("W/\"{key}\"").into());
    }
    Ok(())
}
