//! The login service: token and device code requests over HTTP, with their faults and their record.

mod aadsts;
mod assertion;
mod client_authentication;
mod device_code;
mod form;
mod grants;
mod lookup;
pub(crate) mod pages;
mod sign_in;
pub(crate) mod token;

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::fault_response;
use crate::login::aadsts::Refusal;
use crate::login::form::FORM;
use crate::login::sign_in::{Outcome, Who};
use crate::state::fault::{Act, Stage};
use crate::state::recorded::Recorded;
use crate::state::service_state::World;
use crate::state::shared::Shared;
use crate::wire::exchange::{Ending, Incoming};
use crate::wire::reply::Reply;

/// Answers `POST /{tenant}/oauth2/v2.0/{what}`.
pub(crate) async fn answer(shared: &Arc<Shared>, incoming: &Incoming, tenant: &str, what: &str) -> Ending {
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
    let effect = act.as_ref().is_none_or(Act::lets_request_take_effect);
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
        Some(act) => fault_response::broken(world, &act, &scope, now),
    };
    let who = usual.and_then(|(_, who)| who);
    let status = match &ending {
        Ending::Answer(reply) => Some(reply.status),
        _ => None,
    };
    record(world, incoming, now, status, &who);
    ending
}

fn granted(world: &mut World, incoming: &Incoming, tenant: &str, what: &str, now: DateTime<Utc>) -> Outcome {
    if incoming.method != "POST" {
        return Err(Refusal::new(900_561, "The endpoint only accepts POST requests. Received a GET request."));
    }
    let kind = incoming.headers.get("content-type").map_or("", String::as_str);
    let form = form::parse(kind, &incoming.body)?;
    if what == "token" {
        grants::token(world, tenant, &form, now)
    } else {
        device_code::start(world, tenant, &form, now)
    }
}

fn reply_to(world: &mut World, outcome: Outcome, now: DateTime<Utc>) -> (Reply, Option<Who>) {
    match outcome {
        Ok((answer, who)) => (Reply::ok(answer).with("Cache-Control", "no-store, no-cache"), Some(who)),
        Err(refusal) => (refused(world, &refusal, now), None),
    }
}

fn refused(world: &mut World, refusal: &Refusal, now: DateTime<Utc>) -> Reply {
    let (trace, correlation) = (world.guid(), world.guid());
    Reply::json(refusal.status(), refusal.body(now, &trace, &correlation))
}

fn record(world: &mut World, incoming: &Incoming, now: DateTime<Utc>, status: Option<u16>, who: &Option<Who>) {
    if !world.recording {
        return;
    }
    let form = form::parse(FORM, &incoming.body).unwrap_or_default();
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
