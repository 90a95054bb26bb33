//! A round: who runs, what it costs, and what it leaves in the table, the history and the log.

use std::collections::BTreeSet;

use fake_tenant::{Fault, FaultAction, When};
use serde_json::json;

use crate::support::{
    aws_json,
    dynamodb::{ACCOUNTS, RUNS},
    world::{INTERVAL, READS, Setting, World, app_only, password, reads, refresh_token, under, user, writes},
};

#[tokio::test]
async fn due_accounts_run_and_others_do_not() {
    let world = World::new().await;
    world.put("early", &under(app_only(0), reads(4)));
    world.sync().await;
    world.advance_to_next_run("early").await;
    world.put("late", &under(app_only(1), reads(4)));
    world.sync().await;

    let report = world.tick().await;
    let late_is_due = world.next_run("late").await.unwrap() <= world.now();
    assert!(!late_is_due, "the seed makes both due");
    assert_eq!(report["due"], 1, "{report}");
    assert_eq!((world.runs("early").await.len(), world.runs("late").await.len()), (1, 0));
}

#[tokio::test]
async fn the_report_adds_up() {
    let world = World::new().await;
    world.put("good", &under(app_only(0), reads(5)));
    world.put("user", &under(password(1), reads(3)));
    let mut wrong = under(app_only(2), json!({"pause_after": 1}));
    wrong["client_secret"] = json!("mistyped");
    world.put("wrong", &wrong);
    world.begin().await;

    let report = world.tick().await;
    let of = |name: &str| report[name].as_u64().unwrap_or_else(|| panic!("{name} in {report}"));
    assert_eq!((of("due"), of("claimed"), of("succeeded"), of("failed")), (3, 3, 2, 1));
    assert_eq!((of("paused"), of("deferred")), (1, 0));
    assert_eq!((of("calls_ok"), of("calls_failed"), of("calls_throttled")), (8, 0, 0));
}

