//! Habits: what an account's recent runs have shown of each operation, so that draws vary and failures fade.

use std::collections::BTreeMap;

use crate::domain::account::history::CallResult;
use crate::domain::catalogue::Operation;
use crate::domain::hash::fnv1a;

/// Runs for which a call is remembered: until then its operation is drawn the less, the fresher it is.
const FRESH: u16 = 8;

/// Runs after which also a failing operation has its full chance again.
const FORGIVEN: u16 = 64;

/// A failing operation's chance is halved with each failure in a row, so many times at most.
const HALVINGS: u8 = 4;

/// How welcome an operation is that was not seen lately.
const FULL: u64 = 1 << 20;

/// The memory of one account: a few hundred bytes however many operations there are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecentCalls {
    runs: u16,
    seen: BTreeMap<u16, Seen>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Seen {
    run: u16,
    failures: u8,
}

impl RecentCalls {
    /// Whether any draw is as welcome as any other.
    pub fn is_empty(&self) -> bool {
        self.seen.is_empty()
    }

    /// How welcome a draw is: the mean of its operations', [`FULL`] where none was seen lately and none fails.
    pub fn score(&self, draw: &[&Operation]) -> u64 {
        let sum: u64 = draw.iter().map(|operation| self.weight(operation)).sum();
        sum.checked_div(draw.len() as u64).unwrap_or(0)
    }

    /// How welcome an operation is: less where it was called lately or keeps failing.
    fn weight(&self, operation: &Operation) -> u64 {
        let Some(seen) = self.seen.get(&mark(operation.id)) else { return FULL };
        let age = self.runs.wrapping_sub(seen.run).clamp(1, FRESH);
        (FULL * u64::from(age) / u64::from(FRESH)) >> seen.failures.min(HALVINGS)
    }

    /// Takes note of a run's calls.
    pub fn record(&mut self, calls: &[CallResult]) {
        for call in calls {
            let seen = self.seen.entry(mark(&call.operation)).or_insert(Seen { run: 0, failures: 0 });
            seen.run = self.runs;
            seen.failures = if call.ok { 0 } else { seen.failures.saturating_add(1) };
        }
        self.runs = self.runs.wrapping_add(1);
        let now = self.runs;
        self.seen.retain(|_, seen| now.wrapping_sub(seen.run) <= if seen.failures > 0 { FORGIVEN } else { FRESH });
    }

    /// The run's number, then five bytes an operation.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = self.runs.to_le_bytes().to_vec();
        for (mark, seen) in &self.seen {
            bytes.extend(mark.to_le_bytes());
            bytes.extend(seen.run.to_le_bytes());
            bytes.push(seen.failures);
        }
        bytes
    }

    /// `None` for bytes that [`RecentCalls::encode`] does not make.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (runs, rest) = bytes.split_first_chunk::<2>()?;
        let (entries, []) = rest.as_chunks::<5>() else { return None };
        let seen = entries
            .iter()
            .map(|[m0, m1, r0, r1, failures]| {
                (u16::from_le_bytes([*m0, *m1]), Seen { run: u16::from_le_bytes([*r0, *r1]), failures: *failures })
            })
            .collect();
        Some(Self { runs: u16::from_le_bytes(*runs), seen })
    }
}

/// Sixteen bits of an id: where two fall together, they share a memory, which does no harm.
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
    fn what_is_unseen_for_long_is_drawn_more() {
        let mut habits = RecentCalls::default();
        let full = habits.weight(operation());
        habits.record(&[call(true)]);
        let mut weights = vec![habits.weight(operation())];
        for _ in 0..FRESH {
            habits.record(&[]);
            weights.push(habits.weight(operation()));
        }
        assert!(weights.is_sorted() && weights[0] < full / 4, "{weights:?}");
        assert_eq!(weights.last(), Some(&full));
    }

    #[test]
    fn what_keeps_failing_is_drawn_less_and_is_forgiven_at_last() {
        let mut habits = RecentCalls::default();
        let full = habits.weight(operation());
        let mut weights = Vec::new();
        for _ in 0..20 {
            habits.record(&[call(false)]);
            weights.push(habits.weight(operation()));
        }
        assert!(weights[0] > weights[3] && *weights.last().unwrap() > 0, "{weights:?}");
        for _ in 0..=FORGIVEN {
            habits.record(&[]);
        }
        assert_eq!(habits.weight(operation()), full);
    }

    #[test]
    fn one_success_forgives_all_failures() {
        let (mut failed, mut healed) = (RecentCalls::default(), RecentCalls::default());
        failed.record(&[call(false)]);
        healed.record(&[call(false)]);
        healed.record(&[call(true)]);
        failed.record(&[]);
        assert!(healed.weight(operation()) >= failed.weight(operation()));
    }

    #[test]
    fn the_memory_stays_small_and_reads_back_as_it_was_written() {
        let mut habits = RecentCalls::default();
        let all: Vec<_> = catalogue::all().collect();
        for run in 0..70_000_usize {
            let calls: Vec<_> = (0..12)
                .map(|n| CallResult { operation: all[(run * 12 + n) % all.len()].id.to_owned(), ..call(run % 3 > 0) })
                .collect();
            habits.record(&calls);
        }
        let bytes = habits.encode();
        assert!(bytes.len() < 1100, "{}", bytes.len());
        assert_eq!(RecentCalls::decode(&bytes), Some(habits));
        assert_eq!(RecentCalls::decode(&bytes[1..]), None);
        assert_eq!(RecentCalls::decode(&[]), None);
    }
}
