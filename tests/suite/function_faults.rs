//! The function binary with faulty services, and when it is killed.

use std::time::Duration;

use chrono::{TimeDelta, Utc};
use fake_tenant::{Fault as Misbehaviour, FaultAction, When};
use serde_json::json;

use crate::support::aws_json::{At, Fault};
use crate::support::dynamodb::ACCOUNTS;
use crate::support::function_fixture::*;

#[tokio::test]
async fn function_that_cannot_start_names_the_faulty_variable() {
    let fixture = FunctionFixture::new().await;
    for (variable, value, said) in [
        ("ACCOUNTS_TABLE", "", "is not set"),
        ("RUNS_TABLE", " ", "is not set"),
        ("DUE_SHARDS", "65", "from 1 to 64"),
        ("LOGIN_ENDPOINT", "http://login.planted-a4f1.example", "loopback"),
        ("GRAPH_ENDPOINT", "https://user:planted-a4f1@graph.example", "password"),
    ] {
        let mut function = fixture.function_with(&[(variable, value)]).await;
        assert_eq!(function.exited().await.code(), Some(1), "{variable}");
        let lines = lines(&function);
        let error = lines[0]["error"].as_str().unwrap();
        assert!(lines.len() == 1 && lines[0]["level"] == "ERROR", "{lines:#?}");
        assert!(error.contains(variable) && error.contains(said) && !error.contains(MARK), "{error}");
        assert_eq!(function.runtime().polls(), 0);
    }
}

/// Recreates the accounts table with an index on these keys, or without an index.
async fn remake_accounts(fixture: &FunctionFixture, index: Option<[&str; 2]>) {
    fixture.dynamo.call("DeleteTable", &json!({"TableName": ACCOUNTS})).await;
    let key = |name: &str, kind: &str| json!({"AttributeName": name, "KeyType": kind});
    let attributes = index.iter().flatten().chain(&["account_id"]);
    let attributes: Vec<_> = attributes.map(|name| json!({"AttributeName": name, "AttributeType": "S"})).collect();
    let mut table = json!({
        "TableName": ACCOUNTS, "BillingMode": "PAY_PER_REQUEST", "AttributeDefinitions": attributes,
        "KeySchema": [key("account_id", "HASH")],
    });
    if let Some([hash, range]) = index {
        table["GlobalSecondaryIndexes"] = json!([{
            "IndexName": "due", "KeySchema": [key(hash, "HASH"), key(range, "RANGE")],
            "Projection": {"ProjectionType": "KEYS_ONLY"},
        }]);
    }
    fixture.dynamo.call("CreateTable", &table).await;
}

/// Asserts that the first event fails with the variable's name and the remedy, and that the process then exits.
async fn assert_refuses(fixture: &FunctionFixture, first: &str, more: &[(&str, &str)], says: &[&str]) {
    let mut function = fixture.function_with(more).await;
    let error = refused(function.invoke(&event(first)).await);
    assert_eq!(error.error_type, "Misdeployed", "{first}: {error:?}");
    assert!(says.iter().all(|part| error.error_message.contains(part)), "{first}: {says:?}: {error:?}");
    assert!(error.error_message.contains("deploy the stack again"), "{error:?}");
    // A living process would answer.
    assert_eq!(refused(function.invoke(&event(first)).await).error_type, "Runtime.ExitError", "{first}");
    assert_eq!(function.exited().await.code(), Some(1), "{first}");
    assert_eq!(lines_saying(&function, "the event was not carried out")[0]["error"], error.error_message);
    assert_eq!(fixture.tenant.requests().len(), 0, "no account is called whose run could not be recorded");
}

#[tokio::test]
async fn function_without_its_tables_or_index_fails_its_first_event_and_exits() {
    let fixture = FunctionFixture::new().await;
    let whole = fixture.function().await;
    answered(&whole, "sync").await;
    fixture.make_due(ACCOUNT).await;
    for first in ["tick", "list", "run"] {
        let missing = [("ACCOUNTS_TABLE", "not-there")];
        assert_refuses(&fixture, first, &missing, &["`not-there`", "ACCOUNTS_TABLE", "does not exist"]).await;
        let missing = [("RUNS_TABLE", "not-there")];
        assert_refuses(&fixture, first, &missing, &["`not-there`", "RUNS_TABLE", "does not exist"]).await;
        let wrong = [("RUNS_TABLE", ACCOUNTS)];
        assert_refuses(&fixture, first, &wrong, &["RUNS_TABLE", "account_id (HASH) and started_at (RANGE)"]).await;
    }
    assert_eq!(fixture.dynamo.attribute(ACCOUNT, "run_id").await, None, "nothing was claimed");
    for index in [None, Some(["due_shard", "last_run_at"]), Some(["next_run_at", "due_shard"])] {
        remake_accounts(&fixture, index).await;
        for first in ["tick", "sync"] {
            assert_refuses(&fixture, first, &[], &["ACCOUNTS_TABLE", "no index `due`", "due_shard (HASH)"]).await;
        }
    }
}

#[tokio::test]
async fn failed_schema_check_is_ignored_and_repeated() {
    let fixture = FunctionFixture::new().await;
    let function = fixture.function().await;
    fixture.dynamo.fail_next(2, "Query", Fault::DENIED);
    assert_eq!(answered(&function, "list").await, json!({"accounts": []}));
    assert_eq!(fixture.dynamo.calls("Query"), 2);
    answered(&function, "list").await;
    assert_eq!(fixture.dynamo.calls("Query"), 4, "it is repeated");
}

