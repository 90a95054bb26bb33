//! Rounds: which accounts run, what a round costs, and what it writes to the tables and the log.

use std::collections::BTreeSet;

use fake_tenant::{Fault, FaultAction, When};
use serde_json::json;

use crate::support::{
    aws_json,
    dynamodb::{ACCOUNTS, RUNS},
    test_app::{
        INTERVAL, READS, TestApp, TestAppOptions, app_only, password, reads, refresh_token, user, with_policy, writes,
    },
};

#[tokio::test]
async fn only_due_accounts_run() {
    let app = TestApp::new().await;
    app.put("early", &with_policy(app_only(0), reads(4)));
    app.sync().await;
    app.advance_to_next_run("early").await;
    app.put("late", &with_policy(app_only(1), reads(4)));
    app.sync().await;

    let report = app.tick().await;
    let late_is_due = app.next_run("late").await.unwrap() <= app.now();
    assert!(!late_is_due, "the seed makes both due");
    assert_eq!(report["due"], 1, "{report}");
    assert_eq!((app.runs("early").await.len(), app.runs("late").await.len()), (1, 0));
}

#[tokio::test]
async fn round_report_adds_up() {
    let app = TestApp::new().await;
    app.put("good", &with_policy(app_only(0), reads(5)));
    app.put("user", &with_policy(password(1), reads(3)));
    let mut wrong = with_policy(app_only(2), json!({"pause_after": 1}));
    wrong["client_secret"] = json!("mistyped");
    app.put("wrong", &wrong);
    app.begin().await;

    let report = app.tick().await;
    let of = |name: &str| report[name].as_u64().unwrap_or_else(|| panic!("{name} in {report}"));
    assert_eq!((of("due"), of("claimed"), of("succeeded"), of("failed")), (3, 3, 2, 1));
    assert_eq!((of("paused"), of("deferred")), (1, 0));
    assert_eq!((of("calls_ok"), of("calls_failed"), of("calls_throttled")), (8, 0, 0));
}

