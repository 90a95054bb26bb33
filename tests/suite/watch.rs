//! Expiries: the ends of subscription and credential are checked daily, stored, measured and notified.

use chrono::{DateTime, TimeDelta, Utc};
use fake_tenant::{Fault, FaultAction, When};
use serde_json::{Value, json};

use crate::support::test_app::{APP, TENANT, TestApp, app_only, reads, with_policy, writes};

/// The operations that check the account's subscription and secret.
const SUBSCRIPTION: &str = "/directory/subscriptions";
const REGISTRATION: &str = "appId%20eq";

/// A policy that draws one read per run and includes the expiry checks.
fn one_read() -> Value {
    let rows = ["users.list", "subscriptions.commercial", "applications.list"];
    json!({"operations": {"include": rows}, "calls_per_run": {"min": 1, "max": 1}})
}

fn asked(app: &TestApp, what: &str) -> usize {
    app.batches().iter().flat_map(|batch| &batch.items).filter(|item| item.url.contains(what)).count()
}

fn metric(app: &TestApp, name: &str) -> Option<i64> {
    let lines = app.log.all();
    let last = lines.iter().rev().find(|line| line.get("_aws").is_some()).unwrap();
    last.get(name).and_then(Value::as_i64)
}

fn subjects(app: &TestApp) -> Vec<String> {
    let alerts = app.log.of("alert");
    alerts.iter().map(|alert| alert["subject"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn first_run_of_a_day_checks_expiries_in_its_first_batch() {
    let app = TestApp::new().await;
    app.put("a", &with_policy(app_only(0), one_read()));
    app.begin().await;
    app.tick().await;
    assert_eq!((app.batches().len(), asked(&app, REGISTRATION)), (1, 1));
    assert!(asked(&app, "nextLifecycleDateTime") == 1);
    let shown = app.act("show", "a").await;
    let renewal: DateTime<Utc> = shown["renewal_at"].as_str().unwrap().parse().unwrap();
    let credential: DateTime<Utc> = shown["credential_expires_at"].as_str().unwrap().parse().unwrap();
    assert_eq!(((renewal - app.now()).num_days(), (credential - app.now()).num_days()), (49, 179));
    assert_eq!(app.ask(json!({"action": "list"})).await["accounts"][0]["watched_at"], shown["watched_at"]);
    assert_eq!((metric(&app, "DaysToRenewal"), metric(&app, "CredentialDaysLeft")), (Some(49), Some(179)));

    let day = app.now().date_naive();
    app.forget();
    loop {
        app.advance_to_next_run("a").await;
        if app.now().date_naive() != day {
            break;
        }
        app.tick().await;
        assert_eq!(asked(&app, REGISTRATION), 0, "once a day");
        assert_eq!(
            metric(&app, "DaysToRenewal"),
            Some((renewal - app.now()).num_days()),
            "known expiries are still measured"
        );
    }
    app.tick().await;
    assert_eq!(asked(&app, REGISTRATION), 1, "it is checked again the day after");
}

#[tokio::test]
async fn dry_run_shows_expiry_checks_and_calls_per_run_excludes_them() {
    let app = TestApp::new().await;
    app.put("a", &with_policy(app_only(0), one_read()));
    app.sync().await;
    let dry = json!({"action": "run", "account": "a", "dry_run": true, "seed": 7});
    let plan = app.ask(dry.clone()).await;
    let roles: Vec<_> = plan["plan"].as_array().unwrap().iter().map(|step| step["role"].as_str().unwrap()).collect();
    assert_eq!(roles, ["drawn", "watch", "watch"]);
    app.ask(json!({"action": "run", "account": "a", "seed": 7})).await;
    let watched = app.ask(dry).await;
    assert_eq!(watched["plan"].as_array().unwrap().len(), 1, "it was checked today");
    assert_eq!(watched["plan"][0], plan["plan"][0], "the draw is the same");
}

#[tokio::test]
async fn expiries_excluded_by_the_policy_are_neither_checked_nor_measured() {
    let app = TestApp::new().await;
    app.put("narrow", &with_policy(app_only(0), reads(2)));
    app.put(
        "without",
        &with_policy(app_only(1), json!({"operations": {"exclude": ["subscriptions.*", "applications.*"]}})),
    );
    app.begin().await;
    app.tick().await;
    assert_eq!(asked(&app, SUBSCRIPTION) + asked(&app, REGISTRATION), 0);
    assert_eq!((metric(&app, "DaysToRenewal"), metric(&app, "CredentialDaysLeft")), (None, None));
    assert_eq!(app.act("show", "narrow").await["renewal_at"], Value::Null);
}

#[tokio::test]
async fn refused_expiry_check_is_set_aside_and_a_throttled_one_is_repeated() {
    let app = TestApp::new().await;
    app.put("a", &with_policy(app_only(0), one_read()));
    app.begin().await;
    let refusal =
        FaultAction::Error { status: 403, code: "Authorization_RequestDenied".to_owned(), message: String::new() };
    app.tenant.inject(Fault::item("GET", SUBSCRIPTION, When::Always, refusal));
    let down = FaultAction::Error { status: 503, code: "ServiceUnavailable".to_owned(), message: String::new() };
    app.tenant.inject(Fault::item("GET", "/applications", When::Always, down));
    app.tick().await;
    let shown = app.act("show", "a").await;
    assert!(shown["set_aside"].get("subscriptions.commercial").is_some(), "{shown:#}");
    assert_eq!((&shown["renewal_at"], &shown["credential_expires_at"]), (&Value::Null, &Value::Null));
    app.tenant.clear_faults();
    app.forget();
    app.advance(TimeDelta::days(1));
    app.tick().await;
    assert_eq!((asked(&app, "nextLifecycleDateTime"), asked(&app, REGISTRATION)), (0, 1));
}

#[tokio::test]
async fn each_expiry_threshold_is_notified_once() {
    let app = TestApp::new().await;
    app.put("a", &with_policy(app_only(0), one_read()));
    app.begin().await;
    let mut found = Vec::new();
    for _ in 0..60 {
        app.tick().await;
        app.tick().await;
        for subject in subjects(&app) {
            found.push(subject.trim_start_matches("E5 Evergreen: a subscription ").to_owned());
        }
        app.log.clear();
        app.advance(TimeDelta::days(1));
    }
    assert_eq!(found, ["ends in 29 days", "ends in 13 days", "ends in 6 days", "ends within a day", "has ended"]);
}

#[tokio::test]
async fn changed_secret_is_checked_again_and_no_notice_is_repeated() {
    let app = TestApp::new().await;
    app.put("a", &with_policy(app_only(0), one_read()));
    app.begin().await;
    app.tick().await;
    app.advance(TimeDelta::days(25));
    app.tick().await;
    assert_eq!(subjects(&app).len(), 1);
    app.put(
        "a",
        &with_policy(app_only(0), {
            let mut policy = one_read();
            policy["pause_after"] = json!(2);
            policy
        }),
    );
    app.sync().await;
    app.forget();
    app.next_round("a").await;
    assert_eq!((asked(&app, REGISTRATION), subjects(&app).len()), (1, 1));
}

#[tokio::test]
async fn expiry_of_a_certificate_is_read_from_it() {
    let app = TestApp::new().await;
    let mut secret = app_only(0);
    let (certificate, key) = (include_str!("../fixtures/right.pem"), include_str!("../fixtures/right_key_pkcs8.pem"));
    secret.as_object_mut().unwrap().remove("client_secret");
    secret["certificate"] = json!(certificate);
    secret["private_key"] = json!(key);
    app.put("a", &with_policy(secret, reads(1)));
    app.begin().await;
    app.tick().await;
    let end = app.act("show", "a").await["credential_expires_at"].as_str().unwrap().to_owned();
    assert!(end.ends_with('Z') && metric(&app, "CredentialDaysLeft").is_some(), "{end}");
    assert_eq!(asked(&app, REGISTRATION), 0);
}

#[tokio::test]
async fn metric_is_the_minimum_of_the_days_left() {
    let app = TestApp::new().await;
    app.put("a", &with_policy(app_only(0), one_read()));
    app.begin().await;
    app.tick().await;
    app.put("b", &with_policy(app_only(1), one_read()));
    app.sync().await;
    let mut early = app.dynamo.get_item("a").await.unwrap();
    early["renewal_at"] = json!({"S": (app.now() + TimeDelta::days(20)).format("%FT%TZ").to_string()});
    app.dynamo.put_item(&early).await;
    app.all_due().await;
    assert_eq!(app.tick().await["days_to_renewal"], 19);
    assert_eq!((metric(&app, "DaysToRenewal"), metric(&app, "CredentialDaysLeft")), (Some(19), Some(179)));
}

#[tokio::test]
async fn paused_account_still_gets_expiry_notices() {
    let app = TestApp::new().await;
    let mut policy = one_read();
    policy["pause_after"] = json!(1);
    app.put("a", &with_policy(app_only(0), policy));
    app.begin().await;
    app.tick().await;
    app.advance(TimeDelta::days(15));
    app.tick().await;
    app.tenant.expire_secret(TENANT, APP);
    app.advance(TimeDelta::days(10));
    let mut app = app;
    app.restart();
    app.tick().await;
    let subjects = subjects(&app);
    assert_eq!(subjects, ["E5 Evergreen: a paused", "E5 Evergreen: a subscription ends in 24 days"]);
}

#[tokio::test]
async fn expiry_checks_do_not_disturb_the_clean_up_of_a_run() {
    let app = TestApp::new().await;
    let mut policy = writes(6);
    let rows = policy["operations"]["include"].as_array_mut().unwrap();
    rows.extend([json!("subscriptions.commercial"), json!("applications.list")]);
    app.put("a", &with_policy(app_only(0), policy));
    app.begin().await;
    let before = app.snapshot();
    app.tick().await;
    assert!(app.act("show", "a").await["renewal_at"].is_string());
    app.assert_as_before(&before);
}
