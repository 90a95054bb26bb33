//! `set_policy` and the default policy.

use std::sync::Arc;

use chrono::TimeDelta;
use e5_evergreen::handler::handle;
use serde_json::json;

use crate::support::aws_json::At;
use crate::support::test_app::{PREFIX, TestApp, app_only, reads, with_policy};

const DEFAULTS: &str = "evergreen/_defaults";

#[tokio::test]
async fn set_policy_merges_into_the_secret_and_applies_from_the_next_run() {
    let app = TestApp::new().await;
    app.put("a", &with_policy(app_only(0), reads(3)));
    app.sync().await;
    let answer = app
        .ask(json!({"action": "set_policy", "account": "a", "policy": {
            "calls_per_run": {"min": 1, "max": 1}, "interval_seconds": {"min": 500, "max": 600}, "writes": null
        }}))
        .await;
    assert_eq!(answer["policy"]["calls_per_run"], json!({"min": 1, "max": 1}));
    let secret = app.secrets.value("evergreen/a").unwrap();
    assert_eq!(secret["client_secret"], app_only(0)["client_secret"]);
    assert_eq!(secret["policy"]["operations"], reads(3)["operations"]);
    assert!(secret["policy"].get("writes").is_none());
    assert!(app.wait("a").await <= 600, "the new interval applies at once");
    assert_eq!(app.sync().await["unchanged"], 1, "the account knows the new version");
    assert_eq!(app.next_round("a").await["calls_ok"], 1);
}

#[tokio::test]
async fn account_paused_for_its_policy_resumes_when_the_policy_is_widened() {
    let app = TestApp::new().await;
    app.put("a", &with_policy(app_only(0), json!({"operations": {"include": ["workbook.*"]}, "pause_after": 1})));
    app.begin().await;
    app.tick().await;
    assert!(app.attribute("a", "pause_cause").await.unwrap().contains("widen the policy's operations"));
    let wider = json!({"operations": {"include": ["users.list"]}});
    app.ask(json!({"action": "set_policy", "account": "a", "policy": wider})).await;
    assert_eq!((app.status("a").await.as_str(), app.attribute("a", "pause_cause").await), ("active", None));
    assert_eq!(app.sync().await["unchanged"], 1);
    assert_eq!(app.next_round("a").await["succeeded"], 1);
}

#[tokio::test]
async fn invalid_policy_field_is_named_and_nothing_is_written() {
    let app = TestApp::new().await;
    app.put("a", &app_only(0));
    app.sync().await;
    for (policy, field) in [
        (json!({"pause_after": 11}), "`policy.pause_after`"),
        (json!({"interval_seconds": {"min": 20000, "max": 600}}), "`policy.interval_seconds.min`"),
        (json!({"colour": "MARKED"}), "`policy.colour`"),
        (json!({"timezone": "MARKED"}), "`policy.timezone`"),
    ] {
        let refusal = app.refusal(json!({"action": "set_policy", "account": "a", "policy": policy})).await;
        assert!(refusal.contains(field) && !refusal.contains("MARKED"), "{refusal}");
    }
    assert_eq!(app.secrets.versions_written("evergreen/a"), 1);
    let refusal = app.refusal(json!({"action": "set_policy", "account": "b", "policy": {"writes": false}})).await;
    assert!(refusal.contains("no account b"), "{refusal}");
}

#[tokio::test]
async fn set_policy_that_races_with_the_owner_loses_neither_change() {
    for writes in [1, 3] {
        let app = TestApp::new().await;
        app.put("a", &with_policy(app_only(0), reads(3)));
        app.sync().await;
        let inner = Arc::clone(&app.inner);
        let deadline = app.now() + TimeDelta::minutes(5);
        let event = json!({"action": "set_policy", "account": "a", "policy": {"pause_after": 7}});
        let mut holds: Vec<_> = vec![app.secrets.hold("UpdateSecretVersionStage", "", At::Request)];
        let changing = tokio::spawn(app.log.listen(async move { handle(&inner, &event, deadline).await }));
        for write in 1..=writes {
            let mut hold = holds.pop().unwrap();
            hold.reached().await;
            let mut owners = with_policy(app_only(0), reads(4));
            owners["policy"]["calls_per_run"]["max"] = json!(4 + write);
            app.put("a", &owners);
            if write < writes {
                holds.push(app.secrets.hold("UpdateSecretVersionStage", "", At::Request));
            }
            hold.release();
        }
        let answer = changing.await.unwrap();
        let policy = app.secrets.value("evergreen/a").unwrap()["policy"].clone();
        assert_eq!(policy["calls_per_run"]["max"], 4 + writes, "the owner's change is kept");
        if writes == 1 {
            assert_eq!(answer.unwrap()["policy"]["pause_after"], 7);
            assert_eq!(policy["pause_after"], 7);
        } else {
            let refusal = answer.unwrap_err().to_string();
            assert!(refusal.starts_with("the secret of account a keeps changing"), "{refusal}");
            assert_eq!(policy.get("pause_after"), None);
        }
    }
}