#[tokio::test]
async fn run_writes_one_history_row_and_one_complete_log_line() {
    let app = TestApp::new().await;
    app.put("a", &with_policy(app_only(0), reads(6)));
    app.begin().await;
    app.tenant.inject(Fault::item(
        "GET",
        "/users/*",
        When::First(1),
        FaultAction::Error { status: 404, code: "ErrorItemNotFound".to_owned(), message: "gone".to_owned() },
    ));
    let started = app.now();
    app.tick().await;

    let row = app.last_run("a").await;
    assert_eq!((row.outcome.as_str(), row.calls_ok, row.calls_failed, row.calls.len()), ("succeeded", 5, 1, 6));
    assert_eq!(row.started_at, started);
    assert_eq!(row.next_run_at, app.next_run("a").await);
    assert!(INTERVAL.contains(&app.wait("a").await));
    assert_eq!(app.attribute("a", "last_run_at").await.unwrap(), started.format("%FT%TZ").to_string());
    assert_eq!(app.attribute("a", "run_id").await, None);

    let lines = app.log.of("run");
    assert_eq!(lines.len(), 1);
    let line = &lines[0];
    assert_eq!(line["account"], "a");
    assert_eq!(line["run_id"], row.run_id);
    assert_eq!(line["seed"], row.seed.number());
    assert_eq!((line["calls_ok"].as_u64(), line["calls_failed"].as_u64()), (Some(5), Some(1)));
    assert_eq!(line["next_run_at"], app.attribute("a", "next_run_at").await.unwrap());
    let failure = &line["failures"][0];
    assert_eq!((failure["status"].as_u64(), failure["error_code"].as_str()), (Some(404), Some("ErrorItemNotFound")));
    assert!(failure["request_id"].as_str().is_some_and(|id| id.len() == 36), "{failure}");
    assert_eq!(line["failures"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn round_logs_its_report_and_its_metrics_in_one_line_each() {
    let app = TestApp::new().await;
    app.put("a", &with_policy(app_only(0), reads(3)));
    app.put("b", &with_policy(password(1), reads(3)));
    app.begin().await;
    app.log.clear();
    let report = app.tick().await;

    let rounds = app.log.of("round");
    assert_eq!((rounds.len(), &rounds[0]["round"]), (1, &report));
    let metrics: Vec<_> = app.log.all().into_iter().filter(|line| line.get("_aws").is_some()).collect();
    assert_eq!(metrics.len(), 1);
    for (metric, field) in [("Due", "due"), ("Succeeded", "succeeded"), ("CallsOk", "calls_ok"), ("Paused", "paused")] {
        assert_eq!(metrics[0][metric], report[field], "{metric}");
    }
    assert_eq!(report["calls_ok"], 6);
    assert!(!metrics[0].to_string().contains("\"a\""), "no metric belongs to an account");
    assert_eq!(app.log.all().len(), 4, "{}", app.log.text());
}

#[tokio::test]
async fn twelve_reads_cost_one_token_one_batch_three_writes_and_one_secret_read() {
    let app = TestApp::new().await;
    app.put(
        "a",
        &with_policy(
            app_only(0),
            json!({
                "operations": {"include": READS}, "writes": false,
                "calls_per_run": {"min": 12, "max": 12}, "interval_seconds": {"min": 500, "max": 600}
            }),
        ),
    );
    app.begin().await;
    for tokens in [1, 0] {
        app.advance_to_next_run("a").await;
        app.forget();
        let report = app.tick().await;
        assert_eq!(report["calls_ok"], 12, "{report}");
        assert_eq!((app.token_requests().len(), app.batches().len()), (tokens, 1));
        assert_eq!(app.batches()[0].items.len(), 12);
        let counts = ["Query", "UpdateItem", "PutItem"].map(|action| app.dynamo.calls(action));
        assert_eq!((counts, app.dynamo.total_calls()), ([1, 2, 1], 4));
        assert_eq!((app.secrets.calls("BatchGetSecretValue"), app.secrets.total_calls()), (1, 1));
    }
}

#[tokio::test]
async fn twenty_accounts_share_one_secrets_request_and_a_cold_start_adds_the_default_policy() {
    for (cold, accounts, readings) in [(false, 20, 1), (false, 21, 2), (false, 40, 2), (true, 19, 1), (true, 20, 2)] {
        let mut app = TestApp::with(TestAppOptions { users: accounts, ..TestAppOptions::default() }).await;
        for number in 0..accounts {
            app.put(&format!("a{number}"), &with_policy(app_only(number), reads(1)));
        }
        app.begin().await;
        if cold {
            app.inner = app.another_app();
        }
        app.forget();
        assert_eq!(app.tick().await["succeeded"], accounts);
        assert_eq!(app.secrets.total_calls(), readings);
        assert_eq!((app.dynamo.calls("UpdateItem"), app.dynamo.calls("PutItem")), (2 * accounts, accounts));
    }
}

#[tokio::test]
async fn accounts_of_one_secret_read_it_once() {
    let app = TestApp::new().await;
    app.put(
        "shared",
        &json!({"accounts": {
            "a": with_policy(app_only(0), reads(1)), "b": with_policy(app_only(1), reads(1)), "c": with_policy(password(2), reads(1))
        }}),
    );
    app.begin().await;
    app.forget();
    assert_eq!(app.tick().await["succeeded"], 3);
    let asked = app.secrets.exchanges_of("BatchGetSecretValue");
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].request_json()["SecretIdList"], json!(["evergreen/shared"]));
}

#[tokio::test]
async fn idle_tick_sends_one_query_per_shard_and_nothing_else() {
    for shards in [1, 8] {
        let app = TestApp::with(TestAppOptions { shards, ..TestAppOptions::default() }).await;
        app.put("a", &with_policy(app_only(0), reads(3)));
        app.begin().await;
        app.tick().await;
        app.forget();
        let report = app.tick().await;
        assert_eq!(report["due"], 0);
        let shards = usize::from(shards);
        assert_eq!((app.dynamo.calls("Query"), app.dynamo.total_calls()), (shards, shards));
        assert_eq!((app.secrets.total_calls(), app.tenant.requests().len()), (0, 0));
    }
}

#[tokio::test]
async fn every_shard_is_queried() {
    let app = TestApp::with(TestAppOptions { users: 24, shards: 8, ..TestAppOptions::default() }).await;
    for number in 0..24 {
        app.put(&format!("a{number}"), &with_policy(app_only(number), reads(1)));
    }
    app.begin().await;
    let shards: BTreeSet<String> = app
        .dynamo
        .scan(ACCOUNTS)
        .await
        .iter()
        .map(|item| item["due_shard"]["S"].as_str().unwrap().to_owned())
        .collect();
    assert!(shards.len() >= 6, "{shards:?}");
    app.forget();
    assert_eq!(app.tick().await["succeeded"], 24);
    assert_eq!(app.dynamo.calls("Query"), 8);
    assert_eq!(app.dynamo.scan(RUNS).await.len(), 24);
}

#[tokio::test]
async fn app_only_calls_address_the_named_user_and_delegated_ones_me() {
    let app = TestApp::new().await;
    let only = json!({"operations": {"include": ["drive.root"]}, "calls_per_run": {"min": 1, "max": 1}});
    app.put("app", &with_policy(app_only(0), only.clone()));
    app.put("user", &with_policy(password(1), only));
    app.begin().await;
    app.tick().await;
    let mut urls: Vec<String> = app.batches().iter().map(|batch| batch.items[0].url.clone()).collect();
    urls.sort();
    assert!(urls[0].starts_with("/me/drive/root"), "{urls:?}");
    assert!(urls[1].starts_with(&format!("/users/{}/drive/root", user(0))), "{urls:?}");
}

#[tokio::test]
async fn at_most_concurrency_accounts_are_in_flight() {
    let app = TestApp::with(TestAppOptions { users: 12, concurrency: 3, ..TestAppOptions::default() }).await;
    for number in 0..12 {
        app.put(&format!("a{number}"), &with_policy(app_only(number), reads(2)));
    }
    app.begin().await;
    assert_eq!(app.tick().await["succeeded"], 12);
    assert!(app.crash_plan.peak() <= 3, "{}", app.crash_plan.peak());
    assert!(app.crash_plan.peak() > 1, "no runs overlapped");
}

#[tokio::test]
async fn round_fails_when_due_accounts_cannot_be_listed() {
    let app = TestApp::new().await;
    app.put("a", &with_policy(app_only(0), reads(3)));
    app.begin().await;
    app.dynamo.fail_next(3, "Query", aws_json::Fault::DENIED);
    let error = app.refusal(json!({"action": "tick"})).await;
    assert_eq!(error, "listing the accounts that are due: AccessDeniedException");
    app.dynamo.heal();
    assert_eq!(app.tick().await["succeeded"], 1);
}

#[tokio::test]
async fn accounts_of_one_mailbox_run_one_after_another() {
    for seed in 1..=4 {
        let app = TestApp::seeded(seed).await;
        app.put("app", &with_policy(app_only(0), writes(12)));
        app.put("user", &with_policy(refresh_token(&app, 0), writes(12)));
        app.put("other", &with_policy(app_only(1), writes(12)));
        app.begin().await;
        let before = app.snapshot();
        let report = app.tick().await;
        assert_eq!((&report["succeeded"], &report["calls_failed"]), (&json!(3), &json!(0)), "seed {seed}");
        // The accounts of successive batches, without those of the other mailbox.
        let mut batches = app.batches();
        batches.retain(|batch| batch.items.iter().all(|item| !item.url.contains(&user(1))));
        let mut callers: Vec<_> = batches.iter().map(|batch| batch.account.clone()).collect();
        assert!(callers.len() >= 6, "seed {seed}: too few batches to prove anything");
        callers.dedup();
        assert_eq!(callers.len(), 2, "seed {seed}: {callers:?}");
        app.assert_as_before(&before);
    }
}
