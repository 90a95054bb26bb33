//! Fan-out: a tick hands claimed accounts to workers over a queue that may deliver twice, late, in any order, or never.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::TimeDelta;
use e5_evergreen::app::App;
use e5_evergreen::handler::handle;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng, rngs::ChaCha12Rng};
use serde_json::{Value, json};

use crate::support::aws_json::{At, Fault};
use crate::support::dynamodb::ACCOUNTS;
use crate::support::function_fixture::{
    ACCOUNT, FunctionFixture, MARK, answered, assert_counts, lines_saying, refused,
};
use crate::support::sqs::{FakeQueue, event, record};
use crate::support::test_app::{TestApp, TestAppOptions, app_only, reads, with_policy};

const LEASE: TimeDelta = TimeDelta::minutes(15);

/// An app with this many due accounts, its queue, and a worker.
async fn due(accounts: usize, seed: u64) -> (TestApp, FakeQueue, Arc<App>) {
    let mut app = TestApp::with(TestAppOptions { seed, users: accounts, ..TestAppOptions::default() }).await;
    for number in 0..accounts {
        app.put(&format!("a{number}"), &with_policy(app_only(number), reads(2)));
    }
    app.begin().await;
    let queue = app.fan_out().await;
    let worker = app.another_app();
    app.forget();
    (app, queue, worker)
}

/// Delivers messages to a worker and returns the ids of those that it reports as failed.
fn deliver(app: &TestApp, worker: &Arc<App>, records: &[Value]) -> impl Future<Output = Vec<String>> + use<> {
    let (worker, deadline) = (Arc::clone(worker), worker.clock.now() + TimeDelta::minutes(5));
    let event = event(records);
    app.log.listen(async move { failures(&handle(&worker, &event, deadline).await.unwrap()) })
}

fn failures(answer: &Value) -> Vec<String> {
    let failed = answer["batchItemFailures"].as_array().unwrap().iter();
    failed.map(|failure| failure["itemIdentifier"].as_str().unwrap().to_owned()).collect()
}

fn count(report: &Value, field: &str) -> u64 {
    report[field].as_u64().unwrap_or_else(|| panic!("{field} in {report}"))
}

/// Asserts that each account's user received one `$batch` request: a run of two reads needs one.
async fn assert_each_ran_once(app: &TestApp, accounts: usize) {
    for number in 0..accounts {
        let runs = app.runs(&format!("a{number}")).await;
        assert_eq!(runs.iter().filter(|run| run.outcome == "succeeded").count(), 1, "a{number}: {runs:?}");
    }
    assert_eq!(app.batches().len(), accounts, "a $batch each");
    assert_nothing_held(app).await;
}

async fn assert_nothing_held(app: &TestApp) {
    for item in app.dynamo.scan(ACCOUNTS).await {
        assert!(item.get("run_id").is_none() && item["status"]["S"] == "active", "{item}");
        assert_eq!(item["consecutive_failures"]["N"], "0", "{item}");
    }
}

#[tokio::test]
async fn tick_claims_and_enqueues_and_worker_runs_a_batch_concurrently() {
    let (app, queue, worker) = due(25, 1).await;
    let report = app.tick().await;
    assert_eq!((count(&report, "due"), count(&report, "claimed"), count(&report, "queued")), (25, 25, 25), "{report}");
    assert_eq!((count(&report, "succeeded"), count(&report, "failed"), count(&report, "deferred")), (0, 0, 0));
    assert_eq!((queue.calls("SendMessageBatch"), queue.total_calls()), (3, 3));
    assert_eq!((app.secrets.total_calls(), app.tenant.requests().len()), (0, 0), "a tick needs no secret");
    assert_eq!(count(&app.tick().await, "due"), 0, "enqueued accounts are not due");

    app.dynamo.forget();
    let messages = queue.receive();
    for batch in messages.chunks(10) {
        assert_eq!(deliver(&app, &worker, batch).await, Vec::<String>::new());
    }
    assert_eq!(app.secrets.calls("BatchGetSecretValue"), 3, "the accounts of a batch share secret requests");
    assert_eq!(app.dynamo.calls("UpdateItem"), 2 * 25, "one handover and one record each");
    assert_each_ran_once(&app, 25).await;
}

