//! Tokens: no more requests than necessary, and no refresh token is lost.

use chrono::TimeDelta;
use fake_tenant::{Fault, FaultAction, When};
use serde_json::{Value, json};

use crate::support::{
    aws_json::{self, At},
    test_app::{
        APP, PUBLIC_APP, TENANT, TestApp, TestAppOptions, app_only, password, reads, refresh_token, with_policy,
    },
};

const SECRET: &str = "evergreen/a";

/// A policy of three reads that runs often.
fn often(seconds: u32) -> Value {
    let mut policy = reads(3);
    policy["interval_seconds"] = json!({"min": seconds, "max": seconds});
    policy
}

/// A policy whose reads take at least two waves.
fn two_waves() -> Value {
    json!({"operations": {"include": ["drive.item.get"]}, "writes": false, "calls_per_run": {"min": 1, "max": 1}})
}

#[tokio::test]
async fn token_without_expires_in_is_used_only_in_its_run() {
    for client in [APP, PUBLIC_APP] {
        let app = TestApp::new().await;
        app.tenant.change_app(TENANT, client, |app| app.omit_expires_in = true);
        let secret = if client == APP { app_only(0) } else { password(0) };
        app.put("a", &with_policy(secret, often(500)));
        app.sync().await;
        for run in 1..=3 {
            assert_eq!(app.next_round("a").await["succeeded"], 1);
            assert_eq!(app.token_requests().len(), run);
        }
    }
}

#[tokio::test]
async fn token_is_reused_until_shortly_before_it_expires() {
    let app = TestApp::new().await;
    app.put("a", &with_policy(app_only(0), often(600)));
    app.sync().await;
    for _ in 0..6 {
        assert_eq!(app.next_round("a").await["succeeded"], 1);
    }
    assert_eq!(app.token_requests().len(), 1, "the sixth run comes 50 min after the first");
    app.next_round("a").await;
    assert_eq!(app.token_requests().len(), 2);
}

#[tokio::test]
async fn token_that_expires_during_a_run_is_replaced_once() {
    for nth in [1, 2] {
        let app = TestApp::new().await;
        app.put("a", &with_policy(password(0), two_waves()));
        app.begin().await;
        app.tenant.inject(Fault::http(When::Nth(nth), FaultAction::TokenExpired));
        let report = app.tick().await;
        assert_eq!((report["calls_ok"].as_u64(), report["calls_failed"].as_u64()), (Some(2), Some(0)), "{report}");
        assert_eq!((app.token_requests().len(), app.batches().len()), (2, 3));
    }
}

#[tokio::test]
async fn revoked_cached_token_is_replaced() {
    let app = TestApp::new().await;
    app.put("a", &with_policy(app_only(0), often(500)));
    app.begin().await;
    app.tick().await;
    app.tenant.expire_access_tokens();
    assert_eq!(app.next_round("a").await["calls_ok"], 3);
    assert_eq!(app.token_requests().len(), 2);
}

#[tokio::test]
async fn token_refused_twice_is_a_misconfiguration() {
    let app = TestApp::new().await;
    let mut policy = reads(3);
    policy["pause_after"] = json!(1);
    app.put("a", &with_policy(app_only(0), policy));
    app.begin().await;
    app.tenant.inject(Fault::http(When::Always, FaultAction::TokenExpired));
    assert_eq!(app.tick().await["paused"], 1);
    assert_eq!((app.token_requests().len(), app.batches().len()), (2, 2));
    assert!(app.attribute("a", "pause_cause").await.unwrap().starts_with("InvalidAuthenticationToken: "));
}

#[tokio::test]
async fn changed_secret_gets_a_new_token_even_before_the_sync() {
    let app = TestApp::new().await;
    app.put("a", &with_policy(app_only(0), often(500)));
    app.begin().await;
    app.tick().await;
    app.put("a", &with_policy(password(1), often(500)));
    assert_eq!(app.next_round("a").await["succeeded"], 1);
    let grants: Vec<_> = app.token_requests().into_iter().filter_map(|request| request.grant).collect();
    assert_eq!(grants, ["client_credentials", "password"]);
}

/// A simulated week of an account with a refresh token, every four hours.
async fn week(single_use: bool) -> TestApp {
    let app =
        TestApp::with(TestAppOptions { single_use_refresh_tokens: single_use, ..TestAppOptions::default() }).await;
    app.put("a", &with_policy(refresh_token(&app, 0), often(14_400)));
    app.sync().await;
    let end = app.now() + TimeDelta::days(7);
    let mut written = vec![];
    while app.now() < end {
        let before = app.secrets.versions_written(SECRET);
        let report = app.next_round("a").await;
        assert_eq!(report["succeeded"], 1, "{report} {}", app.log.text());
        if app.secrets.versions_written(SECRET) > before {
            written.push(app.now());
        }
    }
    let gaps: Vec<_> = written.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!((6..=8).contains(&written.len()), "{written:?}");
    assert!(gaps.iter().all(|gap| *gap >= TimeDelta::days(1)), "{gaps:?}");
    assert!(app.runs("a").await[0].started_at == written[0], "the first use writes the secret");
    app
}

#[tokio::test]
async fn rotated_refresh_token_is_written_at_first_use_and_then_at_most_daily() {
    let app = week(false).await;
    assert_eq!(app.sync().await["unchanged"], 1, "the app's own write is not a change");
    assert_eq!(app.secrets.value(SECRET).unwrap()["policy"], often(14_400), "nothing else in the secret changed");
}

