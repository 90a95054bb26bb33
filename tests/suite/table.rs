//! The table: whatever stands in an item, the round goes on, says what was wrong, and mends it.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::{
    aws_json::Fault,
    world::{World, app_only, reads, under},
};

/// Every attribute that an account's item may have, but for its key.
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

async fn two() -> World {
    let world = World::new().await;
    for (number, account) in ["a", "b"].into_iter().enumerate() {
        world.put(account, &under(app_only(number), reads(2)));
    }
    world.begin().await;
    world
}

/// Changes the item of account `a` behind the house's back.
async fn tamper(world: &World, change: impl FnOnce(&mut serde_json::Map<String, Value>)) {
    let mut item = world.dynamo.get_item("a").await.unwrap();
    change(item.as_object_mut().unwrap());
    world.dynamo.delete_item("a").await;
    world.dynamo.put_item(&item).await;
}

/// Both accounts are due, and nothing was said yet.
async fn begin_anew(world: &World) {
    world.all_due().await;
    world.journal.clear();
}

/// A round, and where the account stands in no index a sync before the next one, make everything as it should be.
async fn assert_mended(world: &World, what: &str) {
    world.tick().await;
    assert_eq!(world.last_run("b").await.outcome, "succeeded", "{what}: the other account is not hurt");
    world.sync().await;
    world.all_due().await;
    world.tick().await;
    assert_eq!(world.last_run("a").await.outcome, "succeeded", "{what}");
    let shown = world.act("show", "a").await;
    assert_eq!((&shown["warnings"], shown["status"].as_str()), (&Value::Null, Some("active")), "{what}");
    assert!(world.wait("a").await >= 3600, "{what}");
    let item = world.dynamo.get_item("a").await.unwrap();
    assert_eq!((item["due_shard"].clone(), item.get("run_id")), (json!({"S": "0"}), None), "{what}");
}

#[tokio::test]
async fn a_malformed_attribute_is_named_in_a_warning_and_mended() {
    let world = two().await;
    for name in ATTRIBUTES {
        begin_anew(&world).await;
        let wrong = if KEYS.contains(&name) { json!({"S": "banana"}) } else { json!({"BOOL": true}) };
        tamper(&world, |item| {
            item.insert(name.to_owned(), wrong);
        })
        .await;
        assert_mended(&world, name).await;
        // The claim itself writes these anew.
        if !["due_shard", "run_id"].contains(&name) {
            let told = world.journal.complaints(&[&format!("`{name}`"), "account a"]);
            assert!(!told.is_empty(), "{name}: {}", world.journal.text());
            assert_eq!(told[0]["account"], "a");
        }
    }
}

#[tokio::test]
async fn text_that_means_nothing_is_malformed_too() {
    let world = two().await;
    for (name, wrong) in [
        ("status", json!({"S": "asleep"})),
        ("last_run_at", json!({"S": "yesterday"})),
        ("consecutive_failures", json!({"N": "-1"})),
        ("consecutive_failures", json!({"N": "1.5"})),
        ("sweeps", json!({"S": "2"})),
        ("set_aside", json!({"M": {"drive.root": {"S": "never"}}})),
        ("stopped_by", json!({"S": "nobody"})),
        ("habits", json!({"B": "/////w=="})),
    ] {
        begin_anew(&world).await;
        tamper(&world, |item| {
            item.insert(name.to_owned(), wrong.clone());
        })
        .await;
        assert_mended(&world, &format!("{name} {wrong}")).await;
        assert!(!world.journal.complaints(&[&format!("`{name}`"), "account a"]).is_empty(), "{name} {wrong}");
    }
}

#[tokio::test]
async fn a_missing_attribute_has_its_default() {
    let world = two().await;
    for name in ATTRIBUTES {
        begin_anew(&world).await;
        tamper(&world, |item| {
            item.remove(name);
        })
        .await;
        assert_mended(&world, name).await;
        assert_eq!(world.journal.complaints(&["malformed"]).len(), 0);
    }
}

#[tokio::test]
async fn an_item_with_nothing_but_its_key_becomes_an_account_again() {
    let world = two().await;
    tamper(&world, |item| item.retain(|name, _| name == "account_id")).await;
    assert_mended(&world, "bare").await;
}

#[tokio::test]
async fn an_item_that_is_no_account_of_ours_is_passed_over() {
    let world = two().await;
    for id in ["_x", "no id", "é"] {
        let at = world.now().format("%FT%TZ").to_string();
        world
            .dynamo
            .put_item(&json!({"account_id": {"S": id}, "due_shard": {"S": "0"}, "next_run_at": {"S": at}}))
            .await;
    }
    let report = world.tick().await;
    assert_eq!(report["succeeded"], 2, "{report}");
    assert_eq!(world.ask(json!({"action": "list"})).await["accounts"].as_array().unwrap().len(), 2);
    world.sync().await;
}

#[tokio::test]
async fn an_account_without_a_secret_fails_alone_and_is_stopped_by_the_next_sync() {
    let world = two().await;
    let at = world.now().format("%FT%TZ").to_string();
    world
        .dynamo
        .put_item(&json!({"account_id": {"S": "ghost"}, "due_shard": {"S": "0"}, "next_run_at": {"S": at}}))
        .await;
    let report = world.tick().await;
    assert_eq!((report["succeeded"].as_u64(), report["failed"].as_u64()), (Some(2), Some(1)));
    assert_eq!(world.sync().await["stopped"], json!(["ghost"]));
}

#[tokio::test]
async fn a_claim_that_ran_out_long_ago_and_a_time_long_past_are_due() {
    let world = two().await;
    tamper(&world, |item| {
        item.insert("run_id".to_owned(), json!({"S": "dead"}));
        item.insert("next_run_at".to_owned(), json!({"S": "2020-01-01T00:00:00Z"}));
    })
    .await;
    assert_mended(&world, "old").await;
}

#[tokio::test]
async fn throttling_by_the_table_is_retried() {
    for fault in [Fault::THROTTLED, Fault::CAPACITY, Fault::SERVER_ERROR, Fault::Dropped, Fault::AnswerLost] {
        let world = two().await;
        for action in ["Query", "PutItem", "Scan", "GetItem"] {
            world.dynamo.fail_next(2, action, fault);
        }
        for account in ["\"a\"", "\"b\""] {
            world.dynamo.fail_next_containing(2, "UpdateItem", account, fault);
        }
        let report = world.tick().await;
        assert_eq!(report["succeeded"], 2, "{fault:?}: {report}");
        world.act("show", "a").await;
        world.sync().await;
        assert_eq!((world.runs("a").await.len(), world.runs("b").await.len()), (1, 1), "{fault:?}");
        assert_eq!(world.journal.complaints(&[]).len(), 0, "{fault:?}: {}", world.journal.text());
    }
}

#[tokio::test]
async fn history_shows_the_newest_first_and_nothing_older_than_its_retention() {
    let world = two().await;
    for _ in 0..4 {
        world.next_round("a").await;
    }
    let told = world.ask(json!({"action": "history", "account": "a", "limit": 3})).await;
    let started: Vec<_> = told["runs"].as_array().unwrap().iter().map(|run| run["started_at"].to_string()).collect();
    assert!(started.len() == 3 && started.is_sorted_by(|a, b| a > b), "{started:?}");
    let row = &world.dynamo.scan(crate::support::dynamodb::RUNS).await[0];
    assert!(row["expires_at"]["N"].as_str().is_some_and(|at| at.parse::<i64>().unwrap() > world.now().timestamp()));
    world.advance(TimeDelta::days(31));
    assert_eq!(world.act("history", "a").await["runs"], json!([]));
}
