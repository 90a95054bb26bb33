//! A user's own things: photo, licence, drive, notebook.

use chrono::{DateTime, Utc};
use serde_json::json;

use crate::graph::initial_data::drives::drive;
use crate::graph::initial_data::insert::{add, put};
use crate::graph::initial_data::licences::service_plans;
use crate::graph::initial_data::mailbox::mailbox;
use crate::state::ids::Id;
use crate::state::tenant::User;
use crate::state::tenant_state::TenantState;
use crate::wire::encoding::{base64, timestamp};

pub(super) fn fill(tenant: &mut TenantState, user: &User, now: DateTime<Utc>) {
    let me = format!("users/{}", user.id);
    if user.photo {
        let photo = json!({"@odata.mediaContentType": "image/jpeg", "id": "240X240", "height": 240, "width": 240});
        put(tenant, &format!("{me}/photo"), "", photo);
        put(tenant, &format!("{me}/photos"), "240x240", json!({"height": 240, "width": 240}));
    }
    put(
        tenant,
        &format!("{me}/settings"),
        "",
        json!({"id": "settings", "contributionToContentDiscoveryDisabled": false}),
    );
    put(
        tenant,
        &format!("{me}/licenseDetails"),
        &format!("{}license", &user.id[..8]),
        json!({"skuPartNumber": "DEVELOPERPACK_E5", "skuId": "c42b9cae-ea4f-4ab7-9717-81576235ccac",
        "servicePlans": service_plans(|_| true)}),
    );
    put(
        tenant,
        &format!("{me}/authentication/methods"),
        "28c10230-6103-485e-b985-444c60001490",
        json!({"@odata.type": "#microsoft.graph.passwordAuthenticationMethod"}),
    );
    add(
        tenant,
        &format!("{me}/insights/used"),
        Id::Short,
        json!({"lastUsed": {"lastAccessedDateTime": timestamp(now)}}),
    );
    if user.mailbox {
        mailbox(tenant, user, now);
    }
    if user.drive {
        drive(tenant, &user.id);
    }
    if user.notebook {
        let book = add(
            tenant,
            &format!("{me}/onenote/notebooks"),
            Id::Onenote,
            json!({"displayName": "My notes", "isDefault": true, "_known": "default"}),
        );
        let part = json!({"displayName": "Quick Notes", "isDefault": true, "_known": "default", "_in": book});
        let part = add(tenant, &format!("{me}/onenote/sections"), Id::Onenote, part);
        let page = json!({"title": "Firs and pines", "_in": part, "_content": base64(b"<html><head><title>Firs and pines</title></head></html>")});
        add(tenant, &format!("{me}/onenote/pages"), Id::Onenote, page);
    }
}
