//! Graph's `dateTimeTimeZone`, always in UTC.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

pub(super) fn utc(moment: DateTime<Utc>) -> Value {
    json!({ "dateTime": moment.format("%Y-%m-%dT%H:%M:%S").to_string(), "timeZone": "UTC" })
}
