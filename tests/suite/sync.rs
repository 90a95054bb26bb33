//! Sync: accounts follow the secrets, and an error names the secret and the field, never a value.

use chrono::{DateTime, TimeDelta, Timelike, Utc};
use serde_json::{Value, json};

use crate::support::{
    aws_json::{At, Fault},
    test_app::{START, TestApp, app_only, password, reads, refresh_token, with_policy},
};

async fn fresh() -> TestApp {
    TestApp::new().await
}

fn good(number: usize) -> Value {
    with_policy(app_only(number), reads(2))
}

/// The errors of a sync, each as `secret account error`.
fn errors(report: &Value) -> Vec<String> {
    let text = |error: &Value, field: &str| error[field].as_str().unwrap_or("-").to_owned();
    let all = report["errors"].as_array().unwrap().iter();
    all.map(|error| ["secret", "account", "error"].map(|field| text(error, field)).join(" ")).collect()
}

#[tokio::test]
async fn new_secret_creates_an_account_that_is_due_within_the_interval_minimum() {
    let app = fresh().await;
    app.put("a", &good(0));
    let report = app.sync().await;
    assert_eq!((&report["created"], &report["errors"]), (&json!(["a"]), &json!([])));
    assert_eq!(app.status("a").await, "active");
    assert!((0..=3600).contains(&app.wait("a").await));
    let again = app.sync().await;
    assert_eq!((&again["created"], &again["unchanged"]), (&json!([]), &json!(1)));
    assert_eq!(app.log.of("sync").len(), 2);
}

#[tokio::test]
async fn unchanged_secret_is_not_read_again() {
    let app = fresh().await;
    app.put("a", &good(0));
    app.put("b", &good(1));
    app.sync().await;
    app.put("b", &good(2));
    app.forget();
    assert_eq!(app.sync().await["changed"], json!(["b"]));
    let read = app.secrets.exchanges_of("BatchGetSecretValue");
    assert_eq!(read.len(), 1);
    assert_eq!(read[0].request_json()["SecretIdList"], json!(["evergreen/b"]));
}

#[tokio::test]
async fn deleted_secret_stops_its_account_and_keeps_the_history() {
    for purged in [true, false] {
        let app = fresh().await;
        app.put("a", &good(0));
        app.begin().await;
        app.tick().await;
        if purged {
            app.secrets.purge("evergreen/a");
        } else {
            app.secrets.delete("evergreen/a");
        }
        assert_eq!(app.sync().await["stopped"], json!(["a"]));
        assert_eq!((app.status("a").await.as_str(), app.next_run("a").await), ("stopped", None));
        assert_eq!(app.attribute("a", "due_shard").await, None);
        assert_eq!(app.runs("a").await.len(), 1);
        assert_eq!(app.sync().await["stopped"], json!([]), "it is stopped once");
        app.advance(TimeDelta::days(3));
        assert_eq!(app.tick().await["due"], 0);

        if purged {
            app.put("a", &good(0));
            assert_eq!(app.sync().await["resumed"], json!(["a"]), "it resumes");
            assert_eq!(app.next_round("a").await["succeeded"], 1);
            assert_eq!(app.runs("a").await.len(), 2);
        }
    }
}

#[tokio::test]
async fn account_stopped_by_a_person_stays_stopped_whatever_its_secret_does() {
    let app = fresh().await;
    app.put("a", &good(0));
    app.begin().await;
    app.act("stop", "a").await;
    app.put("a", &good(1));
    app.sync().await;
    assert_eq!(app.status("a").await, "stopped");
    app.secrets.purge("evergreen/a");
    app.sync().await;
    app.put("a", &good(0));
    app.sync().await;
    assert_eq!(app.status("a").await, "stopped");
    assert_eq!(app.act("resume", "a").await["status"], "active");
    assert_eq!(app.next_round("a").await["succeeded"], 1);
}

