//! A run: one account, once: token, plan, waves, outcome, next time, record.

pub mod batching;
pub mod executor;
pub mod item_result;
pub mod placeholders;
pub mod progress;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use tracing::{Instrument, error, info, warn};

use crate::access::token;
use crate::app::App;
use crate::app::token_cache::AccessToken;
use crate::domain::account::expiry::{Expiring, Expiry};
use crate::domain::account::history::{CallResult, HistoryRow};
use crate::domain::account::{Account, Status};
use crate::domain::catalogue::granted::GrantedPermissions;
use crate::domain::cause::{Cause, graph_cause};
use crate::domain::outcome::{self, Change, Outcome};
use crate::domain::plan::{self, Plan, Scope};
use crate::domain::policy::Policy;
use crate::domain::secret::{AccountSecret, Credential, SecretDocument};
use crate::domain::seed::Seed;
use crate::ports::{RecordResult, SecretFault, SecretText, StoredAccount};
use crate::run::executor::Executor;
use crate::run::progress::{EarlyEnd, RunCalls};
use crate::telemetry::{as_fields, run_span};

/// An account that this round has claimed.
pub struct Claimed {
    pub found: StoredAccount,
    pub run_id: String,
    pub chance: SeedChoice,
    pub previous_run_crashed: bool,
    /// Asked for by a person: a paused account is called, not only probed.
    pub manual: bool,
    pub started_at: DateTime<Utc>,
}

/// Where a run's seed comes from.
#[derive(Clone, Copy, Debug)]
pub enum SeedChoice {
    /// Of those that follow from the round's seed, the one that suits the account's habits best.
    FromRound(Seed),
    /// Just this one: a person asked for it, or it is settled.
    Fixed(Seed),
}

impl SeedChoice {
    /// The seed, which is the same from now on.
    pub fn settle(&mut self, scope: &Scope, account: &Account) -> Seed {
        if let Self::FromRound(round) = *self {
            *self = Self::Fixed(Plan::seed(scope, &account.habits, &account.id, round));
        }
        self.seed()
    }

    fn seed(self) -> Seed {
        match self {
            Self::FromRound(seed) | Self::Fixed(seed) => seed,
        }
    }
}

/// What a run came to, for the round's report and the answer to `run`.
#[derive(Clone, Debug)]
pub struct RunReport {
    pub row: HistoryRow,
    pub status: Status,
    pub change: Option<Change>,
    /// Ends that have come near enough for a person to be told.
    pub expiring: Vec<(Expiring, Expiry)>,
    /// Days until the subscription and until the credential ends, where that is known.
    pub days_to_renewal: Option<i64>,
    pub credential_days_left: Option<i64>,
    pub skipped: u32,
    /// The result could not be written; the claim runs out by itself.
    pub unrecorded: Option<String>,
    pub outcome: Outcome,
}

/// Runs a claimed account to its end. Everything that goes wrong is in the report.
pub async fn run(
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
    let Claimed { found, run_id, mut chance, previous_run_crashed, manual, started_at } = claimed;
    let mut account = found.account;
    account.run_id = None;
    for warning in &found.warnings {
        warn!("{warning}");
    }
    if previous_run_crashed {
        account.mark_crashed();
    }
    let name = secret_name(app, &account);
    let (policy, done, outcome) = match read_secret(app, &account, &name, secret) {
        Err(outcome) => (app.default_policy().as_ref().clone(), RunCalls::default(), outcome),
        Ok((secret, text)) => {
            account.expiries.update_from_credential(&secret.credential);
            let probe = account.status == Status::Paused && !manual;
            let (done, outcome) = attempt(app, &mut account, &secret, &text, &mut chance, probe, deadline).await;
            (secret.policy, done, outcome)
        }
    };
    let ended_at = app.clock.now();
    let seed = chance.seed();
    let change = settle(&mut account, &policy, &done, &outcome, seed, ended_at);
    let expiring = account.expiries.take_due_notices(ended_at);
    let days_left = |expiry: Option<Expiry>| expiry.map(|expiry| expiry.days_left(ended_at));
    let days_to_renewal = days_left(account.expiries.subscription);
    let credential_days_left = days_left(account.expiries.credential);
    let (unrecorded, status) = record(app, &mut account, &run_id).await;
    let row = HistoryRow {
        account_id: account.id.clone(),
        started_at,
        ended_at,
        run_id,
        seed,
        outcome: outcome.as_str().to_owned(),
        reason: outcome.reason(),
        calls_ok: done.ok,
        calls_failed: done.failed,
        calls_throttled: done.throttled,
        calls: done.calls,
        next_run_at: account.next_run_at,
    };
    if let Err(error) = app.accounts.add_history(&row).await {
        error!(%error, "the run's history could not be written");
    }
    let skipped = done.skipped;
    let report = RunReport {
        row,
        status,
        change,
        expiring,
        days_to_renewal,
        credential_days_left,
        skipped,
        unrecorded,
        outcome,
    };
    report.log();
    report
}

