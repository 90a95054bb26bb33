//! Simulated time: milliseconds since the epoch, and the duration of a run.

use chrono::{DateTime, Utc};
use rand::{Rng, RngExt};

use crate::domain::plan::Plan;

/// The time of these milliseconds since the epoch.
pub(super) fn time(milliseconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(milliseconds).unwrap_or_default()
}

/// Latency of one exchange, in milliseconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Latency {
    pub login: i64,
    pub graph: i64,
    pub table: i64,
}

impl Latency {
    /// Duration of a run: a login, the plan's waves one after another, then two writes. Each takes half to one and a half
    /// times its latency, uniformly distributed.
    pub(super) fn of_run(&self, plan: &Plan, rng: &mut impl Rng) -> i64 {
        let waves = std::iter::repeat_n(self.graph, plan.waves());
        let exchanges = [self.login, self.table, self.table].into_iter().chain(waves);
        exchanges.map(|latency| rng.random_range(latency / 2..=latency + latency / 2)).sum()
    }
}