#[tokio::test]
async fn metrics_add_up_over_ticks_and_workers_and_only_ticks_count_as_rounds() {
    let (app, queue, worker) = due(12, 1).await;
    app.tick().await;
    for batch in queue.receive().chunks(10) {
        deliver(&app, &worker, batch).await;
    }
    let metrics: Vec<Value> = app.log.all().into_iter().filter(|line| line.get("_aws").is_some()).collect();
    let sum = |name: &str| metrics.iter().filter_map(|line| line[name].as_u64()).sum::<u64>();
    assert_eq!((metrics.len(), app.log.of("round").len()), (3, 3));
    assert_eq!((sum("Due"), sum("Claimed"), sum("Succeeded"), sum("Failed"), sum("Deferred")), (12, 12, 12, 0, 0));
    assert_eq!(sum("CallsOk"), 24);
    let with_due = |line: &Value| line["_aws"].to_string().contains("\"Due\"");
    assert_eq!(metrics.iter().map(with_due).collect::<Vec<_>>(), [true, false, false]);
}

#[tokio::test]
async fn worker_draws_the_same_plan_as_the_tick() {
    let (app, queue, worker) = due(3, 7).await;
    let seed = app.tick().await["seed"].clone();
    deliver(&app, &worker, &queue.receive()).await;
    for account in ["a0", "a1", "a2"] {
        let planned = app.ask(json!({"action": "run", "account": account, "dry_run": true, "seed": seed})).await;
        let planned: BTreeSet<&str> =
            planned["plan"].as_array().unwrap().iter().map(|step| step["operation"].as_str().unwrap()).collect();
        let run = app.last_run(account).await;
        let ran: BTreeSet<&str> = run.calls.iter().map(|call| call.operation.as_str()).collect();
        assert_eq!((json!(run.seed), ran), (seed.clone(), planned), "{account}");
    }
}

#[tokio::test]
async fn message_delivered_twice_runs_its_account_once() {
    let (mut app, queue, worker) = due(3, 1).await;
    app.tick().await;
    let messages = queue.receive();
    let twice: Vec<Value> = messages.iter().chain(&messages).cloned().collect();
    let other = app.another_app();
    let (one, two) = tokio::join!(deliver(&app, &worker, &twice), deliver(&app, &other, &messages));
    assert_eq!((one, two), (vec![], vec![]), "an account run elsewhere is done");
    app.advance(TimeDelta::hours(1));
    assert_eq!(deliver(&app, &other, &messages).await, Vec::<String>::new());
    assert_each_ran_once(&app, 3).await;
}

#[tokio::test]
async fn message_with_an_outdated_claim_runs_nothing() {
    let (app, queue, worker) = due(4, 1).await;
    app.tick().await;
    let late = queue.receive();
    // One is stopped, one stopped and resumed, and the claims of the others expire.
    app.act("stop", "a0").await;
    app.act("stop", "a1").await;
    app.act("resume", "a1").await;
    app.advance(LEASE);
    assert_eq!(count(&app.tick().await, "claimed"), 3);
    let again = queue.receive();
    let before = app.dynamo.scan(ACCOUNTS).await;
    assert_eq!(deliver(&app, &worker, &late).await, Vec::<String>::new());
    assert_eq!(app.dynamo.scan(ACCOUNTS).await, before);
    assert_eq!(app.tenant.requests().len(), 0);

    deliver(&app, &worker, &again).await;
    assert_eq!((app.runs("a0").await.len(), app.status("a0").await), (0, "stopped".to_owned()));
    for account in ["a1", "a2", "a3"] {
        assert_eq!(app.runs(account).await.len(), 1, "{account}");
    }
}

#[tokio::test]
async fn late_message_still_runs_an_account_that_was_not_claimed_again() {
    let (app, queue, worker) = due(1, 1).await;
    app.tick().await;
    app.advance(LEASE * 2);
    deliver(&app, &worker, &queue.receive()).await;
    assert_each_ran_once(&app, 1).await;
    assert_eq!(count(&app.tick().await, "due"), 0);
}

#[tokio::test]
async fn accounts_stay_due_when_the_queue_refuses() {
    let (app, queue, worker) = due(15, 1).await;
    queue.fail_next(usize::MAX, "SendMessageBatch", Fault::DENIED);
    let error = app.refusal(json!({"action": "tick"})).await;
    assert_eq!(error, "sending accounts to the queue: AccessDeniedException");
    assert_nothing_held(&app).await;
    assert_eq!(app.log.of("round").last().unwrap()["round"]["deferred"], 15);

    queue.heal();
    assert_eq!(count(&app.tick().await, "queued"), 15, "still due");
    deliver(&app, &worker, &queue.receive()).await;
    assert_each_ran_once(&app, 15).await;
}

