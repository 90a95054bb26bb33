//! Fan-out: a tick hands claimed accounts to workers, over a queue that delivers twice, late, in any order, or not at all.

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
use crate::support::sqs::{FakeQueue, event, record};
use crate::support::surroundings::{ACCOUNT, MARK, Surroundings, answered, assert_counts, lines_saying, refused};
use crate::support::world::{Setting, World, app_only, reads, under};

const LEASE: TimeDelta = TimeDelta::minutes(15);

/// So many accounts that are due, a tick's house and its queue, and a worker.
async fn due(accounts: usize, seed: u64) -> (World, FakeQueue, Arc<App>) {
    let mut world = World::with(Setting { seed, users: accounts, ..Setting::default() }).await;
    for number in 0..accounts {
        world.put(&format!("a{number}"), &under(app_only(number), reads(2)));
    }
    world.begin().await;
    let queue = world.fan_out().await;
    let worker = world.another_house();
    world.forget();
    (world, queue, worker)
}

/// The ids of the messages that a worker failed.
fn deliver(world: &World, worker: &Arc<App>, records: &[Value]) -> impl Future<Output = Vec<String>> + use<> {
    let (worker, deadline) = (Arc::clone(worker), worker.clock.now() + TimeDelta::minutes(5));
    let event = event(records);
    world.journal.listen(async move { failures(&handle(&worker, &event, deadline).await.unwrap()) })
}

fn failures(answer: &Value) -> Vec<String> {
    let failed = answer["batchItemFailures"].as_array().unwrap().iter();
    failed.map(|failure| failure["itemIdentifier"].as_str().unwrap().to_owned()).collect()
}

fn count(report: &Value, field: &str) -> u64 {
    report[field].as_u64().unwrap_or_else(|| panic!("{field} in {report}"))
}

/// How many `$batch` requests each account's user had: of a run of two reads, one.
async fn assert_each_ran_once(world: &World, accounts: usize) {
    for number in 0..accounts {
        let runs = world.runs(&format!("a{number}")).await;
        assert_eq!(runs.iter().filter(|run| run.outcome == "succeeded").count(), 1, "a{number}: {runs:?}");
    }
    assert_eq!(world.batches().len(), accounts, "a $batch each");
    assert_nothing_held(world).await;
}

async fn assert_nothing_held(world: &World) {
    for item in world.dynamo.scan(ACCOUNTS).await {
        assert!(item.get("run_id").is_none() && item["status"]["S"] == "active", "{item}");
        assert_eq!(item["consecutive_failures"]["N"], "0", "{item}");
    }
}

#[tokio::test]
async fn a_tick_claims_and_sends_and_a_worker_runs_a_batch_together() {
    let (world, queue, worker) = due(25, 1).await;
    let report = world.tick().await;
    assert_eq!((count(&report, "due"), count(&report, "claimed"), count(&report, "queued")), (25, 25, 25), "{report}");
    assert_eq!((count(&report, "succeeded"), count(&report, "failed"), count(&report, "deferred")), (0, 0, 0));
    assert_eq!((queue.calls("SendMessageBatch"), queue.total_calls()), (3, 3));
    assert_eq!((world.secrets.total_calls(), world.tenant.requests().len()), (0, 0), "a tick needs no secret");
    assert_eq!(count(&world.tick().await, "due"), 0, "what is on its way is due no more");

    world.dynamo.forget();
    let messages = queue.receive();
    for batch in messages.chunks(10) {
        assert_eq!(deliver(&world, &worker, batch).await, Vec::<String>::new());
    }
    assert_eq!(world.secrets.calls("BatchGetSecretValue"), 3, "a batch shares its secrets");
    assert_eq!(world.dynamo.calls("UpdateItem"), 2 * 25, "taken over and recorded");
    assert_each_ran_once(&world, 25).await;
}

