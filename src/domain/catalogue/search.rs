//! Search across Microsoft 365.

use serde_json::{Value, json};

use super::operation::{Body, Method, Operation};
use super::service::Service;
use crate::domain::catalogue::contents::Contents;

pub(super) const ROWS: &[Operation] = &[
    // App-only tokens may search files but no messages. The path accepts more permissions, each for another entity type.
    Operation {
        id: "search.messages",
        delegated: &["Mail.Read"],
        body: Body::Json(messages),
        doc: page!("search-query"),
        ..Operation::request(Method::Post, Service::Search, "/search/query")
    },
];

fn messages(contents: &mut Contents) -> Value {
    json!({
        "requests": [{
            "entityTypes": ["message"],
            "query": { "queryString": contents.noun() },
            "from": 0,
            "size": contents.number(1..6),
        }],
    })
}
