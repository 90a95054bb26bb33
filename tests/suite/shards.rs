//! The number of partitions of the due index may change at any time, up or down, and nothing has to be migrated.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::TimeDelta;
use e5_evergreen::handler::handle;
use serde_json::{Value, json};

use crate::support::aws_json::At;
use crate::support::dynamodb::ACCOUNTS;
use crate::support::world::{Setting, World, app_only, reads, under};

const ACTIVE: usize = 16;

/// Sixteen active accounts and two paused ones, none of them due, in so many shards.
async fn accounts_in(shards: u16) -> World {
    let world = World::with(Setting { users: ACTIVE, shards, ..Setting::default() }).await;
    for number in 0..ACTIVE {
        world.put(&format!("a{number}"), &under(app_only(number), reads(2)));
    }
    for account in ["paused-1", "paused-2"] {
        let mut wrong = under(app_only(0), json!({"pause_after": 1}));
        wrong["client_secret"] = json!("mistyped");
        world.put(account, &wrong);
    }
    world.begin().await;
    let report = world.tick().await;
    assert_eq!((&report["succeeded"], &report["paused"]), (&json!(ACTIVE), &json!(2)), "{report}");
    world
}

async fn shards(world: &World) -> BTreeSet<u16> {
    let items = world.dynamo.scan(ACCOUNTS).await;
    items.iter().map(|item| item["due_shard"]["S"].as_str().unwrap().parse().unwrap()).collect()
}

/// What must not change only because the number does.
async fn standing(world: &World) -> Vec<Value> {
    let mut items = world.dynamo.scan(ACCOUNTS).await;
    for item in &mut items {
        item.as_object_mut().unwrap().remove("due_shard");
    }
    items.sort_by_key(|item| item["account_id"]["S"].as_str().unwrap().to_owned());
    items
}

#[tokio::test]
async fn more_shards_are_found_at_once_and_filled_as_accounts_are_recorded() {
    let mut world = accounts_in(1).await;
    let before = standing(&world).await;
    world.reshard(8);
    let synced = world.sync().await;
    assert_eq!((&synced["unchanged"], &synced["moved"]), (&json!(ACTIVE + 2), &json!([])), "nobody is called early");
    assert_eq!(standing(&world).await, before);
    assert_eq!(shards(&world).await, BTreeSet::from([0]));
    world.all_due().await;
    let report = world.tick().await;
    assert_eq!((&report["due"], &report["claimed"]), (&json!(ACTIVE + 2), &json!(ACTIVE + 2)), "{report}");
    assert!(shards(&world).await.len() > 4, "{:?}", shards(&world).await);
}

#[tokio::test]
async fn of_fewer_shards_the_others_are_emptied_by_the_next_sync_and_every_account_stays_as_it_is() {
    let mut world = accounts_in(8).await;
    let before = standing(&world).await;
    let beyond = world.dynamo.scan(ACCOUNTS).await.iter().filter(|item| item["due_shard"]["S"] != "0").count();
    assert!(shards(&world).await.len() > 4);
    world.reshard(1);
    let synced = world.sync().await;
    assert_eq!(synced["moved"].as_array().unwrap().len(), beyond, "{synced}");
    assert_eq!((&synced["resumed"], &synced["changed"], &synced["busy"]), (&json!([]), &json!([]), &json!([])));
    assert_eq!(standing(&world).await, before, "paused ones stay paused, and nobody is called early");
    assert_eq!(shards(&world).await, BTreeSet::from([0]));
    assert_eq!(world.sync().await["moved"], json!([]));
    world.all_due().await;
    assert_eq!(world.tick().await["due"], ACTIVE + 2);
}

/// The function of yesterday holds an account while the one of today has fewer shards, or more.
async fn claimed_across(from: u16, to: u16) {
    let mut world = accounts_in(from).await;
    world.all_due().await;
    let mut records = world.dynamo.hold("UpdateItem", "last_run_at", At::Request);
    let (old, deadline) = (Arc::clone(&world.app), world.now() + world.time);
    let running = tokio::spawn(
        world.journal.listen(async move { handle(&old, &json!({"action": "tick"}), deadline).await.unwrap() }),
    );
    records.reached_by(ACTIVE + 2).await;
    let claimed: Vec<_> =
        world.dynamo.scan(ACCOUNTS).await.into_iter().filter(|item| item.get("run_id").is_some()).collect();
    assert_eq!(claimed.len(), ACTIVE + 2);
    world.reshard(to);
    let synced = world.sync().await;
    assert_eq!(synced["moved"], json!([]), "what a run holds, nobody touches: {synced}");
    records.release();
    let report = running.await.unwrap();
    assert_eq!((&report["succeeded"], &report["due"]), (&json!(ACTIVE), &json!(ACTIVE + 2)), "{report}");

    // It has recorded them where it looks itself.
    world.sync().await;
    world.advance(TimeDelta::hours(13));
    let report = world.tick().await;
    assert_eq!(
        (&report["due"], &report["succeeded"]),
        (&json!(ACTIVE + 2), &json!(ACTIVE)),
        "{from} to {to}: {report}"
    );
    assert!(shards(&world).await.into_iter().all(|shard| shard < to));
    for number in 0..ACTIVE {
        assert_eq!(world.runs(&format!("a{number}")).await.len(), 3, "one for each time it was due");
    }
}

#[tokio::test]
async fn an_account_that_is_claimed_while_the_number_changes_is_run_once_and_found_again() {
    claimed_across(8, 2).await;
    claimed_across(2, 8).await;
}
