//! What the calls of a run mean for its account: the outcome, what is set aside, and why the run ended early.
//!
//! Everything that is concluded from Graph's answers is concluded here, from all of them together.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use crate::domain::account::Account;
use crate::domain::account::history::CallResult;
use crate::domain::account::set_aside::SetAside;
use crate::domain::catalogue::{self, Access, Operation, Service};
use crate::domain::cause::{Cause, graph_cause};
use crate::domain::outcome::{self, Change, Outcome};
use crate::domain::policy::Policy;
use crate::domain::seed::{RngStream, Seed};

/// How long something that was refused for good is left out: it may have been granted by then.
const REFUSED_FOR: TimeDelta = TimeDelta::days(7);

/// How long something that its owner may soon change is left out: a drive not yet made, a full mailbox.
const UNAVAILABLE_FOR: TimeDelta = TimeDelta::days(1);

/// The error code of a user without OneDrive: Graph says so only in the message ("mysite not found").
pub const NO_DRIVE: &str = "mysiteNotFound";

/// What Graph's answer to one item means for that item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    Ok,
    /// Will be refused again.
    Refused,
    Throttled,
    /// A fault of the network or of Graph: the next try may succeed.
    Transient,
    /// Not carried out, since the item that it waits for failed (424).
    DependencyFailed,
    /// The token was not accepted (401).
    Unauthorized,
}

impl Answer {
    pub fn of(status: u16, operation: &Operation) -> Self {
        match status {
            200..=299 => Self::Ok,
            _ if operation.expected.contains(&status) => Self::Ok,
            401 => Self::Unauthorized,
            424 => Self::DependencyFailed,
            429 => Self::Throttled,
            0 | 500 | 502..=504 | 509 => Self::Transient,
            _ => Self::Refused,
        }
    }
}

/// The calls of a run, and what is known of the objects that it made.
#[derive(Clone, Debug, Default)]
pub struct RunCalls {
    /// The last result of each item that was sent.
    pub calls: Vec<CallResult>,
    /// Not sent: an input was missing, or the run ended before.
    pub skipped: u32,
    /// Coming runs that must look for orphans.
    pub sweeps: u32,
    /// Everything that the plan's sweeps could find was found and removed.
    pub swept: bool,
    /// The answers to the plan's questions about expiries, by operation; `None` where one was refused.
    pub watched: BTreeMap<&'static str, Option<Value>>,
    pub early_end: Option<EarlyEnd>,
}

/// Why a run ended before its plan did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EarlyEnd {
    Throttled {
        until: DateTime<Utc>,
    },
    /// The token was refused, and so was the next one.
    Unauthorized,
    /// A new token could not be obtained.
    Token(Outcome),
    Transient {
        why: String,
    },
}

impl EarlyEnd {
    /// Whether nothing more can be sent, clean-up included.
    pub const fn without_token(&self) -> bool {
        matches!(self, Self::Unauthorized | Self::Token(_))
    }

    /// Of two ends, the one that counts: the first, but for a token that is refused, which also ends the clean-up, and
    /// for a longer wait.
    pub fn merge(first: Option<Self>, second: Self) -> Self {
        match (first, second) {
            (None, second) => second,
            (Some(_), second) if second.without_token() => second,
            (Some(Self::Throttled { until: a }), Self::Throttled { until: b }) => Self::Throttled { until: a.max(b) },
            (Some(first), _) => first,
        }
    }
}

/// What all calls of a run together mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conclusion {
    pub outcome: Outcome,
    /// What is left out from now on, and for how long.
    pub set_aside: BTreeMap<SetAside, TimeDelta>,
}

impl Conclusion {
    /// Of a run that ended before its first call.
    pub fn without_calls(outcome: Outcome) -> Self {
        Self { outcome, set_aside: BTreeMap::new() }
    }
}

impl RunCalls {
    pub fn ok(&self) -> u32 {
        self.count(|call| call.ok)
    }

    pub fn throttled(&self) -> u32 {
        self.count(|call| !call.ok && call.status == 429)
    }

    /// Calls that failed for another reason than throttling.
    pub fn failed(&self) -> u32 {
        self.count(|call| !call.ok && call.status != 429)
    }

    fn count(&self, wanted: impl Fn(&CallResult) -> bool) -> u32 {
        u32::try_from(self.calls.iter().filter(|call| wanted(call)).count()).unwrap_or(u32::MAX)
    }

