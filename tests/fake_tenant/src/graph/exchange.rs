//! One HTTP request to Graph: token, throttle, faults, then one request or the many of a batch.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::fault_response::broken;
use crate::graph::mailbox_concurrency::{MAX_CONCURRENT, Slots, mailbox_of, too_many};
use crate::graph::{batch, batch_execution, request};
use crate::login::token;
use crate::state::fault::{FaultAction, Stage};
use crate::state::issued::Token;
use crate::state::recorded::{Recorded, RecordedItem};
use crate::state::service_state::ServiceState;
use crate::state::shared::Shared;
use crate::wire::call::{Body, Call};
use crate::wire::exchange::{Ending, Incoming};
use crate::wire::reply::Reply;

/// The documented limit of a batch's size is ambiguous; this is the strict reading.
const MAX_BATCH_BYTES: usize = 4 * 1024 * 1024;

pub(crate) async fn answer(shared: &Arc<Shared>, incoming: Incoming, path: String) -> Ending {
    let now = shared.clock.now();
    let entered = enter(&mut shared.state(), &incoming, &path, now);
    let (token, act) = match entered {
        Ok(entered) => entered,
        Err(refused) => {
            let (reply, token) = *refused;
            let reply = reply.stamped(now, &shared.state().guid(), &incoming.headers);
            record(&mut shared.state(), &incoming, now, token.as_ref(), Some(reply.status), Vec::new());
            return Ending::Answer(reply);
        }
    };
    let slow = match act {
        Some(FaultAction::Slow(time)) => Some(time),
        _ => None,
    };
    let effect = act.as_ref().is_none_or(FaultAction::lets_request_take_effect);
    let (reply, items) = if effect {
        work(shared, &incoming, &path, &token, slow).await
    } else {
        (Reply::empty(500), batch_execution::unserved(&mut shared.state(), &incoming, &path))
    };
    let state = &mut *shared.state();
    let scope = format!("graph {}", token.tenant);
    let key =
        format!("{} {} {} {}", token.tenant, incoming.method, incoming.path, String::from_utf8_lossy(&incoming.body));
    let ending = match act {
        None | Some(FaultAction::Slow(_)) => {
            state.throttles.accept(&key);
            Ending::Answer(reply)
        }
        Some(FaultAction::Truncated) => Ending::Half(reply),
        Some(act) => {
            if let FaultAction::Status429 { retry_after, .. } = act {
                state.throttles.refuse(&key, now, retry_after);
            }
            broken(state, &act, &scope, now)
        }
    };
    let ending = match ending {
        Ending::Answer(reply) => Ending::Answer(reply.stamped(now, &state.guid(), &incoming.headers)),
        other => other,
    };
    let status = match &ending {
        Ending::Answer(reply) | Ending::Half(reply) => Some(reply.status),
        _ => None,
    };
    record(state, &incoming, now, Some(&token), status, items);
    ending
}

type Entered = Result<(Token, Option<FaultAction>), Box<(Reply, Option<Token>)>>;

/// Checks the token and the throttling, and picks the fault that strikes the request.
fn enter(state: &mut ServiceState, incoming: &Incoming, path: &str, now: DateTime<Utc>) -> Entered {
    let token = token::check(state, incoming.headers.get("authorization").map(String::as_str), now)
        .map_err(|r| Box::new((*r, None)))?;
    if let Some(left) = state.throttles.remaining(&format!("graph {}", token.tenant), now) {
        state.report_violation(format!("{} was called {left} s before its Retry-After was over", token.tenant));
        let reply = Reply::error(429, "TooManyRequests", "Too many requests.").with("Retry-After", &left.to_string());
        return Err(Box::new((reply, Some(token))));
    }
    let key =
        format!("{} {} {} {}", token.tenant, incoming.method, incoming.path, String::from_utf8_lossy(&incoming.body));
    if state.throttles.spent(&key, now) {
        state.report_violation(format!(
            "{} {} was sent more than twice within a throttle",
            incoming.method, incoming.path
        ));
    }
    let act = state.faults.strike(Stage::Http, &token.tenant, &incoming.method, path, &mut state.rng);
    Ok((token, act))
}

