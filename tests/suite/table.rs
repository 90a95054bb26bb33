//! The tables: a round continues whatever an item contains, logs what is malformed, and rewrites it.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::{
    aws_json::Fault,
    test_app::{TestApp, app_only, reads, with_policy},
};

/// Every attribute that an account's item may have, except its key.
const ATTRIBUTES: [&str; 22] = [
    "status",
    "next_run_at",
    "due_shard",
    "last_run_at",
    "consecutive_failures",
    "misconfigured_runs",
    "pause_cause",
    "paused_since",
    "probes",
    "stopped_by",
    "set_aside",
    "habits",
    "sweeps",
    "secret_name",
    "secret_version",
    "refresh_token_saved_at",
    "renewal_at",
    "renewal_told",
    "credential_expires_at",
    "credential_told",
    "watched_at",
    "run_id",
];

/// Keys of the index can only be strings.
const KEYS: [&str; 2] = ["next_run_at", "due_shard"];

async fn two() -> TestApp {
    let app = TestApp::new().await;
    for (number, account) in ["a", "b"].into_iter().enumerate() {
        app.put(account, &with_policy(app_only(number), reads(2)));
    }
    app.begin().await;
    app
}

/// Changes the item of account `a` directly in the table.
async fn tamper(app: &TestApp, change: impl FnOnce(&mut serde_json::Map<String, Value>)) {
    let mut item = app.dynamo.get_item("a").await.unwrap();
    change(item.as_object_mut().unwrap());
    app.dynamo.delete_item("a").await;
    app.dynamo.put_item(&item).await;
}

/// An app with two due accounts and an empty log.
async fn begin_anew(app: &TestApp) {
    app.all_due().await;
    app.log.clear();
}

/// Asserts that a round, with a sync first where the account is in no index, repairs the account.
async fn assert_mended(app: &TestApp, what: &str) {
    app.tick().await;
    assert_eq!(app.last_run("b").await.outcome, "succeeded", "{what}: the other account is not affected");
    app.sync().await;
    app.all_due().await;
    app.tick().await;
    assert_eq!(app.last_run("a").await.outcome, "succeeded", "{what}");
    let shown = app.act("show", "a").await;
    assert_eq!((&shown["warnings"], shown["status"].as_str()), (&Value::Null, Some("active")), "{what}");
    assert!(app.wait("a").await >= 3600, "{what}");
    let item = app.dynamo.get_item("a").await.unwrap();
    assert_eq!((item["due_shard"].clone(), item.get("run_id")), (json!({"S": "0"}), None), "{what}");
}

#[tokio::test]
async fn malformed_attribute_is_named_in_a_warning_and_rewritten() {
    let app = two().await;
    for name in ATTRIBUTES {
        begin_anew(&app).await;
        let wrong = if KEYS.contains(&name) { json!({"S": "banana"}) } else { json!({"BOOL": true}) };
        tamper(&app, |item| {
            item.insert(name.to_owned(), wrong);
        })
        .await;
        assert_mended(&app, name).await;
        // The claim itself rewrites these.
        if !["due_shard", "run_id"].contains(&name) {
            let found = app.log.warnings(&[&format!("`{name}`"), "account a"]);
            assert!(!found.is_empty(), "{name}: {}", app.log.text());
            assert_eq!(found[0]["account"], "a");
        }
    }
}

#[tokio::test]
async fn unparsable_text_is_a_malformed_attribute() {
    let app = two().await;
    for (name, wrong) in [
        ("status", json!({"S": "asleep"})),
        ("last_run_at", json!({"S": "yesterday"})),
        ("consecutive_failures", json!({"N": "-1"})),
        ("consecutive_failures", json!({"N": "1.5"})),
        ("sweeps", json!({"S": "2"})),
        ("set_aside", json!({"M": {"drive.root": {"S": "never"}}})),
        ("stopped_by", json!({"S": "unknown"})),
        ("habits", json!({"B": "/////w=="})),
    ] {
        begin_anew(&app).await;
        tamper(&app, |item| {
            item.insert(name.to_owned(), wrong.clone());
        })
        .await;
        assert_mended(&app, &format!("{name} {wrong}")).await;
        assert!(!app.log.warnings(&[&format!("`{name}`"), "account a"]).is_empty(), "{name} {wrong}");
    }
}

