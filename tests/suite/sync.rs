//! Sync: accounts follow the secrets, and an error names the secret and the field, never a value.

use chrono::{DateTime, TimeDelta, Timelike, Utc};
use serde_json::{Value, json};

use crate::support::{
    aws_json::{At, Fault},
    world::{START, World, app_only, password, reads, refresh_token, under},
};

async fn fresh() -> World {
    World::new().await
}

fn good(number: usize) -> Value {
    under(app_only(number), reads(2))
}

/// The errors of a sync, each as `secret account error`.
fn errors(report: &Value) -> Vec<String> {
    let text = |error: &Value, field: &str| error[field].as_str().unwrap_or("-").to_owned();
    let all = report["errors"].as_array().unwrap().iter();
    all.map(|error| ["secret", "account", "error"].map(|field| text(error, field)).join(" ")).collect()
}

#[tokio::test]
async fn a_new_secret_makes_an_account_that_is_due_within_the_intervals_minimum() {
    let world = fresh().await;
    world.put("a", &good(0));
    let report = world.sync().await;
    assert_eq!((&report["created"], &report["errors"]), (&json!(["a"]), &json!([])));
    assert_eq!(world.status("a").await, "active");
    assert!((0..=3600).contains(&world.wait("a").await));
    let again = world.sync().await;
    assert_eq!((&again["created"], &again["unchanged"]), (&json!([]), &json!(1)));
    assert_eq!(world.journal.of("sync").len(), 2);
}

#[tokio::test]
async fn a_secret_that_is_as_it_was_is_not_read_again() {
    let world = fresh().await;
    world.put("a", &good(0));
    world.put("b", &good(1));
    world.sync().await;
    world.put("b", &good(2));
    world.forget();
    assert_eq!(world.sync().await["changed"], json!(["b"]));
    let read = world.secrets.exchanges_of("BatchGetSecretValue");
    assert_eq!(read.len(), 1);
    assert_eq!(read[0].request_json()["SecretIdList"], json!(["evergreen/b"]));
}

#[tokio::test]
async fn a_secret_that_is_gone_stops_its_account_and_keeps_its_history() {
    for purged in [true, false] {
        let world = fresh().await;
        world.put("a", &good(0));
        world.begin().await;
        world.tick().await;
        if purged {
            world.secrets.purge("evergreen/a");
        } else {
            world.secrets.delete("evergreen/a");
        }
        assert_eq!(world.sync().await["stopped"], json!(["a"]));
        assert_eq!((world.status("a").await.as_str(), world.next_run("a").await), ("stopped", None));
        assert_eq!(world.attribute("a", "due_shard").await, None);
        assert_eq!(world.runs("a").await.len(), 1);
        assert_eq!(world.sync().await["stopped"], json!([]), "once is enough");
        world.advance(TimeDelta::days(3));
        assert_eq!(world.tick().await["due"], 0);

        if purged {
            world.put("a", &good(0));
            assert_eq!(world.sync().await["resumed"], json!(["a"]), "it is back again");
            assert_eq!(world.next_round("a").await["succeeded"], 1);
            assert_eq!(world.runs("a").await.len(), 2);
        }
    }
}

#[tokio::test]
async fn what_a_person_stopped_stays_stopped_whatever_becomes_of_its_secret() {
    let world = fresh().await;
    world.put("a", &good(0));
    world.begin().await;
    world.act("stop", "a").await;
    world.put("a", &good(1));
    world.sync().await;
    assert_eq!(world.status("a").await, "stopped");
    world.secrets.purge("evergreen/a");
    world.sync().await;
    world.put("a", &good(0));
    world.sync().await;
    assert_eq!(world.status("a").await, "stopped");
    assert_eq!(world.act("resume", "a").await["status"], "active");
    assert_eq!(world.next_round("a").await["succeeded"], 1);
}

