//! Outages of Microsoft or of the network never pause an account, and every account recovers at once.

use std::time::Duration;

use chrono::TimeDelta;
use fake_tenant::{Fault, FaultAction, When};
use serde_json::{Value, json};

use crate::support::test_app::{TestApp, TestAppOptions, app_only, password, with_policy};

fn hourly() -> Value {
    json!({
        "operations": {"include": ["user.me.get", "drive.root", "users.list"]}, "writes": false,
        "calls_per_run": {"min": 3, "max": 3}, "interval_seconds": {"min": 3600, "max": 3600}, "pause_after": 1
    })
}

fn status(status: u16) -> FaultAction {
    FaultAction::Status { status, retry_after: None, applied_anyway: false }
}

/// The seconds until the next run after each failed run of an account that runs hourly.
const WAITS: [i64; 6] = [7200, 14_400, 28_800, 57_600, 86_400, 86_400];

/// Runs the account under a fault for this many runs, and once after it.
async fn outlast(app: &TestApp, runs: usize, fault: Fault, name: &str) {
    let mut waits = Vec::new();
    app.tenant.inject(fault);
    for _ in 0..runs {
        let report = app.next_round("a").await;
        assert_eq!((report["failed"].as_u64(), report["paused"].as_u64()), (Some(1), Some(0)), "{name}: {report}");
        waits.push(app.wait("a").await);
        assert_eq!(app.status("a").await, "active", "{name}");
        assert_eq!(app.last_run("a").await.outcome, "transient", "{name}");
    }
    assert_eq!(waits, WAITS[..runs], "{name}");
    assert_eq!(app.attribute("a", "consecutive_failures").await, Some(runs.to_string()));
    app.tenant.clear_faults();
    assert_eq!(app.next_round("a").await["succeeded"], 1, "{name}");
    assert_eq!(app.wait("a").await, 3600, "{name}");
    assert_eq!(app.attribute("a", "consecutive_failures").await.as_deref(), Some("0"));
}

#[tokio::test]
async fn interval_doubles_up_to_a_day_while_graph_is_down_and_then_resets() {
    let app = TestApp::new().await;
    app.put("a", &with_policy(app_only(0), hourly()));
    app.sync().await;
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
        outlast(&app, runs, Fault::http(When::Always, act), &name).await;
    }
    for code in [500, 502, 503, 504, 509] {
        outlast(&app, 2, Fault::item("GET", "*", When::Always, status(code)), &format!("items {code}")).await;
    }
}

#[tokio::test]
async fn interval_doubles_up_to_a_day_while_the_login_service_is_down_and_then_resets() {
    let app = TestApp::new().await;
    app.put("a", &with_policy(password(0), hourly()));
    app.sync().await;
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
        outlast(&app, runs, Fault::login(When::Always, act), &name).await;
    }
    assert_eq!(app.batches().iter().filter(|batch| batch.status != Some(200)).count(), 0);
}

#[tokio::test]
async fn silent_graph_times_out_before_the_deadline() {
    for after in [false, true] {
        let mut app = TestApp::new().await;
        // The deadline limits the real duration of one request.
        app.time = TimeDelta::milliseconds(250);
        app.put("a", &with_policy(app_only(0), hourly()));
        app.sync().await;
        outlast(&app, 2, Fault::http(When::Always, FaultAction::Hang { after }), "hang").await;
    }
}

#[tokio::test]
async fn silent_login_service_times_out_before_the_deadline() {
    let app = TestApp::with(TestAppOptions { http: Duration::from_millis(300), ..TestAppOptions::default() }).await;
    app.put("a", &with_policy(app_only(0), hourly()));
    app.sync().await;
    outlast(&app, 2, Fault::login(When::Always, FaultAction::Hang { after: false }), "hang").await;
}

#[tokio::test]
async fn unreachable_endpoint_is_an_outage() {
    let mut app = TestApp::new().await;
    app.put("a", &with_policy(app_only(0), hourly()));
    app.begin().await;
    app.tenant.stop();
    // Open connections would continue to work.
    app.restart();
    assert_eq!(app.tick().await["failed"], 1);
    let run = app.last_run("a").await;
    assert_eq!(run.outcome, "transient");
    let expected = format!("the login service could not be reached ({}: connection refused)", app.tenant.endpoint());
    assert_eq!(run.reason, Some(expected), "the host and the cause are named");
}

#[tokio::test]
async fn run_with_some_answers_succeeds() {
    let app = TestApp::new().await;
    app.put("a", &with_policy(app_only(0), hourly()));
    app.begin().await;
    app.tenant.inject(Fault::item("GET", "*/drive/root", When::Always, status(503)));
    let report = app.tick().await;
    let counts = ["succeeded", "calls_ok", "calls_failed"].map(|field| report[field].as_u64().unwrap());
    assert_eq!(counts, [1, 2, 1]);
    assert_eq!(app.wait("a").await, 3600);
}
