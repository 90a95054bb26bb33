//! Checks and defaults that several services share.

use serde_json::{Value, json};

use crate::graph::context::Context;
use crate::graph::resource_path::ResourcePath;
use crate::state::ids::Id;
use crate::state::store::{Object, text};
use crate::wire::encoding::timestamp;
use crate::wire::reply::Reply;

pub(super) fn require(object: &Object, name: &str) -> Result<(), Reply> {
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

/// Sets a property that the client left out.
pub(super) fn default(object: &mut Object, name: &str, value: Value) {
    object.entry(name.to_owned()).or_insert(value);
}

/// Sets the etag, change key and times of an Outlook object.
pub(super) fn outlook_marks(context: &mut Context, object: &mut Object) {
    let key = context.tenant.id(Id::Short);
    object.insert("@odata.etag".into(), json!(format!("W/\"{key}\"")));
    object.insert("changeKey".into(), json!(key));
    object.insert("createdDateTime".into(), timestamp(context.now));
    object.insert("lastModifiedDateTime".into(), timestamp(context.now));
}

/// Whether a sibling has the same name, in any case.
pub(super) fn taken(context: &Context, resource: &ResourcePath, name: &str, value: &str, but: &str) -> bool {
    let all = context.tenant.store.list(&resource.collection);
    let within = |o: &Object| resource.within.as_ref().is_none_or(|c| text(o, "_in") == c.as_str());
    all.into_iter().any(|(id, o)| id != but && within(o) && text(o, name).eq_ignore_ascii_case(value))
}
