//! The claims of a round: it claims the accounts that are due, oldest first, a few at a time.

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::join_all;
use tracing::error;

use crate::app::App;
use crate::domain::seed::Seed;
use crate::ports::{ClaimKind, Due, InfraError};
use crate::round::due::DueStream;
use crate::run::claim::{Claimed, claim};
use crate::run::draw::SeedChoice;

/// Time reserved for the last run; short rounds reserve half their time.
const RUN_BUDGET: TimeDelta = TimeDelta::seconds(20);

/// The accounts that a round claims.
pub(crate) struct Claims<'a> {
    app: &'a App,
    seed: Seed,
    /// After this, no run begins.
    last_start: DateTime<Utc>,
    stream: DueStream<'a>,
    pub counts: Counts,
}

#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub due: u32,
    pub claimed: u32,
    pub deferred: u32,
    /// The last failure of a listing or a claim.
    pub broken: Option<InfraError>,
}

impl<'a> Claims<'a> {
    pub(crate) fn new(app: &'a App, seed: Seed, deadline: DateTime<Utc>) -> Self {
        let now = app.clock.now();
        let last_start = last_start(now, deadline);
        Self { app, seed, last_start, stream: DueStream::new(app, now), counts: Counts::default() }
    }

    /// Claims the next accounts, at most `limit`; `None` where no more are due.
    pub(crate) async fn next(&mut self, limit: usize) -> Option<Vec<Claimed>> {
        loop {
            if self.counts.broken.as_ref().is_some_and(InfraError::is_misdeployed) {
                return None;
            }
            let due = self.due(limit).await;
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

    async fn due(&mut self, limit: usize) -> Vec<Due> {
        let mut found = Vec::with_capacity(limit);
        while found.len() < limit {
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
        let (app, seed) = (self.app, SeedChoice::FromRound(self.seed));
        let claims = due.into_iter().map(|due| async move {
            let claim = claim(app, &due.id, ClaimKind::Due, seed, now).await;
            (claim, due)
        });
        let mut claimed = Vec::new();
        for (claim, due) in join_all(claims).await {
            match claim {
                Ok(Some(account)) => {
                    self.counts.claimed += 1;
                    claimed.push(account);
                }
                Ok(None) => {}
                Err(broken) => {
                    error!(account = %due.id, error = %broken, "the account could not be claimed; it stays due");
                    self.counts.deferred += 1;
                    self.counts.broken = Some(broken);
                }
            }
        }
        claimed
    }
}

/// The last moment at which a run may begin.
pub(crate) fn last_start(now: DateTime<Utc>, deadline: DateTime<Utc>) -> DateTime<Utc> {
    deadline - RUN_BUDGET.min((deadline - now) / 2)
}

pub(crate) fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
