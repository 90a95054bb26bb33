//! What the calls of a run mean for its account: the outcome, what is set aside, and why the run ended early.
//!
//! Everything that is concluded from Graph's answers is concluded here, from all of them together: whether the token is
//! meant, the user, a service of the tenant, an operation, or one object, which means nothing beyond its call.

mod answer;
mod early_end;
mod missing_service;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use crate::domain::account::Account;
use crate::domain::account::history::CallResult;
use crate::domain::account::refusals::REPEATED_RUNS;
use crate::domain::account::set_aside::SetAside;
use crate::domain::catalogue::{self, Access, Operation};
use crate::domain::cause::{Cause, graph_cause, user_missing};
use crate::domain::outcome::{self, Change, Outcome};
use crate::domain::policy::Policy;
use crate::domain::seed::{RngStream, Seed};

pub(crate) use answer::Answer;
pub(crate) use early_end::{EarlyEnd, capped_wait};
use missing_service::{REFUSED_FOR, UNAVAILABLE_FOR, missing_services};

/// The calls of a run, and what is known of the objects that it made.
#[derive(Clone, Debug, Default)]
pub(crate) struct RunCalls {
    /// The last result of each item that had an answer of its own.
    pub calls: Vec<CallResult>,
    /// The items of batches that failed as a whole: they say nothing about their operations.
    pub unanswered: Vec<CallResult>,
    /// Status and code of a batch that was refused as a whole.
    pub batch_refusal: Option<(u16, String)>,
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

/// What is known of an account beside its calls.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct RunFacts {
    /// The token does not say what it allows, so that a 403 is how that is learnt.
    pub permissions_unknown: bool,
    /// An app-only account that calls the mailbox and drive of its `user_id`.
    pub names_user: bool,
}

/// Why something is set aside, and for how long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reason {
    pub lasts: TimeDelta,
    pub status: u16,
    pub code: Option<String>,
}

/// What all calls of a run together mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Conclusion {
    pub outcome: Outcome,
    /// What is left out from now on.
    pub set_aside: BTreeMap<SetAside, Reason>,
    /// Operations that were refused without a meaning that is known: set aside once that is so in several runs.
    pub refused: BTreeMap<SetAside, (u16, String)>,
}

impl Conclusion {
    /// Of a run that ended before its first call.
    pub(crate) fn without_calls(outcome: Outcome) -> Self {
        Self { outcome, set_aside: BTreeMap::new(), refused: BTreeMap::new() }
    }
}

impl RunCalls {
    /// All calls, in the order in which they were decided but for those of batches that failed as a whole, which follow.
    pub(crate) fn all(&self) -> impl Iterator<Item = &CallResult> {
        self.calls.iter().chain(&self.unanswered)
    }

    pub(crate) fn ok(&self) -> u32 {
        self.count(|call| call.ok)
    }

    pub(crate) fn throttled(&self) -> u32 {
        self.count(|call| !call.ok && call.status == 429)
    }

    /// Calls that failed for another reason than throttling.
    pub(crate) fn failed(&self) -> u32 {
        self.count(|call| !call.ok && call.status != 429)
    }

    fn count(&self, wanted: impl Fn(&CallResult) -> bool) -> u32 {
        u32::try_from(self.all().filter(|call| wanted(call)).count()).unwrap_or(u32::MAX)
    }

    /// What the calls mean for the account.
    pub(crate) fn conclude(&self, facts: RunFacts) -> Conclusion {
        if facts.names_user && self.user_is_missing() {
            return Conclusion::without_calls(Outcome::Misconfigured { cause: user_missing() });
        }
        let (mut set_aside, mut refused) = (BTreeMap::new(), BTreeMap::new());
        for call in self.calls.iter().filter(|call| !call.ok) {
            let reasons = self.reasons(call);
            if reasons.is_empty() && is_refusal(call) && call.status != 401 {
                let refusal = (call.status, call.error_code.clone().unwrap_or_default());
                refused.insert(SetAside::Operation(call.operation.clone().into()), refusal);
            }
            for (key, lasts) in reasons {
                set_aside.insert(key, Reason { lasts, status: call.status, code: call.error_code.clone() });
            }
        }
        let succeeded: BTreeSet<&str> =
            self.calls.iter().filter(|call| call.ok).map(|call| call.operation.as_str()).collect();
        refused.retain(|key, _| !matches!(key, SetAside::Operation(id) if succeeded.contains(id.as_ref())));
        Conclusion { outcome: self.outcome(facts), set_aside, refused }
    }

