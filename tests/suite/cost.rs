//! Costs: what `infra/prices.json` takes as measured is what a run, a round and an idle tick really send, write and log.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::dynamodb::{ACCOUNTS, RUNS};
use crate::support::test_app::{TestApp, TestAppOptions, app_only};

/// The largest accepted difference between the mean of the runs below and the formula's number.
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
        eprintln!("{name}: measured {measured:.3}, assumed {counted}");
        if (measured - counted).abs() > TOLERANCE * counted {
            wrong.push(format!("{name} is {counted}, measured {measured:.3}"));
        }
    }
    assert!(wrong.is_empty(), "correct infra/prices.json: {wrong:#?}");
}

/// The size of an item by DynamoDB's rules, in bytes.
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

fn bytes(app: &TestApp, wanted: impl Fn(&Value) -> bool) -> usize {
    app.log.all().iter().filter(|line| wanted(line)).map(|line| line.to_string().len() + 1).sum()
}

/// A day of runs of the default policy, so that the expiry checks have their real share; each run alone, since few accounts
/// run at once.
#[tokio::test]
async fn cost_formula_matches_the_measured_usage_of_a_run() {
    const ACCOUNTS_RUN: usize = 6;
    const ROUNDS_EACH: usize = 10;
    let app = TestApp::with(TestAppOptions { users: ACCOUNTS_RUN, ..TestAppOptions::default() }).await;
    for number in 0..ACCOUNTS_RUN {
        app.put(&format!("a{number}"), &app_only(number));
    }
    app.sync().await;
    app.forget();
    app.log.clear();
    let _before = app.dynamo.take_units();
    let mut waited = TimeDelta::zero();
    for _ in 0..ROUNDS_EACH {
        for number in 0..ACCOUNTS_RUN {
            let account = format!("a{number}");
            let run = app.ask(json!({"action": "run", "account": account})).await;
            assert_eq!(run["outcome"], "succeeded", "{run:#}");
            waited += TimeDelta::seconds(app.wait(&account).await);
        }
        app.advance(TimeDelta::minutes(150));
    }
    let units = app.dynamo.take_units();
    let runs = ACCOUNTS_RUN * ROUNDS_EACH;
    // The `run` action reads the account first, which costs one read unit.
    assert_eq!(app.dynamo.calls("GetItem"), runs);
    assert_eq!(app.dynamo.calls("UpdateItem") + app.dynamo.calls("PutItem"), 3 * runs);
    let (rows, items) = (app.dynamo.scan(RUNS).await, app.dynamo.scan(ACCOUNTS).await);
    let kilobytes = |items: &[Value]| mean(items.iter().map(item_size).sum(), items.len()) / 1000.0;
    assert_near(&[
        ("WRITES_PER_RUN", units / mean(runs, 1) - 1.0),
        ("TOKENS_PER_RUN", mean(app.token_requests().len(), runs)),
        ("BATCHES_PER_RUN", mean(app.batches().len(), runs)),
        ("SECRETS_CALLS_PER_LONE_RUN", mean(app.secrets.calls("BatchGetSecretValue"), runs)),
        ("HOURS_BETWEEN_RUNS", mean(usize::try_from(waited.num_seconds()).unwrap(), runs) / 3600.0),
        ("LOG_KB_PER_RUN", mean(bytes(&app, |line| line["message"] == "run"), runs) / 1000.0),
        ("ROW_KB", kilobytes(&rows)),
        ("ITEM_KB", kilobytes(&items)),
    ]);
}

#[tokio::test]
async fn cost_formula_matches_the_measured_usage_of_a_round() {
    let app = TestApp::with(TestAppOptions { users: 20, ..TestAppOptions::default() }).await;
    for number in 0..20 {
        app.put(&format!("a{number}"), &app_only(number));
    }
    app.begin().await;
    app.tick().await;
    app.forget();
    app.log.clear();
    let _before = app.dynamo.take_units();
    app.tick().await;
    let units = app.dynamo.take_units();
    assert_near(&[("READS_PER_IDLE_TICK", units), ("LOG_KB_PER_ROUND", mean(bytes(&app, |_| true), 1) / 1000.0)]);
    assert_eq!((app.dynamo.total_calls(), app.secrets.total_calls()), (1, 0), "an idle tick is one query");
    // A request may include the default policy's secret, so 19 or 20 accounts share one.
    app.all_due().await;
    app.forget();
    app.tick().await;
    assert!((1..=2).contains(&app.secrets.calls("BatchGetSecretValue")));
    app.sync().await;
    let _before = app.dynamo.take_units();
    app.sync().await;
    let items = app.dynamo.scan(ACCOUNTS).await;
    let pages = mean(items.iter().map(item_size).sum(), 4096).ceil();
    assert!((app.dynamo.take_units() - pages).abs() < 0.1, "listing the accounts is one consistent scan");
}