#[tokio::test]
async fn sums_over_ticks_and_workers_are_right_and_only_ticks_count_as_rounds() {
    let (world, queue, worker) = due(12, 1).await;
    world.tick().await;
    for batch in queue.receive().chunks(10) {
        deliver(&world, &worker, batch).await;
    }
    let metrics: Vec<Value> = world.journal.all().into_iter().filter(|line| line.get("_aws").is_some()).collect();
    let sum = |name: &str| metrics.iter().filter_map(|line| line[name].as_u64()).sum::<u64>();
    assert_eq!((metrics.len(), world.journal.of("round").len()), (3, 3));
    assert_eq!((sum("Due"), sum("Claimed"), sum("Succeeded"), sum("Failed"), sum("Deferred")), (12, 12, 12, 0, 0));
    assert_eq!(sum("CallsOk"), 24);
    let with_due = |line: &Value| line["_aws"].to_string().contains("\"Due\"");
    assert_eq!(metrics.iter().map(with_due).collect::<Vec<_>>(), [true, false, false]);
}

#[tokio::test]
async fn a_plan_is_the_same_whether_a_worker_draws_it_or_the_tick() {
    let (world, queue, worker) = due(3, 7).await;
    let seed = world.tick().await["seed"].clone();
    deliver(&world, &worker, &queue.receive()).await;
    for account in ["a0", "a1", "a2"] {
        let planned = world.ask(json!({"action": "run", "account": account, "dry_run": true, "seed": seed})).await;
        let planned: BTreeSet<&str> =
            planned["plan"].as_array().unwrap().iter().map(|step| step["operation"].as_str().unwrap()).collect();
        let run = world.last_run(account).await;
        let ran: BTreeSet<&str> = run.calls.iter().map(|call| call.operation.as_str()).collect();
        assert_eq!((json!(run.seed), ran), (seed.clone(), planned), "{account}");
    }
}

#[tokio::test]
async fn a_message_delivered_twice_runs_once_whether_together_at_once_or_later() {
    let (mut world, queue, worker) = due(3, 1).await;
    world.tick().await;
    let messages = queue.receive();
    let twice: Vec<Value> = messages.iter().chain(&messages).cloned().collect();
    let other = world.another_house();
    let (one, two) = tokio::join!(deliver(&world, &worker, &twice), deliver(&world, &other, &messages));
    assert_eq!((one, two), (vec![], vec![]), "what is done elsewhere is done");
    world.advance(TimeDelta::hours(1));
    assert_eq!(deliver(&world, &other, &messages).await, Vec::<String>::new());
    assert_each_ran_once(&world, 3).await;
}

#[tokio::test]
async fn a_message_for_an_account_that_has_changed_hands_runs_nothing() {
    let (world, queue, worker) = due(4, 1).await;
    world.tick().await;
    let late = queue.receive();
    // One was stopped by hand, one stopped and resumed, and the claims of the others ran out.
    world.act("stop", "a0").await;
    world.act("stop", "a1").await;
    world.act("resume", "a1").await;
    world.advance(LEASE);
    assert_eq!(count(&world.tick().await, "claimed"), 3);
    let again = queue.receive();
    let before = world.dynamo.scan(ACCOUNTS).await;
    assert_eq!(deliver(&world, &worker, &late).await, Vec::<String>::new());
    assert_eq!(world.dynamo.scan(ACCOUNTS).await, before);
    assert_eq!(world.tenant.requests().len(), 0);

    deliver(&world, &worker, &again).await;
    assert_eq!((world.runs("a0").await.len(), world.status("a0").await), (0, "stopped".to_owned()));
    for account in ["a1", "a2", "a3"] {
        assert_eq!(world.runs(account).await.len(), 1, "{account}");
    }
}

#[tokio::test]
async fn a_late_message_still_runs_an_account_that_nobody_else_has_had() {
    let (world, queue, worker) = due(1, 1).await;
    world.tick().await;
    world.advance(LEASE * 2);
    deliver(&world, &worker, &queue.receive()).await;
    assert_each_ran_once(&world, 1).await;
    assert_eq!(count(&world.tick().await, "due"), 0);
}

#[tokio::test]
async fn a_queue_that_refuses_loses_nothing() {
    let (world, queue, worker) = due(15, 1).await;
    queue.fail_next(usize::MAX, "SendMessageBatch", Fault::DENIED);
    let error = world.refusal(json!({"action": "tick"})).await;
    assert_eq!(error, "sending accounts to the queue: AccessDeniedException");
    assert_nothing_held(&world).await;
    assert_eq!(world.journal.of("round").last().unwrap()["round"]["deferred"], 15);

    queue.heal();
    assert_eq!(count(&world.tick().await, "queued"), 15, "due as before");
    deliver(&world, &worker, &queue.receive()).await;
    assert_each_ran_once(&world, 15).await;
}

