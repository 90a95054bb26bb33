//! The header `Retry-After`: seconds, or a date.

use std::time::Duration;

use chrono::DateTime;
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};

/// A longer wait is a mistake of the service or of a proxy.
const MAX_WAIT: Duration = Duration::from_secs(7 * 86_400);

/// How long to wait. A date counts from the answer's own `Date`.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    parse(text(RETRY_AFTER)?, text(DATE))
}

pub(super) fn parse(value: &str, date: Option<&str>) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse::<f64>() {
        return (seconds.is_finite() && seconds >= 0.0)
            .then(|| Duration::from_secs_f64(seconds.min(MAX_WAIT.as_secs_f64()).ceil()));
    }
    let until = DateTime::parse_from_rfc2822(value).ok()?;
    let from = DateTime::parse_from_rfc2822(date?).ok()?;
    (until - from).to_std().ok().map(|wait| wait.min(MAX_WAIT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_and_dates_are_read_and_nonsense_is_not() {
        let secs = Duration::from_secs;
        assert_eq!(parse("120", None), Some(secs(120)));
        assert_eq!(parse("1.2", None), Some(secs(2)));
        assert_eq!(parse("999999999999", None), Some(MAX_WAIT));
        assert_eq!(parse("Mon, 23 Nov 2026 12:01:00 GMT", Some("Mon, 23 Nov 2026 12:00:00 GMT")), Some(secs(60)));
        for nonsense in ["", "-1", "soon", "NaN", "inf"] {
            assert_eq!(parse(nonsense, Some("Mon, 23 Nov 2026 12:00:00 GMT")), None, "{nonsense}");
        }
    }
}
