//! A round: one invocation: due, claim, secrets, runs, report.
//!
//! One task claims accounts and fetches their secrets, a little ahead; the runs happen beside it, at most
//! `concurrency` at once. Where there is a queue, the claims go to workers instead ([`fan_out`](crate::round::fan_out)).

pub(crate) mod claims;
pub(crate) mod due;
pub(crate) mod fan_out;
pub(crate) mod report;
pub(crate) mod worker;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::mpsc;
use tracing::Instrument;
use tracing::instrument::WithSubscriber;

use crate::access::default_policy;
use crate::app::App;
use crate::domain::account::Status;
use crate::domain::outcome::Outcome;
use crate::domain::seed::Seed;
use crate::notifications::{self, Outbox};
use crate::ports::InfraError;
use crate::round::claims::{Claims, Counts, last_start};
use crate::round::fan_out::fan_out;
use crate::round::report::RoundReport;
use crate::run;
use crate::run::claim::{Ready, release, with_secrets};
use crate::run::report::RunReport;

/// Secrets that one `BatchGetSecretValue` returns, and so the accounts claimed together.
pub(crate) const SECRETS_PER_REQUEST: usize = 20;

/// Claimed accounts that may wait for a free place.
const PREFETCH: usize = SECRETS_PER_REQUEST;

/// Runs every account that is due at `app.clock.now()`, or sends it to a worker, as far as the deadline allows.
///
/// # Errors
/// Where the due accounts cannot be listed, or none of them can be claimed, or the queue takes none: infrastructure,
/// not an account.
pub(crate) async fn round(app: &Arc<App>, deadline: DateTime<Utc>) -> Result<RoundReport, InfraError> {
    let mut report = RoundReport::new(Seed::new(app.random_u64()), app.clock.now());
    let counts = match &app.queue {
        Some(queue) => fan_out(app, queue.as_ref(), deadline, &mut report).await,
        None => run_due(app, deadline, &mut report).await?,
    };
    report.due = counts.due;
    report.claimed = counts.claimed;
    report.deferred += counts.deferred;
    let broken = counts.broken.filter(|_| report.queued.unwrap_or(counts.claimed) == 0);
    report.finish(app.clock.now(), broken.is_none());
    broken.map_or(Ok(report), Err)
}

async fn run_due(app: &Arc<App>, deadline: DateTime<Utc>, report: &mut RoundReport) -> Result<Counts, InfraError> {
    let (ready, claimed) = mpsc::channel(PREFETCH);
    let claiming = claim_all(Arc::clone(app), report.seed, deadline, ready);
    let claiming = tokio::spawn(claiming.in_current_span().with_current_subscriber());
    run_all(app, claimed, deadline, report).await;
    claiming.await.map_err(|error| InfraError::unavailable("claiming due accounts", error.to_string()))
}

/// Claims the due accounts, oldest first, and sends them on with their secrets.
async fn claim_all(app: Arc<App>, seed: Seed, deadline: DateTime<Utc>, ready: mpsc::Sender<Ready>) -> Counts {
    let mut claims = Claims::new(&app, seed, deadline);
    loop {
        let (limit, with_defaults) = secrets_together(&app);
        let Some(claimed) = claims.next(limit).await else { return claims.counts };
        for ready_account in with_secrets(&app, claimed, with_defaults).await {
            if ready.send(ready_account).await.is_err() {
                return claims.counts;
            }
        }
    }
}

/// Runs accounts as they become ready, `concurrency` at once, and sends notifications of what changed.
pub(crate) async fn run_all(
    app: &App,
    mut ready: mpsc::Receiver<Ready>,
    deadline: DateTime<Utc>,
    report: &mut RoundReport,
) {
    let mut outbox = Outbox::default();
    let mut runs = FuturesUnordered::new();
    let mut open = true;
    let last_start = last_start(app.clock.now(), deadline);
    while open || !runs.is_empty() {
        tokio::select! {
            next = ready.recv(), if open && runs.len() < app.settings.concurrency => match next {
                Some((claimed, _)) if app.stopping() || app.clock.now() > last_start => {
                    report.deferred += 1;
                    release(app, claimed).await;
                }
                Some((claimed, secret)) => runs.push(run::run(app, claimed, secret, deadline)),
                None => open = false,
            },
            Some(run) = runs.next(), if !runs.is_empty() => {
                report.add(&run);
                outbox.append(Outbox::of(&run));
            }
        }
    }
    notifications::notify(app, &outbox).await;
}

/// How many accounts' secrets the next request may read. A default policy that was not read recently is read with them.
fn secrets_together(app: &App) -> (usize, bool) {
    if default_policy::fresh(app) { (SECRETS_PER_REQUEST, false) } else { (SECRETS_PER_REQUEST - 1, true) }
}

fn fewest(a: Option<i64>, b: Option<i64>) -> Option<i64> {
    a.into_iter().chain(b).min()
}

impl RoundReport {
    /// Counts one run.
    pub(crate) fn add(&mut self, run: &RunReport) {
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