    /// Whether every call of the account's user found no such user. A call that names another object says nothing.
    fn user_is_missing(&self) -> bool {
        let of_user = |call: &&CallResult| {
            catalogue::find(&call.operation).is_some_and(|row| row.is_user_scoped() && row.needs.is_empty())
        };
        // An expected 404 (no photo) is also how a missing user is answered.
        let mut telling = self.calls.iter().filter(of_user).filter(|call| !(call.ok && call.status == 404)).peekable();
        let missing = |call: &CallResult| {
            let code = call.error_code.as_deref().unwrap_or_default();
            call.status == 404 && matches!(code, "Request_ResourceNotFound" | "ErrorInvalidUser")
        };
        telling.peek().is_some() && telling.all(missing)
    }

    /// Whether every call was answered as if the token were refused: only then it is. Items that wait for such a call
    /// (424) are its consequence.
    fn token_is_refused(&self) -> bool {
        let mut own = self.calls.iter().filter(|call| call.status != 424).peekable();
        own.peek().is_some()
            && own.all(|call| !call.ok && call.status == 401 && call.error_code.is_some() && service_of(call).is_none())
    }

    /// Whether Graph accepted the token for some call: it succeeded, or was refused for another reason.
    fn token_is_accepted(&self) -> bool {
        self.calls.iter().any(|call| call.ok || (is_refusal(call) && call.status != 401))
    }

    /// What a failed call takes out of the plans to come, and for how long.
    fn reasons(&self, call: &CallResult) -> Vec<(SetAside, TimeDelta)> {
        if let Some((services, lasts)) = service_of(call) {
            return services.into_iter().map(|service| (SetAside::Service(service), lasts)).collect();
        }
        let operation = || vec![(SetAside::Operation(call.operation.clone().into()), REFUSED_FOR)];
        match call.status {
            401 if call.error_code.is_some() && self.token_is_accepted() => operation(),
            403 if call.error_code.is_some() => operation(),
            507 => vec![(SetAside::Writes, UNAVAILABLE_FOR)],
            _ => Vec::new(),
        }
    }

    fn outcome(&self, facts: RunFacts) -> Outcome {
        if self.ok() > 0 {
            return Outcome::Succeeded;
        }
        let misconfigured = |status: u16, code: &str| {
            graph_cause(status, code).map(|cause| Outcome::Misconfigured { cause }).unwrap_or_else(nothing_succeeded)
        };
        match &self.early_end {
            Some(EarlyEnd::Throttled { until, longer }) => {
                return Outcome::Throttled { until: Some(*until), longer: *longer };
            }
            Some(EarlyEnd::Transient { why }) => return Outcome::Transient { why: why.clone() },
            Some(EarlyEnd::Token(outcome)) => return outcome.clone(),
            Some(EarlyEnd::Unauthorized) => return misconfigured(401, ""),
            None => {}
        }
        if self.calls.is_empty() {
            return match &self.batch_refusal {
                Some((status @ (401 | 403), code)) => misconfigured(*status, code),
                Some((status, code)) => Outcome::Failed { why: format!("Graph refused the batch ({status} {code})") },
                None if self.unanswered.is_empty() => Outcome::Deferred,
                None => graphs_own_error(),
            };
        }
        if self.token_is_refused() {
            return misconfigured(401, "");
        }
        let own = || self.calls.iter().filter(|call| call.status != 424);
        // A service that is missing, and operations that are not allowed: all that was drawn is refused for good.
        let missing = own().find(|call| service_of(call).is_some());
        let for_good = |call: &CallResult| {
            let not_allowed = matches!(call.status, 401 | 403) && call.error_code.is_some();
            service_of(call).is_some() || (not_allowed && !facts.permissions_unknown)
        };
        if own().next().is_some() && own().all(for_good) {
            return match missing {
                Some(call) => misconfigured(call.status, call.error_code.as_deref().unwrap_or_default()),
                None => misconfigured(403, ""),
            };
        }
        let passes = |call: &CallResult| {
            let foreign = matches!(call.status, 401 | 403) && call.error_code.is_none();
            // 507: the mailbox or drive is full; only its owner can fix that.
            foreign || call.status == 0 || call.status == 424 || (call.status >= 500 && call.status != 507)
        };
        if self.calls.iter().all(passes) { graphs_own_error() } else { nothing_succeeded() }
    }
}

fn nothing_succeeded() -> Outcome {
    Outcome::Failed { why: "no call succeeded; what was refused is left out for a week".to_owned() }
}

fn graphs_own_error() -> Outcome {
    Outcome::Transient { why: "Graph answered every call with an error of its own".to_owned() }
}

