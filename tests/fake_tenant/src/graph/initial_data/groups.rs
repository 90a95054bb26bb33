//! A Microsoft 365 group with its team, a security group, and a chat.

use chrono::{DateTime, Utc};
use serde_json::json;

use crate::graph::initial_data::drives::library;
use crate::graph::initial_data::insert::{add, put};
use crate::graph::initial_data::meeting::meeting;
use crate::state::ids::Id;
use crate::state::tenant_state::TenantState;
use crate::wire::encoding::timestamp;

pub(super) fn fill(tenant: &mut TenantState, now: DateTime<Utc>) {
    let domain = tenant.definition.domain.clone();
    let unified = add(
        tenant,
        "groups",
        Id::Guid,
        json!({"displayName": "All hands", "mailEnabled": true, "mailNickname": "allhands", "securityEnabled": false,
        "groupTypes": ["Unified"], "mail": format!("allhands@{domain}"), "visibility": "Private", "createdDateTime": timestamp(now)}),
    );
    let security = add(
        tenant,
        "groups",
        Id::Guid,
        json!({"displayName": "BreakableListener keys", "mailEnabled": false, "mailNickname": "doorkeys", "securityEnabled": true,
        "groupTypes": [], "createdDateTime": timestamp(now)}),
    );
    let users = tenant.definition.users.clone();
    for (at, user) in users.iter().enumerate() {
        let member =
            json!({"@odata.type": "#microsoft.graph.user", "displayName": user.name, "userPrincipalName": user.upn});
        put(tenant, &format!("groups/{unified}/members"), &user.id, member.clone());
        put(tenant, &format!("groups/{security}/members"), &user.id, member.clone());
        if at == 0 {
            put(tenant, &format!("groups/{unified}/owners"), &user.id, member);
        }
    }
    add(
        tenant,
        &format!("groups/{unified}/threads"),
        Id::Outlook,
        json!({"topic": "Welcome", "hasAttachments": false, "isLocked": false}),
    );
    add(tenant, &format!("groups/{unified}/events"), Id::Outlook, meeting("All hands meeting", now));
    add(
        tenant,
        &format!("groups/{unified}/planner/plans"),
        Id::Short,
        json!({"title": "Office move", "owner": unified}),
    );
    library(tenant, &format!("groups/{unified}"), "documentLibrary");
    put(tenant, "teams", &unified, json!({"displayName": "All hands", "visibility": "private", "isArchived": false}));
    let channel = format!("19:{}@thread.tacv2", tenant.id(Id::Short));
    put(
        tenant,
        &format!("teams/{unified}/channels"),
        &channel,
        json!({"displayName": "General", "membershipType": "standard"}),
    );
    let chat = format!("19:{}@thread.v2", tenant.id(Id::Short));
    put(tenant, "chats", &chat, json!({"topic": "Lunch", "chatType": "group", "createdDateTime": timestamp(now)}));
    for user in users {
        let member = json!({"@odata.type": "#microsoft.graph.aadUserConversationMember", "userId": user.id, "displayName": user.name, "roles": [], "email": user.upn});
        for list in [format!("teams/{unified}/members"), format!("chats/{chat}/members")] {
            let id = tenant.id(Id::Short) + "==";
            put(tenant, &list, &id, member.clone());
        }
    }
}
