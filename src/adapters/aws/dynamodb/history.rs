//! A row of history as a DynamoDB item, and back.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

use crate::adapters::aws::dynamodb::attributes::{Item, number, text, time};
use crate::domain::account::AccountId;
use crate::domain::account::history::{CallResult, HistoryRow};
use crate::domain::seed::Seed;

/// `started_at` is the sort key: with milliseconds, so that two runs by hand do not fall together.
pub(super) fn item(row: &HistoryRow, retention: TimeDelta) -> Item {
    let mut item = Item::from([
        ("account_id".to_owned(), text(row.account_id.as_str())),
        ("started_at".to_owned(), text(row.started_at.to_rfc3339_opts(SecondsFormat::Millis, true))),
        ("ended_at".to_owned(), text(row.ended_at.to_rfc3339_opts(SecondsFormat::Millis, true))),
        ("run_id".to_owned(), text(&row.run_id)),
        ("seed".to_owned(), number(row.seed.number())),
        ("outcome".to_owned(), text(&row.outcome)),
        ("calls_ok".to_owned(), number(row.calls_ok)),
        ("calls_failed".to_owned(), number(row.calls_failed)),
        ("calls_throttled".to_owned(), number(row.calls_throttled)),
        ("calls".to_owned(), AttributeValue::L(row.calls.iter().map(call).collect())),
        ("expires_at".to_owned(), number((row.ended_at + retention).timestamp())),
    ]);
    if let Some(reason) = &row.reason {
        item.insert("reason".to_owned(), text(reason));
    }
    if let Some(next) = row.next_run_at {
        item.insert("next_run_at".to_owned(), time(next));
    }
    item
}

fn call(call: &CallResult) -> AttributeValue {
    let mut fields = HashMap::from([
        ("operation".to_owned(), text(&call.operation)),
        ("ok".to_owned(), AttributeValue::Bool(call.ok)),
        ("status".to_owned(), number(call.status)),
    ]);
    let optional = [("error_code", &call.error_code), ("request_id", &call.request_id)];
    fields.extend(optional.into_iter().filter_map(|(name, value)| Some((name.to_owned(), text(value.as_ref()?)))));
    AttributeValue::M(fields)
}

/// DynamoDB removes an expired row within days; until then it is to be passed over.
pub(super) fn expired(item: &Item, now: DateTime<Utc>) -> bool {
    whole(item, "expires_at").is_some_and(|expiry: i64| expiry <= now.timestamp())
}

/// `None` for a row that cannot be read: history is for looking at, and one bad row must not hide the others.
pub(super) fn row(item: &Item) -> Option<HistoryRow> {
    Some(HistoryRow {
        account_id: AccountId::parse(string(item, "account_id")?).ok()?,
        started_at: string(item, "started_at")?.parse().ok()?,
        ended_at: string(item, "ended_at")?.parse().ok()?,
        run_id: string(item, "run_id")?.clone(),
        seed: Seed::new(whole(item, "seed")?),
        outcome: string(item, "outcome")?.clone(),
        reason: string(item, "reason").cloned(),
        calls_ok: whole(item, "calls_ok")?,
        calls_failed: whole(item, "calls_failed")?,
        calls_throttled: whole(item, "calls_throttled")?,
        calls: item.get("calls")?.as_l().ok()?.iter().filter_map(call_result).collect(),
        next_run_at: string(item, "next_run_at").and_then(|next| next.parse().ok()),
    })
}

fn call_result(value: &AttributeValue) -> Option<CallResult> {
    let fields = value.as_m().ok()?;
    let status = whole(fields, "status")?;
    // The first version did not store it.
    let ok = fields.get("ok").map_or((200..300).contains(&status), |ok| ok.as_bool().copied().unwrap_or(false));
    Some(CallResult {
        operation: string(fields, "operation")?.clone(),
        ok,
        status,
        error_code: string(fields, "error_code").cloned(),
        request_id: string(fields, "request_id").cloned(),
    })
}

fn string<'a>(item: &'a Item, name: &str) -> Option<&'a String> {
    item.get(name)?.as_s().ok()
}

fn whole<T: std::str::FromStr>(item: &Item, name: &str) -> Option<T> {
    item.get(name)?.as_n().ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_reads_back_as_it_was_written_and_expires() {
        let at: DateTime<Utc> = "2026-03-02T10:00:00.123Z".parse().unwrap();
        let call = CallResult {
            operation: "drive.get".to_owned(),
            ok: false,
            status: 404,
            error_code: Some("itemNotFound".to_owned()),
            request_id: None,
        };
        let written = HistoryRow {
            account_id: AccountId::parse("a").unwrap(),
            started_at: at,
            ended_at: at,
            run_id: "r".to_owned(),
            seed: Seed::new(7),
            outcome: "failed".to_owned(),
            reason: Some("why".to_owned()),
            calls_ok: 1,
            calls_failed: 2,
            calls_throttled: 3,
            calls: vec![call],
            next_run_at: Some("2026-03-02T12:00:00Z".parse().unwrap()),
        };
        let item = item(&written, TimeDelta::days(30));
        assert_eq!(row(&item), Some(written));
        assert!(!expired(&item, at + TimeDelta::days(29)));
        assert!(expired(&item, at + TimeDelta::days(30)));
    }
}
