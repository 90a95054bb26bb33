//! One run of a simulated day.

use super::latency::time;
use crate::domain::account::Account;
use crate::domain::outcome::{self, Outcome};
use crate::domain::plan::Plan;
use crate::domain::policy::Policy;
use crate::domain::seed::{RngStream, Seed};

/// Times in milliseconds since the epoch.
pub(super) struct Run<'a> {
    pub number: u32,
    pub claimed: i64,
    pub begins: i64,
    pub ends: i64,
    pub seed: Seed,
    pub plan: &'a Plan,
    pub outcome: Outcome,
    pub policy: &'a Policy,
}

impl Run<'_> {
    /// Applies the outcome to the account, and sets its next time.
    pub(super) fn settle(&self, account: &mut Account) {
        let rng = &mut self.seed.rng(&account.id, RngStream::Schedule);
        outcome::settle(account, self.policy, &self.outcome, time(self.ends), rng);
    }
}