/// Gives a claimed account back, due as before; `false` where somebody else has it by now.
pub async fn release(app: &App, claimed: Claimed) -> bool {
    let mut account = claimed.found.account;
    account.run_id = None;
    account.next_run_at = Some(claimed.started_at);
    if claimed.previous_run_crashed {
        account.mark_crashed();
    }
    match app.accounts.record(&account, &claimed.run_id).await {
        Ok(recorded) => recorded == RecordResult::Written,
        Err(error) => {
            let message = "the account could not be released; it is due again when the claim runs out";
            error!(account = %account.id, %error, "{message}");
            true
        }
    }
}

/// The secret that defines the account, by what `sync` noted or else by the account's id.
pub fn secret_name(app: &App, account: &Account) -> String {
    account.secret_name.clone().unwrap_or_else(|| format!("{}{}", app.settings.secret_prefix, account.id))
}

/// The account's part of its secret, its policy over the default one.
///
/// # Errors
/// The outcome of a run that cannot begin: it names the secret and the field, never a value.
pub fn read_secret(
    app: &App,
    account: &Account,
    name: &str,
    secret: Result<SecretText, SecretFault>,
) -> Result<(AccountSecret, SecretText), Outcome> {
    let text = secret.map_err(|fault| match fault {
        SecretFault::Transient(_) => Outcome::Transient { why: format!("secret `{name}` {fault}") },
        SecretFault::Gone | SecretFault::Refused(_) => Outcome::Misconfigured {
            cause: Cause::new("secret", format!("secret `{name}` {fault}"), "Create it, or mend its permissions"),
        },
    })?;
    let secret = SecretDocument::parse(&text.text)
        .and_then(|document| document.account_with_defaults(&account.id, &app.default_policy()))
        .map_err(|error| Outcome::Misconfigured {
            cause: Cause::new(
                "secret",
                format!("secret `{name}`: {error}"),
                "Mend the secret; it is read again by itself",
            ),
        })?;
    Ok((secret, text))
}

async fn attempt(
    app: &App,
    account: &mut Account,
    secret: &AccountSecret,
    text: &SecretText,
    chance: &mut SeedChoice,
    probe: bool,
    deadline: DateTime<Utc>,
) -> (RunCalls, Outcome) {
    let access = match token::get(app, account, secret, text).await {
        Ok(access) => access,
        Err(outcome) => return (RunCalls::default(), outcome),
    };
    token::save_rotated(app, account, secret, text).await;
    let now = app.clock.now();
    let scope = scope(account, secret, &access.granted, now);
    let unknown = access.granted == GrantedPermissions::Unknown;
    if probe {
        let helps = !plan::drawable(&scope).is_empty();
        return (RunCalls::default(), if helps { Outcome::Probed } else { nothing_allowed(secret) });
    }
    let seed = chance.settle(&scope, account);
    let plan = Plan::draw(&scope, &mut seed.rng(&account.id, "plan"));
    if plan.is_empty() {
        return (RunCalls::default(), nothing_allowed(secret));
    }
    let rng = seed.rng(&account.id, "waves");
    let reserve = (deadline - now) / 4;
    let reserve = reserve.min(TimeDelta::seconds(8)).max(TimeDelta::zero());
    let _turn = app.mailbox_locks.lock(mailbox(secret, &access)).await;
    let askable = plan::askable(&scope, secret);
    let sender = Executor { app, account: &mut *account, secret, text, access, deadline, reserve, rng };
    let done = sender.send(&plan).await;
    account.expiries.update_from_graph(secret, &askable, &done.watched, app.clock.now());
    let outcome = conclude(&done, unknown);
    (done, outcome)
}

/// The names of the mailbox that is called, as far as they are known: every account of one user has one of them.
fn mailbox(secret: &AccountSecret, access: &AccessToken) -> Vec<String> {
    let username = match &secret.credential {
        Credential::Password { username, .. } => Some(username),
        _ => None,
    };
    let names = secret.user_id.iter().chain(username).chain(&access.user);
    names.map(|name| name.to_lowercase()).collect()
}

/// What the account's plan may be drawn from.
pub fn scope<'a>(
    account: &'a Account,
    secret: &'a AccountSecret,
    granted: &'a GrantedPermissions,
    now: DateTime<Utc>,
) -> Scope<'a> {
    Scope {
        policy: &secret.policy,
        access: secret.credential.access(),
        user_id: secret.user_id.as_deref(),
        granted,
        set_aside: &account.set_aside,
        sweep: account.sweeps > 0,
        watch: account.expiries.check_due(now).then_some(secret),
        now,
    }
}

