//! Shards: the number of partitions of the due index can change at any time without a migration.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::TimeDelta;
use e5_evergreen::handler::handle;
use serde_json::{Value, json};

use crate::support::aws_json::At;
use crate::support::dynamodb::ACCOUNTS;
use crate::support::test_app::{TestApp, TestAppOptions, app_only, reads, with_policy};

const ACTIVE: usize = 16;

/// Sixteen active accounts and two paused ones, none of them due, in this many shards.
async fn accounts_in(shards: u16) -> TestApp {
    let app = TestApp::with(TestAppOptions { users: ACTIVE, shards, ..TestAppOptions::default() }).await;
    for number in 0..ACTIVE {
        app.put(&format!("a{number}"), &with_policy(app_only(number), reads(2)));
    }
    for account in ["paused-1", "paused-2"] {
        let mut wrong = with_policy(app_only(0), json!({"pause_after": 1}));
        wrong["client_secret"] = json!("mistyped");
        app.put(account, &wrong);
    }
    app.begin().await;
    let report = app.tick().await;
    assert_eq!((&report["succeeded"], &report["paused"]), (&json!(ACTIVE), &json!(2)), "{report}");
    app
}

async fn shards(app: &TestApp) -> BTreeSet<u16> {
    let items = app.dynamo.scan(ACCOUNTS).await;
    items.iter().map(|item| item["due_shard"]["S"].as_str().unwrap().parse().unwrap()).collect()
}

/// The attributes that must not change with the number of shards.
async fn standing(app: &TestApp) -> Vec<Value> {
    let mut items = app.dynamo.scan(ACCOUNTS).await;
    for item in &mut items {
        item.as_object_mut().unwrap().remove("due_shard");
    }
    items.sort_by_key(|item| item["account_id"]["S"].as_str().unwrap().to_owned());
    items
}

#[tokio::test]
async fn added_shards_are_queried_at_once_and_filled_by_records() {
    let mut app = accounts_in(1).await;
    let before = standing(&app).await;
    app.reshard(8);
    let synced = app.sync().await;
    assert_eq!(
        (&synced["unchanged"], &synced["moved"]),
        (&json!(ACTIVE + 2), &json!([])),
        "no account is called early"
    );
    assert_eq!(standing(&app).await, before);
    assert_eq!(shards(&app).await, BTreeSet::from([0]));
    app.all_due().await;
    let report = app.tick().await;
    assert_eq!((&report["due"], &report["claimed"]), (&json!(ACTIVE + 2), &json!(ACTIVE + 2)), "{report}");
    assert!(shards(&app).await.len() > 4, "{:?}", shards(&app).await);
}

#[tokio::test]
async fn removed_shards_are_emptied_by_the_next_sync_without_other_changes() {
    let mut app = accounts_in(8).await;
    let before = standing(&app).await;
    let beyond = app.dynamo.scan(ACCOUNTS).await.iter().filter(|item| item["due_shard"]["S"] != "0").count();
    assert!(shards(&app).await.len() > 4);
    app.reshard(1);
    let synced = app.sync().await;
    assert_eq!(synced["moved"].as_array().unwrap().len(), beyond, "{synced}");
    assert_eq!((&synced["resumed"], &synced["changed"], &synced["busy"]), (&json!([]), &json!([]), &json!([])));
    assert_eq!(standing(&app).await, before, "paused accounts stay paused, and no account is called early");
    assert_eq!(shards(&app).await, BTreeSet::from([0]));
    assert_eq!(app.sync().await["moved"], json!([]));
    app.all_due().await;
    assert_eq!(app.tick().await["due"], ACTIVE + 2);
}

/// A function of the old configuration holds an account while the new one has fewer shards, or more.
async fn claimed_across(from: u16, to: u16) {
    let mut app = accounts_in(from).await;
    app.all_due().await;
    let mut records = app.dynamo.hold("UpdateItem", "last_run_at", At::Request);
    let (old, deadline) = (Arc::clone(&app.inner), app.now() + app.time);
    let running =
        tokio::spawn(app.log.listen(async move { handle(&old, &json!({"action": "tick"}), deadline).await.unwrap() }));
    records.reached_by(ACTIVE + 2).await;
    let claimed: Vec<_> =
        app.dynamo.scan(ACCOUNTS).await.into_iter().filter(|item| item.get("run_id").is_some()).collect();
    assert_eq!(claimed.len(), ACTIVE + 2);
    app.reshard(to);
    let synced = app.sync().await;
    assert_eq!(synced["moved"], json!([]), "a claimed account is not changed: {synced}");
    records.release();
    let report = running.await.unwrap();
    assert_eq!((&report["succeeded"], &report["due"]), (&json!(ACTIVE), &json!(ACTIVE + 2)), "{report}");

    // It has recorded them in its own shards.
    app.sync().await;
    app.advance(TimeDelta::hours(13));
    let report = app.tick().await;
    assert_eq!(
        (&report["due"], &report["succeeded"]),
        (&json!(ACTIVE + 2), &json!(ACTIVE)),
        "{from} to {to}: {report}"
    );
    assert!(shards(&app).await.into_iter().all(|shard| shard < to));
    for number in 0..ACTIVE {
        assert_eq!(app.runs(&format!("a{number}")).await.len(), 3, "one for each time it was due");
    }
}

#[tokio::test]
async fn account_claimed_during_a_change_of_shards_runs_once_and_is_found_again() {
    claimed_across(8, 2).await;
    claimed_across(2, 8).await;
}
