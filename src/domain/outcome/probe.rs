//! Pause: how often an account that is set aside is probed.

use chrono::{DateTime, TimeDelta, Utc};

/// Days of daily probes, after those at 6 and 12 hours.
const DAILY_PROBES: u32 = 14;

/// When to probe next, after so many probes that failed; `None` when there were enough. From then on only
/// a changed secret or a person resumes the account.
pub(crate) fn next_probe(probes: u32, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let hours = match probes {
        0 => 6,
        1 => 12,
        n if n < 2 + DAILY_PROBES => 24,
        _ => return None,
    };
    Some(now + TimeDelta::hours(hours))
}