#[tokio::test]
async fn each_account_of_a_shared_secret_follows_its_own_definition() {
    let app = fresh().await;
    let many = |ids: &[&str]| {
        let parts = ids.iter().enumerate().map(|(number, id)| ((*id).to_owned(), good(number)));
        json!({"accounts": Value::Object(parts.collect())})
    };
    app.put("shared", &many(&["x", "y"]));
    assert_eq!(app.sync().await["created"], json!(["x", "y"]));
    assert!(app.dynamo.get_item("shared").await.is_none());
    app.all_due().await;
    assert_eq!(app.tick().await["succeeded"], 2);
    app.put("shared", &many(&["y", "z"]));
    let report = app.sync().await;
    assert_eq!((&report["created"], &report["stopped"]), (&json!(["z"]), &json!(["x"])));
}

#[tokio::test]
async fn first_secret_by_name_wins_an_account_defined_twice() {
    let app = fresh().await;
    app.put("shared", &json!({"accounts": {"a": good(1)}}));
    app.put("a", &good(0));
    let report = app.sync().await;
    assert_eq!(report["created"], json!(["a"]));
    assert_eq!(
        errors(&report),
        ["evergreen/shared a the account is defined by secret `evergreen/a` already, and that one wins"]
    );
    assert_eq!(app.attribute("a", "secret_name").await.as_deref(), Some("evergreen/a"));
    app.all_due().await;
    assert_eq!(app.tick().await["succeeded"], 1);

    // The loser takes over when the winner is deleted.
    app.secrets.purge("evergreen/a");
    let report = app.sync().await;
    assert_eq!(report["errors"], json!([]));
    assert_eq!(app.attribute("a", "secret_name").await.as_deref(), Some("evergreen/shared"));
    assert_eq!(app.status("a").await, "active");
    assert_eq!(app.next_round("a").await["succeeded"], 1);
}

#[tokio::test]
async fn account_of_a_deleted_secret_passes_to_the_other_secret_that_defines_it() {
    let app = fresh().await;
    app.put("a", &good(0));
    app.put("shared", &json!({"accounts": {"a": good(1), "b": good(2)}}));
    app.sync().await;
    app.forget();
    app.sync().await;
    assert_eq!(app.secrets.exchanges_of("BatchGetSecretValue").len(), 0, "nothing has changed, nothing is read");

    app.secrets.purge("evergreen/a");
    let report = app.sync().await;
    assert_eq!((&report["stopped"], &report["changed"]), (&json!([]), &json!(["a"])));
    assert_eq!(app.attribute("a", "secret_name").await.as_deref(), Some("evergreen/shared"));
    assert_eq!(app.sync().await["unchanged"], 2);
}

#[tokio::test]
async fn refresh_token_account_needs_its_own_secret() {
    let app = fresh().await;
    app.put("shared", &json!({"accounts": {"a": good(0), "b": refresh_token(&app, 1)}}));
    let report = app.sync().await;
    assert_eq!(report["created"], json!(["a", "b"]));
    let found = errors(&report);
    assert_eq!(found.len(), 1);
    assert!(
        found[0].starts_with("evergreen/shared b `accounts.b.refresh_token` needs a secret of its own"),
        "{found:?}"
    );
    app.all_due().await;
    let report = app.tick().await;
    assert_eq!((report["succeeded"].as_u64(), report["failed"].as_u64()), (Some(1), Some(1)));
}

#[tokio::test]
async fn reserved_names_are_ignored_and_invalid_names_are_errors() {
    let app = fresh().await;
    for name in ["_notify", "_anything", ".hidden", "bad id", "", "a/b"] {
        app.put(name, &good(0));
    }
    app.secrets.put("evergreenish", &good(0));
    app.put("multi", &json!({"accounts": {"ok": good(0), "not ok": good(1), "_no": good(2)}}));
    app.forget();
    let report = app.sync().await;
    assert_eq!(report["created"], json!(["ok"]));
    let found = errors(&report);
    assert_eq!(found.len(), 6, "{found:#?}");
    for name in ["evergreen/.hidden", "evergreen/bad id", "evergreen/ ", "evergreen/a/b", "evergreen/multi"] {
        assert!(found.iter().any(|error| error.starts_with(name)), "{name}: {found:#?}");
    }
    let read: Vec<String> =
        app.secrets.exchanges_of("BatchGetSecretValue").into_iter().map(|read| read.request).collect();
    assert!(!read.is_empty() && !read.concat().contains("\"evergreen/_"), "a reserved secret was read: {read:?}");
}