#[tokio::test]
async fn a_queue_that_refuses_is_left_alone_until_the_next_tick() {
    let (world, queue, _) = due(201, 1).await;
    queue.fail_next(usize::MAX, "SendMessageBatch", Fault::DENIED);
    world.refusal(json!({"action": "tick"})).await;
    assert_eq!(world.dynamo.calls("UpdateItem"), 2 * 100, "claimed and released, and no more were claimed");
    assert_nothing_held(&world).await;
}

#[tokio::test]
async fn what_a_queue_does_not_take_of_a_batch_is_released_and_the_rest_runs() {
    let (world, queue, worker) = due(40, 1).await;
    queue.refuse_entries(0.5, 1);
    let report = world.tick().await;
    let (queued, deferred) = (count(&report, "queued"), count(&report, "deferred"));
    assert!(queued > 0 && deferred > 0 && queued + deferred == 40, "{report}");
    let told = world.journal.complaints(&["did not take every account", "InternalError"]);
    let accounts = told.iter().map(|line| line["accounts"].as_array().unwrap().len() as u64).sum::<u64>();
    assert_eq!(accounts, deferred);
    queue.refuse_entries(0.0, 1);
    assert_eq!(count(&world.tick().await, "queued"), deferred);
    deliver(&world, &worker, &queue.receive()).await;
    assert_each_ran_once(&world, 40).await;
}

#[tokio::test]
async fn where_the_answer_was_lost_the_claims_are_released_and_the_messages_run_nothing() {
    let (world, queue, worker) = due(5, 1).await;
    queue.fail_next(3, "SendMessageBatch", Fault::AnswerLost);
    world.refusal(json!({"action": "tick"})).await;
    let strays = queue.receive();
    assert_eq!(strays.len(), 3 * 5, "each of the client's tries has arrived");
    assert_nothing_held(&world).await;
    assert_eq!(deliver(&world, &worker, &strays).await, Vec::<String>::new());
    assert_eq!(world.tenant.requests().len(), 0);
    assert_eq!(count(&world.tick().await, "queued"), 5);
    deliver(&world, &worker, &strays).await;
    deliver(&world, &worker, &queue.receive()).await;
    assert_each_ran_once(&world, 5).await;
}

#[tokio::test]
async fn an_account_that_a_worker_has_already_is_not_released() {
    let (world, queue, worker) = due(1, 1).await;
    queue.fail_next(3, "SendMessageBatch", Fault::AnswerLost);
    // The tick's release waits, and then the worker's record.
    let mut writes = world.dynamo.hold("UpdateItem", "misconfigured_runs", At::Request);
    let (app, deadline) = (Arc::clone(&world.app), world.now() + TimeDelta::minutes(5));
    let tick = tokio::spawn(
        world.journal.listen(async move { handle(&app, &json!({"action": "tick"}), deadline).await.unwrap() }),
    );
    writes.reached().await;
    let records = queue.receive();
    let working = tokio::spawn(deliver(&world, &worker, &records));
    writes.reached_by(2).await;
    writes.release();
    let report = tick.await.unwrap();
    assert_eq!((count(&report, "queued"), count(&report, "deferred")), (1, 0), "it did arrive: {report}");
    assert_eq!(working.await.unwrap(), Vec::<String>::new());
    assert_each_ran_once(&world, 1).await;
}

