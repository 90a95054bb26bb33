//! A round: one invocation: due, claim, secrets, runs, report.
//!
//! One task claims and fetches secrets, a little ahead; the runs themselves go on beside it, at most
//! `concurrency` at once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::StreamExt;
use futures_util::future::join_all;
use futures_util::stream::FuturesUnordered;
use serde_json::json;
use tokio::sync::mpsc;

use crate::alerts::{self, AccountChange};
use crate::defaults::{self, Fetched};
use crate::domain::account::Status;
use crate::domain::outcome::Outcome;
use crate::domain::seed::Seed;
use crate::due::DueStream;
use crate::house::House;
use crate::log::{Level, line};
use crate::ports::{Broken, Claim, ClaimRequest, Due, SecretFault, SecretText};
use crate::report::RoundReport;
use crate::run::{self, Chance, Claimed, RunReport, secret_name};

/// A claim is good for this long: no invocation lives longer, so a run that is still alive holds its account.
pub const LEASE: TimeDelta = TimeDelta::minutes(15);

/// What a run may need at the end of a round; a round with less time than twice this leaves half.
const RUN_BUDGET: TimeDelta = TimeDelta::seconds(20);

/// Secrets that one `BatchGetSecretValue` brings, and so the accounts claimed together.
const TOGETHER: usize = 20;

/// Claimed accounts that may wait for a free place.
const AHEAD: usize = TOGETHER;

type Ready = (Claimed, Result<SecretText, SecretFault>);

/// Runs every account that is due at `house.clock.now()`, as far as the deadline allows.
///
/// # Errors
/// Where the due accounts cannot be listed, or none of them can be claimed: infrastructure, not an account.
pub async fn round(house: &Arc<House>, deadline: DateTime<Utc>) -> Result<RoundReport, Broken> {
    let started = house.clock.now();
    let seed = Seed::new(house.chance());
    let (ready, mut claimed) = mpsc::channel::<Ready>(AHEAD);
    let claiming = tokio::spawn(claim_all(Arc::clone(house), seed, deadline, ready));

    let mut report = RoundReport::new(seed, started);
    let mut changes = Vec::new();
    let mut runs = FuturesUnordered::new();
    let mut open = true;
    while open || !runs.is_empty() {
        tokio::select! {
            next = claimed.recv(), if open && runs.len() < house.settings.concurrency => match next {
                Some((claimed, _)) if house.stopping() => {
                    report.deferred += 1;
                    run::release(house, claimed).await;
                }
                Some((claimed, secret)) => runs.push(run::run(house, claimed, secret, deadline)),
                None => open = false,
            },
            Some(run) = runs.next(), if !runs.is_empty() => {
                report.add(&run);
                changes.extend(AccountChange::of(&run));
            }
        }
    }
    alerts::tell(house, &changes).await;
    let counts = claiming.await.map_err(|error| Broken::new("claiming due accounts", error.to_string()))?;
    report.due = counts.due;
    report.claimed = counts.claimed;
    report.deferred += counts.deferred;
    report.ended(house.clock.now());
    house.journal.write(&report.line());
    match counts.broken {
        // No metrics: the alarm on missing rounds counts the lines of those that did their work.
        Some(broken) if counts.claimed == 0 => Err(broken),
        _ => {
            house.journal.write(&report.metrics());
            Ok(report)
        }
    }
}

#[derive(Debug, Default)]
struct Counts {
    due: u32,
    claimed: u32,
    deferred: u32,
    /// The last listing or claim that failed for infrastructure's fault.
    broken: Option<Broken>,
}