/// Takes the service's time; even the shortest lets other requests in meanwhile.
async fn linger(shared: &Arc<Shared>, slow: Option<Duration>) {
    match slow {
        Some(time) => shared.clock.sleep(time).await,
        None => tokio::task::yield_now().await,
    }
}

async fn work(
    shared: &Arc<Shared>,
    incoming: &Incoming,
    path: &str,
    token: &Token,
    slow: Option<Duration>,
) -> (Reply, Vec<RecordedItem>) {
    if path != "/$batch" {
        let call = match single(incoming, path) {
            Ok(call) => call,
            Err(reply) => return (reply, Vec::new()),
        };
        let mailbox = mailbox_of(&shared.state(), token, &call);
        let slots = Slots::take(shared, mailbox.iter().map(|m| (m.clone(), 1)).collect());
        linger(shared, slow).await;
        let now = shared.clock.now();
        let mut state = shared.state();
        if slots.crowded(&mailbox) {
            return (too_many(&mut state, &mailbox), Vec::new());
        }
        return (request::answer(&mut state, token, &call, now), Vec::new());
    }
    if incoming.method != "POST" || incoming.body.len() > MAX_BATCH_BYTES {
        return (Reply::bad("A batch is posted, and weighs 4 MB at most."), Vec::new());
    }
    let kind = incoming.headers.get("content-type").map_or("", String::as_str);
    if kind.split(';').next().map(str::trim) != Some("application/json") {
        return (Reply::bad("A batch is sent as application/json."), Vec::new());
    }
    let parsed: Value = serde_json::from_slice(&incoming.body).unwrap_or(Value::Null);
    let read = batch::read(&mut shared.state(), &parsed);
    let items = match read {
        Ok(items) => items,
        Err(reply) => {
            let why = format!("a batch was refused: {}", reply.error_message());
            shared.state().report_violation(why);
            return (reply, Vec::new());
        }
    };
    let waves = batch::waves(&items);
    let mailboxes: Vec<Option<String>> = {
        let state = shared.state();
        items.iter().map(|i| i.call.as_ref().ok().and_then(|c| mailbox_of(&state, token, c))).collect()
    };
    let (peak, _) = batch::crowd(&waves, &mailboxes, |_| MAX_CONCURRENT);
    let peak = peak.into_iter().map(|(m, n)| (m, n.min(MAX_CONCURRENT))).collect();
    let slots = Slots::take(shared, peak);
    linger(shared, slow).await;
    let now = shared.clock.now();
    let state = &mut *shared.state();
    let (_, surplus) = batch::crowd(&waves, &mailboxes, |m| MAX_CONCURRENT.saturating_sub(slots.others(m)));
    batch_execution::run(state, token, items, &waves, &mailboxes, &surplus, now)
}

fn single(incoming: &Incoming, path: &str) -> Result<Call, Reply> {
    let kind = incoming.headers.get("content-type").map_or("", String::as_str);
    let body = if incoming.body.is_empty() {
        Body::None
    } else if kind.split(';').next().map(str::trim) == Some("application/json") {
        Body::Json(
            serde_json::from_slice(&incoming.body).map_err(|_| Reply::bad("Unable to read JSON request payload."))?,
        )
    } else if kind.is_empty() {
        return Err(Reply::bad("A request with a body needs a Content-Type header."));
    } else {
        Body::Bytes(incoming.body.clone())
    };
    Ok(Call {
        method: incoming.method.clone(),
        path: path.to_owned(),
        query: incoming.query.clone(),
        headers: incoming.headers.clone(),
        body,
    })
}

fn record(
    state: &mut ServiceState,
    incoming: &Incoming,
    now: DateTime<Utc>,
    token: Option<&Token>,
    status: Option<u16>,
    items: Vec<RecordedItem>,
) {
    if !state.recording {
        return;
    }
    let account = token.and_then(|t| state.tenants.get(&t.tenant)?.user(t.user.as_deref()?).map(|u| u.upn.clone()));
    let query = if incoming.query.is_empty() { String::new() } else { format!("?{}", incoming.query) };
    state.recorded.push(Recorded {
        at: now,
        method: incoming.method.clone(),
        path: format!("{}{query}", incoming.path),
        tenant: token.map(|t| t.tenant.clone()),
        app: token.map(|t| t.app.clone()),
        account,
        grant: None,
        status,
        items,
    });
}