#[tokio::test]
async fn a_secret_may_define_many_accounts_and_each_lives_and_dies_with_its_part() {
    let world = fresh().await;
    let many = |ids: &[&str]| {
        let parts = ids.iter().enumerate().map(|(number, id)| ((*id).to_owned(), good(number)));
        json!({"accounts": Value::Object(parts.collect())})
    };
    world.put("shared", &many(&["x", "y"]));
    assert_eq!(world.sync().await["created"], json!(["x", "y"]));
    assert!(world.dynamo.get_item("shared").await.is_none());
    world.all_due().await;
    assert_eq!(world.tick().await["succeeded"], 2);
    world.put("shared", &many(&["y", "z"]));
    let report = world.sync().await;
    assert_eq!((&report["created"], &report["stopped"]), (&json!(["z"]), &json!(["x"])));
}

#[tokio::test]
async fn of_two_secrets_that_define_one_account_the_first_by_name_wins() {
    let world = fresh().await;
    world.put("shared", &json!({"accounts": {"a": good(1)}}));
    world.put("a", &good(0));
    let report = world.sync().await;
    assert_eq!(report["created"], json!(["a"]));
    assert_eq!(
        errors(&report),
        ["evergreen/shared a the account is defined by secret `evergreen/a` already, and that one wins"]
    );
    assert_eq!(world.attribute("a", "secret_name").await.as_deref(), Some("evergreen/a"));
    world.all_due().await;
    assert_eq!(world.tick().await["succeeded"], 1);

    // The loser takes over when the winner is gone.
    world.secrets.purge("evergreen/a");
    let report = world.sync().await;
    assert_eq!(report["errors"], json!([]));
    assert_eq!(world.attribute("a", "secret_name").await.as_deref(), Some("evergreen/shared"));
    assert_eq!(world.status("a").await, "active");
    assert_eq!(world.next_round("a").await["succeeded"], 1);
}

#[tokio::test]
async fn an_account_whose_secret_is_gone_passes_to_another_that_was_read_long_ago() {
    let world = fresh().await;
    world.put("a", &good(0));
    world.put("shared", &json!({"accounts": {"a": good(1), "b": good(2)}}));
    world.sync().await;
    world.forget();
    world.sync().await;
    assert_eq!(world.secrets.exchanges_of("BatchGetSecretValue").len(), 0, "nothing has changed, nothing is read");

    world.secrets.purge("evergreen/a");
    let report = world.sync().await;
    assert_eq!((&report["stopped"], &report["changed"]), (&json!([]), &json!(["a"])));
    assert_eq!(world.attribute("a", "secret_name").await.as_deref(), Some("evergreen/shared"));
    assert_eq!(world.sync().await["unchanged"], 2);
}

#[tokio::test]
async fn a_refresh_token_needs_a_secret_of_its_own() {
    let world = fresh().await;
    world.put("shared", &json!({"accounts": {"a": good(0), "b": refresh_token(&world, 1)}}));
    let report = world.sync().await;
    assert_eq!(report["created"], json!(["a", "b"]));
    let told = errors(&report);
    assert_eq!(told.len(), 1);
    assert!(told[0].starts_with("evergreen/shared b `accounts.b.refresh_token` needs a secret of its own"), "{told:?}");
    world.all_due().await;
    let report = world.tick().await;
    assert_eq!((report["succeeded"].as_u64(), report["failed"].as_u64()), (Some(1), Some(1)));
}

#[tokio::test]
async fn reserved_names_are_left_alone_and_bad_ones_are_errors() {
    let world = fresh().await;
    for name in ["_notify", "_anything", ".hidden", "bad id", "", "a/b"] {
        world.put(name, &good(0));
    }
    world.secrets.put("evergreenish", &good(0));
    world.put("multi", &json!({"accounts": {"ok": good(0), "not ok": good(1), "_no": good(2)}}));
    world.forget();
    let report = world.sync().await;
    assert_eq!(report["created"], json!(["ok"]));
    let told = errors(&report);
    assert_eq!(told.len(), 6, "{told:#?}");
    for name in ["evergreen/.hidden", "evergreen/bad id", "evergreen/ ", "evergreen/a/b", "evergreen/multi"] {
        assert!(told.iter().any(|error| error.starts_with(name)), "{name}: {told:#?}");
    }
    let read: Vec<String> =
        world.secrets.exchanges_of("BatchGetSecretValue").into_iter().map(|read| read.request).collect();
    assert!(!read.is_empty() && !read.concat().contains("\"evergreen/_"), "a reserved secret was read: {read:?}");
}

