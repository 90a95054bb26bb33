//! Working hours and days, in the policy's time zone, across daylight-saving changes.

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, TimeDelta, Timelike, Utc, Weekday};
use serde::{Serialize, Serializer};
use thiserror::Error;

use crate::domain::fields::{FieldError, Fields};
use crate::domain::policy::time_zone::TimeZone;
use crate::domain::suggest;

const DAY_MINUTES: u32 = 24 * 60;

/// Hours of the local day, in minutes after midnight: `from` included, `to` excluded. `from` at or after `to` spans
/// midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkingHours {
    from: u32,
    to: u32,
}

impl WorkingHours {
    pub const FIELDS: &[&str] = &["from", "to"];
    pub const EXAMPLE: &str = r#"{"from": "09:00", "to": "18:30"}"#;
    pub const ALL_DAY: Self = Self { from: 0, to: DAY_MINUTES };

    /// These hours with the given ends in place of their own.
    pub fn with_overrides(self, mut fields: Fields) -> Result<Self, FieldError> {
        let mut minutes = |field: &str, last: u32, default: u32| -> Result<u32, FieldError> {
            let Some(text) = fields.string(field)? else { return Ok(default) };
            parse_time(&text).filter(|minutes| *minutes <= last).ok_or_else(|| {
                let meant = meant_time(&text).filter(|minutes| *minutes <= last);
                let hint = meant.map(|minutes| format!(": write {}", clock(minutes))).unwrap_or_default();
                let latest = if last == DAY_MINUTES { "24:00" } else { "23:59" };
                fields.error(field, format!("must be HH:MM up to {latest}{hint}"))
            })
        };
        let hours =
            Self { from: minutes("from", DAY_MINUTES - 1, self.from)?, to: minutes("to", DAY_MINUTES, self.to)? };
        Ok(hours)
    }

    fn spans_midnight(self) -> bool {
        self.from >= self.to
    }
}

fn parse_time(text: &str) -> Option<u32> {
    let (hours, minutes) = text.split_once(':')?;
    let two = |part: &str| (part.len() == 2).then(|| part.bytes().all(|b| b.is_ascii_digit())).filter(|ok| *ok);
    two(hours)?;
    two(minutes)?;
    let (hours, minutes) = (hours.parse::<u32>().ok()?, minutes.parse::<u32>().ok()?);
    (minutes < 60 && hours * 60 + minutes <= DAY_MINUTES).then_some(hours * 60 + minutes)
}

/// A time as people write it in other forms: `9:00`, `9`, `0900`, `9.30`, `09:00:00`, `9 am`, `6:30 PM`.
fn meant_time(text: &str) -> Option<u32> {
    let text = text.to_ascii_lowercase().replace(' ', "");
    let (text, afternoon) = match (text.strip_suffix("am"), text.strip_suffix("pm")) {
        (Some(text), _) => (text, Some(false)),
        (_, Some(text)) => (text, Some(true)),
        _ => (text.as_str(), None),
    };
    let mut parts = text.split([':', '.', '：', 'h']);
    let (hours, minutes) =
        match (parts.next()?, parts.next().filter(|part| !part.is_empty()), parts.next(), parts.next()) {
            (digits, None, None, None) if digits.len() == 4 => digits.split_at_checked(2)?,
            (hours, minutes, None | Some("00"), None) => (hours, minutes.unwrap_or("0")),
            _ => return None,
        };
    let number = |part: &str| part.bytes().all(|b| b.is_ascii_digit()).then(|| part.parse::<u32>().ok()).flatten();
    let hours = match (number(hours)?, afternoon) {
        (hours, None) => hours,
        (12, Some(afternoon)) => {
            if afternoon {
                12
            } else {
                0
            }
        }
        (hours @ 1..12, Some(afternoon)) => hours + if afternoon { 12 } else { 0 },
        _ => return None,
    };
    let minutes = number(minutes).filter(|minutes| *minutes < 60)?;
    Some(hours.checked_mul(60)? + minutes)
}