#[tokio::test]
async fn faulty_secret_is_reported_with_its_field_and_pauses_the_account() {
    let with = |field: &str, value: Value| {
        let mut secret = good(0);
        secret[field] = value;
        secret.to_string()
    };
    let without = |field: &str| {
        let mut secret = good(0);
        secret.as_object_mut().unwrap().remove(field);
        secret.to_string()
    };
    for (text, says) in [
        ("{not json".to_owned(), "is not JSON (line 1, column 2)"),
        (String::new(), "is not JSON"),
        ("[]".to_owned(), "must be a JSON object"),
        ("{\"accounts\": 7}".to_owned(), "`accounts` must be an object"),
        (without("tenant_id"), "`tenant_id` is missing"),
        (without("client_secret"), "`auth` is missing"),
        (with("colour", json!("blue")), "`colour`"),
        (with("cloud", json!("moon")), "`cloud` must be one of"),
        (with("policy", json!({"pause_after": 11})), "`policy.pause_after`"),
        (with("policy", json!({"interval_seconds": {"min": 499}})), "`policy.interval_seconds.min`"),
        (format!("{{\"tenant_id\": \"{}\"}}", "x".repeat(65_536)), "is larger than 64 KiB"),
    ] {
        let app = fresh().await;
        app.put("b", &good(1));
        app.secrets.force_put("evergreen/a", &text);
        let report = app.sync().await;
        let found = errors(&report);
        assert_eq!(found.len(), 1, "{says}: {found:?}");
        assert!(found[0].starts_with("evergreen/a a ") && found[0].contains(says), "{says}: {found:?}");
        for _ in 0..3 {
            app.advance_to_next_run("a").await;
            app.tick().await;
        }
        assert_eq!(app.status("a").await, "paused", "{says}");
        let cause = app.attribute("a", "pause_cause").await.unwrap();
        assert!(cause.starts_with("secret: ") && cause.contains("`evergreen/a`") && cause.contains(says), "{cause}");
        assert_eq!(app.token_requests().iter().filter(|request| request.account.is_some()).count(), 0);
        assert!(app.runs("b").await.iter().all(|run| run.outcome == "succeeded"), "the other account is not affected");

        app.put("a", &good(0));
        assert_eq!(app.sync().await["resumed"], json!(["a"]));
        assert_eq!(app.next_round("a").await["failed"], 0);
    }
}

#[tokio::test]
async fn unreadable_secret_does_not_stop_its_account() {
    for code in ["DecryptionFailure", "AccessDeniedException", "InternalServiceError"] {
        let app = fresh().await;
        app.put("a", &good(0));
        app.begin().await;
        app.put("a", &good(1));
        app.secrets.refuse("evergreen/a", code);
        let report = app.sync().await;
        assert_eq!((&report["stopped"], &report["unchanged"]), (&json!([]), &json!(1)), "{code}");
        assert!(errors(&report)[0].contains(code), "{report}");
        assert_eq!(app.status("a").await, "active");
        // Only its run fails, and the change is found when the secret is readable again.
        assert_eq!(app.tick().await["failed"], 1);
        let outcome = if code == "InternalServiceError" { "transient" } else { "misconfigured" };
        assert_eq!(app.last_run("a").await.outcome, outcome);
        app.secrets.allow("evergreen/a");
        let report = app.sync().await;
        assert_eq!(report["resumed"], json!(["a"]));
    }
}

#[tokio::test]
async fn secret_deleted_between_sync_and_round_fails_only_its_account() {
    let app = fresh().await;
    app.put("a", &good(0));
    app.put("b", &good(1));
    app.begin().await;
    app.secrets.purge("evergreen/a");
    let report = app.tick().await;
    assert_eq!((report["succeeded"].as_u64(), report["failed"].as_u64()), (Some(1), Some(1)));
    let reason = app.last_run("a").await.reason.unwrap();
    assert!(reason.contains("secret `evergreen/a` is gone"), "{reason}");
}

