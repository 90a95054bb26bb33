//! Throttling: all accounts of a tenant respect its Retry-After, and only refused items are resent.

use chrono::TimeDelta;
use fake_tenant::{App, Fault, FaultAction, Recorded, Tenant, User, When};
use serde_json::{Value, json};

use crate::support::test_app::{
    APP, APP_SECRET, TENANT, TestApp, TestAppOptions, app_only, password, reads, user, with_policy,
};

const PLAIN: [&str; 5] = ["drive.children", "drive.get", "drive.root", "groups.list", "users.list"];

/// A policy of five reads without Outlook, always the same.
fn plain() -> Value {
    json!({"operations": {"include": PLAIN}, "writes": false, "calls_per_run": {"min": 5, "max": 5}})
}

fn refused(retry_after: Option<i64>) -> FaultAction {
    FaultAction::Status429 { retry_after, applied_anyway: false }
}

fn unavailable(retry_after: Option<i64>) -> FaultAction {
    FaultAction::Status { status: 503, retry_after, applied_anyway: false }
}

fn drive_root(when: When, act: FaultAction) -> Fault {
    Fault::item("GET", "*/drive/root", when, act)
}

async fn one() -> TestApp {
    let app = TestApp::new().await;
    app.put("a", &with_policy(app_only(0), plain()));
    app.begin().await;
    app
}

/// Seconds between the first and the second request, rounded down.
fn pause_between(batches: &[Recorded]) -> i64 {
    (batches[1].at - batches[0].at).num_seconds()
}

#[tokio::test]
async fn only_the_throttled_item_is_resent_after_the_wait() {
    for act in [refused(Some(10)), unavailable(Some(10))] {
        let app = one().await;
        app.tenant.inject(drive_root(When::First(1), act));
        let report = app.tick().await;
        assert_eq!((report["calls_ok"].as_u64(), report["calls_throttled"].as_u64()), (Some(5), Some(0)));
        let batches = app.batches();
        assert_eq!(batches.iter().map(|batch| batch.items.len()).collect::<Vec<_>>(), [5, 1]);
        assert!(batches[1].items[0].url.contains("/drive/root"));
        assert!((10..=12).contains(&pause_between(&batches)));
    }
}

#[tokio::test]
async fn longest_wait_of_a_batch_applies() {
    let app = one().await;
    app.tenant.inject(drive_root(When::First(1), refused(Some(40))));
    app.tenant.inject(Fault::item("GET", "/groups", When::First(1), refused(Some(5))));
    assert_eq!(app.tick().await["calls_ok"], 5);
    let batches = app.batches();
    assert_eq!((batches.len(), batches[1].items.len()), (2, 2));
    assert!((40..=42).contains(&pause_between(&batches)));
}

#[tokio::test]
async fn item_throttled_twice_is_dropped_and_the_account_waits() {
    let app = one().await;
    app.tenant.inject(drive_root(When::Always, refused(Some(30))));
    let report = app.tick().await;
    let counts =
        ["succeeded", "calls_ok", "calls_failed", "calls_throttled"].map(|field| report[field].as_u64().unwrap());
    assert_eq!(counts, [1, 4, 0, 1]);
    let sent =
        app.batches().iter().flat_map(|batch| &batch.items).filter(|item| item.url.contains("/drive/root")).count();
    assert_eq!(sent, 3, "`drive.children` and twice `drive.root`");
    assert!(app.wait("a").await > 30);
}

#[tokio::test]
async fn throttled_batch_is_resent_once_after_the_wait() {
    for act in [refused(Some(90)), unavailable(Some(90))] {
        let app = one().await;
        app.tenant.inject(Fault::http(When::First(1), act));
        assert_eq!(app.tick().await["calls_ok"], 5);
        let batches = app.batches();
        assert_eq!(batches.len(), 2);
        assert!((90..=92).contains(&pause_between(&batches)));
    }
}

#[tokio::test]
async fn missing_retry_after_causes_exponential_backoff() {
    for act in [refused(None), unavailable(None)] {
        let app = one().await;
        app.tenant.inject(Fault::http(When::First(1), act));
        assert_eq!(app.tick().await["calls_ok"], 5);
        let batches = app.batches();
        assert_eq!(batches.len(), 2);
        assert!((1..=20).contains(&pause_between(&batches)), "{}", pause_between(&batches));
    }
}

#[tokio::test]
async fn wait_beyond_the_deadline_ends_the_run_as_throttled_and_delays_the_next() {
    let app = one().await;
    app.tenant.inject(Fault::http(When::First(1), refused(Some(20_000))));
    let report = app.tick().await;
    assert_eq!((report["failed"].as_u64(), report["calls_throttled"].as_u64()), (Some(1), Some(5)), "{report}");
    let run = app.last_run("a").await;
    assert_eq!(run.outcome, "throttled");
    assert_eq!(app.batches().len(), 1, "it is not resent");
    assert!(app.wait("a").await > 20_000);
    assert_eq!(app.status("a").await, "active");
    assert_eq!(app.next_round("a").await["calls_ok"], 5);
}

