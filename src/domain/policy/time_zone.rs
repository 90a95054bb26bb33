//! Time zone: a zone of the IANA database, by its name.
//!
//! The data is plain numbers in the binary. A table of pointers would be relocated at each start of the process: a quarter
//! of the function's start time.

use std::fmt;

use chrono::{DateTime, LocalResult, NaiveDateTime, TimeDelta, Utc};
use serde::{Serialize, Serializer};
use tz::TimeZoneRef;
use tzdb_data::{TZ_NAMES, find_tz, time_zone};

#[derive(Clone, Copy)]
pub struct TimeZone {
    name: &'static str,
    data: &'static TimeZoneRef<'static>,
}

impl TimeZone {
    pub const UTC: Self = Self { name: "UTC", data: &time_zone::UTC };

    /// The zone with exactly this name, e.g. `Europe/Berlin`; `None` where the database has no such zone.
    pub fn parse(name: &str) -> Option<Self> {
        let name = TZ_NAMES.iter().find(|known| **known == name)?;
        Some(Self { name, data: find_tz(name.as_bytes())? })
    }

    /// The local time at `at`.
    pub fn local(self, at: DateTime<Utc>) -> NaiveDateTime {
        at.naive_utc() + self.offset(at)
    }

    /// The instants at which the clock shows `local`: none where spring skips it, two where autumn repeats it.
    pub fn instants(self, local: NaiveDateTime) -> LocalResult<DateTime<Utc>> {
        // No zone changes its clock twice in two days, so the offset is that of the day before or of the day after.
        let near = |days| self.offset(local.and_utc() + TimeDelta::days(days));
        let (before, after) = (near(-1), near(1));
        let by = |offset| Some(local.and_utc() - offset).filter(|at| self.offset(*at) == offset);
        match (by(before), by(after).filter(|_| before != after)) {
            (Some(first), Some(last)) => LocalResult::Ambiguous(first, last),
            (Some(at), None) | (None, Some(at)) => LocalResult::Single(at),
            (None, None) => LocalResult::None,
        }
    }

    /// Offset east of Greenwich.
    fn offset(self, at: DateTime<Utc>) -> TimeDelta {
        // The data ends beyond all years of a schedule.
        let found = self.data.find_local_time_type(at.timestamp());
        found.map_or(TimeDelta::zero(), |found| TimeDelta::seconds(found.ut_offset().into()))
    }
}

impl fmt::Debug for TimeZone {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(self.name)
    }
}

impl PartialEq for TimeZone {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for TimeZone {}

impl Serialize for TimeZone {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name)
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone as _;

    use super::*;

    /// Thirteen years in steps that reach every half hour of the day, in zones with all kinds of rules.
    #[test]
    fn local_times_equal_those_of_an_independent_implementation() {
        let start: DateTime<Utc> = "2024-01-01T00:00:00Z".parse().unwrap();
        for name in [
            "UTC",
            "Europe/Berlin",
            "Europe/London",
            "Europe/Dublin",
            "America/New_York",
            "America/St_Johns",
            "Asia/Shanghai",
            "Asia/Kathmandu",
            "Asia/Tehran",
            "Africa/Cairo",
            "Australia/Lord_Howe",
            "Pacific/Chatham",
            "Pacific/Auckland",
        ] {
            let (zone, other) = (TimeZone::parse(name).unwrap(), name.parse::<chrono_tz::Tz>().unwrap());
            for half_hours in (0..13 * 366 * 48).step_by(11) {
                let at = start + TimeDelta::minutes(30 * half_hours);
                assert_eq!(zone.local(at), at.with_timezone(&other).naive_local(), "{name} at {at}");
                let local = at.naive_utc();
                let theirs = other.from_local_datetime(&local).map(|at| at.to_utc());
                assert_eq!(zone.instants(local), theirs, "{name} at the local time {local}");
            }
        }
    }

    #[test]
    fn a_zone_is_found_by_its_exact_name_only() {
        assert_eq!(TimeZone::parse("UTC"), Some(TimeZone::UTC));
        for name in ["", "europe/berlin", "Europe", "Mars/Olympus", " UTC"] {
            assert_eq!(TimeZone::parse(name), None, "{name:?}");
        }
        for zone in chrono_tz::TZ_VARIANTS {
            assert_eq!(serde_json::json!(TimeZone::parse(zone.name())), zone.name());
        }
    }
}