#[tokio::test]
async fn a_faulty_secret_is_named_with_its_field_and_the_account_pauses_with_that_cause() {
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
        let world = fresh().await;
        world.put("b", &good(1));
        world.secrets.force_put("evergreen/a", &text);
        let report = world.sync().await;
        let told = errors(&report);
        assert_eq!(told.len(), 1, "{says}: {told:?}");
        assert!(told[0].starts_with("evergreen/a a ") && told[0].contains(says), "{says}: {told:?}");
        for _ in 0..3 {
            world.advance_to_next_run("a").await;
            world.tick().await;
        }
        assert_eq!(world.status("a").await, "paused", "{says}");
        let cause = world.attribute("a", "pause_cause").await.unwrap();
        assert!(cause.starts_with("secret: ") && cause.contains("`evergreen/a`") && cause.contains(says), "{cause}");
        assert_eq!(world.token_requests().iter().filter(|request| request.account.is_some()).count(), 0);
        assert!(world.runs("b").await.iter().all(|run| run.outcome == "succeeded"), "the other one is not hurt");

        world.put("a", &good(0));
        assert_eq!(world.sync().await["resumed"], json!(["a"]));
        assert_eq!(world.next_round("a").await["failed"], 0);
    }
}

#[tokio::test]
async fn a_secret_that_cannot_be_read_is_not_gone() {
    for code in ["DecryptionFailure", "AccessDeniedException", "InternalServiceError"] {
        let world = fresh().await;
        world.put("a", &good(0));
        world.begin().await;
        world.put("a", &good(1));
        world.secrets.refuse("evergreen/a", code);
        let report = world.sync().await;
        assert_eq!((&report["stopped"], &report["unchanged"]), (&json!([]), &json!(1)), "{code}");
        assert!(errors(&report)[0].contains(code), "{report}");
        assert_eq!(world.status("a").await, "active");
        // Its run fails, by itself, and the change is found when the secret can be read again.
        assert_eq!(world.tick().await["failed"], 1);
        let outcome = if code == "InternalServiceError" { "transient" } else { "misconfigured" };
        assert_eq!(world.last_run("a").await.outcome, outcome);
        world.secrets.allow("evergreen/a");
        let report = world.sync().await;
        assert_eq!(report["resumed"], json!(["a"]));
    }
}

#[tokio::test]
async fn a_secret_that_is_gone_between_sync_and_round_fails_that_account_alone() {
    let world = fresh().await;
    world.put("a", &good(0));
    world.put("b", &good(1));
    world.begin().await;
    world.secrets.purge("evergreen/a");
    let report = world.tick().await;
    assert_eq!((report["succeeded"].as_u64(), report["failed"].as_u64()), (Some(1), Some(1)));
    let reason = world.last_run("a").await.reason.unwrap();
    assert!(reason.contains("secret `evergreen/a` is gone"), "{reason}");
}

#[tokio::test]
async fn secrets_that_cannot_be_reached_at_all_fail_the_runs_for_now() {
    let world = fresh().await;
    world.put("a", &good(0));
    world.begin().await;
    world.secrets.fail_next(3, "BatchGetSecretValue", Fault::SERVICE_ERROR);
    assert_eq!(world.tick().await["failed"], 1);
    let run = world.last_run("a").await;
    assert_eq!((run.outcome.as_str(), world.status("a").await.as_str()), ("transient", "active"));
    assert_eq!(world.journal.complaints(&["secrets could not be read", "InternalServiceError"]).len(), 1);
    world.secrets.fail_next(3, "ListSecrets", Fault::DENIED);
    assert_eq!(world.refusal(json!({"action": "sync"})).await, "listing secrets: AccessDeniedException");
    assert_eq!(world.status("a").await, "active", "no list is not an empty list");
}

