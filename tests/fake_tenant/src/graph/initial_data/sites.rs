//! The root site of SharePoint.

use chrono::{DateTime, Utc};
use serde_json::json;

use crate::graph::initial_data::drives::library;
use crate::graph::initial_data::insert::{add, put};
use crate::state::ids::Id;
use crate::state::tenant_state::TenantState;
use crate::wire::encoding::timestamp;

pub(super) fn fill(tenant: &mut TenantState, now: DateTime<Utc>) {
    let host = tenant.definition.domain.replace(".onmicrosoft.com", ".sharepoint.com");
    let id = format!("{host},{},{}", tenant.id(Id::Guid), tenant.id(Id::Guid));
    put(
        tenant,
        "sites",
        &id,
        json!({"_known": "root", "name": "root", "displayName": "Communication site", "webUrl": format!("https://{host}"),
        "createdDateTime": timestamp(now), "siteCollection": {"hostname": host}}),
    );
    let list = add(
        tenant,
        &format!("sites/{id}/lists"),
        Id::Guid,
        json!({"name": "Shared Documents", "displayName": "Documents", "list": {"template": "documentLibrary"}}),
    );
    put(
        tenant,
        &format!("sites/{id}/lists/{list}/items"),
        "1",
        json!({"createdDateTime": timestamp(now), "contentType": {"name": "Document"}}),
    );
    add(tenant, &format!("sites/{id}/columns"), Id::Guid, json!({"name": "Title", "displayName": "Title", "text": {}}));
    put(
        tenant,
        &format!("sites/{id}/contentTypes"),
        "0x0101",
        json!({"name": "Document", "group": "Document Content Types"}),
    );
    library(tenant, &format!("sites/{id}"), "documentLibrary");
}
