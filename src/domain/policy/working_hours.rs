//! Working hours and days, in the policy's time zone, across daylight-saving changes.

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, TimeDelta, Timelike, Utc, Weekday};
use serde::{Serialize, Serializer};

use crate::domain::fields::{FieldError, Fields};
use crate::domain::policy::time_zone::TimeZone;

const DAY_MINUTES: u32 = 24 * 60;

/// Hours of the local day, in minutes after midnight: `from` included, `to` excluded. `from` at or after `to` spans
/// midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkingHours {
    from: u32,
    to: u32,
}

impl WorkingHours {
    pub const ALL_DAY: Self = Self { from: 0, to: DAY_MINUTES };

    /// These hours with the given ends in place of their own.
    pub fn with_overrides(self, mut fields: Fields) -> Result<Self, FieldError> {
        let mut minutes = |field: &str, last: u32, default: u32| -> Result<u32, FieldError> {
            let Some(text) = fields.string(field)? else { return Ok(default) };
            parse_time(&text).filter(|minutes| *minutes <= last).ok_or_else(|| {
                fields.error(
                    field,
                    if last == DAY_MINUTES { "must be HH:MM up to 24:00" } else { "must be HH:MM up to 23:59" },
                )
            })
        };
        let hours =
            Self { from: minutes("from", DAY_MINUTES - 1, self.from)?, to: minutes("to", DAY_MINUTES, self.to)? };
        fields.finish()?;
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

impl Serialize for WorkingHours {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Shape {
            from: String,
            to: String,
        }
        let text = |minutes: u32| format!("{:02}:{:02}", minutes / 60, minutes % 60);
        Shape { from: text(self.from), to: text(self.to) }.serialize(serializer)
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

impl WorkingDays {
    pub const ALL: Self = Self(0b111_1111);

    /// `None` where a name is unknown or the list is empty.
    pub fn parse(names: &[String]) -> Option<Self> {
        let mut days = 0;
        for name in names {
            let (_, day) = DAYS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name))?;
            days |= 1 << day.num_days_from_monday();
        }
        (days != 0).then_some(Self(days))
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
pub struct WorkingWindow {
    pub timezone: TimeZone,
    pub hours: WorkingHours,
    pub days: WorkingDays,
}

impl WorkingWindow {
    /// Whether the local clock shows working hours at `at`. The early part of a window that spans midnight belongs to the
    /// day before.
    pub fn contains(&self, at: DateTime<Utc>) -> bool {
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
    pub fn next_window(&self, at: DateTime<Utc>) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
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