#[tokio::test]
async fn set_policy_in_a_shared_secret_changes_only_its_account() {
    let app = TestApp::new().await;
    let mut wrong = with_policy(app_only(1), json!({"pause_after": 1}));
    wrong["client_secret"] = json!("mistyped");
    app.secrets.put(&format!("{PREFIX}shared"), &json!({"accounts": {"a": app_only(0), "b": wrong}}));
    app.begin().await;
    app.tick().await;
    assert_eq!(app.status("b").await, "paused");
    app.ask(json!({"action": "set_policy", "account": "a", "policy": {"writes": false}})).await;
    let secret = app.secrets.value("evergreen/shared").unwrap();
    assert_eq!(secret["accounts"]["a"]["policy"], json!({"writes": false}));
    assert_eq!(secret["accounts"]["b"], wrong);
    assert_eq!(app.sync().await["unchanged"], 2);
    assert_eq!(app.status("b").await, "paused");
}

#[tokio::test]
async fn rotated_refresh_token_in_memory_survives_set_policy() {
    let app = TestApp::new().await;
    app.put("a", &with_policy(crate::support::test_app::refresh_token(&app, 0), reads(1)));
    app.begin().await;
    app.tick().await;
    app.advance_to_next_run("a").await;
    app.tick().await;
    app.ask(json!({"action": "set_policy", "account": "a", "policy": {"pause_after": 4}})).await;
    assert_eq!(app.next_round("a").await["succeeded"], 1);
}

#[tokio::test]
async fn default_policy_applies_beneath_each_accounts_own() {
    let app = TestApp::new().await;
    app.secrets.put(DEFAULTS, &reads(2));
    app.put("a", &app_only(0));
    app.put("b", &with_policy(app_only(1), json!({"calls_per_run": {"min": 1, "max": 1}})));
    let report = app.sync().await;
    assert_eq!((&report["created"], &report["errors"]), (&json!(["a", "b"]), &json!([])));
    app.all_due().await;
    app.forget();
    assert_eq!(app.tick().await["calls_ok"], 3);
    assert_eq!(app.secrets.total_calls(), 1, "it is read together with the accounts' secrets");
    let shown = app.act("show", "a").await;
    assert_eq!((&shown["policy"]["writes"], &shown["policy"]["calls_per_run"]["max"]), (&json!(false), &json!(2)));
    assert!(shown.get("defaults_error").is_none());
    let plan = app.ask(json!({"action": "run", "account": "b", "dry_run": true})).await;
    assert_eq!(plan["plan"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn faulty_default_policy_is_logged_and_ignored() {
    let app = TestApp::new().await;
    app.put("a", &with_policy(app_only(0), reads(3)));
    for faulty in ["{\"pause_after\": 99}", "MARKED", "[]", "{\"MARKED!\": \"MARKED\"}"] {
        app.secrets.force_put(DEFAULTS, faulty);
        let error = app.sync().await["errors"][0].clone();
        assert_eq!(error["secret"], DEFAULTS);
        assert!(!error["error"].as_str().unwrap().is_empty() && !error.to_string().contains("MARKED"), "{error}");
        assert!(app.act("show", "a").await["defaults_error"].as_str().unwrap().contains(DEFAULTS));
        assert_eq!(app.next_round("a").await["succeeded"], 1);
    }
    assert!(!app.log.warnings(&["default policy", DEFAULTS]).is_empty());
    assert!(!app.log.text().contains("MARKED"));
    app.secrets.put(DEFAULTS, &json!({}));
    assert_eq!(app.sync().await["errors"], json!([]));
}

#[tokio::test]
async fn no_run_starts_while_the_default_policy_is_unreadable() {
    let mut app = TestApp::new().await;
    app.secrets.put(DEFAULTS, &json!({"writes": false}));
    app.put("a", &app_only(0));
    app.begin().await;
    app.restart();
    app.secrets.refuse(DEFAULTS, "InternalServiceError");
    let before = app.batches().len();
    assert_eq!(app.tick().await["failed"], 1);
    assert_eq!((app.batches().len(), app.last_run("a").await.outcome.as_str()), (before, "transient"));
    app.secrets.allow(DEFAULTS);
    assert_eq!(app.next_round("a").await["succeeded"], 1);
}
