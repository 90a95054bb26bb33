//! A run: one account, once: token, plan, waves, outcome, next time, record.

pub(crate) mod batching;
pub(crate) mod claim;
pub(crate) mod draw;
pub(crate) mod executor;
mod item;
mod item_result;
mod placeholders;
mod progress;
pub(crate) mod report;

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use tracing::{Instrument, error, warn};

use crate::access::secret::read_secret;
use crate::access::token::{self, AccountTokens};
use crate::app::App;
use crate::app::token_cache::AccessToken;
use crate::domain::account::expiry::{Expiring, Expiry};
use crate::domain::account::history::HistoryRow;
use crate::domain::account::notice::{Change, NoticeKind, Notices};
use crate::domain::account::{Account, Status};
use crate::domain::catalogue::Access;
use crate::domain::catalogue::granted::GrantedPermissions;
use crate::domain::outcome::Outcome;
use crate::domain::outcome::calls::{self, Conclusion, EarlyEnd, RunCalls, RunFacts};
use crate::domain::plan::{self, Plan, Scope};
use crate::domain::secret::{AccountSecret, Credential};
use crate::domain::seed::RngStream;
use crate::ports::{RecordResult, SecretFault, SecretText};
use crate::run::claim::{Claimed, LEASE};
use crate::run::draw::{SeedChoice, scope};
use crate::run::executor::Executor;
use crate::run::placeholders::Orphans;
use crate::run::report::RunReport;
use crate::telemetry::run_span;

/// Of the time until the deadline, at most this is kept for the clean-up.
const TIME_TO_FINISH: TimeDelta = TimeDelta::seconds(8);

/// Runs a claimed account to its end. Everything that goes wrong is in the report.
pub(crate) async fn run(
    app: &App,
    claimed: Claimed,
    secret: Result<SecretText, SecretFault>,
    deadline: DateTime<Utc>,
) -> RunReport {
    let span = run_span(claimed.found.account.id.as_str(), &claimed.run_id);
    run_claimed(app, claimed, secret, deadline).instrument(span).await
}

async fn run_claimed(
    app: &App,
    claimed: Claimed,
    secret: Result<SecretText, SecretFault>,
    deadline: DateTime<Utc>,
) -> RunReport {
    let Claimed { found, run_id, mut seed, previous_run_crashed, manual, started_at } = claimed;
    let mut account = found.account;
    account.run_id = None;
    for warning in &found.warnings {
        warn!("{warning}");
    }
    if previous_run_crashed {
        account.mark_crashed();
    }
    let name = app.settings.secret_name(&account);
    let defaults = app.default_policy.current();
    let (policy, calls, conclusion) = match read_secret(&defaults, &account, &name, secret) {
        Err(outcome) => (defaults.policy().as_ref().clone(), RunCalls::default(), Conclusion::without_calls(outcome)),
        Ok((secret, text)) => {
            account.expiries.update_from_credential(&secret.credential);
            let probe = account.status == Status::Paused && !manual;
            let attempt = Attempt { app, secret: &secret, text: &text, deadline };
            let (calls, conclusion) = attempt.carry_out(&mut account, &mut seed, probe).await;
            (secret.policy, calls, conclusion)
        }
    };
    let ended_at = app.clock.now();
    let seed = seed.seed();
    let change = calls::settle(&mut account, &policy, &calls, &conclusion, seed, ended_at);
    let expiring = account.expiries.take_due_notices(ended_at);
    let days_left = |expiry: Option<Expiry>| expiry.map(|expiry| expiry.days_left(ended_at));
    let days_to_renewal = days_left(account.expiries.subscription);
    let credential_days_left = days_left(account.expiries.credential);
    let outcome = conclusion.outcome;
    if app.alerts.is_some() {
        account.untold.add(&run_id, ended_at, notices(change, outcome.reason(), &expiring));
    }
    let unrecorded = record(app, &account, &run_id).await;
    let row = HistoryRow {
        account_id: account.id.clone(),
        started_at,
        ended_at,
        run_id,
        seed,
        outcome: outcome.as_str().to_owned(),
        reason: outcome.reason(),
        calls_ok: calls.ok(),
        calls_failed: calls.failed(),
        calls_throttled: calls.throttled(),
        calls: calls.all().cloned().collect(),
        next_run_at: account.next_run_at,
    };
    if let Err(error) = app.accounts.add_history(&row).await {
        error!(%error, "the run's history could not be written");
    }
    let report = RunReport {
        row,
        status: account.status,
        untold: if unrecorded.is_none() { account.untold } else { Notices::default() },
        days_to_renewal,
        credential_days_left,
        skipped: calls.skipped,
        unrecorded,
        outcome,
    };
    report.log();
    report
}

