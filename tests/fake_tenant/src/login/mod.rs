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
use crate::login::sign_in::{Caller, Outcome};
use crate::state::fault::{FaultAction, Stage};
use crate::state::recorded::Recorded;
use crate::state::service_state::ServiceState;
use crate::state::shared::Shared;
use crate::wire::exchange::{Ending, Incoming};
use crate::wire::reply::Reply;

/// Answers `POST /{tenant}/oauth2/v2.0/{what}`.
pub(crate) async fn answer(shared: &Arc<Shared>, incoming: &Incoming, tenant: &str, what: &str) -> Ending {
    let now = shared.clock.now();
    let known = shared.state().tenant(tenant).map(|t| t.definition.id.clone());
    let scope = format!("login {}", known.clone().unwrap_or_else(|| tenant.to_owned()));
    let act = {
        let state = &mut *shared.state();
        if let Some(left) = state.throttles.remaining(&scope, now) {
            state.report_violation(format!("{tenant} was asked for a token {left} s before its Retry-After was over"));
            record(state, incoming, now, Some(429), &None);
            return Ending::Answer(
                Reply::error(429, "TooManyRequests", "Too many requests.").with("Retry-After", &left.to_string()),
            );
        }
        let of = known.clone().unwrap_or_default();
        state.faults.strike(Stage::Login, &of, &incoming.method, &incoming.path, &mut state.rng)
    };
    if let Some(FaultAction::Slow(time)) = act {
        shared.clock.sleep(time).await;
    }
    let state = &mut *shared.state();
    let effect = act.as_ref().is_none_or(FaultAction::lets_request_take_effect);
    let outcome = effect.then(|| granted(state, incoming, tenant, what, now));
    let usual = outcome.map(|o| reply_to(state, o, now));
    let ending = match act {
        None | Some(FaultAction::Slow(_)) => {
            Ending::Answer(usual.as_ref().map(|(r, _)| r.clone()).unwrap_or_else(|| Reply::empty(500)))
        }
        Some(FaultAction::Truncated) => {
            Ending::Half(usual.as_ref().map(|(r, _)| r.clone()).unwrap_or_else(|| Reply::empty(500)))
        }
        Some(FaultAction::Aadsts(code)) => Ending::Answer(refused(state, &Refusal::usual(code), now)),
        Some(act) => fault_response::broken(state, &act, &scope, now),
    };
    let who = usual.and_then(|(_, who)| who);
    let status = match &ending {
        Ending::Answer(reply) => Some(reply.status),
        _ => None,
    };
    record(state, incoming, now, status, &who);
    ending
}

fn granted(state: &mut ServiceState, incoming: &Incoming, tenant: &str, what: &str, now: DateTime<Utc>) -> Outcome {
    if incoming.method != "POST" {
        return Err(Refusal::new(900_561, "The endpoint only accepts POST requests. Received a GET request."));
    }
    let kind = incoming.headers.get("content-type").map_or("", String::as_str);
    let form = form::parse(kind, &incoming.body)?;
    if what == "token" {
        grants::token(state, tenant, &form, now)
    } else {
        device_code::start(state, tenant, &form, now)
    }
}

fn reply_to(state: &mut ServiceState, outcome: Outcome, now: DateTime<Utc>) -> (Reply, Option<Caller>) {
    match outcome {
        Ok((answer, who)) => (Reply::ok(answer).with("Cache-Control", "no-store, no-cache"), Some(who)),
        Err(refusal) => (refused(state, &refusal, now), None),
    }
}

fn refused(state: &mut ServiceState, refusal: &Refusal, now: DateTime<Utc>) -> Reply {
    let (trace, correlation) = (state.guid(), state.guid());
    Reply::json(refusal.status(), refusal.body(now, &trace, &correlation))
}

fn record(
    state: &mut ServiceState,
    incoming: &Incoming,
    now: DateTime<Utc>,
    status: Option<u16>,
    who: &Option<Caller>,
) {
    if !state.recording {
        return;
    }
    let form = form::parse(FORM, &incoming.body).unwrap_or_default();
    let named = incoming.path.trim_start_matches('/').split('/').next().unwrap_or_default().to_owned();
    let tenant =
        who.as_ref().map(|w| w.tenant.clone()).or_else(|| state.tenant(&named).map(|t| t.definition.id.clone()));
    let user = who.as_ref().and_then(|w| Some((w.tenant.clone(), w.user.clone()?)));
    let account = user.and_then(|(tenant, user)| state.tenants.get(&tenant)?.user(&user).map(|u| u.upn.clone()));
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
    state.recorded.push(recorded);
}
