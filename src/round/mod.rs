//! A round: one invocation: due, claim, secrets, runs, report.
//!
//! One task claims and fetches secrets, a little ahead; the runs themselves go on beside it, at most
//! `concurrency` at once. Where there is a queue, the claims go to workers instead ([`fan_out`](crate::round::fan_out)).

pub mod claims;
pub mod due;
pub mod fan_out;
pub mod report;
pub mod worker;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::mpsc;
use tracing::instrument::WithSubscriber;
use tracing::{Instrument, error};

use crate::access::default_policy::{self, Fetched};
use crate::app::App;
use crate::domain::account::Status;
use crate::domain::outcome::Outcome;
use crate::domain::seed::Seed;
use crate::notifications::{self, AccountChange};
use crate::ports::{InfraError, SecretFault, SecretText};
use crate::round::claims::{Claims, Counts};
use crate::round::fan_out::fan_out;
use crate::round::report::RoundReport;
use crate::run::{self, Claimed, RunReport, secret_name};

/// Secrets that one `BatchGetSecretValue` brings, and so the accounts claimed together.
pub const TOGETHER: usize = 20;

/// Claimed accounts that may wait for a free place.
pub const AHEAD: usize = TOGETHER;

/// A claimed account and its secret.
pub type Ready = (Claimed, Result<SecretText, SecretFault>);

/// Runs every account that is due at `app.clock.now()`, or hands it to a worker, as far as the deadline allows.
///
/// # Errors
/// Where the due accounts cannot be listed, or none of them can be claimed, or the queue takes none: infrastructure,
/// not an account.
pub async fn round(app: &Arc<App>, deadline: DateTime<Utc>) -> Result<RoundReport, InfraError> {
    let mut report = RoundReport::new(Seed::new(app.random_u64()), app.clock.now());
    let counts = match &app.queue {
        Some(queue) => fan_out(app, queue.as_ref(), deadline, &mut report).await,
        None => run_due(app, deadline, &mut report).await?,
    };
    report.due = counts.due;
    report.claimed = counts.claimed;
    report.deferred += counts.deferred;
    let broken = counts.broken.filter(|_| report.queued.unwrap_or(counts.claimed) == 0);
    report.tell(app.clock.now(), broken.is_none());
    broken.map_or(Ok(report), Err)
}

async fn run_due(app: &Arc<App>, deadline: DateTime<Utc>, report: &mut RoundReport) -> Result<Counts, InfraError> {
    let (ready, claimed) = mpsc::channel(AHEAD);
    let claiming = claim_all(Arc::clone(app), report.seed, deadline, ready);
    let claiming = tokio::spawn(claiming.in_current_span().with_current_subscriber());
    run_all(app, claimed, deadline, report).await;
    claiming.await.map_err(|error| InfraError::unavailable("claiming due accounts", error.to_string()))
}

/// Claims the due accounts, oldest first, and hands them over with their secrets.
async fn claim_all(app: Arc<App>, seed: Seed, deadline: DateTime<Utc>, ready: mpsc::Sender<Ready>) -> Counts {
    let mut claims = Claims::new(&app, seed, deadline);
    loop {
        // Where nobody has read the default policy lately, it comes with the first secrets, in one request.
        let with_defaults = !default_policy::fresh(&app);
        let together = if with_defaults { TOGETHER - 1 } else { TOGETHER };
        let Some(claimed) = claims.next(together).await else { return claims.counts };
        for ready_account in with_secrets(&app, claimed, with_defaults).await {
            if ready.send(ready_account).await.is_err() {
                return claims.counts;
            }
        }
    }
}

/// Runs accounts as they become ready, `concurrency` at once, and tells of what changed.
pub async fn run_all(app: &App, mut ready: mpsc::Receiver<Ready>, deadline: DateTime<Utc>, report: &mut RoundReport) {
    let mut changes = Vec::new();
    let mut runs = FuturesUnordered::new();
    let mut open = true;
    while open || !runs.is_empty() {
        tokio::select! {
            next = ready.recv(), if open && runs.len() < app.settings.concurrency => match next {
                Some((claimed, _)) if app.stopping() => {
                    report.deferred += 1;
                    run::release(app, claimed).await;
                }
                Some((claimed, secret)) => runs.push(run::run(app, claimed, secret, deadline)),
                None => open = false,
            },
            Some(run) = runs.next(), if !runs.is_empty() => {
                report.add(&run);
                changes.extend(AccountChange::of(&run));
            }
        }
    }
    notifications::notify(app, &changes).await;
}

/// Fetches the secrets of claimed accounts, each secret once; where asked, the default policy with them.
pub async fn with_secrets(app: &App, claimed: Vec<Claimed>, defaults: bool) -> Vec<Ready> {
    let names: BTreeSet<String> = claimed.iter().map(|claimed| secret_name(app, &claimed.found.account)).collect();
    if names.is_empty() {
        return Vec::new();
    }
    let names: Vec<String> = names.into_iter().collect();
    let fetched: BTreeMap<String, Result<SecretText, SecretFault>> = match fetch(app, &names, defaults).await {
        Ok(fetched) => fetched.into_iter().collect(),
        Err(broken) => {
            error!(error = %broken, "secrets could not be read");
            let fault = SecretFault::Transient(broken.into_code());
            names.into_iter().map(|name| (name, Err(fault.clone()))).collect()
        }
    };
    claimed
        .into_iter()
        .map(|claimed| {
            let name = secret_name(app, &claimed.found.account);
            let secret = fetched.get(&name).cloned().unwrap_or(Err(SecretFault::Gone));
            (claimed, secret)
        })
        .collect()
}

async fn fetch(app: &App, names: &[String], defaults: bool) -> Result<Fetched, InfraError> {
    if defaults { default_policy::fetch(app, names).await } else { app.secrets.fetch(names).await }
}

fn fewest(a: Option<i64>, b: Option<i64>) -> Option<i64> {
    a.into_iter().chain(b).min()
}

/// What one run adds to the report of its round.
impl RoundReport {
    pub fn add(&mut self, run: &RunReport) {
        let row = &run.row;
        match run.outcome {
            _ if run.unrecorded.is_some() => self.failed += 1,
            Outcome::Succeeded => self.succeeded += 1,
            Outcome::Probed => self.resumed += 1,
            Outcome::Deferred => self.deferred += 1,
            _ => self.failed += 1,
        }
        if run.status == Status::Paused {
            self.paused += 1;
        }
        self.days_to_renewal = fewest(self.days_to_renewal, run.days_to_renewal);
        self.credential_days_left = fewest(self.credential_days_left, run.credential_days_left);
        self.calls_ok += row.calls_ok;
        self.calls_failed += row.calls_failed;
        self.calls_throttled += row.calls_throttled;
    }
}
