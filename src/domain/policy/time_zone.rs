//! A time zone of the IANA database, by its name.
//!
//! The data lies in the binary as plain numbers. A table full of pointers would have to be written through at each start of
//! the process, needed or not: a quarter of the function's start.

use std::fmt;

use chrono::{DateTime, LocalResult, NaiveDateTime, TimeDelta, Utc};
use serde::{Serialize, Serializer};
use tz::TimeZoneRef;
use tzdb_data::{TZ_NAMES, find_tz, time_zone};

#[derive(Clone, Copy)]
pub struct Zone {
    name: &'static str,
    data: &'static TimeZoneRef<'static>,
}

impl Zone {
    pub const UTC: Self = Self { name: "UTC", data: &time_zone::UTC };

    /// By its exact name, e.g. `Europe/Berlin`; `None` where the database has no such zone.
    pub fn parse(name: &str) -> Option<Self> {
        let name = TZ_NAMES.iter().find(|known| **known == name)?;
        Some(Self { name, data: find_tz(name.as_bytes())? })
    }

    /// What a clock on the wall shows at `at`.
    pub fn local(self, at: DateTime<Utc>) -> NaiveDateTime {
        at.naive_utc() + self.offset(at)
    }

    /// When the clock shows `local`: never where spring leaves it out, twice where autumn repeats it.
    pub fn instants(self, local: NaiveDateTime) -> LocalResult<DateTime<Utc>> {
        // No zone changes its clock twice in two days: it is by the offset of the day before, or of the day after.
        let near = |days| self.offset(local.and_utc() + TimeDelta::days(days));
        let (before, after) = (near(-1), near(1));
        let by = |offset| Some(local.and_utc() - offset).filter(|at| self.offset(*at) == offset);
        match (by(before), by(after).filter(|_| before != after)) {
            (Some(first), Some(last)) => LocalResult::Ambiguous(first, last),
            (Some(at), None) | (None, Some(at)) => LocalResult::Single(at),
            (None, None) => LocalResult::None,
        }
    }

    /// East of Greenwich.
    fn offset(self, at: DateTime<Utc>) -> TimeDelta {
        // The data ends beyond all years that anybody schedules in.
        let found = self.data.find_local_time_type(at.timestamp());
        found.map_or(TimeDelta::zero(), |found| TimeDelta::seconds(found.ut_offset().into()))
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(self.name)
    }
}

impl PartialEq for Zone {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Zone {}

impl Serialize for Zone {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name)
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;

    use super::*;

    /// Thirteen years in steps that come by every half hour of the day, in zones with all kinds of habits.
    #[test]
    fn every_clock_shows_what_an_independent_reading_of_the_database_shows() {
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
            let (zone, other) = (Zone::parse(name).unwrap(), name.parse::<chrono_tz::Tz>().unwrap());
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
    fn a_zone_is_known_by_its_exact_name_alone() {
        assert_eq!(Zone::parse("UTC"), Some(Zone::UTC));
        for name in ["", "europe/berlin", "Europe", "Mars/Olympus", " UTC"] {
            assert_eq!(Zone::parse(name), None, "{name:?}");
        }
        for zone in chrono_tz::TZ_VARIANTS {
            assert_eq!(serde_json::json!(Zone::parse(zone.name())), zone.name());
        }
    }
}
