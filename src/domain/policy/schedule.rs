//! Schedule: the time of an account's next run.

use std::ops::RangeInclusive;

use chrono::{DateTime, TimeDelta, Timelike, Utc};
use rand::{Rng, RngExt};

use crate::domain::policy::Policy;
use crate::domain::policy::working_hours::WorkingWindow;

/// The longest interval, also of an account that keeps failing.
const DAY_SECONDS: u32 = 86_400;

/// A random time in the policy's interval, moved into working hours and spread over the window that it lands in. Whole
/// seconds.
pub fn next_run(now: DateTime<Utc>, policy: &Policy, rng: &mut impl Rng) -> DateTime<Utc> {
    next_run_after_failures(now, policy, 0, rng)
}

/// As [`next_run`], the interval doubled for every failed run in a row, up to a day.
pub fn next_run_after_failures(
    now: DateTime<Utc>,
    policy: &Policy,
    failures: u32,
    rng: &mut impl Rng,
) -> DateTime<Utc> {
    let range = policy.interval_seconds;
    let interval = rng.random_range(range.min..=range.max);
    let doubled = interval.saturating_mul(1_u32.checked_shl(failures).unwrap_or(u32::MAX)).min(DAY_SECONDS);
    into_working_hours(now + TimeDelta::seconds(doubled.into()), policy, rng)
}

/// Seconds until the first run of a new or reactivated account. A person waits to see whether it works, and accounts that
/// arrive together need no wider spread: their intervals spread them further.
const FIRST_RUN_SECONDS: RangeInclusive<u32> = 60..=120;

/// The first run of a new or reactivated account: within two minutes where working hours allow.
pub fn first_run(now: DateTime<Utc>, policy: &Policy, rng: &mut impl Rng) -> DateTime<Utc> {
    let wait = rng.random_range(FIRST_RUN_SECONDS);
    into_working_hours(now + TimeDelta::seconds(wait.into()), policy, rng)
}

/// The instant itself where it lies in working hours; otherwise a random one of the next window.
pub fn into_working_hours(at: DateTime<Utc>, policy: &Policy, rng: &mut impl Rng) -> DateTime<Utc> {
    let window = WorkingWindow { timezone: policy.timezone, hours: policy.working_hours, days: policy.working_days };
    let at = at.with_nanosecond(0).unwrap_or(at);
    if window.contains(at) {
        return at;
    }
    let mut after = at;
    while let Some((start, end)) = window.next_window(after) {
        if let Some(chosen) = random_instant_in(&window, start, end, rng) {
            return chosen;
        }
        after = start;
    }
    at
}

/// Draws of an instant before the fallback.
const MAX_DRAWS: usize = 64;

