//! Puts an object into the store, as if it had always been there.

use serde_json::Value;

use crate::state::ids::Id;
use crate::state::store::object;
use crate::state::tenant_state::Held;

pub(super) fn put(held: &mut Held, collection: &str, id: &str, value: Value) {
    let mut made = object(value);
    if !id.is_empty() {
        made.insert("id".into(), id.into());
    }
    held.store.put(collection, id, made);
}

/// Stores under a new id and returns that.
pub(super) fn add(held: &mut Held, collection: &str, style: Id, value: Value) -> String {
    let id = held.id(style);
    put(held, collection, &id, value);
    id
}
