//! HTTP on the outside: which part of the fake a request is for, what faults strike it, and what is recorded of it.

use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, Request};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use chrono::{DateTime, Utc};
use serde_json::json;

use super::aadsts::Refusal;
use super::exchange;
use super::fault::{Act, Stage};
use super::login;
use super::mishap;
use super::pages::{self, Page};
use super::recorded::Recorded;
use super::services;
use super::socket::{Cut, half};
use super::wire::{self, Reply};
use super::world::World;
use crate::ports::Clock;

/// A Graph batch may weigh so much.
const MOST_BYTES: usize = 260 * 1024 * 1024;

pub struct Shared {
    pub world: Mutex<World>,
    pub clock: Arc<dyn Clock>,
}

impl Shared {
    pub fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What becomes of an exchange.
pub enum Ending {
    Answer(Reply),
    Half(Reply),
    Reset,
    Hang,
}

/// A request as it came in.
pub struct Incoming {
    pub method: String,
    pub path: String,
    pub query: String,
    pub headers: std::collections::BTreeMap<String, String>,
    pub body: Vec<u8>,
}

pub fn router(shared: Arc<Shared>) -> Router {
    Router::new().fallback(move |ConnectInfo(cut): ConnectInfo<Cut>, request: Request| {
        let shared = Arc::clone(&shared);
        async move { answer(&shared, &cut, request).await }
    })
}

async fn answer(shared: &Arc<Shared>, cut: &Cut, request: Request) -> Response {
    let Some(incoming) = read(request).await else { return respond(&Reply::bad("The body could not be read."), false) };
    match serve(shared, incoming).await {
        Ending::Answer(reply) => respond(&reply, false),
        Ending::Half(reply) => respond(&reply, true),
        Ending::Hang => pending().await,
        Ending::Reset => {
            cut.sever();
            respond(&Reply::empty(500), false)
        }
    }
}

async fn read(request: Request) -> Option<Incoming> {
    let (parts, body) = request.into_parts();
    let headers =
        parts.headers.iter().map(|(n, v)| (n.as_str().to_owned(), String::from_utf8_lossy(v.as_bytes()).into_owned()));
    Some(Incoming {
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: headers.collect(),
        body: to_bytes(body, MOST_BYTES).await.ok()?.to_vec(),
    })
}

async fn serve(shared: &Arc<Shared>, incoming: Incoming) -> Ending {
    if incoming.path.starts_with("/_") {
        return Ending::Answer(elsewhere(shared, &incoming));
    }
    if let Some(path) = incoming.path.strip_prefix("/v1.0").filter(|p| p.starts_with('/')).map(str::to_owned) {
        return exchange::graph(shared, incoming, path).await;
    }
    if let Some((tenant, page)) = Page::of(&incoming.path) {
        return Ending::Answer(pages::answer(&mut shared.world(), &incoming, tenant, page));
    }
    let segments: Vec<&str> = incoming.path.trim_start_matches('/').split('/').collect();
    if let [tenant, "oauth2", "v2.0", what @ ("token" | "devicecode")] = segments[..] {
        return login(shared, &incoming, tenant, what).await;
    }
    shared.world().violate(format!("{} {} is no address of Microsoft's", incoming.method, incoming.path));
    Ending::Answer(Reply::error(404, "ResourceNotFound", "Nothing is served here; in particular no beta."))
}

/// Links that need no token, and must not be sent one.
fn elsewhere(shared: &Arc<Shared>, incoming: &Incoming) -> Reply {
    let mut world = shared.world();
    if incoming.headers.contains_key("authorization") {
        world.violate(format!("an access token was sent to the pre-authenticated link {}", incoming.path));
    }
    let parts: Vec<&str> = incoming.path.trim_start_matches('/').split('/').collect();
    match parts[..] {
        ["_content", tenant, "drives", drive, "items", item] => {
            let held = world.tenant(tenant).and_then(|t| t.store.get(&format!("drives/{drive}/items"), item));
            let bytes = held.and_then(services::bytes_of);
            bytes.map_or_else(
                || Reply::error(404, "itemNotFound", "The link is dead."),
                |b| Reply::bytes("application/octet-stream", b),
            )
        }
        ["_monitor", _] => Reply::json(202, json!({"status": "completed", "percentageComplete": 100.0})),
        ["_report", _] => Reply::bytes("text/csv", b"Report Refresh Date,Report Period\r\n".to_vec()),
        _ => Reply::error(404, "itemNotFound", "The link is dead."),
    }
}

async fn login(shared: &Arc<Shared>, incoming: &Incoming, tenant: &str, what: &str) -> Ending {
    let now = shared.clock.now();
    let known = shared.world().tenant(tenant).map(|t| t.is.id.clone());
    let scope = format!("login {}", known.clone().unwrap_or_else(|| tenant.to_owned()));
    let act = {
        let world = &mut *shared.world();
        if let Some(left) = world.throttles.remaining(&scope, now) {
            world.violate(format!("{tenant} was asked for a token {left} s before its Retry-After was over"));
            record(world, incoming, now, Some(429), &None);
            return Ending::Answer(
                Reply::error(429, "TooManyRequests", "Too many requests.").with("Retry-After", &left.to_string()),
            );
        }
        let of = known.clone().unwrap_or_default();
        world.faults.strike(Stage::Login, &of, &incoming.method, &incoming.path, &mut world.rng)
    };
    if let Some(Act::Slow(time)) = act {
        shared.clock.sleep(time).await;
    }
    let world = &mut *shared.world();
    let effect = matches!(
        act,
        None | Some(Act::Slow(_) | Act::Truncated | Act::Reset { after: true } | Act::Hang { after: true })
    ) || matches!(
        act,
        Some(Act::Status429 { applied_anyway: true, .. } | Act::Status { applied_anyway: true, .. })
    );
    let outcome = effect.then(|| granted(world, incoming, tenant, what, now));
    let usual = outcome.map(|o| reply_to(world, o, now));
    let ending = match act {
        None | Some(Act::Slow(_)) => {
            Ending::Answer(usual.as_ref().map(|(r, _)| r.clone()).unwrap_or_else(|| Reply::empty(500)))
        }
        Some(Act::Truncated) => {
            Ending::Half(usual.as_ref().map(|(r, _)| r.clone()).unwrap_or_else(|| Reply::empty(500)))
        }
        Some(Act::Aadsts(code)) => Ending::Answer(refused(world, &Refusal::usual(code), now)),
        Some(act) => mishap::broken(world, &act, &scope, now),
    };
    let who = usual.and_then(|(_, who)| who);
    let status = match &ending {
        Ending::Answer(reply) => Some(reply.status),
        _ => None,
    };
    record(world, incoming, now, status, &who);
    ending
}

fn granted(world: &mut World, incoming: &Incoming, tenant: &str, what: &str, now: DateTime<Utc>) -> login::Outcome {
    if incoming.method != "POST" {
        return Err(Refusal::new(900_561, "The endpoint only accepts POST requests. Received a GET request."));
    }
    let kind = incoming.headers.get("content-type").map_or("", String::as_str);
    let form = login::form(kind, &incoming.body)?;
    if what == "token" {
        login::token(world, tenant, &form, now)
    } else {
        login::device_code(world, tenant, &form, now)
    }
}

fn reply_to(world: &mut World, outcome: login::Outcome, now: DateTime<Utc>) -> (Reply, Option<login::Who>) {
    match outcome {
        Ok((answer, who)) => (Reply::ok(answer).with("Cache-Control", "no-store, no-cache"), Some(who)),
        Err(refusal) => (refused(world, &refusal, now), None),
    }
}

fn refused(world: &mut World, refusal: &Refusal, now: DateTime<Utc>) -> Reply {
    let (trace, correlation) =
        (super::world::Id::Guid.make(&mut world.rng), super::world::Id::Guid.make(&mut world.rng));
    Reply::json(refusal.status(), refusal.body(now, &trace, &correlation))
}

fn record(world: &mut World, incoming: &Incoming, now: DateTime<Utc>, status: Option<u16>, who: &Option<login::Who>) {
    if !world.recording {
        return;
    }
    let form = login::form(login::FORM, &incoming.body).unwrap_or_default();
    let named = incoming.path.trim_start_matches('/').split('/').next().unwrap_or_default().to_owned();
    let tenant = who.as_ref().map(|w| w.tenant.clone()).or_else(|| world.tenant(&named).map(|t| t.is.id.clone()));
    let user = who.as_ref().and_then(|w| Some((w.tenant.clone(), w.user.clone()?)));
    let account = user.and_then(|(tenant, user)| world.tenants.get(&tenant)?.user(&user).map(|u| u.upn.clone()));
    let recorded = Recorded {
        at: now,
        method: incoming.method.clone(),
        path: incoming.path.clone(),
        tenant,
        app: who.as_ref().map(|w| w.app.clone()).or_else(|| form.get("client_id").cloned()),
        account,
        grant: form.get("grant_type").cloned(),
        status,
        items: Vec::new(),
    };
    world.recorded.push(recorded);
}

fn respond(reply: &Reply, half_only: bool) -> Response {
    let bytes = match &reply.body {
        wire::Body::None => Vec::new(),
        wire::Body::Json(value) => value.to_string().into_bytes(),
        wire::Body::Bytes(bytes) => bytes.clone(),
    };
    let length = bytes.len();
    let body = if half_only { half(&bytes) } else { Body::from(bytes) };
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in &reply.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    if half_only {
        response.headers_mut().insert("content-length", HeaderValue::from(length));
    }
    response
}
