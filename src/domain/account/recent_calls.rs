//! Recent calls of an account: what its last runs showed of each operation. Draws avoid operations that were called
//! lately or keep failing.

use std::collections::BTreeMap;

use crate::domain::account::history::CallResult;
use crate::domain::catalogue::Operation;
use crate::domain::hash::fnv1a;

/// Runs after which a successful call is forgotten. Until then, the more recent the call, the lower the weight.
const FORGET_AFTER_RUNS: u16 = 8;

/// Runs after which a failed call is forgotten too.
const FORGET_FAILURE_AFTER_RUNS: u16 = 64;

/// Each failure in a row halves an operation's weight, at most this many times.
const MAX_HALVINGS: u8 = 4;

/// Weight of an operation not called recently.
const MAX_WEIGHT: u64 = 1 << 20;

/// The recent calls of one account. Encoded, a few hundred bytes, however many operations there are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecentCalls {
    /// Number of runs so far, wrapping.
    runs: u16,
    /// By [`mark`].
    seen: BTreeMap<u16, LastCall>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct LastCall {
    /// Number of the run.
    run: u16,
    /// Failures in a row.
    failures: u8,
}

impl RecentCalls {
    /// Whether every draw has the same score.
    pub fn is_empty(&self) -> bool {
        self.seen.is_empty()
    }

    /// Score of a draw: the mean weight of its operations, at most [`MAX_WEIGHT`].
    pub fn score(&self, draw: &[&Operation]) -> u64 {
        let sum: u64 = draw.iter().map(|operation| self.weight(operation)).sum();
        sum.checked_div(draw.len() as u64).unwrap_or(0)
    }

    /// Weight of an operation: lower where it was called lately or keeps failing.
    fn weight(&self, operation: &Operation) -> u64 {
        let Some(seen) = self.seen.get(&mark(operation.id)) else { return MAX_WEIGHT };
        let age = self.runs.wrapping_sub(seen.run).clamp(1, FORGET_AFTER_RUNS);
        (MAX_WEIGHT * u64::from(age) / u64::from(FORGET_AFTER_RUNS)) >> seen.failures.min(MAX_HALVINGS)
    }

    /// Records the calls of a run.
    pub fn record(&mut self, calls: &[CallResult]) {
        for call in calls {
            let seen = self.seen.entry(mark(&call.operation)).or_insert(LastCall { run: 0, failures: 0 });
            seen.run = self.runs;
            seen.failures = if call.ok { 0 } else { seen.failures.saturating_add(1) };
        }
        self.runs = self.runs.wrapping_add(1);
        let now = self.runs;
        self.seen.retain(|_, seen| {
            now.wrapping_sub(seen.run) <= if seen.failures > 0 { FORGET_FAILURE_AFTER_RUNS } else { FORGET_AFTER_RUNS }
        });
    }

    /// The number of runs, then five bytes an operation.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = self.runs.to_le_bytes().to_vec();
        for (mark, seen) in &self.seen {
            bytes.extend(mark.to_le_bytes());
            bytes.extend(seen.run.to_le_bytes());
            bytes.push(seen.failures);
        }
        bytes
    }

    /// `None` where [`RecentCalls::encode`] cannot have written the bytes.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (runs, rest) = bytes.split_first_chunk::<2>()?;
        let (entries, []) = rest.as_chunks::<5>() else { return None };
        let seen = entries
            .iter()
            .map(|[m0, m1, r0, r1, failures]| {
                (u16::from_le_bytes([*m0, *m1]), LastCall { run: u16::from_le_bytes([*r0, *r1]), failures: *failures })
            })
            .collect();
        Some(Self { runs: u16::from_le_bytes(*runs), seen })
    }
}

/// A sixteen-bit hash of an id. Two ids with the same mark share a record, which does no harm.
fn mark(id: &str) -> u16 {
    let hash = fnv1a(id.bytes());
    (hash ^ (hash >> 16) ^ (hash >> 32) ^ (hash >> 48)) as u16
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::catalogue;

    fn operation() -> &'static Operation {
        catalogue::find("user.me.get").unwrap()
    }

    fn call(ok: bool) -> CallResult {
        let status = if ok { 200 } else { 404 };
        CallResult { operation: operation().id.to_owned(), ok, status, error_code: None, request_id: None }
    }

    #[test]
    fn an_operation_gains_weight_with_each_run_that_does_not_call_it() {
        let mut recent = RecentCalls::default();
        let full = recent.weight(operation());
        recent.record(&[call(true)]);
        let mut weights = vec![recent.weight(operation())];
        for _ in 0..FORGET_AFTER_RUNS {
            recent.record(&[]);
            weights.push(recent.weight(operation()));
        }
        assert!(weights.is_sorted() && weights[0] < full / 4, "{weights:?}");
        assert_eq!(weights.last(), Some(&full));
    }

    #[test]
    fn a_failing_operation_loses_weight_and_is_forgotten_in_the_end() {
        let mut recent = RecentCalls::default();
        let full = recent.weight(operation());
        let mut weights = Vec::new();
        for _ in 0..20 {
            recent.record(&[call(false)]);
            weights.push(recent.weight(operation()));
        }
        assert!(weights[0] > weights[3] && *weights.last().unwrap() > 0, "{weights:?}");
        for _ in 0..=FORGET_FAILURE_AFTER_RUNS {
            recent.record(&[]);
        }
        assert_eq!(recent.weight(operation()), full);
    }

    #[test]
    fn one_success_clears_all_failures() {
        let (mut failing, mut recovered) = (RecentCalls::default(), RecentCalls::default());
        failing.record(&[call(false)]);
        recovered.record(&[call(false)]);
        recovered.record(&[call(true)]);
        failing.record(&[]);
        assert!(recovered.weight(operation()) >= failing.weight(operation()));
    }

    #[test]
    fn the_encoded_form_stays_small_and_decodes_to_the_same_calls() {
        let mut recent = RecentCalls::default();
        let all: Vec<_> = catalogue::all().collect();
        for run in 0..70_000_usize {
            let calls: Vec<_> = (0..12)
                .map(|n| CallResult { operation: all[(run * 12 + n) % all.len()].id.to_owned(), ..call(run % 3 > 0) })
                .collect();
            recent.record(&calls);
        }
        let bytes = recent.encode();
        assert!(bytes.len() < 1100, "{}", bytes.len());
        assert_eq!(RecentCalls::decode(&bytes), Some(recent));
        assert_eq!(RecentCalls::decode(&bytes[1..]), None);
        assert_eq!(RecentCalls::decode(&[]), None);
    }
}
