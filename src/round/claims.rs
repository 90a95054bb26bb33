//! Claims: a round takes the accounts that are due, oldest first, a few at a time.

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::join_all;
use tracing::error;

use crate::app::App;
use crate::domain::account::AccountId;
use crate::domain::seed::Seed;
use crate::ports::{Claim, ClaimKind, ClaimRequest, Due, InfraError};
use crate::round::due::DueStream;
use crate::run::{Claimed, SeedChoice};

/// A claim is good for this long: no invocation lives longer, so a run that is still alive holds its account.
pub const LEASE: TimeDelta = TimeDelta::minutes(15);

/// What a run may need at the end of a round; a round with less time than twice this leaves half.
const RUN_BUDGET: TimeDelta = TimeDelta::seconds(20);

/// The accounts that a round takes for itself.
pub struct Claims<'a> {
    app: &'a App,
    seed: Seed,
    /// From here on nothing is begun any more.
    last_start: DateTime<Utc>,
    stream: DueStream<'a>,
    pub counts: Counts,
}

#[derive(Debug, Default)]
pub struct Counts {
    pub due: u32,
    pub claimed: u32,
    pub deferred: u32,
    /// The last listing or claim that failed for infrastructure's fault.
    pub broken: Option<InfraError>,
}

impl<'a> Claims<'a> {
    pub fn new(app: &'a App, seed: Seed, deadline: DateTime<Utc>) -> Self {
        let now = app.clock.now();
        let last_start = last_start(now, deadline);
        Self { app, seed, last_start, stream: DueStream::new(app, now), counts: Counts::default() }
    }

    /// Claims the next accounts, at most so many; `None` where no more are due.
    pub async fn next(&mut self, most: usize) -> Option<Vec<Claimed>> {
        loop {
            if self.counts.broken.as_ref().is_some_and(InfraError::is_misdeployed) {
                return None;
            }
            let due = self.due(most).await;
            if due.is_empty() {
                return None;
            }
            self.counts.due += count(due.len());
            let now = self.app.clock.now();
            if !self.app.stopping() && now <= self.last_start {
                return Some(self.claim(due, now).await);
            }
            self.counts.deferred += count(due.len());
        }
    }

    async fn due(&mut self, most: usize) -> Vec<Due> {
        let mut found = Vec::with_capacity(most);
        while found.len() < most {
            match self.stream.next().await {
                Ok(Some(due)) => found.push(due),
                Ok(None) => break,
                Err(broken) => {
                    error!(error = %broken, "due accounts could not be listed");
                    self.counts.broken = Some(broken);
                    break;
                }
            }
        }
        found
    }

    async fn claim(&mut self, due: Vec<Due>, now: DateTime<Utc>) -> Vec<Claimed> {
        let (app, chance) = (self.app, SeedChoice::FromRound(self.seed));
        let claims = due.into_iter().map(|due| async move {
            let claim = claim(app, &due.id, ClaimKind::Due, chance, now).await;
            (claim, due)
        });
        let mut taken = Vec::new();
        for (claim, due) in join_all(claims).await {
            match claim {
                Ok(Some(claimed)) => {
                    self.counts.claimed += 1;
                    taken.push(claimed);
                }
                Ok(None) => {}
                Err(broken) => {
                    error!(account = %due.id, error = %broken, "the account could not be claimed; it stays due");
                    self.counts.deferred += 1;
                    self.counts.broken = Some(broken);
                }
            }
        }
        taken
    }
}

/// The last moment at which a run may begin.
pub fn last_start(now: DateTime<Utc>, deadline: DateTime<Utc>) -> DateTime<Utc> {
    deadline - RUN_BUDGET.min((deadline - now) / 2)
}

/// Takes an account for one run; `None` where somebody else has it, or there is nothing to take.
pub async fn claim(
    app: &App,
    id: &AccountId,
    right: ClaimKind,
    chance: SeedChoice,
    now: DateTime<Utc>,
) -> Result<Option<Claimed>, InfraError> {
    let (run_id, manual) = (format!("{:016x}", app.random_u64()), right == ClaimKind::Manual);
    let request = ClaimRequest { run_id: run_id.clone(), now, lease_ends_at: now + LEASE, right };
    Ok(match app.accounts.claim(id, &request).await? {
        Claim::Taken { found, previous_run_crashed } => {
            Some(Claimed { found: *found, run_id, chance, previous_run_crashed, manual, started_at: now })
        }
        Claim::Lost => None,
    })
}

pub fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
