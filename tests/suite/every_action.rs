//! Rules for every action: a repetition has no further effect, and an account that is missing, stopped
//! or running is answered clearly.

use chrono::TimeDelta;
use e5_evergreen::domain::account::AccountId;
use e5_evergreen::ports::{Claim, ClaimKind, ClaimRequest};
use serde_json::{Value, json};

use crate::support::test_app::{PUBLIC_APP, TENANT, TestApp, app_only, reads, with_policy};

/// The actions on one account.
fn events(account: &str) -> Vec<Value> {
    let of = |action: &str| json!({"action": action, "account": account});
    let with = |action: &str, more: Value| {
        let mut event = of(action);
        event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        event
    };
    let mut events: Vec<Value> =
        ["show", "history", "check", "consent_url", "run", "stop", "resume"].iter().map(|action| of(action)).collect();
    events.extend([
        with("run", json!({"dry_run": true, "seed": 7})),
        with("grant", json!({"apply": true})),
        with("set_policy", json!({"policy": {"pause_after": 2}})),
        with("sign_in", json!({"tenant_id": TENANT, "client_id": PUBLIC_APP, "replace": true})),
    ]);
    events
}

async fn one() -> TestApp {
    let app = TestApp::new().await;
    app.put("a", &with_policy(app_only(0), reads(3)));
    app.begin().await;
    app
}

/// Runs are identified by their start time.
async fn later(app: &TestApp, event: &Value) -> Value {
    app.advance(TimeDelta::seconds(1));
    app.ask(event.clone()).await
}

#[tokio::test]
async fn repeated_action_has_no_further_effect() {
    let text = format!("account,tenant_id,client_id,client_secret\nb,{TENANT},{PUBLIC_APP},x\n");
    let whole = [
        json!({"action": "list"}),
        json!({"action": "export"}),
        json!({"action": "import", "text": text}),
        json!({"action": "sync"}),
    ];
    for event in events("a").into_iter().chain(whole) {
        let app = one().await;
        let answer = app.ask(event.clone()).await;
        let (item, secret) = (app.dynamo.get_item("a").await, app.secrets.value("evergreen/a"));
        let again = if event["action"] == "run" { later(&app, &event).await } else { app.ask(event.clone()).await };
        match event["action"].as_str().unwrap() {
            // `run` runs each time; `import` creates an account once, and reports existing ones.
            "run" if event.get("dry_run").is_none() => assert_eq!(app.runs("a").await.len(), 2),
            "import" => {
                assert_eq!((&answer["created"], &again["created"]), (&json!(["b"]), &json!([])));
                assert_eq!(again["existing"], json!([{"line": 2, "account": "b"}]));
            }
            // A grant is reported once.
            "grant" => assert!(answer["done"] != json!([]) && again["done"] == json!([]), "{answer} {again}"),
            "sign_in" => assert_eq!((&answer["user_code"], &answer["state"]), (&again["user_code"], &again["state"])),
            "set_policy" => {
                assert_eq!(again, answer);
                assert_eq!(app.secrets.value("evergreen/a"), secret);
            }
            _ => {
                assert_eq!(again, answer, "{event}");
                assert_eq!((app.dynamo.get_item("a").await, app.secrets.value("evergreen/a")), (item, secret));
            }
        }
    }
}

#[tokio::test]
async fn unknown_account_is_refused_by_name_and_not_created() {
    let app = one().await;
    for event in events("nobody") {
        if event["action"] == "sign_in" {
            continue; // It creates accounts.
        }
        let refusal = app.refusal(event.clone()).await;
        assert!(refusal.starts_with("there is no account nobody; `sync` makes accounts"), "{event}: {refusal}");
    }
    assert!(app.dynamo.get_item("nobody").await.is_none() && app.secrets.value("evergreen/nobody").is_none());
    let without = json!({"action": "sign_in", "account": "nobody"});
    assert!(app.refusal(without).await.contains("the event must give `tenant_id`"));
}

#[tokio::test]
async fn stopped_account_can_be_inspected_and_changed_but_runs_only_after_resume() {
    let app = one().await;
    for event in events("a") {
        app.act("stop", "a").await;
        app.forget();
        let answer = app.try_ask(event.clone()).await.map_err(|error| error.to_string());
        match (event["action"].as_str().unwrap(), event.get("dry_run")) {
            ("run", None) => {
                assert!(answer.unwrap_err().starts_with("account a is stopped; `resume` it first"), "{event}");
                assert_eq!(app.tenant.requests().len(), 0);
            }
            (action, _) => {
                let answer = answer.unwrap_or_else(|error| panic!("{event}: {error}"));
                let expected = if action == "resume" { "active" } else { "stopped" };
                assert_eq!(app.status("a").await, expected, "{event}: {answer}");
            }
        }
    }
}

#[tokio::test]
async fn only_stop_takes_the_claim_of_a_running_account() {
    for event in events("a") {
        let app = one().await;
        let now = app.now();
        let lease_ends_at = now + TimeDelta::minutes(20);
        let claim = ClaimRequest { run_id: "racing".to_owned(), now, lease_ends_at, kind: ClaimKind::Due };
        let taken = app.inner.accounts.claim(&AccountId::parse("a").unwrap(), &claim).await.unwrap();
        assert!(matches!(taken, Claim::Taken { .. }));
        let answer = app.try_ask(event.clone()).await.map_err(|error| error.to_string());
        let action = event["action"].as_str().unwrap();
        match (action, event.get("dry_run")) {
            ("run", None) | ("resume", _) => {
                assert!(answer.unwrap_err().starts_with("account a is being run just now; try again"), "{event}");
            }
            _ => assert!(answer.is_ok(), "{event}: {answer:?}"),
        }
        let holder = app.attribute("a", "run_id").await;
        assert_eq!(holder.as_deref(), (action != "stop").then_some("racing"), "{event}");
    }
}
