//! Gates: until when a tenant must not be called, because it asked to wait.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};

/// Shared by all accounts of a process: two accounts of one tenant are throttled together.
#[derive(Default)]
pub struct Gates {
    closed: Mutex<HashMap<String, DateTime<Utc>>>,
}

/// Gates that are long open are forgotten beyond this many.
const MANY: usize = 1024;

impl Gates {
    /// Nothing passes before `until`. A gate never opens earlier than it was told before.
    pub fn close(&self, gate: &str, until: DateTime<Utc>, now: DateTime<Utc>) {
        let mut closed = self.closed.lock().unwrap_or_else(PoisonError::into_inner);
        if closed.len() >= MANY {
            closed.retain(|_, until| *until > now);
        }
        closed.entry(gate.to_owned()).and_modify(|old| *old = until.max(*old)).or_insert(until);
    }

    /// When the gate opens, if it is closed at `now`.
    pub fn opens_at(&self, gate: &str, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let closed = self.closed.lock().unwrap_or_else(PoisonError::into_inner);
        closed.get(gate).copied().filter(|until| *until > now)
    }
}

#[cfg(test)]
mod tests {
    use chrono::Duration;

    use super::*;

    #[test]
    fn a_gate_stays_closed_until_the_latest_time_that_was_named() {
        let now: DateTime<Utc> = "2026-03-02T10:00:00Z".parse().unwrap();
        let gates = Gates::default();
        gates.close("a", now + Duration::seconds(60), now);
        gates.close("a", now + Duration::seconds(10), now);
        assert_eq!(gates.opens_at("a", now), Some(now + Duration::seconds(60)));
        assert_eq!(gates.opens_at("a", now + Duration::seconds(60)), None);
        assert_eq!(gates.opens_at("b", now), None);
    }

    #[test]
    fn gates_that_are_open_again_are_forgotten() {
        let now: DateTime<Utc> = "2026-03-02T10:00:00Z".parse().unwrap();
        let gates = Gates::default();
        for number in 0..5000 {
            gates.close(&number.to_string(), now, now);
        }
        assert!(gates.closed.lock().unwrap().len() <= MANY);
    }
}