/// A random working second of `start..end`. Nearly every draw lands in working hours; around a daylight-saving change a
/// few do not, and the first working minute is the fallback.
fn random_instant_in(
    window: &WorkingWindow,
    start: DateTime<Utc>,
    end: DateTime<Utc>,
    rng: &mut impl Rng,
) -> Option<DateTime<Utc>> {
    let seconds = (end - start).num_seconds();
    for _ in 0..MAX_DRAWS {
        let at = start + TimeDelta::seconds(rng.random_range(0..seconds));
        if window.contains(at) {
            return Some(at);
        }
    }
    (0..seconds / 60).map(|minute| start + TimeDelta::minutes(minute)).find(|at| window.contains(*at))
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;
    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand::rngs::ChaCha12Rng;
    use serde_json::json;

    use super::*;

    fn policy(value: serde_json::Value) -> Policy {
        Policy::parse(value).unwrap()
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn draws(now: &str, policy: &Policy, count: u64) -> Vec<DateTime<Utc>> {
        (0..count).map(|seed| next_run(at(now), policy, &mut ChaCha12Rng::seed_from_u64(seed))).collect()
    }

    /// Whether the local clock shows working hours, computed independently of `WorkingWindow`.
    fn shows_working_hours(at: DateTime<Utc>, policy: &Policy) -> bool {
        let shape = serde_json::to_value(policy).unwrap();
        let zone: chrono_tz::Tz = shape["timezone"].as_str().unwrap().parse().unwrap();
        let local = at.with_timezone(&zone);
        let clock = local.format("%H:%M").to_string();
        let (from, to) =
            (shape["working_hours"]["from"].as_str().unwrap(), shape["working_hours"]["to"].as_str().unwrap());
        let day = |moment: DateTime<chrono_tz::Tz>| moment.format("%a").to_string().to_lowercase();
        let works = |day: &str| shape["working_days"].as_array().unwrap().iter().any(|d| d == day);
        let yesterday =
            day(Utc.from_utc_datetime(&(local.naive_local() - TimeDelta::days(1))).with_timezone(&chrono_tz::UTC));
        if from < to {
            from <= clock.as_str() && clock.as_str() < to && works(&day(local))
        } else {
            (from <= clock.as_str() && works(&day(local))) || (clock.as_str() < to && works(&yesterday))
        }
    }

    fn any_policy() -> impl Strategy<Value = Policy> {
        let zones = prop::sample::select(vec![
            "UTC",
            "Europe/Berlin",
            "America/New_York",
            "Asia/Shanghai",
            "Asia/Kolkata",
            "Australia/Lord_Howe",
            "Pacific/Apia",
            "America/St_Johns",
            "Africa/Casablanca",
            "Pacific/Chatham",
        ]);
        let days = prop::sample::subsequence(vec!["mon", "tue", "wed", "thu", "fri", "sat", "sun"], 1..=7);
        (zones, 0_u32..1440, 0_u32..=1440, days, 500_u32..=86_400, 500_u32..=86_400).prop_map(
            |(zone, from, to, days, a, b)| {
                let text = |minutes: u32| format!("{:02}:{:02}", minutes / 60, minutes % 60);
                policy(json!({
                    "timezone": zone,
                    "working_hours": {"from": text(from), "to": text(to)},
                    "working_days": days,
                    "interval_seconds": {"min": a.min(b), "max": a.max(b)}
                }))
            },
        )
    }

    proptest! {
        #[test]
        fn next_run_always_falls_inside_working_hours_and_after_the_interval(
            policy in any_policy(), seconds in 1_700_000_000_i64..1_900_000_000, seed: u64, failures in 0_u32..40
        ) {
            let now = Utc.timestamp_opt(seconds, 0).unwrap();
            let next = next_run_after_failures(now, &policy, failures, &mut ChaCha12Rng::seed_from_u64(seed));
            prop_assert!(shows_working_hours(next, &policy), "{next} is outside {policy:?}");
            prop_assert!(next - now >= TimeDelta::seconds(policy.interval_seconds.min.into()));
            prop_assert_eq!(next.nanosecond(), 0);
            prop_assert!(next - now < TimeDelta::days(17));
        }

        #[test]
        fn an_instant_inside_working_hours_is_unchanged(policy in any_policy(), seconds in 1_700_000_000_i64..1_900_000_000, seed: u64) {
            let moment = Utc.timestamp_opt(seconds, 0).unwrap();
            prop_assume!(shows_working_hours(moment, &policy));
            prop_assert_eq!(into_working_hours(moment, &policy, &mut ChaCha12Rng::seed_from_u64(seed)), moment);
        }
    }

    #[test]
    fn without_working_hours_the_interval_is_uniform_and_both_ends_are_reached() {
        let policy = policy(json!({"interval_seconds": {"min": 500, "max": 503}}));
        let mut seen = [0_u32; 4];
        for next in draws("2026-03-01T00:00:00Z", &policy, 4000) {
            seen[usize::try_from((next - at("2026-03-01T00:00:00Z")).num_seconds() - 500).unwrap()] += 1;
        }
        assert!(seen.iter().all(|count| (850..1150).contains(count)), "{seen:?}");
    }

    #[test]
    fn runs_moved_to_the_next_window_are_spread_over_all_of_it() {
        let policy = policy(json!({"working_hours": {"from": "09:00", "to": "17:00"}}));
        let mut hours = [0_u32; 24];
        for next in draws("2026-03-02T18:00:00Z", &policy, 4000) {
            assert_eq!(next.date_naive().to_string(), "2026-03-03");
            hours[next.hour() as usize] += 1;
        }
        assert!(hours[9..17].iter().all(|count| (400..600).contains(count)), "{hours:?}");
    }

    #[test]
    fn friday_evening_moves_to_monday() {
        let policy = policy(json!({
            "timezone": "Asia/Shanghai", "working_hours": {"from": "09:00", "to": "18:30"},
            "working_days": ["mon", "tue", "wed", "thu", "fri"]
        }));
        for next in draws("2026-03-06T10:29:00Z", &policy, 200) {
            let local = policy.timezone.local(next);
            assert_eq!(local.date().to_string(), "2026-03-09", "{local}");
        }
    }

    #[test]
    fn a_window_shorter_than_the_interval_is_still_met() {
        let policy = policy(json!({
            "working_hours": {"from": "12:00", "to": "12:10"}, "interval_seconds": {"min": 3600, "max": 86400}
        }));
        for next in draws("2026-03-02T12:05:00Z", &policy, 500) {
            assert_eq!(next.hour(), 12);
            assert!(next.minute() < 10);
        }
    }

    #[test]
    fn a_window_in_the_skipped_hour_of_spring_moves_to_the_next_day() {
        // Berlin, 29 March 2026: 02:00 becomes 03:00.
        let policy = policy(json!({"timezone": "Europe/Berlin", "working_hours": {"from": "02:00", "to": "03:00"}}));
        for next in draws("2026-03-28T12:00:00Z", &policy, 200) {
            let local = policy.timezone.local(next);
            assert_eq!((local.date().to_string().as_str(), local.hour()), ("2026-03-30", 2));
        }
    }

    #[test]
    fn a_window_in_the_repeated_hour_of_autumn_is_used_both_times() {
        // New York, 1 November 2026: 01:30 comes twice.
        let policy = policy(json!({"timezone": "America/New_York", "working_hours": {"from": "01:30", "to": "01:45"}}));
        let runs = draws("2026-10-31T20:00:00Z", &policy, 400);
        let first = runs.iter().filter(|next| **next < at("2026-11-01T06:00:00Z")).count();
        assert!((100..300).contains(&first), "{first} of 400 in the first pass");
        assert!(runs.iter().all(|next| shows_working_hours(*next, &policy)));
    }

    #[test]
    fn a_window_that_spans_midnight_belongs_to_the_day_on_which_it_begins() {
        let policy = policy(json!({"working_hours": {"from": "22:00", "to": "02:00"}, "working_days": ["fri"]}));
        for next in draws("2026-03-04T12:00:00Z", &policy, 300) {
            assert!(at("2026-03-06T22:00:00Z") <= next && next < at("2026-03-07T02:00:00Z"), "{next}");
        }
    }

    #[test]
    fn the_interval_doubles_with_every_failure_up_to_a_day() {
        let policy = policy(json!({"interval_seconds": {"min": 600, "max": 600}}));
        let wait = |failures| {
            let now = at("2026-03-01T00:00:00Z");
            (next_run_after_failures(now, &policy, failures, &mut ChaCha12Rng::seed_from_u64(1)) - now).num_seconds()
        };
        assert_eq!([wait(0), wait(1), wait(2), wait(7), wait(8), wait(40)], [600, 1200, 2400, 76_800, 86_400, 86_400]);
    }

    #[test]
    fn a_first_run_comes_within_two_minutes() {
        let policy = Policy::default();
        let now = at("2026-03-01T00:00:00Z");
        for seed in 0..500 {
            let wait = first_run(now, &policy, &mut ChaCha12Rng::seed_from_u64(seed)) - now;
            assert!((60..=120).contains(&wait.num_seconds()));
        }
    }
}
