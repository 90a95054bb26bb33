//! The model of capacity: when a due account's run begins, and how long it takes. All times are milliseconds.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use super::account_store::time;
use crate::round::SECRETS_PER_REQUEST;
use crate::round::claims::last_start;
use crate::round::fan_out::MESSAGES_PER_REQUEST;
use crate::run::claim::LEASE;

pub const SECOND: i64 = 1000;
/// The schedule of `template.yaml`, and the function's own limit.
pub const TICK: i64 = 300 * SECOND;
/// Twenty conditional writes side by side, with what goes before and after them: an estimate.
const CLAIM: i64 = 40;

/// Who runs what a tick finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topology {
    /// The tick's own invocation, so many at once.
    OneInvocation { concurrency: usize },
    /// So many workers behind a queue, each with one batch of messages at a time.
    FanOut { workers: usize },
}

/// What becomes of a due account at a tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    Begins {
        claimed: i64,
        at: i64,
    },
    /// Claimed, but its lease ends before a worker is free: due again then.
    Stale {
        claimed: i64,
    },
    /// The round has no time left to claim it, or any after it: due at the next tick.
    Deferred,
}

/// The places in which runs go on, over all ticks of the day.
pub struct Capacity {
    form: Topology,
    free: BinaryHeap<Reverse<i64>>,
    /// Beginnings to come of what is claimed.
    waiting: VecDeque<i64>,
    tick: i64,
    claimed: usize,
}

impl Capacity {
    pub fn new(form: Topology) -> Self {
        let places = match form {
            Topology::OneInvocation { concurrency } => concurrency,
            Topology::FanOut { workers } => workers * MESSAGES_PER_REQUEST,
        };
        let free = (0..places.max(1)).map(|_| Reverse(i64::MIN)).collect();
        Self { form, free, waiting: VecDeque::new(), tick: 0, claimed: 0 }
    }

    /// A tick begins; tells how many claimed accounts still wait for a worker.
    pub fn tick(&mut self, at: i64) -> usize {
        (self.tick, self.claimed) = (at, 0);
        while self.waiting.front().is_some_and(|begins| *begins <= at) {
            self.waiting.pop_front();
        }
        self.waiting.len()
    }

    /// Where the next due account goes. One that begins takes a place until [`Self::ends`].
    pub fn place(&mut self) -> Slot {
        let chunk = i64::try_from(self.claimed / SECRETS_PER_REQUEST).unwrap_or(i64::MAX / CLAIM - 1);
        let claimed = self.tick + (chunk + 1) * CLAIM;
        let Some(Reverse(free)) = self.free.peek().copied() else { return Slot::Deferred };
        let at = claimed.max(free);
        let last = last_start(time(self.tick), time(self.tick + TICK)).timestamp_millis();
        match self.form {
            Topology::OneInvocation { .. } if at > last => Slot::Deferred,
            Topology::FanOut { .. } if claimed > last => Slot::Deferred,
            Topology::FanOut { .. } if at >= claimed + LEASE.num_milliseconds() => {
                self.claimed += 1;
                Slot::Stale { claimed }
            }
            form => {
                self.free.pop();
                self.claimed += 1;
                if matches!(form, Topology::FanOut { .. }) {
                    self.waiting.push_back(at);
                }
                Slot::Begins { claimed, at }
            }
        }
    }

    /// The run that was placed last ends then.
    pub fn ends(&mut self, at: i64) {
        self.free.push(Reverse(at));
    }

    /// The time that the tick's own invocation was busy.
    pub fn busy(&self, last_end: i64) -> i64 {
        let claiming = i64::try_from(self.claimed.div_ceil(SECRETS_PER_REQUEST)).unwrap_or(i64::MAX / CLAIM) * CLAIM;
        match self.form {
            Topology::OneInvocation { .. } => (last_end - self.tick).max(claiming),
            Topology::FanOut { .. } => claiming,
        }
        .max(SECOND / 10)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begun(capacity: &mut Capacity, accounts: usize, takes: i64) -> Vec<Slot> {
        let mut places = Vec::new();
        for _ in 0..accounts {
            let place = capacity.place();
            if let Slot::Begins { at, .. } = place {
                capacity.ends(at + takes);
            }
            places.push(place);
        }
        places
    }

    #[test]
    fn one_invocation_runs_as_many_at_once_as_it_may_and_defers_what_does_not_fit() {
        let mut capacity = Capacity::new(Topology::OneInvocation { concurrency: 2 });
        capacity.tick(0);
        let places = begun(&mut capacity, 60, 10 * SECOND);
        let begun = places.iter().filter(|place| matches!(place, Slot::Begins { .. })).count();
        // Two at once, ten seconds each, until 280 s are over.
        assert_eq!(begun, 56);
        assert!(places[begun..].iter().all(|place| *place == Slot::Deferred));
        assert_eq!(places[0], Slot::Begins { claimed: CLAIM, at: CLAIM });
        assert_eq!(places[2], Slot::Begins { claimed: CLAIM, at: CLAIM + 10 * SECOND });
    }

    #[test]
    fn a_queue_goes_on_over_ticks_and_what_waits_longer_than_its_lease_is_due_again() {
        let mut capacity = Capacity::new(Topology::FanOut { workers: 1 });
        capacity.tick(0);
        let places = begun(&mut capacity, 1000, 10 * SECOND);
        let stale = places.iter().filter(|place| matches!(place, Slot::Stale { .. })).count();
        // Ten at once, ten seconds each, within fifteen minutes.
        assert!((90..=110).contains(&stale), "{stale}");
        let waiting = capacity.tick(TICK);
        assert!((590..=610).contains(&waiting), "{waiting}");
    }
}
