//! Serves the requests of a batch in the order of their dependencies.

use std::collections::{BTreeSet, HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::fault_response::answer_of;
use crate::graph::batch::{self, Item};
use crate::graph::mailbox_concurrency::too_many;
use crate::graph::request;
use crate::state::fault::FaultAction;
use crate::state::issued::Token;
use crate::state::recorded::RecordedItem;
use crate::state::service_state::ServiceState;
use crate::wire::call::{Body, Call};
use crate::wire::exchange::Incoming;
use crate::wire::reply::Reply;

pub(super) fn run(
    state: &mut ServiceState,
    token: &Token,
    items: Vec<Item>,
    waves: &[usize],
    mailboxes: &[Option<String>],
    surplus: &BTreeSet<usize>,
    now: DateTime<Utc>,
) -> (Reply, Vec<RecordedItem>) {
    let mut order: Vec<usize> = (0..items.len()).collect();
    order.sort_by_key(|at| waves[*at]);
    let mut outcome: HashMap<String, (Reply, bool)> = HashMap::new();
    let mut counted = HashSet::new();
    let mut window: Option<i64> = None;
    for at in order {
        let item = &items[at];
        let failed = item.depends_on.iter().any(|d| outcome.get(d).is_none_or(|(r, _)| !r.succeeded()));
        let result = match &item.call {
            Err(reply) => {
                state.report_violation(format!("item {} of a batch was refused: {}", item.id, reply.error_message()));
                (reply.clone(), false)
            }
            Ok(_) if failed => {
                (Reply::error(424, "FailedDependency", "The request depends on one that failed."), false)
            }
            Ok(_) if surplus.contains(&at) => (too_many(state, &mailboxes[at]), false),
            Ok(call) => one(state, token, call, now, &mut counted, &mut window),
        };
        let (reply, executed) = result;
        let headers = item.call.as_ref().map(|c| c.headers.clone()).unwrap_or_default();
        let reply = reply.stamped(now, &state.guid(), &headers);
        outcome.insert(item.id.clone(), (reply, executed));
    }
    if let Some(seconds) = window {
        state.throttles.open(&format!("graph {}", token.tenant), now + TimeDelta::seconds(seconds));
    }
    let mut records = Vec::new();
    let mut responses = Vec::new();
    for item in items {
        let (reply, executed) = &outcome[&item.id];
        responses.push(batch::response(&item.id, reply));
        records.push(RecordedItem { status: reply.status, executed: *executed, ..item.record });
    }
    batch::shuffle(state, &mut responses);
    (Reply::ok(json!({"responses": responses})), records)
}

/// One request of a batch, faults included.
fn one(
    state: &mut ServiceState,
    token: &Token,
    call: &Call,
    now: DateTime<Utc>,
    counted: &mut HashSet<String>,
    window: &mut Option<i64>,
) -> (Reply, bool) {
    let body = match &call.body {
        Body::Json(value) => value.to_string(),
        _ => String::new(),
    };
    let who = token.user.as_deref().unwrap_or(&token.app);
    let key = format!("{} {who} {} {} {body}", token.tenant, call.method, call.url());
    if !counted.contains(&key) && state.throttles.spent(&key, now) {
        state.report_violation(format!("{} {} was sent more than twice within a throttle", call.method, call.url()));
    }
    let act = state.faults.strike_item(&token.tenant, call, &mut state.rng);
    let Some(act) = act else {
        state.throttles.accept(&key);
        return (request::answer(state, token, call, now), true);
    };
    let applied = match act {
        FaultAction::Status429 { applied_anyway, .. } | FaultAction::Status { applied_anyway, .. } => applied_anyway,
        _ => false,
    };
    if applied {
        request::answer(state, token, call, now);
    }
    if let FaultAction::Status429 { retry_after, .. } = act
        && counted.insert(key.clone())
    {
        state.throttles.refuse(&key, now, retry_after);
    }
    if let FaultAction::Status429 { retry_after: Some(s), .. } | FaultAction::Status { retry_after: Some(s), .. } = act
    {
        *window = Some(window.unwrap_or(0).max(s));
    }
    (answer_of(&act), applied)
}

/// The requests of a batch that no service saw, for the record.
pub(super) fn unserved(state: &mut ServiceState, incoming: &Incoming, path: &str) -> Vec<RecordedItem> {
    if path != "/$batch" {
        return Vec::new();
    }
    let parsed: Value = serde_json::from_slice(&incoming.body).unwrap_or(Value::Null);
    batch::read(state, &parsed).map(|items| items.into_iter().map(|i| i.record).collect()).unwrap_or_default()
}