#[tokio::test]
async fn every_page_of_the_list_counts() {
    let world = fresh().await;
    for number in 0..45 {
        world.put(&format!("a{number:02}"), &good(0));
    }
    world.secrets.page_size(10);
    world.forget();
    assert_eq!(world.sync().await["created"].as_array().unwrap().len(), 45);
    assert_eq!((world.secrets.calls("ListSecrets"), world.secrets.calls("BatchGetSecretValue")), (5, 3));
    assert_eq!(world.sync().await["unchanged"], 45);
}

#[tokio::test]
async fn a_list_that_breaks_off_stops_nobody() {
    let world = fresh().await;
    for number in 0..15 {
        world.put(&format!("a{number:02}"), &good(0));
    }
    world.sync().await;
    world.secrets.page_size(10);
    world.secrets.fail_next_containing(3, "ListSecrets", "NextToken", Fault::SERVICE_ERROR);
    world.refusal(json!({"action": "sync"})).await;
    for number in 0..15 {
        assert_eq!(world.status(&format!("a{number:02}")).await, "active");
    }
}

#[tokio::test]
async fn a_policy_that_moves_the_working_hours_moves_the_next_run_into_them() {
    let world = fresh().await;
    world.put("a", &good(0));
    world.begin().await;
    world.tick().await;
    let mut secret = good(0);
    secret["policy"]["working_hours"] = json!({"from": "02:00", "to": "03:00"});
    world.put("a", &secret);
    assert_eq!(world.sync().await["changed"], json!(["a"]));
    let next = world.next_run("a").await.unwrap();
    assert_eq!((next.hour(), next.date_naive().to_string().as_str()), (2, "2031-03-04"));

    // A shorter interval shortens the wait.
    secret["policy"] = json!({"interval_seconds": {"min": 500, "max": 600}});
    world.put("a", &secret);
    world.sync().await;
    assert!((500..=600).contains(&world.wait("a").await));
}

#[tokio::test]
async fn a_new_account_waits_for_its_working_hours() {
    let world = fresh().await;
    let mut secret = password(0);
    secret["policy"] = json!({"timezone": "Asia/Shanghai", "working_hours": {"from": "09:00", "to": "18:30"},
        "working_days": ["tue"]});
    world.put("a", &secret);
    world.sync().await;
    let next = world.next_run("a").await.unwrap();
    let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
    assert!(at(START) < next);
    assert!((at("2031-03-04T01:00:00Z")..at("2031-03-04T10:30:00Z")).contains(&next), "{next}");
}

#[tokio::test]
async fn an_account_that_runs_just_now_is_busy_and_follows_with_the_next_sync() {
    let world = fresh().await;
    world.put("a", &good(0));
    world.begin().await;
    let mut hold = world.dynamo.hold("PutItem", "", At::Request);
    let mut record = world.dynamo.hold("UpdateItem", "last_run_at", At::Request);
    let (_, ()) = tokio::join!(world.tick(), async {
        record.reached().await;
        world.put("a", &good(1));
        let (report, ()) = tokio::join!(world.sync(), async {
            record.reached_by(2).await;
            record.release();
            hold.reached().await;
            hold.release();
        });
        // Whether the record or the sync came first: the change is seen, at the latest next time.
        assert!(report["busy"] == json!(["a"]) || report["changed"] == json!(["a"]), "{report}");
    });
    world.sync().await;
    assert_eq!(world.sync().await["unchanged"], 1);
    let stored = world.attribute("a", "secret_version").await;
    assert_eq!(stored, world.secrets.version("evergreen/a"));
}
