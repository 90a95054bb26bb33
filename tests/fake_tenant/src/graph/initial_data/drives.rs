//! Document libraries: of users, groups and sites.

use serde_json::json;

use crate::graph::initial_data::insert::{add, put};
use crate::state::ids::Id;
use crate::state::tenant_state::TenantState;
use crate::wire::encoding::base64;

/// A user's OneDrive, with a file and a folder of the user's own.
pub(crate) fn drive(tenant: &mut TenantState, user: &str) {
    library(tenant, &format!("users/{user}"), "business");
}

pub(crate) fn library(tenant: &mut TenantState, owner: &str, kind: &str) {
    let id = format!("b!{}", tenant.id(Id::Short));
    put(
        tenant,
        "drives",
        &id,
        json!({"_owner": owner, "driveType": kind, "name": "Documents", "quota": {"state": "normal", "total": 1_099_511_627_776_i64, "used": 12}}),
    );
    let items = format!("drives/{id}/items");
    let root =
        add(tenant, &items, Id::Drive, json!({"_known": "root", "name": "root", "folder": {}, "root": {}, "size": 12}));
    let documents = add(
        tenant,
        &items,
        Id::Drive,
        json!({"_known": "documents", "name": "Documents", "_in": root, "folder": {}, "size": 0, "specialFolder": {"name": "documents"}}),
    );
    add(tenant, &items, Id::Drive, json!({"name": "Evergreen trees", "_in": root, "folder": {}, "size": 0}));
    for parent in [root, documents] {
        let file = json!({"name": "notes.txt", "_in": parent, "file": {"mimeType": "text/plain"}, "size": 12, "_content": base64(b"buy more firs")});
        let file = add(tenant, &items, Id::Drive, file);
        add(tenant, &format!("{items}/{file}/permissions"), Id::Short, json!({"roles": ["owner"]}));
    }
}