/// The services that a failed call shows to be missing.
fn service_of(call: &CallResult) -> Option<(Vec<catalogue::Service>, TimeDelta)> {
    let service = catalogue::find(&call.operation)?.service;
    missing_services(service, call.status, call.error_code.as_deref()?).filter(|_| !call.ok)
}

/// Whether Graph itself refused the call in a way that it may repeat.
fn is_refusal(call: &CallResult) -> bool {
    !call.ok && (400..500).contains(&call.status) && !matches!(call.status, 424 | 429) && call.error_code.is_some()
}

/// The outcome of a run whose policy and permissions leave no operation to draw.
pub(crate) fn nothing_allowed(access: Access, user_id: Option<&str>) -> Outcome {
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

/// The outcome of a run where all that could be drawn is set aside: why, most of all, it was.
pub(crate) fn all_set_aside(account: &Account) -> Outcome {
    let reason = |service: bool| {
        let refusals = account.refusals.iter().filter(|(key, _)| account.set_aside.contains_key(key));
        let refusals = refusals.filter(|(key, _)| matches!(key, SetAside::Service(_)) == service);
        let mut causes: BTreeMap<String, (usize, Cause)> = BTreeMap::new();
        for (_, refusal) in refusals {
            if let Some(cause) = graph_cause(refusal.status, refusal.code.as_deref().unwrap_or_default()) {
                causes.entry(cause.code.clone()).or_insert((0, cause)).0 += 1;
            }
        }
        causes.into_values().max_by_key(|(count, _)| *count).map(|(_, cause)| cause)
    };
    let unknown = || {
        let remedy = "Look at `set_aside` in `show`, or widen the policy's operations";
        Cause::new("no_operation", "all operations that the policy allows were refused, and are left out", remedy)
    };
    Outcome::Misconfigured { cause: reason(true).or_else(|| reason(false)).unwrap_or_else(unknown) }
}

/// Writes a run that ended at `now` into its account: what it learnt of operations and orphans, and the outcome.
pub(crate) fn settle(
    account: &mut Account,
    policy: &Policy,
    calls: &RunCalls,
    conclusion: &Conclusion,
    seed: Seed,
    now: DateTime<Utc>,
) -> Option<Change> {
    let all: Vec<CallResult> = calls.all().cloned().collect();
    if !all.is_empty() {
        account.habits.record(&all);
    }
    set_aside(account, calls, conclusion, now);
    if calls.swept {
        account.sweeps = account.sweeps.saturating_sub(1);
    }
    account.sweeps = account.sweeps.max(calls.sweeps);
    let rng = &mut seed.rng(&account.id, RngStream::Schedule);
    let change = outcome::settle(account, policy, &conclusion.outcome, now, rng);
    if let Some(EarlyEnd::Throttled { until, .. }) = &calls.early_end {
        outcome::not_before(account, policy, *until, rng);
    }
    change
}

/// Ends the set-asides whose time is over, and begins those that the run gave reason for.
fn set_aside(account: &mut Account, calls: &RunCalls, conclusion: &Conclusion, now: DateTime<Utc>) {
    let (set_aside, refusals) = (&mut account.set_aside, &mut account.refusals);
    set_aside.retain(|key, until| {
        let lasts = *until > now;
        if !lasts {
            refusals.remove(key);
        }
        lasts
    });
    for call in calls.calls.iter().filter(|call| call.ok) {
        refusals.remove(&SetAside::Operation(call.operation.clone().into()));
    }
    for (key, (status, code)) in &conclusion.refused {
        if refusals.record(key.clone(), *status, Some(code)) >= REPEATED_RUNS {
            set_aside.insert(key.clone(), now + REFUSED_FOR);
        }
    }
    for (key, reason) in &conclusion.set_aside {
        refusals.record(key.clone(), reason.status, reason.code.as_deref());
        set_aside.insert(key.clone(), now + reason.lasts);
    }
    refusals.trim(|key| set_aside.contains_key(key));
}

/// Whether the answers of a batch leave the token as the only thing to blame: all of them say 401, and Graph accepted it
/// for no call before.
pub(crate) fn blames_token<'a>(
    before: &RunCalls,
    batch: impl Iterator<Item = (&'a Operation, Answer, Option<&'a str>)>,
) -> bool {
    let mut own = batch.filter(|(_, answer, _)| *answer != Answer::DependencyFailed).peekable();
    let blames = |(operation, answer, code): (&Operation, Answer, Option<&str>)| {
        let missing = || missing_services(operation.service, 401, code.unwrap_or_default()).is_some();
        answer == Answer::Unauthorized && !missing()
    };
    !before.token_is_accepted() && own.peek().is_some() && own.all(blames)
}

#[cfg(test)]
mod tests;
