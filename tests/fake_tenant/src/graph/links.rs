//! Pre-authenticated links that Graph gives out: file contents, progress of copies, reports.

use std::sync::Arc;

use serde_json::json;

use crate::graph::services::files;
use crate::state::shared::Shared;
use crate::wire::exchange::Incoming;
use crate::wire::reply::Reply;

/// Answers a link, which must not be sent a token.
pub(crate) fn answer(shared: &Arc<Shared>, incoming: &Incoming) -> Reply {
    let mut state = shared.state();
    if incoming.headers.contains_key("authorization") {
        state.report_violation(format!("an access token was sent to the pre-authenticated link {}", incoming.path));
    }
    let parts: Vec<&str> = incoming.path.trim_start_matches('/').split('/').collect();
    match parts[..] {
        ["_content", tenant, "drives", drive, "items", item] => {
            let held = state.tenant(tenant).and_then(|t| t.store.get(&format!("drives/{drive}/items"), item));
            let bytes = held.and_then(files::bytes_of);
            bytes.map_or_else(
                || Reply::error(404, "itemNotFound", "The link is dead."),
                |b| Reply::bytes("application/octet-stream", b),
            )
        }
        ["_monitor", _] => Reply::json(202, json!({"status": "completed", "percentageComplete": 100.0})),
        ["_report", _] => Reply::bytes("text/csv", b"Report RefreshToken Date,Report Period\r\n".to_vec()),
        _ => Reply::error(404, "itemNotFound", "The link is dead."),
    }
}
