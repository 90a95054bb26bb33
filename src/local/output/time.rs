//! Times and durations in words.

use chrono::{DateTime, Datelike, TimeDelta, Utc};

use crate::local::output::style::Style;

/// A time: `today 18:27`, `tomorrow 09:00`, `27 Nov 09:00`, `15 Jan 2027`; in a pipe RFC 3339.
pub(crate) fn moment(style: &Style, at: DateTime<Utc>) -> String {
    if !style.on_terminal() {
        return rfc3339(at);
    }
    let (local, now) = (style.local(at), style.local(style.now));
    match (local.date() - now.date()).num_days() {
        0 => local.format("today %H:%M").to_string(),
        1 => local.format("tomorrow %H:%M").to_string(),
        -1 => local.format("yesterday %H:%M").to_string(),
        _ if local.year() == now.year() => local.format("%-d %b %H:%M").to_string(),
        _ => local.format("%-d %b %Y").to_string(),
    }
}

/// A future time with how far away it is: `today 18:27 (3 h)`.
pub(crate) fn upcoming(style: &Style, at: DateTime<Utc>) -> String {
    match at - style.now {
        _ if !style.on_terminal() => moment(style, at),
        left if left <= TimeDelta::zero() => "now".to_owned(),
        left => format!("{} ({})", moment(style, at), rough(left)),
    }
}

/// The time of day of a line: `17:03`.
pub(crate) fn clock(style: &Style, at: DateTime<Utc>) -> String {
    if style.on_terminal() { style.local(at).format("%H:%M").to_string() } else { rfc3339(at) }
}

/// A day: `15 Jan 2027`.
pub(crate) fn day(style: &Style, at: DateTime<Utc>) -> String {
    style.local(at).format("%-d %b %Y").to_string()
}

pub(crate) fn rfc3339(at: DateTime<Utc>) -> String {
    at.format("%FT%TZ").to_string()
}

/// The whole days left: `50 days`, `1 day`, `ended`.
pub(crate) fn days_left(style: &Style, end: DateTime<Utc>) -> String {
    match (end - style.now).num_days() {
        _ if end <= style.now => "ended".to_owned(),
        1 => "1 day".to_owned(),
        days => format!("{days} days"),
    }
}

/// A duration in its largest unit: `40 s`, `12 min`, `3 h`, `2 days`.
pub(crate) fn rough(duration: TimeDelta) -> String {
    match duration.num_seconds().max(0) {
        seconds @ 0..90 => format!("{seconds} s"),
        seconds @ 90..5_400 => format!("{} min", (seconds + 30) / 60),
        seconds @ 5_400..129_600 => format!("{} h", (seconds + 1_800) / 3_600),
        seconds => format!("{} days", (seconds + 43_200) / 86_400),
    }
}

/// A run's duration: `3.2 s`, `2 min`.
pub(crate) fn elapsed(duration: TimeDelta) -> String {
    match duration.num_milliseconds().max(0) {
        milliseconds @ 0..60_000 => {
            let tenths = (milliseconds + 50) / 100;
            format!("{}.{} s", tenths / 10, tenths % 10)
        }
        _ => rough(duration),
    }
}

#[cfg(test)]
mod tests {
    use chrono::FixedOffset;

    use super::*;
    use crate::local::output::style::Zone;

    #[test]
    fn times_are_local_and_in_words_on_a_terminal_and_rfc_3339_in_a_pipe() {
        let now: DateTime<Utc> = "2026-11-25T15:30:00Z".parse().unwrap();
        let shanghai = Zone::Fixed(FixedOffset::east_opt(8 * 3600).unwrap());
        let style = Style { width: Some(80), colour: false, zone: shanghai, now };
        for (at, shown) in [
            ("2026-11-25T13:00:00Z", "today 21:00"),
            ("2026-11-25T18:27:00Z", "tomorrow 02:27"),
            ("2026-11-24T15:00:00Z", "yesterday 23:00"),
            ("2026-12-01T01:00:00Z", "1 Dec 09:00"),
            ("2027-01-15T01:00:00Z", "15 Jan 2027"),
        ] {
            assert_eq!(moment(&style, at.parse().unwrap()), shown);
        }
        assert_eq!(upcoming(&style, now + TimeDelta::minutes(177)), "tomorrow 02:27 (3 h)");
        assert_eq!(moment(&Style { width: None, ..style }, now), "2026-11-25T15:30:00Z");
    }

    #[test]
    fn durations_have_one_unit() {
        let shown = [5, 89, 90, 3_600, 5_400, 129_600].map(|seconds| rough(TimeDelta::seconds(seconds)));
        assert_eq!(shown, ["5 s", "89 s", "2 min", "60 min", "2 h", "2 days"]);
        assert_eq!(elapsed(TimeDelta::milliseconds(3_249)), "3.2 s");
        assert_eq!(elapsed(TimeDelta::seconds(120)), "2 min");
    }
}
