//! Orphans: objects that a run created are removed in the end, whatever happens to the run, and nothing else is changed.

use chrono::TimeDelta;
use fake_tenant::{Fault, FaultAction, When};
use serde_json::{Value, json};

use crate::support::test_app::{
    CrashPoint, TestApp, TestAppOptions, app_only, difference, password, reads, user, with_policy, writes,
};

/// Runs rounds until all pending sweeps are done.
const ENOUGH: usize = 5;

fn many(count: usize) -> Value {
    let mut policy = writes(count);
    policy["interval_seconds"] = json!({"min": 3600, "max": 3600});
    policy
}

async fn rounds(app: &TestApp, account: &str, count: usize) {
    for _ in 0..count {
        let report = app.next_round(account).await;
        assert_eq!(report["succeeded"], 1, "{report} {}", app.log.text());
    }
}

fn writes_executed(app: &TestApp) -> usize {
    let items = app.batches().into_iter().flat_map(|batch| batch.items);
    items.filter(|item| item.executed && item.method != "GET" && item.status < 300).count()
}

#[tokio::test]
async fn run_removes_what_it_created() {
    for (seed, secret) in [(1, app_only(0)), (2, password(0)), (3, app_only(0)), (4, password(0))] {
        let app = TestApp::seeded(seed).await;
        app.put("a", &with_policy(secret, many(40)));
        app.begin().await;
        let before = app.snapshot();
        let report = app.tick().await;
        assert_eq!(report["succeeded"], 1);
        assert!(writes_executed(&app) >= 20, "too little was written to prove anything");
        assert_eq!(report["calls_failed"], 0, "seed {seed}: {}", app.log.text());
        app.assert_as_before(&before);
    }
}

/// The function crashes at the nth request; returns whether it reached that request.
async fn killed(nth: usize, moment: CrashPoint, secret: Value) -> bool {
    let mut app = TestApp::seeded(7).await;
    app.put("a", &with_policy(secret, many(12)));
    app.begin().await;
    let before = app.snapshot();
    let of_others = format!("{before}").matches("Evergreen trees").count();
    assert!(of_others > 0, "the tenant already has objects of the user with names like the app's");
    app.crash_plan.crash_at(nth, moment);
    let died = tokio::select! {
        report = app.tick() => {
            assert_eq!(report["succeeded"], 1);
            false
        }
        () = app.crash_plan.crashed() => true,
    };
    app.crash_plan.cancel();
    if died {
        assert_eq!(app.runs("a").await.len(), 0);
        assert!(app.attribute("a", "run_id").await.is_some(), "the crashed run still holds its claim");
        app.restart();
        assert_eq!(app.tick().await["due"], 0, "the account is not run before the lease ends");
        app.advance(TimeDelta::minutes(15));
        let report = app.tick().await;
        assert_eq!(report["succeeded"], 1, "{moment:?} {nth}: {report}");
        rounds(&app, "a", 1).await;
    }
    let after = app.snapshot();
    assert!(after == before, "{moment:?} {nth}: {:#?}", difference("", &before, &after));
    died
}

#[tokio::test]
async fn later_run_removes_what_a_run_killed_at_any_request_left() {
    for (secret, moment) in
        [(app_only(0), CrashPoint::Before), (password(1), CrashPoint::After), (app_only(0), CrashPoint::After)]
    {
        let mut nth = 1;
        while killed(nth, moment, secret.clone()).await {
            nth += 1;
        }
        assert!(nth > 4, "a run with clean-up takes at least three requests after its token");
    }
}

#[tokio::test]
async fn account_whose_run_died_before_its_token_runs_again_after_the_lease() {
    let mut app = TestApp::new().await;
    app.put("a", &with_policy(app_only(0), reads(3)));
    app.begin().await;
    let mut hold = app.secrets.hold("BatchGetSecretValue", "", crate::support::aws_json::At::Request);
    tokio::select! {
        _ = app.tick() => panic!("the round cannot end"),
        () = hold.reached() => {}
    }
    hold.release();
    app.restart();
    assert_eq!(app.wait("a").await, 15 * 60);
    assert_eq!(app.next_round("a").await["succeeded"], 1);
    assert_eq!(app.runs("a").await.len(), 1);
}

