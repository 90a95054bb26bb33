//! One HTTP request to Graph: token, throttle, faults, then one request or the many of a batch.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::batch::{self, Item};
use super::fault::{Act, Stage};
use super::graph;
use super::mailboxes::{AT_ONCE, Places};
use super::mishap::{answer_of, broken};
use super::path;
use super::recorded::{Recorded, RecordedItem};
use super::server::{Ending, Incoming, Shared};
use super::service::service_of;
use super::token;
use super::wire::{Body, Call, Reply};
use super::world::{Id, Token, World};

/// The documented cap on a batch's weight is uncertain; this is the strict reading.
const MOST_BATCH_BYTES: usize = 4 * 1024 * 1024;

pub async fn graph(shared: &Arc<Shared>, incoming: Incoming, path: String) -> Ending {
    let now = shared.clock.now();
    let entered = enter(&mut shared.world(), &incoming, &path, now);
    let (token, act) = match entered {
        Ok(entered) => entered,
        Err(refused) => {
            let (reply, token) = *refused;
            let reply = stamp(&mut shared.world(), reply, &incoming.headers, now);
            record(&mut shared.world(), &incoming, now, token.as_ref(), Some(reply.status), Vec::new());
            return Ending::Answer(reply);
        }
    };
    let slow = match act {
        Some(Act::Slow(time)) => Some(time),
        _ => None,
    };
    let effect = match &act {
        None | Some(Act::Slow(_) | Act::Truncated) => true,
        Some(Act::Reset { after } | Act::Hang { after }) => *after,
        Some(Act::Status429 { applied_anyway, .. } | Act::Status { applied_anyway, .. }) => *applied_anyway,
        Some(_) => false,
    };
    let (reply, items) = if effect {
        work(shared, &incoming, &path, &token, slow).await
    } else {
        (Reply::empty(500), seen_only(&mut shared.world(), &incoming, &path))
    };
    let world = &mut *shared.world();
    let scope = format!("graph {}", token.tenant);
    let key =
        format!("{} {} {} {}", token.tenant, incoming.method, incoming.path, String::from_utf8_lossy(&incoming.body));
    let ending = match act {
        None | Some(Act::Slow(_)) => {
            world.throttles.accept(&key);
            Ending::Answer(reply)
        }
        Some(Act::Truncated) => Ending::Half(reply),
        Some(act) => {
            if let Act::Status429 { retry_after, .. } = act {
                world.throttles.refuse(&key, now, retry_after);
            }
            broken(world, &act, &scope, now)
        }
    };
    let ending = match ending {
        Ending::Answer(reply) => Ending::Answer(stamp(world, reply, &incoming.headers, now)),
        other => other,
    };
    let status = match &ending {
        Ending::Answer(reply) | Ending::Half(reply) => Some(reply.status),
        _ => None,
    };
    record(world, &incoming, now, Some(&token), status, items);
    ending
}

type Entered = Result<(Token, Option<Act>), Box<(Reply, Option<Token>)>>;

/// Who asks, whether they should be asking now, and what fault strikes them.
fn enter(world: &mut World, incoming: &Incoming, path: &str, now: DateTime<Utc>) -> Entered {
    let token = token::check(world, incoming.headers.get("authorization").map(String::as_str), now)
        .map_err(|r| Box::new((*r, None)))?;
    if let Some(left) = world.throttles.remaining(&format!("graph {}", token.tenant), now) {
        world.violate(format!("{} was called {left} s before its Retry-After was over", token.tenant));
        let reply = Reply::error(429, "TooManyRequests", "Too many requests.").with("Retry-After", &left.to_string());
        return Err(Box::new((reply, Some(token))));
    }
    let key =
        format!("{} {} {} {}", token.tenant, incoming.method, incoming.path, String::from_utf8_lossy(&incoming.body));
    if world.throttles.spent(&key, now) {
        world.violate(format!("{} {} was sent more than twice within a throttle", incoming.method, incoming.path));
    }
    let act = world.faults.strike(Stage::Http, &token.tenant, &incoming.method, path, &mut world.rng);
    Ok((token, act))
}

fn stamp(world: &mut World, reply: Reply, headers: &BTreeMap<String, String>, now: DateTime<Utc>) -> Reply {
    let id = Id::Guid.make(&mut world.rng);
    reply.stamped(now, &id, headers.get("client-request-id").map(String::as_str))
}

/// The time that the service takes; even the shortest lets other requests come in beside this one.
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
        let mailbox = mailbox(&shared.world(), token, &call);
        let places = Places::take(shared, mailbox.iter().map(|m| (m.clone(), 1)).collect());
        linger(shared, slow).await;
        let now = shared.clock.now();
        let mut world = shared.world();
        if places.crowded(&mailbox) {
            return (too_many(&mut world, &mailbox), Vec::new());
        }
        return (run(&mut world, token, &call, now), Vec::new());
    }
    if incoming.method != "POST" || incoming.body.len() > MOST_BATCH_BYTES {
        return (Reply::bad("A batch is posted, and weighs 4 MB at most."), Vec::new());
    }
    let kind = incoming.headers.get("content-type").map_or("", String::as_str);
    if kind.split(';').next().map(str::trim) != Some("application/json") {
        return (Reply::bad("A batch is sent as application/json."), Vec::new());
    }
    let parsed: Value = serde_json::from_slice(&incoming.body).unwrap_or(Value::Null);
    let read = batch::read(&mut shared.world(), &parsed);
    let items = match read {
        Ok(items) => items,
        Err(reply) => {
            let why = format!("a batch was refused: {}", message(&reply));
            shared.world().violate(why);
            return (reply, Vec::new());
        }
    };
    let waves = batch::waves(&items);
    let mailboxes: Vec<Option<String>> = {
        let world = shared.world();
        items.iter().map(|i| i.call.as_ref().ok().and_then(|c| mailbox(&world, token, c))).collect()
    };
    let (peak, _) = batch::crowd(&waves, &mailboxes, |_| AT_ONCE);
    let peak = peak.into_iter().map(|(m, n)| (m, n.min(AT_ONCE))).collect();
    let places = Places::take(shared, peak);
    linger(shared, slow).await;
    let now = shared.clock.now();
    let world = &mut *shared.world();
    let (_, surplus) = batch::crowd(&waves, &mailboxes, |m| AT_ONCE.saturating_sub(places.others(m)));
    run_all(world, token, items, &waves, &mailboxes, &surplus, now)
}