#[tokio::test]
async fn queue_that_refuses_is_not_called_again_in_the_same_tick() {
    let (app, queue, _) = due(201, 1).await;
    queue.fail_next(usize::MAX, "SendMessageBatch", Fault::DENIED);
    app.refusal(json!({"action": "tick"})).await;
    assert_eq!(app.dynamo.calls("UpdateItem"), 2 * 100, "only the first batch was claimed, and it was released");
    assert_nothing_held(&app).await;
}

#[tokio::test]
async fn refused_batch_entries_are_released_and_the_rest_runs() {
    let (app, queue, worker) = due(40, 1).await;
    queue.refuse_entries(0.5, 1);
    let report = app.tick().await;
    let (queued, deferred) = (count(&report, "queued"), count(&report, "deferred"));
    assert!(queued > 0 && deferred > 0 && queued + deferred == 40, "{report}");
    let found = app.log.warnings(&["did not take every account", "InternalError"]);
    let accounts = found.iter().map(|line| line["accounts"].as_array().unwrap().len() as u64).sum::<u64>();
    assert_eq!(accounts, deferred);
    queue.refuse_entries(0.0, 1);
    assert_eq!(count(&app.tick().await, "queued"), deferred);
    deliver(&app, &worker, &queue.receive()).await;
    assert_each_ran_once(&app, 40).await;
}

#[tokio::test]
async fn lost_queue_answer_releases_the_claims_and_its_messages_run_nothing() {
    let (app, queue, worker) = due(5, 1).await;
    queue.fail_next(3, "SendMessageBatch", Fault::AnswerLost);
    app.refusal(json!({"action": "tick"})).await;
    let strays = queue.receive();
    assert_eq!(strays.len(), 3 * 5, "each attempt of the client has arrived");
    assert_nothing_held(&app).await;
    assert_eq!(deliver(&app, &worker, &strays).await, Vec::<String>::new());
    assert_eq!(app.tenant.requests().len(), 0);
    assert_eq!(count(&app.tick().await, "queued"), 5);
    deliver(&app, &worker, &strays).await;
    deliver(&app, &worker, &queue.receive()).await;
    assert_each_ran_once(&app, 5).await;
}

#[tokio::test]
async fn account_already_taken_by_a_worker_is_not_released() {
    let (app, queue, worker) = due(1, 1).await;
    queue.fail_next(3, "SendMessageBatch", Fault::AnswerLost);
    // The tick's release is held, and then the worker's record.
    let mut writes = app.dynamo.hold("UpdateItem", "misconfigured_runs", At::Request);
    let (inner, deadline) = (Arc::clone(&app.inner), app.now() + TimeDelta::minutes(5));
    let tick = tokio::spawn(
        app.log.listen(async move { handle(&inner, &json!({"action": "tick"}), deadline).await.unwrap() }),
    );
    writes.reached().await;
    let records = queue.receive();
    let working = tokio::spawn(deliver(&app, &worker, &records));
    writes.reached_by(2).await;
    writes.release();
    let report = tick.await.unwrap();
    assert_eq!((count(&report, "queued"), count(&report, "deferred")), (1, 0), "the message had arrived: {report}");
    assert_eq!(working.await.unwrap(), Vec::<String>::new());
    assert_each_ran_once(&app, 1).await;
}

