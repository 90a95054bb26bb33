//! What a well-behaved client never writes to: anything that is not its own. Offences are noted, not refused.

use serde_json::Value;

use crate::graph::resource_path::{above, parent_of};
use crate::state::store::{Object, Store, text};

/// Everything that a client makes of its own stands in a thing whose name begins so.
pub(super) const OWN_PREFIX: &str = "Evergreen";

/// Whether the object, or anything that it lies in, was made by a request.
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

/// Whether a new object may stand where it is put: in something made, or by its own name.
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
