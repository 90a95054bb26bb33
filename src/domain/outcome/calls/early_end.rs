//! Why a run ends before its plan does.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::outcome::Outcome;

/// The longest wait that a service can ask for; one that asks for more is called again after this, and a person is told.
const MAX_RETRY_AFTER: TimeDelta = TimeDelta::days(1);

/// A wait that was asked for, at most [`MAX_RETRY_AFTER`], and whether it was longer.
pub(crate) fn capped_wait(asked: Duration) -> (TimeDelta, bool) {
    let asked = TimeDelta::from_std(asked).unwrap_or(TimeDelta::MAX);
    (asked.min(MAX_RETRY_AFTER), asked > MAX_RETRY_AFTER)
}

/// Why a run ended before its plan did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum EarlyEnd {
    /// `longer`: Graph asked for more than [`MAX_RETRY_AFTER`].
    Throttled {
        until: DateTime<Utc>,
        longer: bool,
    },
    /// The token was refused for whole batches, and so was the next one.
    Unauthorized,
    /// A new token could not be obtained.
    Token(Outcome),
    Transient {
        why: String,
    },
}

impl EarlyEnd {
    /// Whether no token works any more.
    pub(crate) const fn without_token(&self) -> bool {
        matches!(self, Self::Unauthorized | Self::Token(_))
    }

    /// Of two ends, the one that counts: the first, but for a refused token, and for a longer wait.
    pub(crate) fn merge(first: Option<Self>, second: Self) -> Self {
        match (first, second) {
            (None, second) => second,
            (Some(_), second) if second.without_token() => second,
            (Some(Self::Throttled { until: a, longer: x }), Self::Throttled { until: b, longer: y }) => {
                Self::Throttled { until: a.max(b), longer: x || y }
            }
            (Some(first), _) => first,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_of_more_than_a_day_is_a_day_and_is_noticed() {
        for (seconds, capped, longer) in
            [(0, 0, false), (86_400, 86_400, false), (86_401, 86_400, true), (u64::MAX, 86_400, true)]
        {
            assert_eq!(capped_wait(Duration::from_secs(seconds)), (TimeDelta::seconds(capped), longer), "{seconds}");
        }
    }
}