#[tokio::test]
async fn unreachable_secrets_manager_fails_the_runs_as_transient() {
    let app = fresh().await;
    app.put("a", &good(0));
    app.begin().await;
    app.secrets.fail_next(3, "BatchGetSecretValue", Fault::SERVICE_ERROR);
    assert_eq!(app.tick().await["failed"], 1);
    let run = app.last_run("a").await;
    assert_eq!((run.outcome.as_str(), app.status("a").await.as_str()), ("transient", "active"));
    assert_eq!(app.log.warnings(&["secrets could not be read", "InternalServiceError"]).len(), 1);
    app.secrets.fail_next(3, "ListSecrets", Fault::DENIED);
    assert_eq!(app.refusal(json!({"action": "sync"})).await, "listing secrets: AccessDeniedException");
    assert_eq!(app.status("a").await, "active", "a failed list is not an empty list");
}

#[tokio::test]
async fn every_page_of_the_secret_list_is_read() {
    let app = fresh().await;
    for number in 0..45 {
        app.put(&format!("a{number:02}"), &good(0));
    }
    app.secrets.page_size(10);
    app.forget();
    assert_eq!(app.sync().await["created"].as_array().unwrap().len(), 45);
    assert_eq!((app.secrets.calls("ListSecrets"), app.secrets.calls("BatchGetSecretValue")), (5, 3));
    assert_eq!(app.sync().await["unchanged"], 45);
}

#[tokio::test]
async fn incomplete_secret_list_stops_no_account() {
    let app = fresh().await;
    for number in 0..15 {
        app.put(&format!("a{number:02}"), &good(0));
    }
    app.sync().await;
    app.secrets.page_size(10);
    app.secrets.fail_next_containing(3, "ListSecrets", "NextToken", Fault::SERVICE_ERROR);
    app.refusal(json!({"action": "sync"})).await;
    for number in 0..15 {
        assert_eq!(app.status(&format!("a{number:02}")).await, "active");
    }
}

#[tokio::test]
async fn changed_working_hours_move_the_next_run_into_them() {
    let app = fresh().await;
    app.put("a", &good(0));
    app.begin().await;
    app.tick().await;
    let mut secret = good(0);
    secret["policy"]["working_hours"] = json!({"from": "02:00", "to": "03:00"});
    app.put("a", &secret);
    assert_eq!(app.sync().await["changed"], json!(["a"]));
    let next = app.next_run("a").await.unwrap();
    assert_eq!((next.hour(), next.date_naive().to_string().as_str()), (2, "2031-03-04"));

    // A shorter interval shortens the wait.
    secret["policy"] = json!({"interval_seconds": {"min": 500, "max": 600}});
    app.put("a", &secret);
    app.sync().await;
    assert!((500..=600).contains(&app.wait("a").await));
}

#[tokio::test]
async fn new_account_waits_for_its_working_hours() {
    let app = fresh().await;
    let mut secret = password(0);
    secret["policy"] = json!({"timezone": "Asia/Shanghai", "working_hours": {"from": "09:00", "to": "18:30"},
        "working_days": ["tue"]});
    app.put("a", &secret);
    app.sync().await;
    let next = app.next_run("a").await.unwrap();
    let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
    assert!(at(START) < next);
    assert!((at("2031-03-04T01:00:00Z")..at("2031-03-04T10:30:00Z")).contains(&next), "{next}");
}

#[tokio::test]
async fn running_account_is_reported_busy_and_updated_by_the_next_sync() {
    let app = fresh().await;
    app.put("a", &good(0));
    app.begin().await;
    let mut hold = app.dynamo.hold("PutItem", "", At::Request);
    let mut record = app.dynamo.hold("UpdateItem", "last_run_at", At::Request);
    let (_, ()) = tokio::join!(app.tick(), async {
        record.reached().await;
        app.put("a", &good(1));
        let (report, ()) = tokio::join!(app.sync(), async {
            record.reached_by(2).await;
            record.release();
            hold.reached().await;
            hold.release();
        });
        // Whether the record or the sync comes first, the change is applied by the next sync at the latest.
        assert!(report["busy"] == json!(["a"]) || report["changed"] == json!(["a"]), "{report}");
    });
    app.sync().await;
    assert_eq!(app.sync().await["unchanged"], 1);
    let stored = app.attribute("a", "secret_version").await;
    assert_eq!(stored, app.secrets.version("evergreen/a"));
}
