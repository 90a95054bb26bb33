//! An event in a calendar.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::wire::encoding::timestamp;

pub(super) fn meeting(subject: &str, now: DateTime<Utc>) -> Value {
    let at = |hours| (now + TimeDelta::hours(hours)).format("%Y-%m-%dT%H:%M:%S.0000000").to_string();
    json!({"subject": subject, "isAllDay": false, "showAs": "busy", "type": "singleInstance", "createdDateTime": timestamp(now),
        "start": {"dateTime": at(20), "timeZone": "UTC"}, "end": {"dateTime": at(21), "timeZone": "UTC"}})
}