    /// What the calls mean for the account. `permissions_unknown`: the token does not say what it allows, so that a
    /// 403 is how that is learnt.
    pub fn conclude(&self, permissions_unknown: bool) -> Conclusion {
        let set_aside = self.calls.iter().filter(|call| !call.ok).flat_map(set_aside_after).collect();
        Conclusion { outcome: self.outcome(permissions_unknown), set_aside }
    }

    fn outcome(&self, permissions_unknown: bool) -> Outcome {
        if self.ok() > 0 {
            return Outcome::Succeeded;
        }
        match &self.early_end {
            Some(EarlyEnd::Throttled { until }) => return Outcome::Throttled { until: Some(*until) },
            Some(EarlyEnd::Transient { why }) => return Outcome::Transient { why: why.clone() },
            Some(EarlyEnd::Token(outcome)) => return outcome.clone(),
            Some(EarlyEnd::Unauthorized) => {
                if let Some(cause) = graph_cause(401, "") {
                    return Outcome::Misconfigured { cause };
                }
            }
            None => {}
        }
        if self.calls.is_empty() {
            return Outcome::Deferred;
        }
        let all = |wanted: &dyn Fn(u16) -> bool| self.calls.iter().all(|call| wanted(call.status));
        if all(&|status| status == 403)
            && !permissions_unknown
            && let Some(cause) = graph_cause(403, "")
        {
            return Outcome::Misconfigured { cause };
        }
        // 507: the mailbox or drive is full; only its owner can fix that.
        if all(&|status| status == 0 || status == 424 || (status >= 500 && status != 507)) {
            return Outcome::Transient { why: "Graph answered every call with an error of its own".to_owned() };
        }
        Outcome::Failed { why: "no call succeeded; what was refused is left out for a week".to_owned() }
    }
}

/// What a failed call takes out of the plans to come, and for how long.
fn set_aside_after(call: &CallResult) -> Vec<(SetAside, TimeDelta)> {
    let services = |wanted: &dyn Fn(Service) -> bool, time| {
        let services = catalogue::all().map(|operation| operation.service).filter(|service| wanted(*service));
        services.map(|service| (SetAside::Service(service), time)).collect()
    };
    match (call.status, call.error_code.as_deref().unwrap_or_default()) {
        (_, "MailboxNotEnabledForRESTAPI" | "MailboxNotSupportedForRESTAPI") => {
            services(&Service::outlook, REFUSED_FOR)
        }
        (_, NO_DRIVE) => services(&|service| matches!(service, Service::Files | Service::Excel), UNAVAILABLE_FOR),
        (403, _) => vec![(SetAside::Operation(call.operation.clone().into()), REFUSED_FOR)],
        (507, _) => vec![(SetAside::Writes, UNAVAILABLE_FOR)],
        _ => Vec::new(),
    }
}

/// The outcome of a run whose policy and permissions leave no operation to draw.
pub fn nothing_allowed(access: Access, user_id: Option<&str>) -> Outcome {
    let remedy = match (access, user_id) {
        (Access::AppOnly, None) => {
            "Grant application permissions and consent to them, or name a `user_id` in the secret, or widen the policy's operations"
        }
        _ => "Grant permissions to the app and consent to them, or widen the policy's operations",
    };
    Outcome::Misconfigured {
        cause: Cause::new("no_operation", "the permissions and the policy together allow no operation", remedy),
    }
}

/// Writes a run that ended at `now` into its account: what it learnt of operations and orphans, and the outcome.
pub fn settle(
    account: &mut Account,
    policy: &Policy,
    calls: &RunCalls,
    conclusion: &Conclusion,
    seed: Seed,
    now: DateTime<Utc>,
) -> Option<Change> {
    account.set_aside.retain(|_, until| *until > now);
    if !calls.calls.is_empty() {
        account.habits.record(&calls.calls);
    }
    account.set_aside.extend(conclusion.set_aside.iter().map(|(key, time)| (key.clone(), now + *time)));
    if calls.swept {
        account.sweeps = account.sweeps.saturating_sub(1);
    }
    account.sweeps = account.sweeps.max(calls.sweeps);
    let rng = &mut seed.rng(&account.id, RngStream::Schedule);
    let change = outcome::settle(account, policy, &conclusion.outcome, now, rng);
    if let Some(EarlyEnd::Throttled { until }) = &calls.early_end {
        outcome::not_before(account, policy, *until, rng);
    }
    change
}

#[cfg(test)]
mod tests;
