//! Costs: what `infra/prices.json` takes as measured is what a run, a round and an idle tick really send, write and log.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::dynamodb::{ACCOUNTS, RUNS};
use crate::support::world::{Setting, World, app_only};

/// How far the mean of the runs below may lie from what the formula counts on.
const TOLERANCE: f64 = 0.15;

/// The quantities that the formula takes as measured, by name.
fn constants() -> BTreeMap<String, f64> {
    let figures: Value = serde_json::from_str(include_str!("../../infra/prices.json")).unwrap();
    let measured = figures["measured"].as_object().unwrap().iter();
    measured.map(|(name, value)| (name.to_uppercase(), value.as_f64().unwrap())).collect()
}

#[track_caller]
fn assert_near(measured: &[(&str, f64)]) {
    let constants = constants();
    let mut wrong = Vec::new();
    for (name, measured) in measured {
        let counted = constants.get(*name).copied().unwrap_or_else(|| panic!("infra/prices.json has no {name}"));
        eprintln!("{name}: measured {measured:.3}, counted on {counted}");
        if (measured - counted).abs() > TOLERANCE * counted {
            wrong.push(format!("{name} is {counted}, measured was {measured:.3}"));
        }
    }
    assert!(wrong.is_empty(), "correct infra/prices.json: {wrong:#?}");
}

/// The size of an item as DynamoDB counts it.
///
/// Source: docs.aws.amazon.com, "DynamoDB Item sizes and formats".
fn size(value: &Value) -> usize {
    let Some((kind, value)) = value.as_object().and_then(|typed| typed.iter().next()) else { return 0 };
    let digits = |text: &str| text.bytes().filter(u8::is_ascii_digit).count().div_ceil(2) + 1;
    match kind.as_str() {
        "S" => value.as_str().unwrap().len(),
        "N" => digits(value.as_str().unwrap()),
        "B" => value.as_str().unwrap().len() * 3 / 4,
        "L" => 3 + value.as_array().unwrap().iter().map(|one| 1 + size(one)).sum::<usize>(),
        "M" => 3 + value.as_object().unwrap().iter().map(|(name, one)| 1 + name.len() + size(one)).sum::<usize>(),
        _ => 1,
    }
}

fn item_size(item: &Value) -> usize {
    item.as_object().unwrap().iter().map(|(name, value)| name.len() + size(value)).sum()
}

#[expect(clippy::cast_precision_loss, reason = "small counts")]
fn mean(sum: usize, count: usize) -> f64 {
    sum as f64 / count as f64
}

fn bytes(world: &World, wanted: impl Fn(&Value) -> bool) -> usize {
    world.journal.all().iter().filter(|line| wanted(line)).map(|line| line.to_string().len() + 1).sum()
}

/// A day of runs of the default policy, so that also the watching counts as it does in life; each alone, as few accounts
/// have them.
#[tokio::test]
async fn the_formula_counts_on_what_a_run_sends_writes_and_logs() {
    const ACCOUNTS_RUN: usize = 6;
    const ROUNDS_EACH: usize = 10;
    let world = World::with(Setting { users: ACCOUNTS_RUN, ..Setting::default() }).await;
    for number in 0..ACCOUNTS_RUN {
        world.put(&format!("a{number}"), &app_only(number));
    }
    world.sync().await;
    world.forget();
    world.journal.clear();
    let _before = world.dynamo.take_units();
    let mut waited = TimeDelta::zero();
    for _ in 0..ROUNDS_EACH {
        for number in 0..ACCOUNTS_RUN {
            let account = format!("a{number}");
            let run = world.ask(json!({"action": "run", "account": account})).await;
            assert_eq!(run["outcome"], "succeeded", "{run:#}");
            waited += TimeDelta::seconds(world.wait(&account).await);
        }
        world.advance(TimeDelta::minutes(150));
    }
    let units = world.dynamo.take_units();
    let runs = ACCOUNTS_RUN * ROUNDS_EACH;
    // Asked for by hand, the account is looked up first, which is a unit of reading.
    assert_eq!(world.dynamo.calls("GetItem"), runs);
    assert_eq!(world.dynamo.calls("UpdateItem") + world.dynamo.calls("PutItem"), 3 * runs);
    let (rows, items) = (world.dynamo.scan(RUNS).await, world.dynamo.scan(ACCOUNTS).await);
    let kilobytes = |items: &[Value]| mean(items.iter().map(item_size).sum(), items.len()) / 1000.0;
    assert_near(&[
        ("WRITES_PER_RUN", units / mean(runs, 1) - 1.0),
        ("TOKENS_PER_RUN", mean(world.token_requests().len(), runs)),
        ("BATCHES_PER_RUN", mean(world.batches().len(), runs)),
        ("SECRETS_CALLS_PER_LONE_RUN", mean(world.secrets.calls("BatchGetSecretValue"), runs)),
        ("HOURS_BETWEEN_RUNS", mean(usize::try_from(waited.num_seconds()).unwrap(), runs) / 3600.0),
        ("LOG_KB_PER_RUN", mean(bytes(&world, |line| line["message"] == "run"), runs) / 1000.0),
        ("ROW_KB", kilobytes(&rows)),
        ("ITEM_KB", kilobytes(&items)),
    ]);
}

#[tokio::test]
async fn the_formula_counts_on_what_a_round_costs_by_itself() {
    let world = World::with(Setting { users: 20, ..Setting::default() }).await;
    for number in 0..20 {
        world.put(&format!("a{number}"), &app_only(number));
    }
    world.begin().await;
    world.tick().await;
    world.forget();
    world.journal.clear();
    let _before = world.dynamo.take_units();
    world.tick().await;
    let units = world.dynamo.take_units();
    assert_near(&[("READS_PER_IDLE_TICK", units), ("LOG_KB_PER_ROUND", mean(bytes(&world, |_| true), 1) / 1000.0)]);
    assert_eq!((world.dynamo.total_calls(), world.secrets.total_calls()), (1, 0), "an idle tick is one query");
    // The default policy's secret may come along, so 19 or 20 accounts share a request.
    world.all_due().await;
    world.forget();
    world.tick().await;
    assert!((1..=2).contains(&world.secrets.calls("BatchGetSecretValue")));
    world.sync().await;
    let _before = world.dynamo.take_units();
    world.sync().await;
    let items = world.dynamo.scan(ACCOUNTS).await;
    let pages = mean(items.iter().map(item_size).sum(), 4096).ceil();
    assert!((world.dynamo.take_units() - pages).abs() < 0.1, "a look at the accounts is one consistent scan");
}
