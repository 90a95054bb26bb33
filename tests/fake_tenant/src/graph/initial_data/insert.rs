//! Puts an object into the store, as if it had always been there.

use serde_json::Value;

use crate::state::ids::Id;
use crate::state::store::object;
use crate::state::tenant_state::TenantState;

pub(super) fn put(tenant: &mut TenantState, collection: &str, id: &str, value: Value) {
    let mut made = object(value);
    if !id.is_empty() {
        made.insert("id".into(), id.into());
    }
    tenant.store.put(collection, id, made);
}

/// Stores under a new id and returns that.
pub(super) fn add(tenant: &mut TenantState, collection: &str, style: Id, value: Value) -> String {
    let id = tenant.id(style);
    put(tenant, collection, &id, value);
    id
}