fn clock(minutes: u32) -> String {
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

impl Serialize for WorkingHours {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Shape {
            from: String,
            to: String,
        }
        Shape { from: clock(self.from), to: clock(self.to) }.serialize(serializer)
    }
}

/// Days of the week on which a window may begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkingDays(u8);

const DAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Mon),
    ("tue", Weekday::Tue),
    ("wed", Weekday::Wed),
    ("thu", Weekday::Thu),
    ("fri", Weekday::Fri),
    ("sat", Weekday::Sat),
    ("sun", Weekday::Sun),
];

/// Why a list of days is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum DayError {
    #[error("must name at least one of mon, tue, wed, thu, fri, sat, sun")]
    Empty,
    #[error("names a day that is not known: the days are mon, tue, wed, thu, fri, sat, sun")]
    Unknown,
    #[error("names a day that is not known: write `{0}`; the days are mon, tue, wed, thu, fri, sat, sun")]
    LongName(&'static str),
}

/// The day that a name means: `Monday`, `Montag`, `周一`, `星期一`, or a misspelt one.
fn meant_day(name: &str) -> Option<&'static str> {
    const OTHERS: [(&str, usize); 26] = [
        ("monday", 0),
        ("tuesday", 1),
        ("wednesday", 2),
        ("thursday", 3),
        ("friday", 4),
        ("saturday", 5),
        ("sunday", 6),
        ("周一", 0),
        ("周二", 1),
        ("周三", 2),
        ("周四", 3),
        ("周五", 4),
        ("周六", 5),
        ("周日", 6),
        ("星期一", 0),
        ("星期二", 1),
        ("星期三", 2),
        ("星期四", 3),
        ("星期五", 4),
        ("星期六", 5),
        ("星期日", 6),
        ("星期天", 6),
        ("tues", 1),
        ("weds", 2),
        ("thur", 3),
        ("thurs", 3),
    ];
    let near = suggest::nearest(name, OTHERS.iter().map(|(other, _)| *other))?;
    OTHERS.iter().find(|(other, _)| *other == near).map(|(_, day)| DAYS[*day].0)
}

impl WorkingDays {
    pub const ALL: Self = Self(0b111_1111);

    /// # Errors
    /// An empty list, or a name that is not a day, in words that follow the field's name.
    pub fn parse(names: &[String]) -> Result<Self, DayError> {
        let mut days = 0;
        for name in names {
            let found = DAYS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
            let (_, day) = found.ok_or_else(|| meant_day(name).map_or(DayError::Unknown, DayError::LongName))?;
            days |= 1 << day.num_days_from_monday();
        }
        if days == 0 { Err(DayError::Empty) } else { Ok(Self(days)) }
    }

    pub fn contains(self, day: Weekday) -> bool {
        self.0 & (1 << day.num_days_from_monday()) != 0
    }
}

impl Serialize for WorkingDays {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(DAYS.iter().filter(|(_, day)| self.contains(*day)).map(|(name, _)| name))
    }
}

/// When an account may be called: hours and days of one time zone.
#[derive(Clone, Copy, Debug)]
pub(super) struct WorkingWindow {
    pub timezone: TimeZone,
    pub hours: WorkingHours,
    pub days: WorkingDays,
}

impl WorkingWindow {
    /// Whether the local clock shows working hours at `at`. The early part of a window that spans midnight belongs to the
    /// day before.
    pub(super) fn contains(&self, at: DateTime<Utc>) -> bool {
        let local = self.timezone.local(at);
        let minute = local.hour() * 60 + local.minute();
        let (today, yesterday) = (local.weekday(), local.weekday().pred());
        let WorkingHours { from, to } = self.hours;
        if self.hours.spans_midnight() {
            (minute >= from && self.days.contains(today)) || (minute < to && self.days.contains(yesterday))
        } else {
            (from..to).contains(&minute) && self.days.contains(today)
        }
    }

