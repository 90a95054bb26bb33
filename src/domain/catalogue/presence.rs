//! Who is there.

use serde_json::{Value, json};

use super::{Body, Method, Need, Operation, Service};
use crate::domain::contents::Contents;

pub(super) const ROWS: &[Operation] = &[
    Operation {
        id: "presence.me",
        delegated: Some("Presence.Read"),
        application: Some("Presence.Read.All"),
        doc: page!("presence-get"),
        ..Operation::get(Service::Presence, "/me/presence")
    },
    Operation {
        id: "presence.byUserIds",
        delegated: Some("Presence.Read.All"),
        application: Some("Presence.Read.All"),
        needs: &[Need::id("user-id", "users.list")],
        body: Body::Json(one_user),
        doc: page!("cloudcommunications-getpresencesbyuserid"),
        ..Operation::request(Method::Post, Service::Presence, "/communications/getPresencesByUserId")
    },
];

fn one_user(_: &mut Contents) -> Value {
    json!({ "ids": ["{user-id}"] })
}