/// The plan that a run with this chance and token would send now, and its seed.
pub fn draw(
    account: &Account,
    secret: &AccountSecret,
    access: &AccessToken,
    mut chance: SeedChoice,
    now: DateTime<Utc>,
) -> (Seed, Plan) {
    let scope = scope(account, secret, &access.granted, now);
    let seed = chance.settle(&scope, account);
    (seed, Plan::draw(&scope, &mut seed.rng(&account.id, "plan")))
}

fn nothing_allowed(secret: &AccountSecret) -> Outcome {
    let remedy = match (secret.credential.access(), &secret.user_id) {
        (crate::domain::catalogue::Access::AppOnly, None) => {
            "Grant application permissions and consent to them, or name a `user_id` in the secret, or widen the policy's operations"
        }
        _ => "Grant permissions to the app and consent to them, or widen the policy's operations",
    };
    Outcome::Misconfigured {
        cause: Cause::new("no_operation", "the permissions and the policy together allow no operation", remedy),
    }
}

/// What the calls mean for the account.
fn conclude(done: &RunCalls, permissions_unknown: bool) -> Outcome {
    if done.ok > 0 {
        return Outcome::Succeeded;
    }
    match &done.ending {
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
    let all =
        |wanted: &dyn Fn(u16) -> bool| !done.calls.is_empty() && done.calls.iter().all(|call| wanted(call.status));
    if all(&|status| status == 403)
        && !permissions_unknown
        && let Some(cause) = graph_cause(403, "")
    {
        return Outcome::Misconfigured { cause };
    }
    // 507 is the owner's to mend: there is no room left.
    if all(&|status| status == 0 || status == 424 || (status >= 500 && status != 507)) {
        return Outcome::Transient { why: "Graph answered every call with an error of its own".to_owned() };
    }
    if done.calls.is_empty() {
        return Outcome::Deferred;
    }
    Outcome::Failed { why: "no call succeeded; what was refused is left out for a week".to_owned() }
}

fn settle(
    account: &mut Account,
    policy: &Policy,
    done: &RunCalls,
    outcome: &Outcome,
    seed: Seed,
    now: DateTime<Utc>,
) -> Option<Change> {
    account.set_aside.retain(|_, until| *until > now);
    if !done.calls.is_empty() {
        account.habits.record(&done.calls);
    }
    account.set_aside.extend(done.set_aside.iter().map(|(key, until)| (key.clone(), *until)));
    if done.swept {
        account.sweeps = account.sweeps.saturating_sub(1);
    }
    account.sweeps = account.sweeps.max(done.sweeps);
    let rng = &mut seed.rng(&account.id, "schedule");
    let change = outcome::settle(account, policy, outcome, now, rng);
    if let Some(EarlyEnd::Throttled { until }) = &done.ending {
        outcome::not_before(account, policy, *until, rng);
    }
    change
}

/// Writes the account back; tells why not, and the status that now stands.
async fn record(app: &App, account: &mut Account, run_id: &str) -> (Option<String>, Status) {
    let why = match app.accounts.record(account, run_id).await {
        Ok(RecordResult::Written) => return (None, account.status),
        Ok(RecordResult::ClaimLost) => {
            "the claim had run out, or somebody stopped the account: its record stands".to_owned()
        }
        Err(error) => {
            format!("the result could not be written; the account is due again when the claim runs out ({error})")
        }
    };
    error!("{why}");
    (Some(why), account.status)
}

/// A call that failed, with what that means where it means something for the account.
fn failure(call: &CallResult) -> Value {
    let mut told = json!(call);
    if let Some(cause) = graph_cause(call.status, call.error_code.as_deref().unwrap_or_default()) {
        told["means"] = json!(cause.to_string());
    }
    told
}

impl RunReport {
    pub fn succeeded(&self) -> bool {
        self.outcome == Outcome::Succeeded
    }

    /// The answer to `run`, and the body of the log line.
    pub fn value(&self) -> Value {
        let row = &self.row;
        let failures: Vec<Value> = row.calls.iter().filter(|call| !call.ok).map(failure).collect();
        json!({
            "account": row.account_id,
            "run_id": row.run_id,
            "seed": row.seed,
            "outcome": row.outcome,
            "reason": row.reason,
            "status": self.status,
            "calls_ok": row.calls_ok,
            "calls_failed": row.calls_failed,
            "calls_throttled": row.calls_throttled,
            "calls_skipped": self.skipped,
            "operations": row.calls.iter().map(|call| call.operation.as_str()).collect::<Vec<_>>(),
            "failures": failures,
            "next_run_at": row.next_run_at.map(|at| at.format("%FT%TZ").to_string()),
            "unrecorded": self.unrecorded,
        })
    }

    fn log(&self) {
        match self.outcome {
            Outcome::Succeeded | Outcome::Probed => info!(fields = as_fields(&self.value()), "run"),
            _ => warn!(fields = as_fields(&self.value()), "run"),
        }
    }
}
