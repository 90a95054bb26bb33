//! `check`: token, permissions, policy and expiries of one account.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::test_app::{
    APP, APP_SECRET, PASSWORD, PUBLIC_APP, TENANT, TestApp, app_only, password, reads, refresh_token, user, with_policy,
};

/// One finding: whether it is good, and its sentence.
fn on(answer: &Value, about: &str) -> (Option<bool>, String) {
    let verdicts = answer["verdicts"].as_array().unwrap();
    let found = verdicts.iter().find(|verdict| verdict["about"] == about);
    let found = found.unwrap_or_else(|| panic!("{about}: {answer:#}"));
    (found["good"].as_bool(), found["verdict"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn check_of_a_healthy_account_takes_one_batch_and_changes_nothing() {
    let app = TestApp::new().await;
    app.put("a", &app_only(0));
    app.sync().await;
    let before = app.snapshot();
    let answer = app.act("check", "a").await;
    for about in ["secret", "token", "permissions", "subscription", "app_credentials"] {
        assert_eq!(on(&answer, about).0, Some(true), "{about}: {answer:#}");
    }
    assert!(on(&answer, "subscription").1.contains("50 days"));
    assert!(on(&answer, "app_credentials").1.contains("180 days"));
    assert_eq!((&answer["never_drawn"], &answer["missing_permissions"]), (&json!([]), &json!([])));
    assert_eq!((app.token_requests().len(), app.batches().len()), (1, 1));
    assert!(!answer.to_string().contains(APP_SECRET));
    app.assert_as_before(&before);
}

#[tokio::test]
async fn check_without_a_token_reports_cause_and_remedy() {
    let app = TestApp::new().await;
    app.put("a", &app_only(0));
    app.put("b", &json!({"tenant_id": TENANT}));
    app.sync().await;
    app.tenant.expire_secret(TENANT, APP);
    let (good, text) = on(&app.act("check", "a").await, "token");
    assert!(good == Some(false) && text.contains("AADSTS7000222") && text.contains("Create a client secret"), "{text}");
    let (good, text) = on(&app.act("check", "b").await, "secret");
    assert!(good == Some(false) && text.contains("evergreen/b") && text.contains("`client_id`"), "{text}");
    assert!(app.batches().is_empty());
}

#[tokio::test]
async fn check_names_operations_that_lack_permission_and_skips_forbidden_queries() {
    let app = TestApp::new().await;
    app.tenant.revoke_all_consent(TENANT, PUBLIC_APP);
    app.tenant.grant_consent(TENANT, PUBLIC_APP, &["User.Read"]);
    app.put(
        "a",
        &with_policy(refresh_token(&app, 0), json!({"operations": {"include": ["user.me.get", "users.list"]}})),
    );
    app.sync().await;
    let answer = app.act("check", "a").await;
    assert_eq!(answer["never_drawn"], json!(["users.list"]));
    assert_eq!(answer["missing_permissions"], json!(["User.ReadBasic.All"]));
    assert!(on(&answer, "permissions").1.starts_with("1 of the policy's 2 operations"));
    for about in ["subscription", "app_credentials"] {
        let (good, text) = on(&answer, about);
        assert!(good.is_none() && text.starts_with("Not allowed to look"), "{text}");
    }
    let asked: Vec<_> = app.batches().into_iter().flat_map(|batch| batch.items).collect();
    assert!(asked.iter().all(|item| item.status == 200), "nothing is asked that would be refused: {asked:?}");
}

#[tokio::test]
async fn check_of_a_password_account_reports_security_defaults() {
    let app = TestApp::new().await;
    app.put("a", &with_policy(password(0), reads(1)));
    app.sync().await;
    let answer = app.act("check", "a").await;
    assert_eq!(on(&answer, "security_defaults").0, Some(true));
    assert!(!answer.to_string().contains(PASSWORD));
    app.tenant.set_mfa(TENANT, &user(0), Some(50076));
    let mut app = app;
    app.restart();
    let (good, text) = on(&app.act("check", "a").await, "token");
    assert!(good == Some(false) && text.contains("multi-factor"), "{text}");
}

#[tokio::test]
async fn check_reports_expiries_within_thirty_days_with_date_and_remedy() {
    let mut app = TestApp::new().await;
    app.put("a", &app_only(0));
    app.sync().await;
    // The subscription has 50 days, the app's secret 180.
    for (days, about, well, text) in [
        (20, "subscription", true, "The subscription has 30 days left, until 2031-04-22."),
        (1, "subscription", false, "The subscription has 29 days left, until 2031-04-22: see the developer programme"),
        (0, "app_credentials", true, "The app's secret or certificate has 159 days left, until 2031-08-30."),
        (
            130,
            "app_credentials",
            false,
            "has 29 days left, until 2031-08-30: make a new one and put it into the secret",
        ),
        (30, "app_credentials", false, "ended on 2031-08-30: make a new one and put it into the secret"),
    ] {
        app.advance(TimeDelta::days(days));
        app.restart();
        let (good, verdict) = on(&app.act("check", "a").await, about);
        assert!(good == Some(well) && verdict.contains(text), "{verdict}");
    }
}
