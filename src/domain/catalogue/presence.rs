//! Presence of users.

use serde_json::{Value, json};

use super::operation::{Body, Method, Need, Operation};
use super::permissions;
use super::service::Service;
use crate::domain::catalogue::contents::Contents;

pub(super) const ROWS: &[Operation] = &[
    Operation {
        id: "presence.me",
        delegated: &["Presence.Read", "Presence.Read.All"],
        application: permissions::PRESENCE_READ_APP,
        doc: page!("presence-get"),
        ..Operation::get(Service::Presence, "/me/presence")
    },
    Operation {
        id: "presence.byUserIds",
        delegated: &["Presence.Read.All"],
        application: permissions::PRESENCE_READ_APP,
        needs: &[Need::id("user-id", "users.list")],
        body: Body::Json(one_user),
        doc: page!("cloudcommunications-getpresencesbyuserid"),
        ..Operation::request(Method::Post, Service::Presence, "/communications/getPresencesByUserId")
    },
];

fn one_user(_: &mut Contents) -> Value {
    json!({ "ids": ["{user-id}"] })
}