#[tokio::test]
async fn single_use_refresh_tokens_work_for_a_week_within_one_process() {
    let app = week(true).await;
    assert!(app.token_requests().iter().all(|request| request.status == Some(200)));
}

#[tokio::test]
async fn new_process_uses_the_stored_refresh_token() {
    let mut app = TestApp::new().await;
    let secret = with_policy(refresh_token(&app, 0), often(7200));
    app.put("a", &secret);
    app.sync().await;
    app.next_round("a").await;
    let stored = app.secrets.value(SECRET).unwrap();
    assert_ne!(stored["refresh_token"], secret["refresh_token"]);
    // The expiry of the first token must have no effect any more.
    app.restart();
    app.advance(TimeDelta::days(89));
    assert_eq!(app.next_round("a").await["succeeded"], 1);
    app.restart();
    app.advance(TimeDelta::days(89));
    assert_eq!(app.next_round("a").await["succeeded"], 1, "{}", app.log.text());
}

#[tokio::test]
async fn owners_change_of_the_secret_is_not_overwritten() {
    let app = TestApp::new().await;
    app.put("a", &with_policy(refresh_token(&app, 0), often(7200)));
    app.begin().await;
    let own = with_policy(refresh_token(&app, 0), often(3600));
    // The owner changes it after it was read and before it is written.
    let mut hold = app.secrets.hold("UpdateSecretVersionStage", "", At::Request);
    let (report, ()) = tokio::join!(app.tick(), async {
        hold.reached().await;
        app.put("a", &own);
        hold.release();
    });
    assert_eq!(report["succeeded"], 1);
    assert_eq!(app.secrets.value(SECRET), Some(own.clone()));
    assert_eq!(app.log.warnings(&["the secret changed meanwhile"]).len(), 1);
    // The next run uses the owner's text, and rotates its token.
    assert_eq!(app.next_round("a").await["succeeded"], 1);
    let rotated = app.secrets.value(SECRET).unwrap();
    assert_ne!(rotated["refresh_token"], own["refresh_token"]);
    assert_eq!(rotated["policy"], own["policy"]);
}

#[tokio::test]
async fn failed_write_of_a_refresh_token_is_repeated_by_the_next_run() {
    let app = TestApp::with(TestAppOptions { single_use_refresh_tokens: true, ..TestAppOptions::default() }).await;
    app.put("a", &with_policy(refresh_token(&app, 0), often(7200)));
    app.begin().await;
    app.secrets.fail_next(1, "PutSecretValue", aws_json::Fault::DENIED);
    assert_eq!(app.tick().await["succeeded"], 1);
    assert_eq!(app.secrets.versions_written(SECRET), 1);
    assert_eq!(app.log.warnings(&["could not be written", "AccessDeniedException", "\"a\""]).len(), 1);
    assert_eq!(app.next_round("a").await["succeeded"], 1);
    assert_eq!(app.secrets.versions_written(SECRET), 2);
}

#[tokio::test]
async fn write_whose_answer_is_lost_creates_one_version() {
    let app = TestApp::new().await;
    app.put("a", &with_policy(refresh_token(&app, 0), often(7200)));
    app.begin().await;
    app.secrets.fail_next(2, "PutSecretValue", aws_json::Fault::AnswerLost);
    app.secrets.fail_next(2, "UpdateSecretVersionStage", aws_json::Fault::AnswerLost);
    assert_eq!(app.tick().await["succeeded"], 1);
    assert_eq!(app.secrets.versions_written(SECRET), 2);
    assert_eq!(app.log.warnings(&[]).len(), 0, "{}", app.log.text());
    assert_eq!(app.next_round("a").await["succeeded"], 1);
    assert_eq!(app.sync().await["unchanged"], 1);
}

#[tokio::test]
async fn unconfirmed_write_of_the_app_is_not_taken_for_a_change_by_the_owner() {
    let app = TestApp::new().await;
    app.put("a", &with_policy(refresh_token(&app, 0), often(7200)));
    app.begin().await;
    app.secrets.fail_next(3, "PutSecretValue", aws_json::Fault::AnswerLost);
    assert_eq!(app.tick().await["succeeded"], 1);
    for _ in 0..3 {
        assert_eq!(app.next_round("a").await["succeeded"], 1);
    }
    assert!(app.secrets.versions_written(SECRET) <= 3);
}

#[tokio::test]
async fn dry_run_that_rotates_a_refresh_token_loses_none() {
    let app = TestApp::with(TestAppOptions { single_use_refresh_tokens: true, ..TestAppOptions::default() }).await;
    app.put("a", &with_policy(refresh_token(&app, 0), often(7200)));
    app.begin().await;
    app.ask(json!({"action": "run", "account": "a", "dry_run": true})).await;
    assert_eq!(app.tick().await["succeeded"], 1);
}

#[tokio::test]
async fn granted_scopes_are_read_with_and_without_the_resource_prefix() {
    for full_uri in [false, true] {
        let app = TestApp::new().await;
        app.tenant.change_app(TENANT, PUBLIC_APP, |app| {
            app.full_uri_scopes = full_uri;
            app.scopes = ["Files.Read".to_owned(), "User.Read".to_owned()].into();
        });
        app.put("a", &with_policy(password(0), json!({"calls_per_run": {"min": 40, "max": 40}})));
        app.begin().await;
        let report = app.tick().await;
        assert_eq!((report["succeeded"].as_u64(), report["calls_failed"].as_u64()), (Some(1), Some(0)), "{report}");
        assert!(report["calls_ok"].as_u64() >= Some(5));
    }
}
