//! Items of the accounts table: whatever an item holds, a round answers, and the other account runs.

use rand::RngExt;
use rand::SeedableRng;
use rand::rngs::ChaCha12Rng;
use serde_json::{Map, Value, json};

use crate::support::dynamodb::ACCOUNTS;
use crate::support::test_app::{TestApp, app_only, reads, with_policy};

const ITERATIONS: u64 = 40;

/// A value of any of DynamoDB's types. Keys of an index can only be strings.
fn value(name: &str, rng: &mut ChaCha12Rng) -> Value {
    const TEXTS: [&str; 10] = [
        " ",
        "active",
        "paused",
        "stopped",
        "hand",
        "2031-03-03T07:00:00Z",
        "9999-12-31T23:59:59Z",
        "-262143-01-01T00:00:00Z",
        "\u{202e}\0",
        "18446744073709551616",
    ];
    const NUMBERS: [&str; 7] = ["0", "-1", "1e125", "0.5", "4294967296", "9223372036854775807", "-1e-100"];
    let text = json!({"S": TEXTS[rng.random_range(0..TEXTS.len())]});
    if ["due_shard", "next_run_at"].contains(&name) {
        return text;
    }
    match rng.random_range(0..8) {
        0 => json!({"N": NUMBERS[rng.random_range(0..NUMBERS.len())]}),
        1 => json!({"BOOL": rng.random_bool(0.5)}),
        2 => json!({"NULL": true}),
        3 => json!({"M": {}}),
        4 => json!({"M": {"mail.messages.list": text, "mail.messages": {"N": "1"}, "service:people": {"S": "x"}}}),
        5 => json!({"L": [text, {"M": {}}]}),
        6 => json!({"SS": ["a", "b"]}),
        _ => text,
    }
}

/// An item with one to four attributes changed, removed or added.
fn mutated(item: &Value, rng: &mut ChaCha12Rng) -> Value {
    let mut item: Map<String, Value> = item.as_object().unwrap().clone();
    let names: Vec<String> = item.keys().filter(|name| *name != "account_id").cloned().collect();
    for _ in 0..rng.random_range(1..=4) {
        let name = &names[rng.random_range(0..names.len())];
        if rng.random_bool(0.2) {
            item.remove(name);
        } else {
            item.insert(name.clone(), value(name, rng));
        }
    }
    Value::Object(item)
}

#[tokio::test]
async fn round_answers_whatever_an_item_holds_and_the_other_account_runs() {
    let written: Value = serde_json::from_str(include_str!("../../fixtures/items/today.json")).unwrap();
    let app = TestApp::new().await;
    app.put("a", &with_policy(app_only(0), reads(1)));
    app.put("other", &with_policy(app_only(1), reads(1)));
    app.sync().await;
    let mut ran = 0;
    for number in 0..ITERATIONS {
        let mut rng = ChaCha12Rng::seed_from_u64(number);
        let seeds = written["accounts"].as_array().unwrap();
        let mut item = mutated(&seeds[rng.random_range(0..seeds.len())], &mut rng);
        item["account_id"] = json!({"S": "a"});
        app.dynamo.call("PutItem", &json!({"TableName": ACCOUNTS, "Item": item})).await;
        app.advance_to_next_run("other").await;
        app.tick().await;
        for event in [json!({"action": "list"}), json!({"action": "show", "account": "a"}), json!({"action": "sync"})] {
            app.ask(event).await;
        }
        assert_eq!(app.runs("other").await.len() as u64, number + 1, "{number}: {item}");
        ran += u64::from(!app.runs("a").await.is_empty());
        app.act("resume", "a").await;
    }
    assert!(ran > ITERATIONS / 2, "{ran}");
}