#[tokio::test]
async fn a_run_leaves_a_row_of_history_and_one_line_with_all_that_is_asked_of_it() {
    let world = World::new().await;
    world.put("a", &under(app_only(0), reads(6)));
    world.begin().await;
    world.tenant.inject(Fault::item(
        "GET",
        "/users/*",
        When::First(1),
        FaultAction::Error { status: 404, code: "ErrorItemNotFound".to_owned(), message: "gone".to_owned() },
    ));
    let started = world.now();
    world.tick().await;

    let row = world.last_run("a").await;
    assert_eq!((row.outcome.as_str(), row.calls_ok, row.calls_failed, row.calls.len()), ("succeeded", 5, 1, 6));
    assert_eq!(row.started_at, started);
    assert_eq!(row.next_run_at, world.next_run("a").await);
    assert!(INTERVAL.contains(&world.wait("a").await));
    assert_eq!(world.attribute("a", "last_run_at").await.unwrap(), started.format("%FT%TZ").to_string());
    assert_eq!(world.attribute("a", "run_id").await, None);

    let lines = world.journal.of("run");
    assert_eq!(lines.len(), 1);
    let line = &lines[0];
    assert_eq!(line["account"], "a");
    assert_eq!(line["run_id"], row.run_id);
    assert_eq!(line["seed"], row.seed.number());
    assert_eq!((line["calls_ok"].as_u64(), line["calls_failed"].as_u64()), (Some(5), Some(1)));
    assert_eq!(line["next_run_at"], world.attribute("a", "next_run_at").await.unwrap());
    let failure = &line["failures"][0];
    assert_eq!((failure["status"].as_u64(), failure["error_code"].as_str()), (Some(404), Some("ErrorItemNotFound")));
    assert!(failure["request_id"].as_str().is_some_and(|id| id.len() == 36), "{failure}");
    assert_eq!(line["failures"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_round_writes_one_line_and_one_line_of_metrics_that_say_what_it_answers() {
    let world = World::new().await;
    world.put("a", &under(app_only(0), reads(3)));
    world.put("b", &under(password(1), reads(3)));
    world.begin().await;
    world.journal.clear();
    let report = world.tick().await;

    let rounds = world.journal.of("round");
    assert_eq!((rounds.len(), &rounds[0]["round"]), (1, &report));
    let metrics: Vec<_> = world.journal.all().into_iter().filter(|line| line.get("_aws").is_some()).collect();
    assert_eq!(metrics.len(), 1);
    for (metric, field) in [("Due", "due"), ("Succeeded", "succeeded"), ("CallsOk", "calls_ok"), ("Paused", "paused")] {
        assert_eq!(metrics[0][metric], report[field], "{metric}");
    }
    assert_eq!(report["calls_ok"], 6);
    assert!(!metrics[0].to_string().contains("\"a\""), "no metric is an account's");
    assert_eq!(world.journal.all().len(), 4, "{}", world.journal.text());
}

#[tokio::test]
async fn twelve_reads_cost_one_token_one_batch_three_writes_and_one_secret_read_and_no_token_when_warm() {
    let world = World::new().await;
    world.put(
        "a",
        &under(
            app_only(0),
            json!({
                "operations": {"include": READS}, "writes": false,
                "calls_per_run": {"min": 12, "max": 12}, "interval_seconds": {"min": 500, "max": 600}
            }),
        ),
    );
    world.begin().await;
    for tokens in [1, 0] {
        world.advance_to_next_run("a").await;
        world.forget();
        let report = world.tick().await;
        assert_eq!(report["calls_ok"], 12, "{report}");
        assert_eq!((world.token_requests().len(), world.batches().len()), (tokens, 1));
        assert_eq!(world.batches()[0].items.len(), 12);
        let counts = ["Query", "UpdateItem", "PutItem"].map(|action| world.dynamo.calls(action));
        assert_eq!((counts, world.dynamo.total_calls()), ([1, 2, 1], 4));
        assert_eq!((world.secrets.calls("BatchGetSecretValue"), world.secrets.total_calls()), (1, 1));
    }
}

#[tokio::test]
async fn twenty_accounts_share_one_reading_of_secrets_and_a_cold_function_reads_the_default_policy_with_the_first() {
    for (cold, accounts, readings) in [(false, 20, 1), (false, 21, 2), (false, 40, 2), (true, 19, 1), (true, 20, 2)] {
        let mut world = World::with(Setting { users: accounts, ..Setting::default() }).await;
        for number in 0..accounts {
            world.put(&format!("a{number}"), &under(app_only(number), reads(1)));
        }
        world.begin().await;
        if cold {
            world.app = world.another_house();
        }
        world.forget();
        assert_eq!(world.tick().await["succeeded"], accounts);
        assert_eq!(world.secrets.total_calls(), readings);
        assert_eq!((world.dynamo.calls("UpdateItem"), world.dynamo.calls("PutItem")), (2 * accounts, accounts));
    }
}

#[tokio::test]
async fn accounts_of_one_secret_read_it_once() {
    let world = World::new().await;
    world.put(
        "shared",
        &json!({"accounts": {
            "a": under(app_only(0), reads(1)), "b": under(app_only(1), reads(1)), "c": under(password(2), reads(1))
        }}),
    );
    world.begin().await;
    world.forget();
    assert_eq!(world.tick().await["succeeded"], 3);
    let asked = world.secrets.exchanges_of("BatchGetSecretValue");
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].request_json()["SecretIdList"], json!(["evergreen/shared"]));
}

#[tokio::test]
async fn an_idle_tick_is_one_query_a_shard_and_nothing_else() {
    for shards in [1, 8] {
        let world = World::with(Setting { shards, ..Setting::default() }).await;
        world.put("a", &under(app_only(0), reads(3)));
        world.begin().await;
        world.tick().await;
        world.forget();
        let report = world.tick().await;
        assert_eq!(report["due"], 0);
        let shards = usize::from(shards);
        assert_eq!((world.dynamo.calls("Query"), world.dynamo.total_calls()), (shards, shards));
        assert_eq!((world.secrets.total_calls(), world.tenant.requests().len()), (0, 0));
    }
}

#[tokio::test]
async fn every_shard_is_looked_at() {
    let world = World::with(Setting { users: 24, shards: 8, ..Setting::default() }).await;
    for number in 0..24 {
        world.put(&format!("a{number}"), &under(app_only(number), reads(1)));
    }
    world.begin().await;
    let shards: BTreeSet<String> = world
        .dynamo
        .scan(ACCOUNTS)
        .await
        .iter()
        .map(|item| item["due_shard"]["S"].as_str().unwrap().to_owned())
        .collect();
    assert!(shards.len() >= 6, "{shards:?}");
    world.forget();
    assert_eq!(world.tick().await["succeeded"], 24);
    assert_eq!(world.dynamo.calls("Query"), 8);
    assert_eq!(world.dynamo.scan(RUNS).await.len(), 24);
}

#[tokio::test]
async fn app_only_calls_go_to_the_named_user_and_delegated_ones_to_me() {
    let world = World::new().await;
    let only = json!({"operations": {"include": ["drive.root"]}, "calls_per_run": {"min": 1, "max": 1}});
    world.put("app", &under(app_only(0), only.clone()));
    world.put("user", &under(password(1), only));
    world.begin().await;
    world.tick().await;
    let mut urls: Vec<String> = world.batches().iter().map(|batch| batch.items[0].url.clone()).collect();
    urls.sort();
    assert!(urls[0].starts_with("/me/drive/root"), "{urls:?}");
    assert!(urls[1].starts_with(&format!("/users/{}/drive/root", user(0))), "{urls:?}");
}

#[tokio::test]
async fn no_more_than_concurrency_accounts_are_in_flight() {
    let world = World::with(Setting { users: 12, concurrency: 3, ..Setting::default() }).await;
    for number in 0..12 {
        world.put(&format!("a{number}"), &under(app_only(number), reads(2)));
    }
    world.begin().await;
    assert_eq!(world.tick().await["succeeded"], 12);
    assert!(world.fate.peak() <= 3, "{}", world.fate.peak());
    assert!(world.fate.peak() > 1, "nothing ran side by side");
}

#[tokio::test]
async fn a_store_that_cannot_be_listed_is_the_rounds_failure() {
    let world = World::new().await;
    world.put("a", &under(app_only(0), reads(3)));
    world.begin().await;
    world.dynamo.fail_next(3, "Query", aws_json::Fault::DENIED);
    let error = world.refusal(json!({"action": "tick"})).await;
    assert_eq!(error, "listing the accounts that are due: AccessDeniedException");
    world.dynamo.heal();
    assert_eq!(world.tick().await["succeeded"], 1);
}

#[tokio::test]
async fn accounts_of_one_mailbox_run_one_after_the_other() {
    for seed in 1..=4 {
        let world = World::seeded(seed).await;
        world.put("app", &under(app_only(0), writes(12)));
        world.put("user", &under(refresh_token(&world, 0), writes(12)));
        world.put("other", &under(app_only(1), writes(12)));
        world.begin().await;
        let before = world.snapshot();
        let report = world.tick().await;
        assert_eq!((&report["succeeded"], &report["calls_failed"]), (&json!(3), &json!(0)), "seed {seed}");
        // Whose batches follow each other, the other mailbox's left out.
        let mut batches = world.batches();
        batches.retain(|batch| batch.items.iter().all(|item| !item.url.contains(&user(1))));
        let mut callers: Vec<_> = batches.iter().map(|batch| batch.account.clone()).collect();
        assert!(callers.len() >= 6, "seed {seed}: too few batches to prove anything");
        callers.dedup();
        assert_eq!(callers.len(), 2, "seed {seed}: {callers:?}");
        world.assert_as_before(&before);
    }
}
