//! Upgrades: items of other versions are read, run and written back without loss.

use serde_json::{Map, Value, json};

use crate::support::dynamodb::{ACCOUNTS, RUNS};
use crate::support::test_app::{TestApp, app_only, reads, with_policy};

/// Items of accounts and runs by version: the first one, the present one, and a future one.
const WRITTEN: [(&str, &str); 3] = [
    ("first", include_str!("../fixtures/items/first.json")),
    ("today", include_str!("../fixtures/items/today.json")),
    ("future", include_str!("../fixtures/items/future.json")),
];

/// Attributes of the future version, unknown to the present one.
const UNKNOWN: [&str; 4] = ["generation", "notes", "owner", "photo"];

/// An app with the items in its tables and the secrets of their accounts: `a` is correct, `paused` is still wrong.
async fn stored(written: &Value) -> TestApp {
    let app = TestApp::new().await;
    let policy = || {
        let mut policy = reads(2);
        policy["operations"]["include"].as_array_mut().unwrap().push(json!("teams.list"));
        policy
    };
    for (number, account) in ["a", "paused", "stopped"].into_iter().enumerate() {
        let mut secret = with_policy(app_only(number), policy());
        if account == "paused" {
            secret["client_secret"] = json!("wrong");
        }
        app.put(account, &secret);
    }
    for (table, items) in [(ACCOUNTS, &written["accounts"]), (RUNS, &written["runs"])] {
        for item in items.as_array().unwrap() {
            app.dynamo.call("PutItem", &json!({"TableName": table, "Item": item})).await;
        }
    }
    app
}

async fn item(app: &TestApp, account: &str) -> Map<String, Value> {
    app.dynamo.get_item(account).await.unwrap().as_object().unwrap().clone()
}

#[tokio::test]
async fn item_of_any_version_runs_and_loses_no_attribute() {
    for (version, text) in WRITTEN {
        let written: Value = serde_json::from_str(text).unwrap();
        let app = stored(&written).await;
        let before = |index: usize| written["accounts"][index].as_object().unwrap().clone();
        let round = app.tick().await;
        assert_eq!(
            (&round["claimed"], &round["succeeded"], &round["paused"]),
            (&json!(2), &json!(1), &json!(1)),
            "{version}"
        );
        assert_eq!(app.log.warnings(&["malformed"]), Vec::<Value>::new(), "{version}");

        let active = item(&app, "a").await;
        for kept in ["secret_name", "secret_version", "set_aside", "refresh_token_saved_at", "due_shard", "status"] {
            assert_eq!(active.get(kept), before(0).get(kept), "{version}: {kept}");
        }
        assert_eq!(
            (&active["consecutive_failures"]["N"], &active["sweeps"]["N"]),
            (&json!("0"), &json!("1")),
            "{version}"
        );
        assert!(active["next_run_at"]["S"].as_str() > before(0)["next_run_at"]["S"].as_str());
        assert!(!active.contains_key("misconfigured_runs") && !active.contains_key("run_id"), "{version}");
        let drawn: Vec<String> = app.last_run("a").await.calls.into_iter().map(|call| call.operation).collect();
        assert!(!drawn.contains(&"teams.list".to_owned()), "{version}: operations stay set aside");

        let paused = item(&app, "paused").await;
        for kept in ["paused_since", "status"] {
            assert_eq!(paused.get(kept), before(1).get(kept), "{version}: {kept}");
        }
        // A probe that fails alike writes the cause in the words of this version.
        let code = |item: &Value| item["pause_cause"]["S"].as_str().unwrap().split(": ").next().map(str::to_owned);
        assert_eq!(code(&json!(paused)), code(&json!(before(1))), "{version}");
        assert_eq!(paused["probes"]["N"], "3", "{version}: probing continues where it was");

        assert_eq!(item(&app, "stopped").await, before(2), "{version}: an account stopped by a person stays stopped");
        for unknown in UNKNOWN {
            assert_eq!(active.get(unknown), before(0).get(unknown), "{version}: {unknown}");
        }
        app.sync().await;
        let stopped = item(&app, "stopped").await;
        assert_eq!((&stopped["status"]["S"], &stopped["stopped_by"]["S"]), (&json!("stopped"), &json!("hand")));
        for unknown in UNKNOWN {
            assert_eq!(stopped.get(unknown), before(2).get(unknown), "{version}: {unknown} survives the sync");
        }
    }
}

#[tokio::test]
async fn stored_expiry_is_read_and_its_notices_are_not_repeated() {
    let app = stored(&serde_json::from_str(WRITTEN[1].1).unwrap()).await;
    assert_eq!(app.act("show", "paused").await["renewal_at"], "2031-03-10T08:00:00Z");
    app.tick().await;
    // Seven days are left; the notice of fourteen days was sent, that of seven was not.
    let alerts = app.log.of("alert");
    let subjects: Vec<_> = alerts.iter().map(|alert| alert["subject"].as_str().unwrap()).collect();
    assert_eq!(subjects, ["E5 Evergreen: paused subscription ends in 7 days"], "`a` may not ask any longer");
    app.tick().await;
    assert_eq!(app.log.of("alert").len(), 1);
}

#[tokio::test]
async fn history_of_any_version_is_readable() {
    for (version, text) in WRITTEN {
        let app = stored(&serde_json::from_str(text).unwrap()).await;
        let run = app.last_run("a").await;
        let calls: Vec<_> = run.calls.iter().map(|call| (call.operation.as_str(), call.status, call.ok)).collect();
        assert_eq!(calls, [("users.list", 200, true), ("teams.list", 403, false)], "{version}");
        assert_eq!(run.calls[1].error_code.as_deref(), Some("Authorization_RequestDenied"));
        assert_eq!((run.calls_ok, run.seed.number(), run.outcome.as_str()), (1, 4_066_187_553_377_189, "succeeded"));
    }
}