#[tokio::test]
async fn mail_to_self_has_no_other_recipient_and_is_purged_after_arrival() {
    let app = TestApp::new().await;
    let mail = |count: usize, include: &str| {
        json!({"operations": {"include": [include]}, "calls_per_run": {"min": count, "max": count},
            "interval_seconds": {"min": 3600, "max": 3600}})
    };
    app.put("a", &with_policy(app_only(0), mail(1, "mail.sendSelf")));
    app.begin().await;
    let before = app.snapshot();
    assert_eq!(app.tick().await["succeeded"], 1);
    let sent: Vec<_> =
        app.batches().into_iter().flat_map(|batch| batch.items).filter(|item| item.url.contains("/sendMail")).collect();
    assert_eq!(sent.len(), 1);
    let to = &sent[0].body["Message"]["toRecipients"];
    assert_eq!(*to, json!([{"emailAddress": {"address": user(0)}}]));

    app.tenant.deliver_mail();
    assert!(app.snapshot() != before, "the mail is in the inbox");
    // From now on the account sends no mail.
    app.put("a", &with_policy(app_only(0), mail(1, "user.me.get")));
    app.sync().await;
    rounds(&app, "a", 1).await;
    app.assert_as_before(&before);
}

#[tokio::test]
async fn late_mail_is_purged_by_one_of_the_next_three_runs() {
    for late in 0..3 {
        let app = TestApp::new().await;
        let policy = |include: &str| {
            json!({"operations": {"include": [include]}, "calls_per_run": {"min": 1, "max": 1},
                "interval_seconds": {"min": 500, "max": 500}})
        };
        app.put("a", &with_policy(password(0), policy("mail.sendSelf")));
        app.begin().await;
        let before = app.snapshot();
        app.tick().await;
        app.put("a", &with_policy(password(0), policy("user.me.get")));
        app.sync().await;
        // The fake tenant delivers mail only when the clock advances.
        for run in 0..3 {
            app.assert_as_before(&before);
            if run == late {
                app.tenant.deliver_mail();
                assert!(app.snapshot() != before, "the mail has arrived");
            }
            assert_eq!(app.act("run", "a").await["outcome"], "succeeded");
        }
        app.assert_as_before(&before);
    }
}

#[tokio::test]
async fn tenant_is_unchanged_after_a_hundred_runs_with_random_faults_and_some_without() {
    // One after the other, so that no request is in flight when another one is throttled.
    let app = TestApp::with(TestAppOptions { seed: 11, users: 2, concurrency: 1, ..TestAppOptions::default() }).await;
    let policy = |exclude: Value| {
        json!({"operations": {"include": ["*"], "exclude": exclude}, "calls_per_run": {"min": 10, "max": 30},
            "interval_seconds": {"min": 3600, "max": 3600}})
    };
    app.put("app", &with_policy(app_only(0), policy(json!([]))));
    app.put("user", &with_policy(password(1), policy(json!([]))));
    app.begin().await;
    let before = app.snapshot();

    let status = |status, applied_anyway| FaultAction::Status { status, retry_after: None, applied_anyway };
    // Two accounts, a hundred runs. Responses are lost in one round and refused in the next: a lost
    // Retry-After could not be respected.
    for round in 0..50 {
        app.tenant.clear_faults();
        if round % 2 == 0 {
            for act in [
                FaultAction::Reset { after: true },
                FaultAction::Reset { after: false },
                FaultAction::Truncated,
                FaultAction::Html,
                status(503, true),
            ] {
                app.tenant.inject(Fault::http(When::Chance(0.04), act));
            }
        } else {
            app.tenant.inject(Fault::http(When::Chance(0.03), FaultAction::TokenExpired));
            for method in ["GET", "POST", "PATCH", "PUT", "DELETE"] {
                app.tenant.inject(Fault::item(method, "*", When::Chance(0.03), status(500, true)));
                app.tenant.inject(Fault::item(method, "*", When::Chance(0.03), status(503, false)));
                let busy = FaultAction::Status429 { retry_after: Some(2), applied_anyway: true };
                app.tenant.inject(Fault::item(method, "*", When::Chance(0.02), busy));
            }
        }
        app.all_due().await;
        app.tick().await;
    }
    assert!(writes_executed(&app) > 300, "too little was written to prove anything");
    app.tenant.clear_faults();

    // From now on no faults, and no mail that would arrive after the end.
    app.put("app", &with_policy(app_only(0), policy(json!(["mail.sendSelf"]))));
    app.put("user", &with_policy(password(1), policy(json!(["mail.sendSelf"]))));
    app.sync().await;
    app.tenant.deliver_mail();
    for _ in 0..ENOUGH {
        app.all_due().await;
        assert_eq!(app.tick().await["succeeded"], 2);
    }
    app.assert_as_before(&before);
    for account in ["app", "user"] {
        assert_eq!(app.attribute(account, "sweeps").await, None, "{account} still has a pending sweep");
    }
}

#[tokio::test]
async fn run_without_faults_causes_no_sweep() {
    let app = TestApp::new().await;
    app.put("a", &with_policy(app_only(0), many(12)));
    app.begin().await;
    app.tick().await;
    assert_eq!(app.attribute("a", "sweeps").await, None);
}