#[tokio::test]
async fn a_message_that_is_malformed_is_failed_and_what_it_holds_is_not_told() {
    let (world, queue, worker) = due(2, 1).await;
    world.tick().await;
    let mut records = queue.receive();
    for (id, body) in [("m-1", "planted-a4f1"), ("m-2", r#"{"account":"planted-a4f1/.."}"#), ("m-3", "")] {
        records.push(record(id, body));
    }
    records.swap(0, 3);
    let mut failed = deliver(&world, &worker, &records).await;
    failed.sort();
    assert_eq!(failed, ["m-1", "m-2", "m-3"]);
    assert_eq!(world.journal.complaints(&["a worker cannot read a message"]).len(), 3);
    assert!(!world.journal.text().contains("planted-a4f1"));
    assert_each_ran_once(&world, 2).await;
}

#[tokio::test]
async fn a_message_with_just_an_account_runs_it_where_it_is_due() {
    let (world, _, worker) = due(2, 1).await;
    let records = [record("m-1", r#"{"account":"a0"}"#), record("m-2", r#"{"account":"a0"}"#)];
    assert_eq!(deliver(&world, &worker, &records).await, Vec::<String>::new());
    assert_eq!(deliver(&world, &worker, &[record("m-3", r#"{"account":"nobody"}"#)]).await, Vec::<String>::new());
    assert_eq!(world.runs("a0").await.len(), 1);
    assert_eq!(deliver(&world, &worker, &records).await, Vec::<String>::new(), "it is due no more");
    assert_eq!((world.runs("a0").await.len(), world.runs("a1").await.len()), (1, 0));
}

#[tokio::test]
async fn an_account_that_fails_is_no_message_that_fails() {
    let (world, queue, worker) = due(2, 1).await;
    world.put("a0", &json!({"tenant_id": "x"}));
    world.tick().await;
    assert_eq!(deliver(&world, &worker, &queue.receive()).await, Vec::<String>::new());
    assert_eq!(
        (&*world.last_run("a0").await.outcome, &*world.last_run("a1").await.outcome),
        ("misconfigured", "succeeded")
    );
}

#[tokio::test]
async fn what_could_not_be_taken_over_comes_again_and_then_runs() {
    let (world, queue, worker) = due(5, 1).await;
    world.tick().await;
    let records = queue.receive();
    world.dynamo.fail_next_containing(usize::MAX, "UpdateItem", "\"a3\"", Fault::DENIED);
    let failed = deliver(&world, &worker, &records).await;
    let of_a3: Vec<&Value> =
        records.iter().filter(|record| record["body"].as_str().unwrap().contains("\"a3\"")).collect();
    assert_eq!(failed, [of_a3[0]["messageId"].as_str().unwrap()]);
    assert_eq!(world.journal.complaints(&["could not be taken over", "a3"]).len(), 1);
    world.dynamo.heal();
    assert_eq!(deliver(&world, &worker, &records).await, Vec::<String>::new());
    assert_each_ran_once(&world, 5).await;
}

#[tokio::test]
async fn with_the_deadline_near_accounts_are_released_and_no_message_fails() {
    let (world, queue, worker) = due(3, 1).await;
    world.tick().await;
    let records = queue.receive();
    let answer = world.on(&worker, &event(&records), world.now() - TimeDelta::seconds(1)).await.unwrap();
    assert_eq!(failures(&answer), Vec::<String>::new());
    assert_eq!(world.tenant.requests().len(), 0);
    assert_nothing_held(&world).await;
    assert_eq!(world.journal.of("round").last().unwrap()["round"]["deferred"], 3);
    assert_eq!(count(&world.tick().await, "queued"), 3);
    deliver(&world, &worker, &queue.receive()).await;
    assert_each_ran_once(&world, 3).await;
}

/// Everything fails now and then, and messages come in any order, some twice, some late, some never.
async fn any_order(seed: u64) {
    const ACCOUNTS_DUE: usize = 60;
    let (mut world, queue, worker) = due(ACCOUNTS_DUE, seed).await;
    let workers = [worker, world.another_house(), world.another_house()];
    let mut rng = ChaCha12Rng::seed_from_u64(seed);
    queue.refuse_entries(0.2, seed);
    queue.fail_randomly(seed, 0.2, &[Fault::THROTTLED, Fault::Dropped, Fault::AnswerLost]);
    world.dynamo.fail_randomly(seed, 0.1, &[Fault::THROTTLED, Fault::Dropped, Fault::AnswerLost, Fault::SERVER_ERROR]);
    world.secrets.fail_randomly(seed, 0.1, &[Fault::THROTTLED, Fault::Dropped, Fault::AnswerLost]);
    let mut on_the_way: Vec<Value> = Vec::new();
    for _ in 0..6 {
        let deadline = world.now() + world.time;
        let _whole_batches_may_be_refused = world.on(&world.app, &json!({"action": "tick"}), deadline).await;
        on_the_way.extend(queue.receive());
        on_the_way.shuffle(&mut rng);
        let now = on_the_way.split_off(rng.random_range(0..=on_the_way.len() / 2));
        let batches: Vec<&[Value]> = now.chunks(10).collect();
        let delivering = batches.iter().enumerate().map(|(at, batch)| deliver(&world, &workers[at % 3], batch));
        let failed: Vec<String> = futures_util::future::join_all(delivering).await.concat();
        let again = |record: &&Value| {
            failed.contains(&record["messageId"].as_str().unwrap().to_owned()) || rng.random_bool(0.3)
        };
        on_the_way.extend(now.iter().filter(again).cloned());
        world.advance(TimeDelta::minutes(4));
    }
    queue.heal();
    queue.refuse_entries(0.0, 0);
    world.dynamo.heal();
    world.secrets.heal();
    // What is held by a run that could not be recorded comes back when its claim runs out.
    world.advance(LEASE);
    world.tick().await;
    on_the_way.extend(queue.receive());
    on_the_way.shuffle(&mut rng);
    for batch in on_the_way.chunks(10) {
        assert_eq!(deliver(&world, &workers[0], batch).await, Vec::<String>::new(), "seed {seed}");
    }

    let mut lines: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for line in world.journal.of("run") {
        lines.entry(line["account"].as_str().unwrap().to_owned()).or_default().push(line);
    }
    assert_eq!(lines.len(), ACCOUNTS_DUE, "seed {seed}: none is lost");
    for item in world.dynamo.scan(ACCOUNTS).await {
        let lines = &lines[item["account_id"]["S"].as_str().unwrap()];
        assert!(item.get("run_id").is_none() && item["status"]["S"] == "active", "seed {seed}: {item}");
        let ran = |line: &&Value| line["outcome"] == "succeeded" && line["unrecorded"].is_null();
        let recorded: Vec<&Value> = lines.iter().filter(ran).collect();
        // The shortest interval is an hour, and all this took less: who has run is not due again.
        assert!(recorded.len() <= 1, "seed {seed}: twice: {lines:#?}");
        let stands = lines.iter().any(|line| line["next_run_at"] == item["next_run_at"]["S"]);
        assert!(stands, "seed {seed}: {item} {lines:#?}");
    }
}

#[tokio::test]
async fn in_any_order_with_any_fault_no_account_runs_twice_and_none_is_lost() {
    for seed in 1..=4 {
        any_order(seed).await;
    }
}

/// The function of the ticks, and the worker that has no queue to send to, as Lambda runs them.
#[tokio::test]
async fn the_real_function_sends_and_the_real_worker_answers_for_single_messages() {
    let around = Surroundings::new().await;
    let queue = FakeQueue::start().await;
    let (url, endpoint) = (("QUEUE_URL", &*queue.url), ("AWS_ENDPOINT_URL_SQS", &*queue.endpoint));
    let (function, worker) = (around.function_with(&[url, endpoint]).await, around.function().await);
    answered(&function, "sync").await;
    around.make_due(ACCOUNT).await;
    let round = answered(&function, "tick").await;
    assert_counts(&round, &[("due", 1), ("claimed", 1), ("queued", 1), ("succeeded", 0), ("failed", 0)]);
    assert_eq!(around.tenant.requests().len(), 0);

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
    assert_eq!(around.dynamo.attribute(ACCOUNT, "run_id").await, None);

    around.make_due(ACCOUNT).await;
    queue.fail_next(usize::MAX, "SendMessageBatch", Fault::DENIED);
    let error = refused(function.invoke(&json!({"action": "tick"})).await);
    assert_eq!(error.error_type, "Infrastructure");
    assert_eq!(around.dynamo.attribute(ACCOUNT, "run_id").await, None, "released");
    let foreign = refused(worker.invoke(&json!({"Records": [{"eventSource": "aws:s3", "s3": {}}]})).await);
    assert!(foreign.error_type == "BadEvent" && foreign.error_message.contains("SQS"), "{foreign:?}");
}
