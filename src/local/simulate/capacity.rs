//! The model of capacity: when the run of a due account begins. All times are in milliseconds since the epoch.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use super::latency::time;
use crate::round::SECRETS_PER_REQUEST;
use crate::round::claims::last_start;
use crate::round::fan_out::MESSAGES_PER_REQUEST;
use crate::run::claim::LEASE;

pub(super) const SECOND_MS: i64 = 1000;
/// Interval of the schedule in `template.yaml`, and the function's timeout.
pub(super) const TICK_MS: i64 = 300 * SECOND_MS;
/// Duration of twenty concurrent conditional writes, with what precedes and follows them: an estimate.
const CLAIM_MS: i64 = 40;

/// Where the accounts that a tick finds are run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Topology {
    /// In the tick's own invocation, this many at once.
    OneInvocation { concurrency: usize },
    /// By this many workers behind a queue, each with one batch of messages at a time.
    FanOut { workers: usize },
}

/// What happens to a due account at a tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    Begins {
        claimed: i64,
        at: i64,
    },
    /// Claimed, but its lease ends before a worker is free: due again then.
    Stale {
        claimed: i64,
    },
    /// The round has no time left to claim this account or any later one: due at the next tick.
    Deferred,
}

/// The slots in which runs take place, over all ticks of the day.
pub(super) struct Capacity {
    topology: Topology,
    free: BinaryHeap<Reverse<i64>>,
    /// Future start times of claimed runs.
    waiting: VecDeque<i64>,
    tick: i64,
    claimed: usize,
}

impl Capacity {
    pub(super) fn new(topology: Topology) -> Self {
        let slots = match topology {
            Topology::OneInvocation { concurrency } => concurrency,
            Topology::FanOut { workers } => workers * MESSAGES_PER_REQUEST,
        };
        let free = (0..slots.max(1)).map(|_| Reverse(i64::MIN)).collect();
        Self { topology, free, waiting: VecDeque::new(), tick: 0, claimed: 0 }
    }

    /// Starts a tick; returns how many claimed accounts still wait for a worker.
    pub(super) fn tick(&mut self, at: i64) -> usize {
        (self.tick, self.claimed) = (at, 0);
        while self.waiting.front().is_some_and(|begins| *begins <= at) {
            self.waiting.pop_front();
        }
        self.waiting.len()
    }

    /// Assigns the next due account. One that begins takes a slot until [`Self::release`].
    pub(super) fn assign(&mut self) -> Slot {
        let chunk = i64::try_from(self.claimed / SECRETS_PER_REQUEST).unwrap_or(i64::MAX / CLAIM_MS - 1);
        let claimed = self.tick + (chunk + 1) * CLAIM_MS;
        let Some(Reverse(free)) = self.free.peek().copied() else { return Slot::Deferred };
        let at = claimed.max(free);
        let last = last_start(time(self.tick), time(self.tick + TICK_MS)).timestamp_millis();
        match self.topology {
            Topology::OneInvocation { .. } if at > last => Slot::Deferred,
            Topology::FanOut { .. } if claimed > last => Slot::Deferred,
            Topology::FanOut { .. } if at >= claimed + LEASE.num_milliseconds() => {
                self.claimed += 1;
                Slot::Stale { claimed }
            }
            topology => {
                self.free.pop();
                self.claimed += 1;
                if matches!(topology, Topology::FanOut { .. }) {
                    self.waiting.push_back(at);
                }
                Slot::Begins { claimed, at }
            }
        }
    }

    /// Frees the slot of the run that was assigned last, at the time when it ends.
    pub(super) fn release(&mut self, at: i64) {
        self.free.push(Reverse(at));
    }

    /// How long the tick's own invocation was busy.
    pub(super) fn busy(&self, last_end: i64) -> i64 {
        let claiming =
            i64::try_from(self.claimed.div_ceil(SECRETS_PER_REQUEST)).unwrap_or(i64::MAX / CLAIM_MS) * CLAIM_MS;
        match self.topology {
            Topology::OneInvocation { .. } => (last_end - self.tick).max(claiming),
            Topology::FanOut { .. } => claiming,
        }
        .max(SECOND_MS / 10)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begun(capacity: &mut Capacity, accounts: usize, duration_ms: i64) -> Vec<Slot> {
        let mut slots = Vec::new();
        for _ in 0..accounts {
            let slot = capacity.assign();
            if let Slot::Begins { at, .. } = slot {
                capacity.release(at + duration_ms);
            }
            slots.push(slot);
        }
        slots
    }

    #[test]
    fn one_invocation_runs_up_to_its_concurrency_and_defers_the_rest() {
        let mut capacity = Capacity::new(Topology::OneInvocation { concurrency: 2 });
        capacity.tick(0);
        let slots = begun(&mut capacity, 60, 10 * SECOND_MS);
        let begun = slots.iter().filter(|slot| matches!(slot, Slot::Begins { .. })).count();
        // Two at once, ten seconds each, for 280 s.
        assert_eq!(begun, 56);
        assert!(slots[begun..].iter().all(|slot| *slot == Slot::Deferred));
        assert_eq!(slots[0], Slot::Begins { claimed: CLAIM_MS, at: CLAIM_MS });
        assert_eq!(slots[2], Slot::Begins { claimed: CLAIM_MS, at: CLAIM_MS + 10 * SECOND_MS });
    }

    #[test]
    fn a_queue_continues_over_ticks_and_claims_that_outlive_their_lease_are_stale() {
        let mut capacity = Capacity::new(Topology::FanOut { workers: 1 });
        capacity.tick(0);
        let slots = begun(&mut capacity, 1000, 10 * SECOND_MS);
        let stale = slots.iter().filter(|slot| matches!(slot, Slot::Stale { .. })).count();
        // Ten at once, ten seconds each, within fifteen minutes.
        assert!((90..=110).contains(&stale), "{stale}");
        let waiting = capacity.tick(TICK_MS);
        assert!((590..=610).contains(&waiting), "{waiting}");
    }
}
