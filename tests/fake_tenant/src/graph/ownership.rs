//! Ownership: a well-behaved client writes only to objects that it created. Offences are recorded, not refused.

use serde_json::Value;

use crate::graph::resource_path::{above, parent_of};
use crate::state::store::{Object, Store, text};

/// A client creates objects only inside a container whose name begins with this.
pub(super) const OWN_PREFIX: &str = "Evergreen";

/// Whether a request created the object or one of its parents.
pub(super) fn made(store: &Store, collection: &str, id: &str) -> bool {
    let mut at = Some((collection.to_owned(), id.to_owned()));
    while let Some((collection, id)) = at {
        if store.get(&collection, &id).is_some_and(|o| o.contains_key("_made")) {
            return true;
        }
        at = parent_of(store, &collection, &id);
    }
    false
}

/// Whether a new object has the prefix, or lies in an object that a request created.
pub(super) fn may_create(store: &Store, collection: &str, within: Option<&str>, object: &Object) -> bool {
    let names = ["displayName", "name", "subject", "title", "extensionName", "_title"];
    let named = names.iter().any(|n| text(object, n).starts_with(OWN_PREFIX));
    let inside = match within {
        Some(container) => container_made(store, collection, container),
        None => above(store, collection).is_some_and(|(c, id)| made(store, &c, &id)),
    };
    named || inside
}

fn container_made(store: &Store, collection: &str, container: &str) -> bool {
    let Some((head, _)) = collection.rsplit_once('/') else { return false };
    ["mailFolders", "calendars", "calendarGroups", "contactFolders", "items", "notebooks", "sections"].iter().any(
        |of| store.get(&format!("{head}/{of}"), container).is_some() && made(store, &format!("{head}/{of}"), container),
    )
}

/// Addresses of all recipients of a message, in lower case.
pub(super) fn recipients(message: &Object) -> Vec<String> {
    let lists = ["toRecipients", "ccRecipients", "bccRecipients"].map(|n| message.get(n).and_then(Value::as_array));
    let all = lists.into_iter().flatten().flatten();
    all.map(|r| r["emailAddress"]["address"].as_str().unwrap_or_default().to_lowercase()).collect()
}
