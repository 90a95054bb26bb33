//! Mistakes in secrets reach a person through every action that reads them.

use serde_json::{Value, json};

use crate::support::test_app::{TestApp, app_only, with_policy};

fn misspelt(list: &str) -> Value {
    json!({"operations": {list: ["teems.*"]}})
}

#[tokio::test]
async fn glob_without_match_is_named_by_sync_set_policy_and_check() {
    for list in ["include", "exclude"] {
        let app = TestApp::new().await;
        app.put("a", &app_only(0));
        app.sync().await;
        let message = format!("`policy.operations.{list}` matches no operation; did you mean `teams.*`?");
        let set = json!({"action": "set_policy", "account": "a", "policy": misspelt(list)});
        assert!(app.refusal(set).await.contains(&message));
        app.put("a", &with_policy(app_only(0), misspelt(list)));
        assert!(app.sync().await.to_string().contains(&message), "{list}");
        let verdicts = app.act("check", "a").await["verdicts"].to_string();
        assert!(verdicts.contains(&message), "{verdicts}");
    }
}

#[tokio::test]
async fn misspelt_exclude_keeps_an_account_from_running() {
    let app = TestApp::new().await;
    app.put("a", &with_policy(app_only(0), misspelt("exclude")));
    app.sync().await;
    assert_eq!(app.act("run", "a").await["outcome"], "misconfigured");
    assert_eq!(app.batches().len(), 0);
}

#[tokio::test]
async fn a_secret_as_a_form_of_flat_strings_stores_it_runs_and_its_policy_can_be_changed() {
    let app = TestApp::new().await;
    let mut secret = app_only(0);
    for value in secret.as_object_mut().unwrap().values_mut() {
        *value = json!(format!("\u{feff}{} \u{200b}\r\n", value.as_str().unwrap()));
    }
    secret["policy"] = json!(r#"{"writes": "false", "calls_per_run": {"min": "3", "max": "3"}}"#);
    app.put("a", &secret);
    app.begin().await;
    assert_eq!(app.tick().await["succeeded"], 1);
    let answer = app.ask(json!({"action": "set_policy", "account": "a", "policy": {"pause_after": 5}})).await;
    assert_eq!((&answer["policy"]["pause_after"], &answer["policy"]["writes"]), (&json!(5), &json!(false)));
    assert_eq!(app.next_round("a").await["succeeded"], 1);
}

#[tokio::test]
async fn reserved_secrets_make_no_account_and_no_error() {
    let app = TestApp::new().await;
    for name in ["_defaults", "_notify", "_register_a", "_sign_in_a"] {
        app.put(name, &json!({}));
    }
    app.put("a", &app_only(0));
    let answer = app.sync().await;
    assert_eq!((&answer["created"], &answer["errors"]), (&json!(["a"]), &json!([])));
}

#[tokio::test]
async fn a_gentle_account_calls_only_its_users_own_data() {
    let app = TestApp::new().await;
    app.put("a", &with_policy(app_only(0), json!({"preset": "gentle", "calls_per_run": {"min": 20, "max": 20}})));
    app.sync().await;
    let shown = app.act("show", "a").await;
    assert_eq!(
        (&shown["policy"]["preset"], &shown["policy"]["operations"]),
        (&json!("gentle"), &json!({"exclude": []}))
    );
    let answer = app.ask(json!({"action": "run", "account": "a", "dry_run": true, "seed": 1})).await;
    let plan = answer["plan"].as_array().unwrap();
    assert!(plan.len() >= 20, "{answer}");
    let drawn = plan.iter().filter(|step| step["role"] == "drawn");
    for step in drawn {
        let url = step["url"].as_str().unwrap();
        assert!(url.starts_with("/users/"), "{url}");
    }
}
