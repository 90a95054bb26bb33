//! Throttling windows, and the requests that disregard them.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};

/// The shortest interval between two runs: later, the same request belongs to another run.
const FORGET_AFTER: TimeDelta = TimeDelta::seconds(500);

#[derive(Default)]
pub(crate) struct Throttles {
    /// Scope (`login` or `graph` and the tenant) to the end of its window.
    until: HashMap<String, DateTime<Utc>>,
    /// Requests refused with 429: how often each was sent, and until when that counts.
    refused: HashMap<String, (u32, DateTime<Utc>)>,
}

impl Throttles {
    pub(crate) fn open(&mut self, scope: &str, until: DateTime<Utc>) {
        let held = self.until.entry(scope.to_owned()).or_insert(until);
        *held = (*held).max(until);
    }

    /// Seconds left of the scope's window.
    pub(crate) fn remaining(&self, scope: &str, now: DateTime<Utc>) -> Option<i64> {
        let left = *self.until.get(scope)? - now;
        (left > TimeDelta::zero()).then(|| (left.num_milliseconds() + 999) / 1000)
    }

    /// Records a 429 for this request.
    pub(crate) fn refuse(&mut self, request: &str, now: DateTime<Utc>, retry_after: Option<i64>) {
        let until = now + TimeDelta::seconds(retry_after.unwrap_or(0)) + FORGET_AFTER;
        let held = self.refused.entry(request.to_owned()).or_insert((0, until));
        *held = if held.1 < now { (1, until) } else { (held.0 + 1, held.1.max(until)) };
    }

    pub(crate) fn accept(&mut self, request: &str) {
        self.refused.remove(request);
    }

    /// Whether this request was already resent within its throttle.
    pub(crate) fn spent(&self, request: &str, now: DateTime<Utc>) -> bool {
        self.refused.get(request).is_some_and(|(sent, until)| *sent >= 2 && *until >= now)
    }
}
