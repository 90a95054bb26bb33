//! A default policy that cannot be read, or says nothing valid, counts as its safe side.

use e5_evergreen::domain::catalogue;
use serde_json::{Value, json};

use crate::support::test_app::{TestApp, app_only, with_policy, writes};

const DEFAULTS: &str = "evergreen/_defaults";

/// Texts that a person means to forbid writing with.
const FAULTY: [&str; 4] =
    [r#"{"writes": false,}"#, r#"{"writes": false, "pause_afer": 2}"#, r#"{"policy": {"writes": false}}"#, ""];

/// Whether a run of the account sent anything but reads.
async fn wrote(app: &TestApp, account: &str) -> bool {
    app.forget();
    let run = app.act("run", account).await;
    let operations: Vec<&str> = run["operations"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(!operations.is_empty(), "the account still runs: {run}");
    operations.iter().any(|id| catalogue::find(id).unwrap().writes())
}

fn finding(answer: &Value) -> String {
    let findings = answer["verdicts"].as_array().unwrap();
    let found = findings.iter().find(|finding| finding["about"] == "default_policy");
    let found = found.unwrap_or_else(|| panic!("{answer:#}"));
    assert_eq!(found["good"], false);
    found["verdict"].as_str().unwrap().to_owned()
}

/// That everything a person looks at says what is wrong and what applies.
async fn assert_told(app: &TestApp, applies: &str) {
    let errors = app.sync().await["errors"].clone();
    assert!(errors[0]["secret"] == DEFAULTS && errors[0]["error"].as_str().unwrap().contains(applies), "{errors}");
    let list = app.ask(json!({"action": "list"})).await;
    let show = app.act("show", "a").await;
    let check = finding(&app.act("check", "a").await);
    for told in [list["defaults_error"].as_str().unwrap(), show["defaults_error"].as_str().unwrap(), check.as_str()] {
        assert!(told.contains(DEFAULTS) && told.contains(applies), "{told}");
    }
}

#[tokio::test]
async fn faulty_default_policy_lets_no_account_write() {
    for faulty in FAULTY {
        let app = TestApp::new().await;
        app.secrets.force_put(DEFAULTS, faulty);
        app.put("a", &app_only(0));
        // Its own policy allows writing, but the faulty text may have excluded these operations.
        app.put("b", &with_policy(app_only(1), writes(5)));
        app.put("c", &with_policy(app_only(2), json!({"writes": true})));
        assert_told(&app, "all accounts only read").await;
        for account in ["a", "b", "c"] {
            if account != "b" {
                assert!(!wrote(&app, account).await, "{faulty}: {account}");
            }
            assert_eq!(app.act("show", account).await["policy"]["writes"], false, "{faulty}: {account}");
        }
    }
}

#[tokio::test]
async fn default_policy_that_may_not_be_read_lets_no_account_write() {
    let app = TestApp::new().await;
    app.secrets.put(DEFAULTS, &json!({"writes": false}));
    app.secrets.refuse(DEFAULTS, "AccessDeniedException");
    app.put("a", &app_only(0));
    assert_told(&app, "all accounts only read").await;
    assert!(!wrote(&app, "a").await);
    app.secrets.allow(DEFAULTS);
    assert_eq!(app.sync().await["errors"], json!([]));
    assert!(app.ask(json!({"action": "list"})).await.get("defaults_error").is_none());
}

#[tokio::test]
async fn last_valid_default_policy_applies_until_the_faulty_one_is_fixed() {
    let mut app = TestApp::new().await;
    app.secrets.put(DEFAULTS, &json!({"operations": {"include": ["drive.*", "users.list"]}, "pause_after": 7}));
    app.put("a", &app_only(0));
    app.sync().await;
    app.secrets.force_put(DEFAULTS, FAULTY[0]);
    assert_told(&app, "its last valid text applies").await;
    assert_eq!(app.act("show", "a").await["policy"]["pause_after"], 7);
    // Denied, then faulty again: what was valid is not forgotten.
    app.secrets.refuse(DEFAULTS, "AccessDeniedException");
    app.sync().await;
    app.secrets.allow(DEFAULTS);
    app.secrets.force_put(DEFAULTS, FAULTY[1]);
    app.sync().await;
    assert_eq!(app.act("show", "a").await["policy"]["pause_after"], 7);
    // A new process knows nothing valid.
    app.restart();
    assert_told(&app, "all accounts only read").await;
    assert!(!wrote(&app, "a").await);
    app.secrets.put(DEFAULTS, &json!({"pause_after": 2}));
    app.sync().await;
    let policy = app.act("show", "a").await["policy"].clone();
    assert_eq!((&policy["pause_after"], &policy["writes"]), (&json!(2), &json!(true)));
}

#[tokio::test]
async fn default_policy_that_was_absent_before_a_faulty_one_was_written_is_no_last_valid_text() {
    let app = TestApp::new().await;
    app.put("a", &app_only(0));
    app.sync().await;
    assert_eq!(app.act("show", "a").await["policy"]["writes"], true);
    app.secrets.force_put(DEFAULTS, FAULTY[0]);
    // Lists lag behind: the new secret is read with the account's own.
    app.secrets.unlist(DEFAULTS);
    assert!(!wrote(&app, "a").await);
    assert_told(&app, "all accounts only read").await;
}
