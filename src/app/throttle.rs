//! Gates: until when a tenant must not be called, because it asked to wait.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

/// Shared by all accounts of a process: two accounts of one tenant are throttled together.
#[derive(Default)]
pub struct Throttle {
    closed: Mutex<HashMap<String, Gate>>,
}

#[derive(Clone, Copy)]
struct Gate {
    until: DateTime<Utc>,
    /// The last wait of our own choosing, to be doubled.
    backoff: TimeDelta,
}

/// A wait of our own choosing is doubled up to this.
const LONGEST_BACKOFF: TimeDelta = TimeDelta::minutes(10);

/// Gates that are long open are forgotten beyond this many.
const MANY: usize = 1024;

impl Throttle {
    /// Nothing passes before `until`. A gate never opens earlier than it was told before.
    pub fn block_until(&self, gate: &str, until: DateTime<Utc>, now: DateTime<Utc>) {
        self.change(gate, now, |gate| gate.until = gate.until.max(until));
    }

    /// Nothing passes for `first`, or for twice as long as the last time where that is not long ago.
    pub fn back_off(&self, gate: &str, first: TimeDelta, now: DateTime<Utc>) {
        self.change(gate, now, |gate| {
            // Several refusals of one moment are one.
            if gate.until > now {
                return;
            }
            let again = gate.backoff > TimeDelta::zero() && now - gate.until < gate.backoff * 4;
            gate.backoff = if again { (gate.backoff * 2).min(LONGEST_BACKOFF) } else { first };
            gate.until = now + gate.backoff;
        });
    }

    fn change(&self, gate: &str, now: DateTime<Utc>, change: impl FnOnce(&mut Gate)) {
        let mut closed = self.closed.lock().unwrap_or_else(PoisonError::into_inner);
        if closed.len() >= MANY {
            closed.retain(|_, gate| gate.until + gate.backoff * 4 > now);
        }
        let open = Gate { until: DateTime::<Utc>::MIN_UTC, backoff: TimeDelta::zero() };
        change(closed.entry(gate.to_owned()).or_insert(open));
    }

    /// When the gate opens, if it is closed at `now`.
    pub fn blocked_until(&self, gate: &str, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let closed = self.closed.lock().unwrap_or_else(PoisonError::into_inner);
        closed.get(gate).map(|gate| gate.until).filter(|until| *until > now)
    }
}

#[cfg(test)]
mod tests {
    use chrono::Duration;

    use super::*;

    #[test]
    fn a_gate_stays_closed_until_the_latest_time_that_was_named() {
        let now: DateTime<Utc> = "2026-03-02T10:00:00Z".parse().unwrap();
        let throttle = Throttle::default();
        throttle.block_until("a", now + Duration::seconds(60), now);
        throttle.block_until("a", now + Duration::seconds(10), now);
        assert_eq!(throttle.blocked_until("a", now), Some(now + Duration::seconds(60)));
        assert_eq!(throttle.blocked_until("a", now + Duration::seconds(60)), None);
        assert_eq!(throttle.blocked_until("b", now), None);
    }

    #[test]
    fn a_wait_of_our_own_doubles_while_the_refusals_go_on_and_is_forgotten_after() {
        let mut now: DateTime<Utc> = "2026-03-02T10:00:00Z".parse().unwrap();
        let throttle = Throttle::default();
        let mut waits = Vec::new();
        for _ in 0..10 {
            throttle.back_off("a", Duration::seconds(4), now);
            throttle.back_off("a", Duration::seconds(4), now);
            let until = throttle.blocked_until("a", now).unwrap();
            waits.push((until - now).num_seconds());
            now = until + Duration::seconds(1);
        }
        assert_eq!(waits, [4, 8, 16, 32, 64, 128, 256, 512, 600, 600]);
        now += Duration::hours(1);
        throttle.back_off("a", Duration::seconds(4), now);
        assert_eq!(throttle.blocked_until("a", now), Some(now + Duration::seconds(4)));
    }

    #[test]
    fn gates_that_are_open_again_are_forgotten() {
        let now: DateTime<Utc> = "2026-03-02T10:00:00Z".parse().unwrap();
        let throttle = Throttle::default();
        for number in 0..5000 {
            throttle.block_until(&number.to_string(), now, now);
        }
        assert!(throttle.closed.lock().unwrap().len() <= MANY);
    }
}