#[tokio::test]
async fn schema_check_costs_two_queries_once_and_an_idle_tick_nothing() {
    let fixture = FunctionFixture::new().await;
    let function = fixture.function().await;
    answered(&function, "tick").await;
    assert_eq!((fixture.dynamo.calls("Query"), fixture.dynamo.total_calls()), (1, 1));
    answered(&function, "list").await;
    assert_eq!((fixture.dynamo.calls("Query"), fixture.dynamo.total_calls()), (2, 3), "the runs table");
    answered(&function, "list").await;
    assert_eq!((fixture.dynamo.calls("Query"), fixture.dynamo.total_calls()), (2, 4));
}

#[tokio::test]
async fn request_throttled_twice_by_dynamodb_is_retried() {
    let fixture = FunctionFixture::new().await;
    let function = fixture.function().await;
    answered(&function, "sync").await;
    fixture.make_due(ACCOUNT).await;
    fixture.dynamo.forget();
    fixture.dynamo.fail_next(2, "UpdateItem", Fault::THROTTLED);
    assert_counts(&answered(&function, "tick").await, &[("claimed", 1), ("succeeded", 1), ("deferred", 0)]);
    assert_eq!(fixture.dynamo.calls("UpdateItem"), 2 + 2, "claim and record");
    assert_eq!(fixture.dynamo.attribute(ACCOUNT, "run_id").await, None);
}

#[tokio::test]
async fn refusal_by_dynamodb_is_an_infrastructure_error_and_is_logged() {
    let fixture = FunctionFixture::new().await;
    let function = fixture.function().await;
    fixture.dynamo.fail_next(1, "Query", Fault::DENIED);
    let error = refused(function.invoke(&event("tick")).await);
    assert_eq!(error.error_type, "Infrastructure");
    assert!(error.error_message.contains("listing the accounts that are due"), "{error:?}");
    let logged = lines_saying(&function, "the event was not carried out");
    assert_eq!(logged[0]["error"], error.error_message);
    assert!(metrics(&function).is_empty(), "a failed round must not silence the alarm on missing rounds");
    assert_counts(&answered(&function, "tick").await, &[("due", 0)]);
}

#[tokio::test]
async fn account_of_a_killed_function_runs_once_after_the_lease_and_is_swept() {
    let fixture = FunctionFixture::new().await;
    let only = json!({"operations": {"include": ["mail.folder.create"]}, "calls_per_run": {"min": 1, "max": 1}});
    fixture.secret(ACCOUNT, app_only(only));
    let before = fixture.objects();
    let mut killed = fixture.function().await;
    answered(&killed, "sync").await;
    fixture.make_due(ACCOUNT).await;

    // Between the creation, which takes effect, and the clean-up, which needs its response.
    fixture.tenant.inject(Misbehaviour::http(When::Always, FaultAction::Hang { after: true }));
    let runtime = killed.runtime().clone();
    let tick = tokio::spawn(async move { runtime.invoke(&event("tick")).await });
    while fixture.objects() == before {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    killed.kill().await;
    assert_eq!(refused(tick.await.unwrap()).error_type, "Runtime.ExitError");
    fixture.tenant.clear_faults();
    let lease = assert_time(&json!(fixture.dynamo.attribute(ACCOUNT, "next_run_at").await.unwrap()));
    let left = lease - Utc::now();
    assert!(left > TimeDelta::minutes(14) && left <= TimeDelta::minutes(15), "{left}");
    assert!(fixture.dynamo.attribute(ACCOUNT, "run_id").await.is_some());

    let (one, other) = (fixture.function().await, fixture.function().await);
    assert_counts(&answered(&one, "tick").await, &[("due", 0), ("claimed", 0)]);
    let error = refused(one.invoke(&event("run")).await);
    assert!(error.error_type == "BadAction" && error.error_message.contains("being run just now"), "{error:?}");
    assert_ne!(fixture.objects(), before);

    fixture.make_due(ACCOUNT).await;
    let (a, b) = tokio::join!(answered(&one, "tick"), answered(&other, "tick"));
    for (field, wanted) in [("claimed", 1), ("succeeded", 1), ("failed", 0)] {
        assert_eq!(a[field].as_u64().unwrap() + b[field].as_u64().unwrap(), wanted, "{field}: {a:#} {b:#}");
    }
    assert_eq!(answered(&one, "history").await["runs"].as_array().unwrap().len(), 1);
    assert_eq!(fixture.changed_since(&before), Vec::<String>::new(), "its orphans are swept");
}

/// The claim is written and the secret not yet read: nothing was created, but the account is held.
#[tokio::test]
async fn function_killed_right_after_its_claim_loses_no_account() {
    let fixture = FunctionFixture::new().await;
    let mut killed = fixture.function().await;
    answered(&killed, "sync").await;
    fixture.make_due(ACCOUNT).await;
    let mut hold = fixture.secrets.hold("BatchGetSecretValue", "", At::Request);
    let runtime = killed.runtime().clone();
    let tick = tokio::spawn(async move { runtime.invoke(&event("tick")).await });
    hold.reached().await;
    killed.kill().await;
    hold.left().await;
    hold.release();
    assert_eq!(refused(tick.await.unwrap()).error_type, "Runtime.ExitError");
    fixture.make_due(ACCOUNT).await;
    let next = fixture.function().await;
    assert_counts(&answered(&next, "tick").await, &[("claimed", 1), ("succeeded", 1)]);
}
