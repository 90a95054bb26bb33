//! A deadline, or a request to stop: what was begun is brought to an end, and what was not is left for the next tick.

use std::{sync::Arc, time::Duration};

use chrono::TimeDelta;
use e5_evergreen::handler::handle;
use fake_tenant::{Fault, FaultAction, When};
use serde_json::{Value, json};

use crate::support::{
    aws_json::At,
    dynamodb::ACCOUNTS,
    world::{Setting, World, app_only, password, reads, under, writes},
};

async fn many(accounts: usize, concurrency: usize) -> World {
    let world = World::with(Setting { users: accounts, concurrency, ..Setting::default() }).await;
    for number in 0..accounts {
        world.put(&format!("a{number:02}"), &under(app_only(number), reads(2)));
    }
    world.begin().await;
    world
}

fn number(report: &Value, field: &str) -> u64 {
    report[field].as_u64().unwrap_or_else(|| panic!("{field} in {report}"))
}

/// No account is claimed, and nobody has failed.
async fn assert_nobody_hurt(world: &World) {
    for item in world.dynamo.scan(ACCOUNTS).await {
        assert!(item.get("run_id").is_none(), "still claimed: {item}");
        assert_eq!(
            (item["status"]["S"].as_str(), item["consecutive_failures"]["N"].as_str()),
            (Some("active"), Some("0"))
        );
    }
}

#[tokio::test]
async fn what_does_not_fit_before_the_deadline_is_deferred_and_due_at_the_next_tick() {
    let world = many(45, 1).await;
    world.tenant.inject(Fault::http(When::Always, FaultAction::Slow(Duration::from_secs(60))));
    let started = world.now();
    let report = world.tick().await;
    assert!(world.now() - started <= TimeDelta::minutes(6), "{}", world.now() - started);
    let (succeeded, deferred) = (number(&report, "succeeded"), number(&report, "deferred"));
    assert!((3..=6).contains(&succeeded), "{report}");
    assert_eq!((succeeded + deferred, number(&report, "due"), number(&report, "failed")), (45, 45, 0), "{report}");
    assert!(number(&report, "claimed") < 45, "it went on claiming: {report}");
    assert_nobody_hurt(&world).await;

    world.tenant.clear_faults();
    let report = world.tick().await;
    assert_eq!((number(&report, "due"), number(&report, "succeeded")), (deferred, deferred), "{report}");
}

#[tokio::test]
async fn a_round_whose_time_is_up_claims_nothing() {
    let mut world = many(3, 32).await;
    world.time = TimeDelta::seconds(-1);
    let report = world.tick().await;
    assert_eq!((number(&report, "due"), number(&report, "claimed"), number(&report, "deferred")), (3, 0, 3));
    assert_eq!(
        (world.dynamo.calls("UpdateItem"), world.tenant.requests().len()),
        (3, 0),
        "the writes are those of the sync"
    );
}

#[tokio::test]
async fn a_plan_that_runs_out_of_time_is_cleaned_up() {
    for seed in 1..=5 {
        let world = World::seeded(seed).await;
        let mut policy = writes(30);
        policy["interval_seconds"] = json!({"min": 3600, "max": 3600});
        world.put("a", &under(password(0), policy));
        world.begin().await;
        let before = world.snapshot();
        world.tenant.inject(Fault::http(When::Nth(2), FaultAction::Slow(Duration::from_secs(293))));
        let report = world.tick().await;
        assert_eq!(number(&report, "succeeded"), 1);
        assert!(
            world.journal.of("run")[0]["calls_skipped"].as_u64() > Some(0),
            "seed {seed}: the plan was done in time"
        );
        world.assert_as_before(&before);
    }
}

#[tokio::test]
async fn a_house_that_is_asked_to_stop_ends_its_runs_and_gives_the_others_back() {
    let mut world = many(12, 2).await;
    let mut hold = world.dynamo.hold("UpdateItem", "last_run_at", At::Request);
    let (app, deadline) = (Arc::clone(&world.app), world.now() + TimeDelta::minutes(5));
    let ending = Arc::clone(&app);
    let running = tokio::spawn(async move { handle(&ending, &json!({"action": "tick"}), deadline).await.unwrap() });
    hold.reached().await;
    app.stop();
    hold.release();
    let report = running.await.unwrap();
    let (succeeded, deferred) = (number(&report, "succeeded"), number(&report, "deferred"));
    assert!(succeeded >= 1 && deferred >= 1 && succeeded + deferred == 12, "{report}");
    assert_eq!(number(&report, "failed"), 0);
    assert_nobody_hurt(&world).await;

    world.restart();
    let report = world.tick().await;
    assert_eq!((number(&report, "due"), number(&report, "succeeded")), (deferred, deferred), "{report}");
}

#[tokio::test]
async fn a_run_that_is_asked_to_stop_on_its_way_removes_what_it_made() {
    for (seed, batches) in [(1, 1), (2, 2), (3, 3)] {
        let world = World::seeded(seed).await;
        world.put("a", &under(password(0), writes(30)));
        world.begin().await;
        let before = world.snapshot();
        let (app, deadline) = (Arc::clone(&world.app), world.now() + TimeDelta::minutes(5));
        let ending = Arc::clone(&app);
        let running = tokio::spawn(async move { handle(&ending, &json!({"action": "tick"}), deadline).await.unwrap() });
        while world.batches().len() < batches {
            tokio::task::yield_now().await;
        }
        app.stop();
        let report = running.await.unwrap();
        assert_eq!(number(&report, "failed"), 0, "{report}");
        world.assert_as_before(&before);
        assert_nobody_hurt(&world).await;
    }
}

#[tokio::test]
async fn a_house_that_is_stopping_claims_nothing() {
    let world = World::new().await;
    world.put("a", &under(app_only(0), reads(2)));
    world.begin().await;
    world.app.stop();
    let report = world.tick().await;
    assert_eq!((number(&report, "due"), number(&report, "claimed"), number(&report, "deferred")), (1, 0, 1));
}
