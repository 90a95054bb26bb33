//! Sync and what is missing: a secret that is not listed, a sign-in that nobody finished, a next run of another century.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::aws_json::Fault;
use crate::support::test_app::{PUBLIC_APP, TENANT, TestApp, app_only, reads, user, with_policy};

const RESERVED: &str = "evergreen/_sign_in_a";

fn sign_in() -> Value {
    json!({"action": "sign_in", "account": "a", "tenant_id": TENANT, "client_id": PUBLIC_APP})
}

/// Overwrites attributes of the account's item.
async fn set(app: &TestApp, account: &str, attributes: &[(&str, &str)]) {
    let mut item = app.dynamo.get_item(account).await.unwrap();
    for (name, value) in attributes {
        item[*name] = json!({"S": value});
    }
    app.dynamo.put_item(&item).await;
}

#[tokio::test]
async fn account_whose_secret_is_not_listed_yet_is_not_stopped() {
    let app = TestApp::new().await;
    let code = app.ask(sign_in()).await["user_code"].as_str().unwrap().to_owned();
    app.tenant.approve_device(&code, &user(0));
    app.secrets.unlist("evergreen/a");
    assert_eq!(app.ask(sign_in()).await["state"], "signed_in");
    let report = app.sync().await;
    assert_eq!((&report["stopped"], &report["unchanged"]), (&json!([]), &json!(1)), "{report}");
    assert_eq!(app.next_round("a").await["succeeded"], 1);
    app.secrets.list_again("evergreen/a");
    assert_eq!(app.sync().await["unchanged"], 1);
}

#[tokio::test]
async fn account_is_stopped_only_where_reading_its_secret_says_that_it_is_gone() {
    let app = TestApp::new().await;
    for (number, account) in ["a", "b", "c", "d"].into_iter().enumerate() {
        app.put(account, &with_policy(app_only(number % 3), reads(1)));
    }
    app.sync().await;
    for account in ["a", "b", "c"] {
        app.secrets.unlist(&format!("evergreen/{account}"));
    }
    app.secrets.refuse("evergreen/b", "AccessDeniedException");
    app.secrets.purge("evergreen/c");
    app.secrets.delete("evergreen/d");
    let report = app.sync().await;
    assert_eq!(report["stopped"], json!(["c", "d"]), "{report}");
    assert_eq!(report["unchanged"], 2);
    assert_eq!(
        (report["errors"].as_array().unwrap().len(), &report["errors"][0]["secret"]),
        (1, &json!("evergreen/b"))
    );
    assert_eq!((app.status("a").await, app.status("b").await), ("active".to_owned(), "active".to_owned()));
}

#[tokio::test]
async fn change_of_a_secret_that_is_not_listed_yet_is_taken_up() {
    let app = TestApp::new().await;
    app.put("a", &with_policy(app_only(0), reads(1)));
    app.sync().await;
    app.put("a", &with_policy(app_only(0), reads(2)));
    app.secrets.unlist("evergreen/a");
    assert_eq!(app.sync().await["changed"], json!(["a"]));
}

#[tokio::test]
async fn reserved_secret_of_a_sign_in_is_removed_once_its_code_has_expired() {
    let app = TestApp::new().await;
    app.ask(sign_in()).await;
    app.sync().await;
    assert!(app.secrets.value(RESERVED).is_some(), "the person may still answer");
    app.advance(TimeDelta::minutes(15));
    app.secrets.fail_next(9, "DeleteSecret", Fault::DENIED);
    let report = app.sync().await;
    assert_eq!(report["errors"][0]["secret"], RESERVED, "{report}");
    app.secrets.heal();
    assert_eq!(app.sync().await["errors"], json!([]));
    assert!(app.secrets.value(RESERVED).is_none());
}

#[tokio::test]
async fn next_run_beyond_every_schedule_is_drawn_again_with_a_warning() {
    let app = TestApp::new().await;
    app.put("a", &with_policy(app_only(0), reads(1)));
    app.put("b", &with_policy(app_only(1), reads(1)));
    app.sync().await;
    let far = app.now() + TimeDelta::days(3650);
    set(&app, "a", &[("next_run_at", &far.format("%FT%TZ").to_string())]).await;
    // A round whose clock was wrong, and which ended before it recorded.
    set(&app, "b", &[("next_run_at", "9999-01-01T00:00:00Z"), ("run_id", "dead")]).await;
    assert_eq!(app.sync().await["changed"], json!(["a", "b"]));
    for account in ["a", "b"] {
        assert!((0..=120).contains(&app.wait(account).await), "{account}");
    }
    assert_eq!(app.log.warnings(&["further ahead than any schedule"]).len(), 2);
    assert_eq!(app.sync().await["unchanged"], 2);
    app.all_due().await;
    assert_eq!(app.tick().await["succeeded"], 2);
}

#[tokio::test]
async fn secrets_that_are_answered_in_pages_are_all_read() {
    let app = TestApp::new().await;
    for number in 0..5 {
        app.put(&format!("a{number}"), &with_policy(app_only(number % 3), reads(1)));
    }
    app.secrets.page_batches(2);
    assert_eq!(app.sync().await["created"].as_array().unwrap().len(), 5);
    for number in 0..5 {
        app.put(&format!("a{number}"), &with_policy(app_only(number % 3), reads(2)));
    }
    let report = app.sync().await;
    assert_eq!((report["changed"].as_array().unwrap().len(), &report["stopped"]), (5, &json!([])), "{report}");
}

#[tokio::test]
async fn secret_that_is_left_unanswered_is_not_gone() {
    let app = TestApp::new().await;
    app.put("a", &with_policy(app_only(0), reads(1)));
    app.sync().await;
    app.put("a", &with_policy(app_only(0), reads(2)));
    app.secrets.leave_unanswered("evergreen/a");
    let report = app.sync().await;
    assert_eq!((&report["stopped"], &report["errors"][0]["secret"]), (&json!([]), &json!("evergreen/a")), "{report}");
    app.secrets.unlist("evergreen/a");
    assert_eq!(app.sync().await["stopped"], json!([]));
    app.all_due().await;
    app.tick().await;
    assert_eq!(app.last_run("a").await.outcome, "transient");
}