/// Requests recorded although none of them was looked at.
fn seen_only(world: &mut World, incoming: &Incoming, path: &str) -> Vec<RecordedItem> {
    if path != "/$batch" {
        return Vec::new();
    }
    let parsed: Value = serde_json::from_slice(&incoming.body).unwrap_or(Value::Null);
    batch::read(world, &parsed).map(|items| items.into_iter().map(|i| i.record).collect()).unwrap_or_default()
}

fn run_all(
    world: &mut World,
    token: &Token,
    items: Vec<Item>,
    waves: &[usize],
    mailboxes: &[Option<String>],
    surplus: &std::collections::BTreeSet<usize>,
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
                world.violate(format!("item {} of a batch was refused: {}", item.id, message(reply)));
                (reply.clone(), false)
            }
            Ok(_) if failed => {
                (Reply::error(424, "FailedDependency", "The request depends on one that failed."), false)
            }
            Ok(_) if surplus.contains(&at) => (too_many(world, &mailboxes[at]), false),
            Ok(call) => one(world, token, call, now, &mut counted, &mut window),
        };
        let (reply, executed) = result;
        let headers = item.call.as_ref().map(|c| c.headers.clone()).unwrap_or_default();
        let reply = stamp(world, reply, &headers, now);
        outcome.insert(item.id.clone(), (reply, executed));
    }
    if let Some(seconds) = window {
        world.throttles.open(&format!("graph {}", token.tenant), now + TimeDelta::seconds(seconds));
    }
    let mut records = Vec::new();
    let mut responses = Vec::new();
    for item in items {
        let (reply, executed) = &outcome[&item.id];
        responses.push(batch::response(&item.id, reply));
        records.push(RecordedItem { status: reply.status, executed: *executed, ..item.record });
    }
    batch::shuffle(world, &mut responses);
    (Reply::ok(json!({"responses": responses})), records)
}

/// One request of a batch, faults included.
fn one(
    world: &mut World,
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
    if !counted.contains(&key) && world.throttles.spent(&key, now) {
        world.violate(format!("{} {} was sent more than twice within a throttle", call.method, call.url()));
    }
    let act = world.faults.strike_item(&token.tenant, call, &mut world.rng);
    let Some(act) = act else {
        world.throttles.accept(&key);
        return (run(world, token, call, now), true);
    };
    let applied = match act {
        Act::Status429 { applied_anyway, .. } | Act::Status { applied_anyway, .. } => applied_anyway,
        _ => false,
    };
    if applied {
        run(world, token, call, now);
    }
    if let Act::Status429 { retry_after, .. } = act
        && counted.insert(key.clone())
    {
        world.throttles.refuse(&key, now, retry_after);
    }
    if let Act::Status429 { retry_after: Some(s), .. } | Act::Status { retry_after: Some(s), .. } = act {
        *window = Some(window.unwrap_or(0).max(s));
    }
    (answer_of(&act), applied)
}

fn run(world: &mut World, token: &Token, call: &Call, now: DateTime<Utc>) -> Reply {
    let World { tenants, endpoint, violations, .. } = world;
    let Some(held) = tenants.get_mut(&token.tenant) else { return Reply::bad("The tenant is gone.") };
    graph::serve(held, token, now, endpoint, call, violations)
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

/// The mailbox that a request goes to, with the app that asks: the limit is by both.
fn mailbox(world: &World, token: &Token, call: &Call) -> Option<String> {
    let found = path::find(&call.path).ok()?;
    service_of(&found.route.template).outlook().then_some(())?;
    let held = world.tenants.get(&token.tenant)?;
    let owner = match found.segments.first().map(String::as_str) {
        Some("me") => token.user.clone()?,
        _ => {
            let named = found.segments.get(1)?;
            held.user(named).map_or_else(|| named.clone(), |u| u.id.clone())
        }
    };
    Some(format!("{} {owner}", token.app))
}

fn too_many(world: &mut World, mailbox: &Option<String>) -> Reply {
    let mailbox = mailbox.as_deref().unwrap_or_default();
    world.violate(format!("more than {AT_ONCE} Outlook requests at once (app and mailbox: {mailbox})"));
    Reply::error(429, "ApplicationThrottled", "Application is over its MailboxConcurrency limit.")
}

fn message(reply: &Reply) -> String {
    match &reply.body {
        Body::Json(value) => value["error"]["message"].as_str().unwrap_or_default().to_owned(),
        _ => String::new(),
    }
}

fn record(
    world: &mut World,
    incoming: &Incoming,
    now: DateTime<Utc>,
    token: Option<&Token>,
    status: Option<u16>,
    items: Vec<RecordedItem>,
) {
    if !world.recording {
        return;
    }
    let account = token.and_then(|t| world.tenants.get(&t.tenant)?.user(t.user.as_deref()?).map(|u| u.upn.clone()));
    let query = if incoming.query.is_empty() { String::new() } else { format!("?{}", incoming.query) };
    world.recorded.push(Recorded {
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