#[tokio::test]
async fn missing_attribute_has_its_default() {
    let app = two().await;
    for name in ATTRIBUTES {
        begin_anew(&app).await;
        tamper(&app, |item| {
            item.remove(name);
        })
        .await;
        assert_mended(&app, name).await;
        assert_eq!(app.log.warnings(&["malformed"]).len(), 0);
    }
}

#[tokio::test]
async fn item_with_only_its_key_becomes_an_account_again() {
    let app = two().await;
    tamper(&app, |item| item.retain(|name, _| name == "account_id")).await;
    assert_mended(&app, "bare").await;
}

#[tokio::test]
async fn item_that_is_not_an_account_is_skipped() {
    let app = two().await;
    for id in ["_x", "no id", "é"] {
        let at = app.now().format("%FT%TZ").to_string();
        app.dynamo.put_item(&json!({"account_id": {"S": id}, "due_shard": {"S": "0"}, "next_run_at": {"S": at}})).await;
    }
    let report = app.tick().await;
    assert_eq!(report["succeeded"], 2, "{report}");
    assert_eq!(app.ask(json!({"action": "list"})).await["accounts"].as_array().unwrap().len(), 2);
    app.sync().await;
}

#[tokio::test]
async fn account_without_a_secret_fails_alone_and_is_stopped_by_the_next_sync() {
    let app = two().await;
    let at = app.now().format("%FT%TZ").to_string();
    app.dynamo
        .put_item(&json!({"account_id": {"S": "ghost"}, "due_shard": {"S": "0"}, "next_run_at": {"S": at}}))
        .await;
    let report = app.tick().await;
    assert_eq!((report["succeeded"].as_u64(), report["failed"].as_u64()), (Some(2), Some(1)));
    assert_eq!(app.sync().await["stopped"], json!(["ghost"]));
}

#[tokio::test]
async fn expired_claim_and_long_past_time_are_due() {
    let app = two().await;
    tamper(&app, |item| {
        item.insert("run_id".to_owned(), json!({"S": "dead"}));
        item.insert("next_run_at".to_owned(), json!({"S": "2020-01-01T00:00:00Z"}));
    })
    .await;
    assert_mended(&app, "old").await;
}

#[tokio::test]
async fn table_throttling_is_retried() {
    for fault in [Fault::THROTTLED, Fault::CAPACITY, Fault::SERVER_ERROR, Fault::Dropped, Fault::AnswerLost] {
        let app = two().await;
        for action in ["Query", "PutItem", "Scan", "GetItem"] {
            app.dynamo.fail_next(2, action, fault);
        }
        for account in ["\"a\"", "\"b\""] {
            app.dynamo.fail_next_containing(2, "UpdateItem", account, fault);
        }
        let report = app.tick().await;
        assert_eq!(report["succeeded"], 2, "{fault:?}: {report}");
        app.act("show", "a").await;
        app.sync().await;
        assert_eq!((app.runs("a").await.len(), app.runs("b").await.len()), (1, 1), "{fault:?}");
        assert_eq!(app.log.warnings(&[]).len(), 0, "{fault:?}: {}", app.log.text());
    }
}

#[tokio::test]
async fn history_is_newest_first_and_ends_at_its_retention() {
    let app = two().await;
    for _ in 0..4 {
        app.next_round("a").await;
    }
    let found = app.ask(json!({"action": "history", "account": "a", "limit": 3})).await;
    let started: Vec<_> = found["runs"].as_array().unwrap().iter().map(|run| run["started_at"].to_string()).collect();
    assert!(started.len() == 3 && started.is_sorted_by(|a, b| a > b), "{started:?}");
    let row = &app.dynamo.scan(crate::support::dynamodb::RUNS).await[0];
    assert!(row["expires_at"]["N"].as_str().is_some_and(|at| at.parse::<i64>().unwrap() > app.now().timestamp()));
    app.advance(TimeDelta::days(31));
    assert_eq!(app.act("history", "a").await["runs"], json!([]));
}