#[tokio::test]
async fn accounts_of_one_tenant_are_throttled_together() {
    let app = TestApp::with(TestAppOptions { concurrency: 1, ..TestAppOptions::default() }).await;
    for (account, number) in [("a", 0), ("b", 1)] {
        app.put(account, &with_policy(app_only(number), plain()));
    }
    app.put("c", &with_policy(password(2), plain()));
    app.begin().await;
    app.tenant.inject(Fault::http(When::First(1), refused(Some(9000))));
    let report = app.tick().await;
    assert_eq!((report["due"].as_u64(), report["failed"].as_u64()), (Some(3), Some(3)), "{report}");
    assert_eq!(app.batches().len(), 1);
    for account in ["a", "b", "c"] {
        assert_eq!(app.last_run(account).await.outcome, "throttled");
        assert!(app.wait(account).await > 9000 - 5);
    }
}

#[tokio::test]
async fn accounts_of_another_tenant_are_not_throttled() {
    let other = "1a2b3c4d-8a54-4c7e-9b51-2f6f3f1f7a11";
    let app = TestApp::with(TestAppOptions { concurrency: 1, ..TestAppOptions::default() }).await;
    app.tenant.add_tenant(
        Tenant::new(other, "fabrikam.onmicrosoft.com")
            .with_user(User::new("lee@fabrikam.onmicrosoft.com", "x"))
            .with_app(App::confidential(APP, APP_SECRET)),
    );
    app.put("a", &with_policy(app_only(0), plain()));
    let elsewhere = json!({"tenant_id": other, "client_id": APP, "client_secret": APP_SECRET,
        "user_id": "lee@fabrikam.onmicrosoft.com"});
    app.put("b", &with_policy(elsewhere, plain()));
    app.begin().await;
    app.tenant.inject(Fault::http(When::Always, refused(Some(9000))).of_tenant(TENANT));
    let report = app.tick().await;
    assert_eq!((report["failed"].as_u64(), report["calls_ok"].as_u64()), (Some(1), Some(5)), "{report}");
}

#[tokio::test]
async fn retry_after_of_the_login_service_is_respected() {
    let app = TestApp::with(TestAppOptions { concurrency: 1, ..TestAppOptions::default() }).await;
    for (account, number) in [("a", 0), ("b", 1)] {
        app.put(account, &with_policy(app_only(number), plain()));
    }
    app.begin().await;
    app.tenant.inject(Fault::login(When::First(1), refused(Some(9000))));
    assert_eq!(app.tick().await["failed"], 2);
    assert_eq!((app.token_requests().len(), app.batches().len()), (1, 0));
    for account in ["a", "b"] {
        assert_eq!(app.last_run(account).await.outcome, "throttled");
        assert!(app.wait(account).await > 9000);
    }
    app.all_due().await;
    assert_eq!(app.tick().await["succeeded"], 2);
}

#[tokio::test]
async fn throttled_outlook_item_delays_only_its_own_lane() {
    for seed in 1..=6 {
        let app = TestApp::seeded(seed).await;
        let outlook = json!({"operations": {"include": ["mail.*", "contact.*", "contactFolder.*", "calendar.*", "event.*"]},
            "writes": false, "calls_per_run": {"min": 12, "max": 12}});
        app.put("a", &with_policy(password(0), outlook));
        app.begin().await;
        app.tenant.inject(Fault::item("GET", "/me/*", When::Nth(2), refused(Some(7))));
        let report = app.tick().await;
        assert_eq!(
            (report["calls_failed"].as_u64(), report["calls_throttled"].as_u64()),
            (Some(0), Some(0)),
            "{report}"
        );
        let batches = app.batches();
        assert!(batches[1].items.iter().all(|again| batches[0].items.iter().any(|item| item.url == again.url)));
    }
}

#[tokio::test]
async fn write_refused_but_applied_is_removed() {
    for seed in 1..=4 {
        let app = TestApp::seeded(seed).await;
        let mut policy = crate::support::test_app::writes(12);
        policy["interval_seconds"] = json!({"min": 3600, "max": 3600});
        app.put("a", &with_policy(password(0), policy));
        app.begin().await;
        let before = app.snapshot();
        let twice = FaultAction::Status429 { retry_after: Some(3), applied_anyway: true };
        app.tenant.inject(Fault::item("POST", "*", When::First(3), twice));
        app.tick().await;
        app.tenant.clear_faults();
        for _ in 0..3 {
            assert_eq!(app.next_round("a").await["succeeded"], 1);
        }
        app.assert_as_before(&before);
    }
}

#[tokio::test]
async fn run_that_waits_in_vain_leaves_no_objects_of_the_user() {
    let app = TestApp::new().await;
    app.put("a", &with_policy(password(0), reads(4)));
    app.begin().await;
    let before = app.snapshot();
    app.tenant.inject(Fault::http(When::Always, refused(Some(60))));
    let report = app.tick().await;
    assert_eq!((report["failed"].as_u64(), report["calls_throttled"].as_u64()), (Some(1), Some(4)), "{report}");
    assert!(app.now() - app.last_run("a").await.started_at < TimeDelta::minutes(5), "within the deadline");
    assert_eq!(app.batches()[0].account.as_deref(), Some(user(0).as_str()));
    app.assert_as_before(&before);
}
