//! The function binary as Lambda runs it: events, answers and log lines.

use std::collections::BTreeSet;

use chrono::{TimeDelta, Utc};
use fake_tenant::{Fault, FaultAction, When};
use serde_json::{Value, json};

use crate::support::function_fixture::*;

const STATE: &[&str] = &["account_id", "status", "next_run_at", "last_run_at", "consecutive_failures", "pause_cause"];
const ROUND: &[&str] =
    &["due", "claimed", "succeeded", "failed", "paused", "deferred", "calls_ok", "calls_failed", "calls_throttled"];

#[tokio::test]
async fn every_event_is_answered_as_documented() {
    let fixture = FunctionFixture::new().await;
    let before = fixture.objects();
    let function = fixture.function().await;

    let synced = answered(&function, "sync").await;
    assert_eq!((&synced["created"], &synced["errors"]), (&json!([ACCOUNT]), &json!([])));
    assert_eq!(answered(&function, "sync").await["unchanged"], 1);

    let listed = answered(&function, "list").await;
    assert_fields(&listed["accounts"][0], STATE);
    assert_eq!(listed["accounts"][0]["status"], "active");
    let first = assert_time(&listed["accounts"][0]["next_run_at"]);
    assert!(first <= Utc::now() + TimeDelta::seconds(3600), "due within the interval's minimum: {first}");

    let shown = answered(&function, "show").await;
    assert_fields(&shown, STATE);
    assert_eq!((&shown["auth"], &shown["secret"]), (&json!("client_secret"), &json!("evergreen/contoso-dev")));
    assert_eq!(shown["policy"]["interval_seconds"], json!({"min": 3600, "max": 14400}));

    let planned = answered(&function, "run-dry").await;
    assert_eq!(planned["seed"], 42);
    assert_fields(&planned["plan"][0], &["operation", "role", "wave", "method", "url", "body"]);
    let graph = fixture.tenant.requests().iter().filter(|request| !request.is_login()).count();
    assert_eq!((graph, lines(&function).len()), (0, 2), "a dry run sends nothing and is not recorded");

    let ran = answered(&function, "run").await;
    assert_eq!(
        (&ran["account"], &ran["outcome"], &ran["status"]),
        (&json!(ACCOUNT), &json!("succeeded"), &json!("active"))
    );
    assert_fields(&ran, &["run_id", "seed", "calls_ok", "calls_failed", "calls_throttled", "failures"]);
    assert!(assert_time(&ran["next_run_at"]) > Utc::now() + TimeDelta::seconds(3500));

    let history = answered(&function, "history").await;
    assert_eq!(history["account"], ACCOUNT);
    assert_eq!((history["runs"].as_array().unwrap().len(), &history["runs"][0]["run_id"]), (1, &ran["run_id"]));

    let idle = answered(&function, "tick").await;
    assert_fields(&idle, ROUND);
    assert_counts(&idle, &[("due", 0), ("claimed", 0), ("succeeded", 0), ("failed", 0)]);
    fixture.make_due(ACCOUNT).await;
    let round = answered(&function, "eventbridge-scheduled").await;
    assert_fields(&round, ROUND);
    assert_counts(
        &round,
        &[("due", 1), ("claimed", 1), ("succeeded", 1), ("failed", 0), ("paused", 0), ("deferred", 0)],
    );
    assert!(round["calls_ok"].as_u64().unwrap() >= 1);

    let stopped = answered(&function, "stop").await;
    assert_eq!((&stopped["status"], &stopped["next_run_at"]), (&json!("stopped"), &Value::Null));
    assert_eq!(fixture.dynamo.attribute(ACCOUNT, "due_shard").await, None);
    let error = refused(function.invoke(&event("run")).await);
    assert!(error.error_type == "BadAction" && error.error_message.contains("`resume`"), "{error:?}");
    let resumed = answered(&function, "resume").await;
    assert_eq!(resumed["status"], "active");
    assert_counts(&answered(&function, "tick").await, &[("due", 1), ("succeeded", 1)]);

    assert_eq!(fixture.changed_since(&before), Vec::<String>::new(), "a run removes what it created");
    assert_eq!(fixture.tenant.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn run_round_and_metrics_are_one_json_line_each() {
    let fixture = FunctionFixture::new().await;
    for account in ["a", "b"] {
        fixture.secret(account, app_only(json!({})));
    }
    fixture.secret("wrong", {
        let mut secret = app_only(json!({"pause_after": 1}));
        secret["client_secret"] = json!(format!("wrong {MARK}"));
        secret
    });
    let function = fixture.function().await;
    answered(&function, "sync").await;
    for account in ["a", "b", "wrong"] {
        fixture.make_due(account).await;
    }
    let round = answered(&function, "tick").await;
    assert_counts(&round, &[("due", 3), ("claimed", 3), ("succeeded", 2), ("failed", 1), ("paused", 1)]);
    answered(&function, "tick").await;

    let runs = lines_saying(&function, "run");
    let accounts: BTreeSet<_> = runs.iter().map(|run| run["account"].as_str().unwrap()).collect();
    assert_eq!((runs.len(), accounts), (3, BTreeSet::from(["a", "b", "wrong"])));
    for run in &runs {
        let failed = run["account"] == "wrong";
        assert_fields(run, &["run_id", "seed", "outcome", "calls_ok", "calls_failed", "failures", "next_run_at"]);
        assert_eq!(run["level"], if failed { "WARN" } else { "INFO" }, "{run}");
        assert_eq!(run["reason"].as_str().is_some_and(|reason| reason.contains("AADSTS7000215")), failed, "{run}");
    }
    let rounds = lines_saying(&function, "round");
    assert_eq!(rounds.len(), 2);
    assert_eq!(rounds[0]["round"], round);

    let metrics = metrics(&function);
    assert_eq!(metrics.len(), 2);
    for line in &metrics {
        let directives = line["_aws"]["CloudWatchMetrics"].as_array().unwrap();
        assert_eq!((directives.len(), &directives[0]["Dimensions"]), (1, &json!([[]])));
        assert!(line["_aws"]["Timestamp"].as_i64().unwrap() > 1_700_000_000_000);
        let names = directives[0]["Metrics"].as_array().unwrap();
        assert!((1..=10).contains(&names.len()));
        assert!(names.iter().all(|metric| line[metric["Name"].as_str().unwrap()].is_number()), "{line:#}");
    }
    assert_eq!((&metrics[0]["Claimed"], &metrics[1]["Claimed"]), (&json!(3), &json!(0)));
    assert_eq!(lines(&function).len(), 1 + 3 + 2 + 2, "only the line of the sync");
}

#[tokio::test]
async fn failed_call_is_logged_with_status_code_and_request_id_but_without_message() {
    let fixture = FunctionFixture::new().await;
    let only = json!({"operations": {"include": ["users.list", "user.me.get"]}, "calls_per_run": {"min": 2, "max": 2}});
    fixture.secret(ACCOUNT, app_only(only));
    let function = fixture.function().await;
    answered(&function, "sync").await;
    let refusal = FaultAction::Error { status: 404, code: "ErrorNonExistent".to_owned(), message: MARK.to_owned() };
    fixture.tenant.inject(Fault::item("GET", "/users", When::Always, refusal));
    let ran = answered(&function, "run").await;
    assert_counts(&ran, &[("calls_ok", 1), ("calls_failed", 1)]);
    let run = &lines_saying(&function, "run")[0];
    for failures in [&ran["failures"], &run["failures"]] {
        let failure = &failures[0];
        assert_eq!(failures.as_array().unwrap().len(), 1);
        assert_eq!((&failure["operation"], &failure["status"]), (&json!("users.list"), &json!(404)));
        assert_eq!(failure["error_code"], "ErrorNonExistent");
        assert!(failure["request_id"].as_str().is_some_and(|id| id.len() == 36), "{failure}");
    }
    assert!(!(function.everything_written() + &ran.to_string()).contains(MARK));
}

#[tokio::test]
async fn unknown_event_is_a_function_error_that_lists_the_accepted_ones() {
    let fixture = FunctionFixture::new().await;
    let function = fixture.function().await;
    answered(&function, "sync").await;
    for unknown in [
        json!({"action": "tock"}),
        json!({"hello": "app"}),
        json!({}),
        json!([1]),
        json!("tick"),
        json!({"detail-type": "EC2 Instance State-change Notification", "source": "aws.ec2", "detail": {}}),
    ] {
        let error = refused(function.invoke(&unknown).await);
        assert_eq!(error.error_type, "BadEvent", "{unknown}");
        for accepted in ["scheduled event", "tick", "sync", "list", "show", "run", "stop", "resume", "history"] {
            assert!(error.error_message.contains(accepted), "{unknown}: {error:?}");
        }
    }
    for action in ["show", "run", "stop", "resume", "history"] {
        let error = refused(function.invoke(&json!({"action": action, "account": "unknown"})).await);
        assert_eq!(error.error_type, "BadAction", "{action}");
        assert!(
            error.error_message.contains("no account unknown") && error.error_message.contains("`list`"),
            "{error:?}"
        );
        let error = refused(function.invoke(&json!({"action": action})).await);
        assert!(error.error_type == "BadEvent" && error.error_message.contains("needs `account`"), "{error:?}");
    }
    assert_fields(&answered(&function, "list").await, &["accounts"]);
    let complaints = lines_saying(&function, "the event was not carried out");
    assert_eq!(complaints.len(), 6 + 2 * 5, "each is logged once, since the scheduler ignores answers");
}

#[tokio::test]
async fn accounts_in_all_four_shards_are_found() {
    let fixture = FunctionFixture::new().await;
    let accounts: Vec<String> = (0..8).map(|number| format!("account-{number}")).collect();
    for account in &accounts {
        fixture.secret(account, app_only(json!({"operations": {"include": ["users.list"]}})));
    }
    let function = fixture.function_with(&[("DUE_SHARDS", "4"), ("CONCURRENCY", "2")]).await;
    answered(&function, "sync").await;
    let mut shards = BTreeSet::new();
    for account in &accounts {
        shards.insert(fixture.dynamo.attribute(account, "due_shard").await.unwrap());
        fixture.make_due(account).await;
    }
    assert!(shards.len() > 1 && shards.iter().all(|shard| shard.parse::<u8>().unwrap() < 4), "{shards:?}");
    assert_counts(&answered(&function, "tick").await, &[("due", 8), ("claimed", 8), ("succeeded", 8)]);
}

#[tokio::test]
async fn function_never_logs_returns_or_stores_a_secret() {
    let fixture = FunctionFixture::new().await;
    let refresh_token = fixture.tenant.issue_refresh_token(TENANT, PUBLIC_APP, USER);
    let ids = json!({"tenant_id": TENANT, "client_id": PUBLIC_APP});
    let with = |more: Value| {
        let mut secret = ids.clone();
        secret.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        secret
    };
    fixture.secret("refreshing", with(json!({"refresh_token": refresh_token})));
    fixture.secret("typing", with(json!({"username": USER, "password": format!("password {MARK}")})));
    fixture.secret("mistyping", with(json!({"username": USER, "password": format!("wrong {MARK}")})));
    fixture.secret("misspelt", with(json!({"pasword": MARK})));
    fixture.secret("out-of-range", with(json!({"client_secret": MARK, "policy": {"pause_after": MARK}})));
    fixture.secrets.force_put("evergreen/no-json", &format!("{{\"client_secret\": \"{MARK}"));
    fixture.secrets.force_put("evergreen/too-long", &MARK.repeat(65_537 / MARK.len() + 1));
    let accounts = [ACCOUNT, "refreshing", "typing", "mistyping", "misspelt", "out-of-range", "no-json", "too-long"];

    let function = fixture.function().await;
    let mut answers = answered(&function, "sync").await.to_string();
    for account in accounts {
        fixture.make_due(account).await;
    }
    let round = answered(&function, "tick").await;
    assert_counts(&round, &[("claimed", 8), ("succeeded", 3), ("failed", 5)]);
    answers += &round.to_string();
    for account in accounts {
        for action in ["show", "history", "run"] {
            let answer = function.invoke(&json!({"action": action, "account": account})).await;
            answers += &answer.unwrap_or_else(|error| panic!("{action} {account}: {error:?}")).to_string();
        }
        let planned = function.invoke(&json!({"action": "run", "account": account, "dry_run": true})).await;
        answers += &planned.map_or_else(|error| error.error_message, |answer| answer.to_string());
    }
    answers += &answered(&function, "list").await.to_string();

    let rotated = fixture.secrets.value("evergreen/refreshing").unwrap()["refresh_token"].as_str().unwrap().to_owned();
    let stored = fixture.dynamo.everything_stored().await + &fixture.dynamo.everything();
    for (place, text) in [("logs", function.everything_written()), ("answers", answers), ("tables", stored)] {
        assert!(text.contains("contoso-dev"), "the {place} are not empty");
        for secret in [MARK, &refresh_token, &rotated, "eyJ"] {
            assert!(!text.contains(secret), "{secret} is in the {place}: {text}");
        }
    }
    assert_eq!(lines_saying(&function, "run").len(), 8 + 8);
}