#[tokio::test]
async fn malformed_message_fails_without_leaking_its_content() {
    let (app, queue, worker) = due(2, 1).await;
    app.tick().await;
    let mut records = queue.receive();
    for (id, body) in [("m-1", "planted-a4f1"), ("m-2", r#"{"account":"planted-a4f1/.."}"#), ("m-3", "")] {
        records.push(record(id, body));
    }
    records.swap(0, 3);
    let mut failed = deliver(&app, &worker, &records).await;
    failed.sort();
    assert_eq!(failed, ["m-1", "m-2", "m-3"]);
    assert_eq!(app.log.warnings(&["a worker cannot read a message"]).len(), 3);
    assert!(!app.log.text().contains("planted-a4f1"));
    assert_each_ran_once(&app, 2).await;
}

#[tokio::test]
async fn message_with_only_an_account_runs_it_if_due() {
    let (app, _, worker) = due(2, 1).await;
    let records = [record("m-1", r#"{"account":"a0"}"#), record("m-2", r#"{"account":"a0"}"#)];
    assert_eq!(deliver(&app, &worker, &records).await, Vec::<String>::new());
    assert_eq!(deliver(&app, &worker, &[record("m-3", r#"{"account":"unknown"}"#)]).await, Vec::<String>::new());
    assert_eq!(app.runs("a0").await.len(), 1);
    assert_eq!(deliver(&app, &worker, &records).await, Vec::<String>::new(), "it is not due any more");
    assert_eq!((app.runs("a0").await.len(), app.runs("a1").await.len()), (1, 0));
}

#[tokio::test]
async fn failed_run_does_not_fail_its_message() {
    let (app, queue, worker) = due(2, 1).await;
    app.put("a0", &json!({"tenant_id": "x"}));
    app.tick().await;
    assert_eq!(deliver(&app, &worker, &queue.receive()).await, Vec::<String>::new());
    assert_eq!(
        (&*app.last_run("a0").await.outcome, &*app.last_run("a1").await.outcome),
        ("misconfigured", "succeeded")
    );
}

#[tokio::test]
async fn message_whose_claim_failed_is_redelivered_and_then_runs() {
    let (app, queue, worker) = due(5, 1).await;
    app.tick().await;
    let records = queue.receive();
    app.dynamo.fail_next_containing(usize::MAX, "UpdateItem", "\"a3\"", Fault::DENIED);
    let failed = deliver(&app, &worker, &records).await;
    let of_a3: Vec<&Value> =
        records.iter().filter(|record| record["body"].as_str().unwrap().contains("\"a3\"")).collect();
    assert_eq!(failed, [of_a3[0]["messageId"].as_str().unwrap()]);
    assert_eq!(app.log.warnings(&["could not be taken over", "a3"]).len(), 1);
    app.dynamo.heal();
    assert_eq!(deliver(&app, &worker, &records).await, Vec::<String>::new());
    assert_each_ran_once(&app, 5).await;
}

#[tokio::test]
async fn worker_near_its_deadline_releases_accounts_and_fails_no_message() {
    let (app, queue, worker) = due(3, 1).await;
    app.tick().await;
    let records = queue.receive();
    let answer = app.on(&worker, &event(&records), app.now() - TimeDelta::seconds(1)).await.unwrap();
    assert_eq!(failures(&answer), Vec::<String>::new());
    assert_eq!(app.tenant.requests().len(), 0);
    assert_nothing_held(&app).await;
    assert_eq!(app.log.of("round").last().unwrap()["round"]["deferred"], 3);
    assert_eq!(count(&app.tick().await, "queued"), 3);
    deliver(&app, &worker, &queue.receive()).await;
    assert_each_ran_once(&app, 3).await;
}

/// Every service fails at random; messages arrive in any order, some twice, some late, some never.
async fn any_order(seed: u64) {
    const ACCOUNTS_DUE: usize = 60;
    let (mut app, queue, worker) = due(ACCOUNTS_DUE, seed).await;
    let workers = [worker, app.another_app(), app.another_app()];
    let mut rng = ChaCha12Rng::seed_from_u64(seed);
    queue.refuse_entries(0.2, seed);
    queue.fail_randomly(seed, 0.2, &[Fault::THROTTLED, Fault::Dropped, Fault::AnswerLost]);
    app.dynamo.fail_randomly(seed, 0.1, &[Fault::THROTTLED, Fault::Dropped, Fault::AnswerLost, Fault::SERVER_ERROR]);
    app.secrets.fail_randomly(seed, 0.1, &[Fault::THROTTLED, Fault::Dropped, Fault::AnswerLost]);
    let mut on_the_way: Vec<Value> = Vec::new();
    for _ in 0..6 {
        let deadline = app.now() + app.time;
        let _whole_batches_may_be_refused = app.on(&app.inner, &json!({"action": "tick"}), deadline).await;
        on_the_way.extend(queue.receive());
        on_the_way.shuffle(&mut rng);
        let now = on_the_way.split_off(rng.random_range(0..=on_the_way.len() / 2));
        let batches: Vec<&[Value]> = now.chunks(10).collect();
        let delivering = batches.iter().enumerate().map(|(at, batch)| deliver(&app, &workers[at % 3], batch));
        let failed: Vec<String> = futures_util::future::join_all(delivering).await.concat();
        let again = |record: &&Value| {
            failed.contains(&record["messageId"].as_str().unwrap().to_owned()) || rng.random_bool(0.3)
        };
        on_the_way.extend(now.iter().filter(again).cloned());
        app.advance(TimeDelta::minutes(4));
    }
    queue.heal();
    queue.refuse_entries(0.0, 0);
    app.dynamo.heal();
    app.secrets.heal();
    // An account whose run could not be recorded is due again when its lease ends.
    app.advance(LEASE);
    app.tick().await;
    on_the_way.extend(queue.receive());
    on_the_way.shuffle(&mut rng);
    for batch in on_the_way.chunks(10) {
        assert_eq!(deliver(&app, &workers[0], batch).await, Vec::<String>::new(), "seed {seed}");
    }

    let mut lines: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for line in app.log.of("run") {
        lines.entry(line["account"].as_str().unwrap().to_owned()).or_default().push(line);
    }
    assert_eq!(lines.len(), ACCOUNTS_DUE, "seed {seed}: none is lost");
    for item in app.dynamo.scan(ACCOUNTS).await {
        let lines = &lines[item["account_id"]["S"].as_str().unwrap()];
        assert!(item.get("run_id").is_none() && item["status"]["S"] == "active", "seed {seed}: {item}");
        let ran = |line: &&Value| line["outcome"] == "succeeded" && line["unrecorded"].is_null();
        let recorded: Vec<&Value> = lines.iter().filter(ran).collect();
        // The shortest interval is an hour, and this test takes less: no account is due twice.
        assert!(recorded.len() <= 1, "seed {seed}: twice: {lines:#?}");
        let written = lines.iter().any(|line| line["next_run_at"] == item["next_run_at"]["S"]);
        assert!(written, "seed {seed}: {item} {lines:#?}");
    }
}

#[tokio::test]
async fn no_account_runs_twice_or_is_lost_under_any_delivery_order_and_fault() {
    for seed in 1..=4 {
        any_order(seed).await;
    }
}

/// The tick function and the worker, which has no queue to send to, as Lambda runs them.
#[tokio::test]
async fn function_enqueues_and_worker_reports_failures_per_message() {
    let fixture = FunctionFixture::new().await;
    let queue = FakeQueue::start().await;
    let (url, endpoint) = (("QUEUE_URL", &*queue.url), ("AWS_ENDPOINT_URL_SQS", &*queue.endpoint));
    let (function, worker) = (fixture.function_with(&[url, endpoint]).await, fixture.function().await);
    answered(&function, "sync").await;
    fixture.make_due(ACCOUNT).await;
    let round = answered(&function, "tick").await;
    assert_counts(&round, &[("due", 1), ("claimed", 1), ("queued", 1), ("succeeded", 0), ("failed", 0)]);
    assert_eq!(fixture.tenant.requests().len(), 0);

    let mut records = queue.receive();
    records.push(record("m-2", "planted-a4f1"));
    let answer = worker.invoke(&event(&records)).await.unwrap();
    assert_eq!(answer, json!({"batchItemFailures": [{"itemIdentifier": "m-2"}]}));
    let again = worker.invoke(&event(&records[..1])).await.unwrap();
    assert_eq!(again, json!({"batchItemFailures": []}));
    assert_eq!(lines_saying(&worker, "run").len(), 1);
    assert_eq!(lines_saying(&worker, "run")[0]["outcome"], "succeeded");
    assert!(lines_saying(&worker, "round").iter().all(|line| line["round"].get("queued").is_none()));
    assert!(!worker.everything_written().contains(MARK));
    assert_eq!(fixture.dynamo.attribute(ACCOUNT, "run_id").await, None);

    fixture.make_due(ACCOUNT).await;
    queue.fail_next(usize::MAX, "SendMessageBatch", Fault::DENIED);
    let error = refused(function.invoke(&json!({"action": "tick"})).await);
    assert_eq!(error.error_type, "Infrastructure");
    assert_eq!(fixture.dynamo.attribute(ACCOUNT, "run_id").await, None, "released");
    let foreign = refused(worker.invoke(&json!({"Records": [{"eventSource": "aws:s3", "s3": {}}]})).await);
    assert!(foreign.error_type == "BadEvent" && foreign.error_message.contains("SQS"), "{foreign:?}");
}
