//! An outage: whatever Microsoft or the network do for however long, no account is paused, and all recover at once.

use std::time::Duration;

use chrono::TimeDelta;
use fake_tenant::{Fault, FaultAction, When};
use serde_json::{Value, json};

use crate::support::world::{Setting, World, app_only, password, under};

fn hourly() -> Value {
    json!({
        "operations": {"include": ["user.me.get", "drive.root", "users.list"]}, "writes": false,
        "calls_per_run": {"min": 3, "max": 3}, "interval_seconds": {"min": 3600, "max": 3600}, "pause_after": 1
    })
}

fn status(status: u16) -> FaultAction {
    FaultAction::Status { status, retry_after: None, applied_anyway: false }
}

/// The waits after each failed run of an account that runs hourly.
const WAITS: [i64; 6] = [7200, 14_400, 28_800, 57_600, 86_400, 86_400];

/// A fault that lasts for so many runs, and is over then.
async fn outlast(world: &World, runs: usize, fault: Fault, name: &str) {
    let mut waits = Vec::new();
    world.tenant.inject(fault);
    for _ in 0..runs {
        let report = world.next_round("a").await;
        assert_eq!((report["failed"].as_u64(), report["paused"].as_u64()), (Some(1), Some(0)), "{name}: {report}");
        waits.push(world.wait("a").await);
        assert_eq!(world.status("a").await, "active", "{name}");
        assert_eq!(world.last_run("a").await.outcome, "transient", "{name}");
    }
    assert_eq!(waits, WAITS[..runs], "{name}");
    assert_eq!(world.attribute("a", "consecutive_failures").await, Some(runs.to_string()));
    world.tenant.clear_faults();
    assert_eq!(world.next_round("a").await["succeeded"], 1, "{name}");
    assert_eq!(world.wait("a").await, 3600, "{name}");
    assert_eq!(world.attribute("a", "consecutive_failures").await.as_deref(), Some("0"));
}

#[tokio::test]
async fn while_graph_is_down_the_interval_doubles_up_to_a_day_and_then_all_is_as_before() {
    let world = World::new().await;
    world.put("a", &under(app_only(0), hourly()));
    world.sync().await;
    for act in [
        status(500),
        status(502),
        status(503),
        status(504),
        FaultAction::Reset { after: false },
        FaultAction::Reset { after: true },
        FaultAction::Truncated,
        FaultAction::Html,
    ] {
        let name = format!("{act:?}");
        let runs = if matches!(act, FaultAction::Html) { 6 } else { 2 };
        outlast(&world, runs, Fault::http(When::Always, act), &name).await;
    }
    for code in [500, 502, 503, 504, 509] {
        outlast(&world, 2, Fault::item("GET", "*", When::Always, status(code)), &format!("items {code}")).await;
    }
}

#[tokio::test]
async fn while_the_login_service_is_down_the_interval_doubles_up_to_a_day_and_then_all_is_as_before() {
    let world = World::new().await;
    world.put("a", &under(password(0), hourly()));
    world.sync().await;
    for act in [
        status(500),
        status(503),
        FaultAction::Reset { after: false },
        FaultAction::Reset { after: true },
        FaultAction::Truncated,
        FaultAction::Html,
        FaultAction::Aadsts(90033),
    ] {
        let name = format!("{act:?}");
        let runs = if matches!(act, FaultAction::Html) { 6 } else { 2 };
        outlast(&world, runs, Fault::login(When::Always, act), &name).await;
    }
    assert_eq!(world.batches().iter().filter(|batch| batch.status != Some(200)).count(), 0);
}

#[tokio::test]
async fn a_graph_that_never_answers_is_given_up_in_time() {
    for after in [false, true] {
        let mut world = World::new().await;
        // The deadline bounds the real time that one request gets.
        world.time = TimeDelta::milliseconds(250);
        world.put("a", &under(app_only(0), hourly()));
        world.sync().await;
        outlast(&world, 2, Fault::http(When::Always, FaultAction::Hang { after }), "hang").await;
    }
}

#[tokio::test]
async fn a_login_service_that_never_answers_is_given_up_in_time() {
    let world = World::with(Setting { http: Duration::from_millis(300), ..Setting::default() }).await;
    world.put("a", &under(app_only(0), hourly()));
    world.sync().await;
    outlast(&world, 2, Fault::login(When::Always, FaultAction::Hang { after: false }), "hang").await;
}

#[tokio::test]
async fn an_endpoint_that_nobody_serves_is_an_outage_like_any_other() {
    let mut world = World::new().await;
    world.put("a", &under(app_only(0), hourly()));
    world.begin().await;
    world.tenant.stop();
    // Connections that are open already would go on.
    world.restart();
    assert_eq!(world.tick().await["failed"], 1);
    let run = world.last_run("a").await;
    assert_eq!(run.outcome, "transient");
    assert_eq!(run.reason.as_deref(), Some("the login service could not be reached"));
}

#[tokio::test]
async fn some_answers_are_enough_for_a_run_to_have_succeeded() {
    let world = World::new().await;
    world.put("a", &under(app_only(0), hourly()));
    world.begin().await;
    world.tenant.inject(Fault::item("GET", "*/drive/root", When::Always, status(503)));
    let report = world.tick().await;
    let counts = ["succeeded", "calls_ok", "calls_failed"].map(|field| report[field].as_u64().unwrap());
    assert_eq!(counts, [1, 2, 1]);
    assert_eq!(world.wait("a").await, 3600);
}
