//! Deadlines and stop signals: runs in progress finish, the other accounts are left for the next tick.

use std::{sync::Arc, time::Duration};

use chrono::TimeDelta;
use e5_evergreen::handler::handle;
use fake_tenant::{Fault, FaultAction, When};
use serde_json::{Value, json};

use crate::support::{
    aws_json::At,
    dynamodb::ACCOUNTS,
    test_app::{TestApp, TestAppOptions, app_only, password, reads, with_policy, writes},
};

async fn many(accounts: usize, concurrency: usize) -> TestApp {
    let app = TestApp::with(TestAppOptions { users: accounts, concurrency, ..TestAppOptions::default() }).await;
    for number in 0..accounts {
        app.put(&format!("a{number:02}"), &with_policy(app_only(number), reads(2)));
    }
    app.begin().await;
    app
}

fn number(report: &Value, field: &str) -> u64 {
    report[field].as_u64().unwrap_or_else(|| panic!("{field} in {report}"))
}

/// Asserts that no account is claimed and none has failed.
async fn assert_none_claimed_or_failed(app: &TestApp) {
    for item in app.dynamo.scan(ACCOUNTS).await {
        assert!(item.get("run_id").is_none(), "still claimed: {item}");
        assert_eq!(
            (item["status"]["S"].as_str(), item["consecutive_failures"]["N"].as_str()),
            (Some("active"), Some("0"))
        );
    }
}

#[tokio::test]
async fn accounts_that_do_not_fit_the_deadline_are_deferred_to_the_next_tick() {
    let app = many(45, 1).await;
    app.tenant.inject(Fault::http(When::Always, FaultAction::Slow(Duration::from_secs(60))));
    let started = app.now();
    let report = app.tick().await;
    assert!(app.now() - started <= TimeDelta::minutes(6), "{}", app.now() - started);
    let (succeeded, deferred) = (number(&report, "succeeded"), number(&report, "deferred"));
    assert!((3..=6).contains(&succeeded), "{report}");
    assert_eq!((succeeded + deferred, number(&report, "due"), number(&report, "failed")), (45, 45, 0), "{report}");
    assert!(number(&report, "claimed") < 45, "claiming did not stop: {report}");
    assert_none_claimed_or_failed(&app).await;

    app.tenant.clear_faults();
    let report = app.tick().await;
    assert_eq!((number(&report, "due"), number(&report, "succeeded")), (deferred, deferred), "{report}");
}

#[tokio::test]
async fn round_past_its_deadline_claims_nothing() {
    let mut app = many(3, 32).await;
    app.time = TimeDelta::seconds(-1);
    let report = app.tick().await;
    assert_eq!((number(&report, "due"), number(&report, "claimed"), number(&report, "deferred")), (3, 0, 3));
    assert_eq!(
        (app.dynamo.calls("UpdateItem"), app.tenant.requests().len()),
        (3, 0),
        "the writes are those of the sync"
    );
}

#[tokio::test]
async fn run_that_reaches_its_deadline_removes_what_it_created() {
    for seed in 1..=5 {
        let app = TestApp::seeded(seed).await;
        let mut policy = writes(30);
        policy["interval_seconds"] = json!({"min": 3600, "max": 3600});
        app.put("a", &with_policy(password(0), policy));
        app.begin().await;
        let before = app.snapshot();
        app.tenant.inject(Fault::http(When::Nth(2), FaultAction::Slow(Duration::from_secs(293))));
        let report = app.tick().await;
        assert_eq!(number(&report, "succeeded"), 1);
        assert!(
            app.log.of("run")[0]["calls_skipped"].as_u64() > Some(0),
            "seed {seed}: the plan was completed in time"
        );
        app.assert_as_before(&before);
    }
}

#[tokio::test]
async fn stop_signal_finishes_the_current_runs_and_releases_the_other_claims() {
    let mut app = many(12, 2).await;
    let mut hold = app.dynamo.hold("UpdateItem", "last_run_at", At::Request);
    let (inner, deadline) = (Arc::clone(&app.inner), app.now() + TimeDelta::minutes(5));
    let ending = Arc::clone(&inner);
    let running = tokio::spawn(
        app.log.listen(async move { handle(&ending, &json!({"action": "tick"}), deadline).await.unwrap() }),
    );
    hold.reached().await;
    inner.stop.set();
    hold.release();
    let report = running.await.unwrap();
    let (succeeded, deferred) = (number(&report, "succeeded"), number(&report, "deferred"));
    assert!(succeeded >= 1 && deferred >= 1 && succeeded + deferred == 12, "{report}");
    assert_eq!(number(&report, "failed"), 0);
    assert_none_claimed_or_failed(&app).await;

    app.restart();
    let report = app.tick().await;
    assert_eq!((number(&report, "due"), number(&report, "succeeded")), (deferred, deferred), "{report}");
}

#[tokio::test]
async fn stopped_run_removes_what_it_created() {
    for (seed, batches) in [(1, 1), (2, 2), (3, 3)] {
        let app = TestApp::seeded(seed).await;
        app.put("a", &with_policy(password(0), writes(30)));
        app.begin().await;
        let before = app.snapshot();
        let (inner, deadline) = (Arc::clone(&app.inner), app.now() + TimeDelta::minutes(5));
        let ending = Arc::clone(&inner);
        let running = tokio::spawn(
            app.log.listen(async move { handle(&ending, &json!({"action": "tick"}), deadline).await.unwrap() }),
        );
        while app.batches().len() < batches {
            tokio::task::yield_now().await;
        }
        inner.stop.set();
        let report = running.await.unwrap();
        assert_eq!(number(&report, "failed"), 0, "{report}");
        app.assert_as_before(&before);
        assert_none_claimed_or_failed(&app).await;
    }
}

#[tokio::test]
async fn app_that_is_stopping_claims_nothing() {
    let app = TestApp::new().await;
    app.put("a", &with_policy(app_only(0), reads(2)));
    app.begin().await;
    app.inner.stop.set();
    let report = app.tick().await;
    assert_eq!((number(&report, "due"), number(&report, "claimed"), number(&report, "deferred")), (1, 0, 1));
}

#[tokio::test]
async fn login_service_that_never_answers_does_not_outlive_the_deadline() {
    // Without a limit of its own a request would wait for an hour.
    let options = TestAppOptions { http: Duration::from_secs(3600), concurrency: 1, ..TestAppOptions::default() };
    let mut app = TestApp::with(options).await;
    for number in 0..2 {
        app.put(&format!("a{number}"), &with_policy(app_only(number), reads(2)));
    }
    app.begin().await;
    app.time = TimeDelta::seconds(2);
    app.tenant.inject(Fault::login(When::Always, FaultAction::Hang { after: false }));
    let report = app.tick().await;
    assert_eq!((number(&report, "claimed"), number(&report, "failed")), (2, 2), "{report}");
    for account in ["a0", "a1"] {
        assert_eq!(app.last_run(account).await.outcome, "transient");
        assert_eq!(app.attribute(account, "run_id").await, None);
    }
}