/// A run whose secret could be read.
struct Attempt<'a> {
    app: &'a App,
    secret: &'a AccountSecret,
    text: &'a SecretText,
    deadline: DateTime<Utc>,
}

impl Attempt<'_> {
    async fn carry_out(&self, account: &mut Account, seed: &mut SeedChoice, probe: bool) -> (RunCalls, Conclusion) {
        let reserve = ((self.deadline - self.app.clock.now()) / 4).min(TIME_TO_FINISH).max(TimeDelta::zero());
        let tokens = AccountTokens::new(self.app, account, self.secret, self.text).before(self.deadline - reserve);
        let access = match tokens.get().await {
            Ok(access) => access,
            Err(outcome) => return without_calls(outcome),
        };
        token::save_rotated(self.app, account, self.secret, self.text).await;
        let now = self.app.clock.now();
        let scope = scope(account, self.secret, &access.granted, now);
        if probe {
            let helps = !plan::drawable(&scope).is_empty();
            return without_calls(if helps { Outcome::Probed } else { nothing_drawable(account, &scope) });
        }
        let seed = seed.fix(&scope, account);
        let plan = Plan::draw(&scope, &mut seed.rng(&account.id, RngStream::Plan));
        if plan.is_empty() {
            return without_calls(nothing_drawable(account, &scope));
        }
        let orphans = Orphans { before: now - LEASE, owner: scope.owner };
        let askable = plan::askable(&scope, self.secret);
        let facts = RunFacts {
            permissions_unknown: access.granted == GrantedPermissions::Unknown,
            names_user: scope.access == Access::AppOnly && scope.user_id.is_some(),
        };
        let _mailbox = self.app.mailbox_locks.lock(mailbox(self.secret, &access)).await;
        let executor = Executor {
            graph: self.app.graph.as_ref(),
            clock: self.app.clock.as_ref(),
            throttle: &self.app.throttle,
            stop: &self.app.stop,
            tokens: &AccountTokens::new(self.app, account, self.secret, self.text).before(self.deadline - reserve),
            secret: self.secret,
            access,
            deadline: self.deadline,
            reserve,
            orphans,
            rng: seed.rng(&account.id, RngStream::Execution),
        };
        let calls = executor.send(&plan).await;
        account.expiries.update_from_graph(self.secret, &askable, &calls.watched, self.app.clock.now());
        let conclusion = calls.conclude(facts);
        if let Some(EarlyEnd::Throttled { longer: true, until }) = &calls.early_end {
            let until = until.format("%FT%TZ").to_string();
            warn!(until, "Graph asked to wait for more than a day; the tenant is called again after one");
        }
        (calls, conclusion)
    }
}

/// The outcome where nothing can be drawn: since all that could be is set aside, or permissions and policy allow nothing.
fn nothing_drawable(account: &Account, scope: &Scope) -> Outcome {
    let unrestricted = Scope { set_aside: &BTreeMap::new(), ..*scope };
    if plan::drawable(&unrestricted).is_empty() {
        calls::nothing_allowed(scope.access, scope.user_id)
    } else {
        calls::all_set_aside(account)
    }
}

fn without_calls(outcome: Outcome) -> (RunCalls, Conclusion) {
    (RunCalls::default(), Conclusion::without_calls(outcome))
}

/// The names of the mailbox that is called, as far as they are known: all accounts of one user share one of them.
fn mailbox(secret: &AccountSecret, access: &AccessToken) -> Vec<String> {
    let username = match &secret.credential {
        Credential::Password { username, .. } => Some(username),
        _ => None,
    };
    let names = secret.user_id.iter().chain(username).chain(&access.user);
    names.map(|name| name.to_lowercase()).collect()
}

/// What a person must hear about the run, written with its record.
fn notices(change: Option<Change>, reason: Option<String>, expiring: &[(Expiring, Expiry)]) -> Vec<NoticeKind> {
    let status = change.map(|change| NoticeKind::Status { change, reason });
    let expiry =
        |(expiring, expiry): &(Expiring, Expiry)| NoticeKind::Expiry { expiring: *expiring, ends_at: expiry.at };
    status.into_iter().chain(expiring.iter().map(expiry)).collect()
}

/// Writes the account; returns why that failed, if it did.
async fn record(app: &App, account: &Account, run_id: &str) -> Option<String> {
    let why = match app.accounts.record(account, run_id).await {
        Ok(RecordResult::Written) => return None,
        Ok(RecordResult::ClaimLost) => {
            "the claim had run out, or the account was stopped: the record is left as it is".to_owned()
        }
        Err(error) => {
            format!("the result could not be written; the account is due again when the claim runs out ({error})")
        }
    };
    error!("{why}");
    Some(why)
}
