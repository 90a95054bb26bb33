//! The model of a run's time.

use rand::{Rng, RngExt};

use crate::domain::plan::Plan;

/// Of one exchange, in milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct Latency {
    pub login: i64,
    pub graph: i64,
    pub table: i64,
}

impl Latency {
    /// A login, then the plan's waves one after another, then two writes: each takes half to one and a half times its
    /// latency, uniformly.
    pub fn of(&self, plan: &Plan, rng: &mut impl Rng) -> i64 {
        let waves = std::iter::repeat_n(self.graph, plan.waves());
        let exchanges = [self.login, self.table, self.table].into_iter().chain(waves);
        exchanges.map(|latency| rng.random_range(latency / 2..=latency + latency / 2)).sum()
    }
}