    /// The first window that begins after `at`, as instants `start..end`. Around a daylight-saving change, parts of it may
    /// lie outside working hours ([`WorkingWindow::contains`] decides).
    pub(super) fn next_window(&self, at: DateTime<Utc>) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
        let today = self.timezone.local(at).date();
        // Two weeks: the only window of a week may fall into the hour that spring skips.
        (0..=15)
            .filter_map(|ahead| self.window_on(today.checked_add_days(Days::new(ahead))?))
            .find(|(start, _)| *start > at)
    }

    fn window_on(&self, date: NaiveDate) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
        if !self.days.contains(date.weekday()) {
            return None;
        }
        let start = self.instant(date, self.hours.from)?.0;
        let last_day = if self.hours.spans_midnight() { date.succ_opt()? } else { date };
        let end = self.instant(last_day, self.hours.to)?.1;
        (start < end).then_some((start, end))
    }

    /// The first and the last instant at which the local clock shows the minute: two where autumn repeats it; the first
    /// instant after the gap, twice, where spring skips it.
    fn instant(&self, date: NaiveDate, minute: u32) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
        let (date, minute) = if minute == DAY_MINUTES { (date.succ_opt()?, 0) } else { (date, minute) };
        let mut local = date.and_time(NaiveTime::from_num_seconds_from_midnight_opt(minute * 60, 0)?);
        // Gaps are an hour or less nearly everywhere; a day where an island crosses the date line.
        for _ in 0..=DAY_MINUTES {
            match self.timezone.instants(local) {
                chrono::LocalResult::Single(at) => return Some((at, at)),
                chrono::LocalResult::Ambiguous(first, last) => return Some((first, last)),
                chrono::LocalResult::None => local += TimeDelta::minutes(1),
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_time_in_another_form_is_recognised() {
        for (text, time) in [
            ("9:00", "09:00"),
            ("9", "09:00"),
            ("0900", "09:00"),
            ("9.30", "09:30"),
            ("9：30", "09:30"),
            ("18h30", "18:30"),
            ("09:00:00", "09:00"),
            ("9 am", "09:00"),
            ("12am", "00:00"),
            ("12:15 PM", "12:15"),
            ("6:30 PM", "18:30"),
        ] {
            assert_eq!(meant_time(text).map(clock).as_deref(), Some(time), "{text}");
        }
        for text in ["", "9h30m", "noon", "9:60", "13 pm", ":", "1:2:3", "9:00:01", "é9:0"] {
            assert_eq!(meant_time(text), None, "{text}");
        }
    }

    #[test]
    fn a_day_in_another_form_is_recognised() {
        for (name, day) in [("Monday", "mon"), ("SUNDAY", "sun"), ("wensday", "wed"), ("周五", "fri"), ("Tues", "tue")]
        {
            assert_eq!(WorkingDays::parse(&[name.to_owned()]), Err(DayError::LongName(day)), "{name}");
        }
        assert_eq!(WorkingDays::parse(&["MON".to_owned(), "holiday!".to_owned()]), Err(DayError::Unknown));
        assert_eq!(WorkingDays::parse(&[]), Err(DayError::Empty));
    }

    proptest! {
        #[test]
        fn every_minute_parses_from_its_own_text(minutes in 0_u32..=DAY_MINUTES) {
            prop_assert_eq!(parse_time(&clock(minutes)), Some(minutes));
            prop_assert_eq!(meant_time(&clock(minutes)), Some(minutes));
        }

        #[test]
        fn any_text_is_a_time_or_none(text in "\\PC{0,12}|[0-9:.h apm]{0,9}") {
            prop_assert!(parse_time(&text).is_none_or(|minutes| minutes <= DAY_MINUTES));
            prop_assert!(meant_time(&text).is_none_or(|minutes| minutes % 60 < 60));
        }
    }
}