/// Claims the due accounts, oldest first, and hands them over with their secrets.
async fn claim_all(house: Arc<House>, seed: Seed, deadline: DateTime<Utc>, ready: mpsc::Sender<Ready>) -> Counts {
    let started = house.clock.now();
    let budget = RUN_BUDGET.min((deadline - started) / 2);
    let mut counts = Counts::default();
    let mut stream = DueStream::new(&house, started);
    loop {
        // Where nobody has read the default policy lately, it comes with the first secrets, in one request.
        let with_defaults = !defaults::fresh(&house);
        let together = if with_defaults { TOGETHER - 1 } else { TOGETHER };
        let mut chunk = Vec::with_capacity(together);
        while chunk.len() < together {
            match stream.next().await {
                Ok(Some(due)) => chunk.push(due),
                Ok(None) => break,
                Err(broken) => {
                    house.journal.write(&line(
                        Level::Error,
                        "due accounts could not be listed",
                        json!({"error": broken.to_string()}),
                    ));
                    counts.broken = Some(broken);
                    break;
                }
            }
        }
        if chunk.is_empty() {
            return counts;
        }
        counts.due += count(chunk.len());
        let now = house.clock.now();
        if house.stopping() || now + budget > deadline {
            counts.deferred += count(chunk.len());
            continue;
        }
        let claimed = claim_chunk(&house, chunk, seed, now, &mut counts).await;
        if counts.broken.as_ref().is_some_and(|broken| broken.unfit) {
            return counts;
        }
        for ready_account in with_secrets(&house, claimed, with_defaults).await {
            if ready.send(ready_account).await.is_err() {
                return counts;
            }
        }
    }
}

async fn claim_chunk(
    house: &House,
    chunk: Vec<Due>,
    seed: Seed,
    now: DateTime<Utc>,
    counts: &mut Counts,
) -> Vec<Claimed> {
    let claims = chunk.into_iter().map(|due| async move {
        let run_id = run_id(house);
        let request = ClaimRequest { run_id: run_id.clone(), now, lease_ends_at: now + LEASE, by_hand: false };
        (house.accounts.claim(&due.id, &request).await, run_id, due)
    });
    let mut taken = Vec::new();
    for (claim, run_id, due) in join_all(claims).await {
        match claim {
            Ok(Claim::Taken { found, cut_off }) => {
                counts.claimed += 1;
                taken.push(Claimed {
                    found: *found,
                    run_id,
                    chance: Chance::Round(seed),
                    cut_off,
                    by_hand: false,
                    started_at: now,
                });
            }
            Ok(Claim::Lost) => {}
            Err(broken) => {
                let said = "the account could not be claimed; it stays due";
                let fields = json!({"account": due.id, "error": broken.to_string()});
                house.journal.write(&line(Level::Error, said, fields));
                counts.deferred += 1;
                counts.broken = Some(broken);
            }
        }
    }
    taken
}

/// A name for one run, unique.
pub fn run_id(house: &House) -> String {
    format!("{:016x}", house.chance())
}

/// Fetches the secrets of claimed accounts, each secret once; where asked, the default policy with them.
pub async fn with_secrets(house: &House, claimed: Vec<Claimed>, defaults: bool) -> Vec<Ready> {
    let names: BTreeSet<String> = claimed.iter().map(|claimed| secret_name(house, &claimed.found.account)).collect();
    if names.is_empty() {
        return Vec::new();
    }
    let names: Vec<String> = names.into_iter().collect();
    let fetched: BTreeMap<String, Result<SecretText, SecretFault>> = match fetch(house, &names, defaults).await {
        Ok(fetched) => fetched.into_iter().collect(),
        Err(broken) => {
            house.journal.write(&line(Level::Error, "secrets could not be read", json!({"error": broken.to_string()})));
            let fault = SecretFault::Transient(broken.what);
            names.into_iter().map(|name| (name, Err(fault.clone()))).collect()
        }
    };
    claimed
        .into_iter()
        .map(|claimed| {
            let name = secret_name(house, &claimed.found.account);
            let secret = fetched.get(&name).cloned().unwrap_or(Err(SecretFault::Gone));
            (claimed, secret)
        })
        .collect()
}

async fn fetch(house: &House, names: &[String], defaults: bool) -> Result<Fetched, Broken> {
    if defaults { defaults::fetch(house, names).await } else { house.secrets.fetch(names).await }
}

fn fewest(a: Option<i64>, b: Option<i64>) -> Option<i64> {
    a.into_iter().chain(b).min()
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
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
