//! The real function where its surroundings fail it, or it is killed.

use std::time::Duration;

use chrono::{TimeDelta, Utc};
use fake_tenant::{Fault as Misbehaviour, FaultAction, When};
use serde_json::json;

use crate::support::aws_json::{At, Fault};
use crate::support::dynamodb::ACCOUNTS;
use crate::support::surroundings::*;

#[tokio::test]
async fn a_function_that_cannot_start_says_which_variable_is_to_blame() {
    let around = Surroundings::new().await;
    for (variable, value, said) in [
        ("ACCOUNTS_TABLE", "", "is not set"),
        ("RUNS_TABLE", " ", "is not set"),
        ("DUE_SHARDS", "65", "from 1 to 64"),
        ("LOGIN_ENDPOINT", "http://login.planted-a4f1.example", "loopback"),
        ("GRAPH_ENDPOINT", "https://user:planted-a4f1@graph.example", "password"),
    ] {
        let mut function = around.function_with(&[(variable, value)]).await;
        assert_eq!(function.exited().await.code(), Some(1), "{variable}");
        let lines = lines(&function);
        let error = lines[0]["error"].as_str().unwrap();
        assert!(lines.len() == 1 && lines[0]["level"] == "ERROR", "{lines:#?}");
        assert!(error.contains(variable) && error.contains(said) && !error.contains(MARK), "{error}");
        assert_eq!(function.runtime().polls(), 0);
    }
}

/// Makes the accounts' table anew, its index with these keys, or without one.
async fn remake_accounts(around: &Surroundings, index: Option<[&str; 2]>) {
    around.dynamo.call("DeleteTable", &json!({"TableName": ACCOUNTS})).await;
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
    around.dynamo.call("CreateTable", &table).await;
}

/// The first event says which variable is to blame and what to do, and then the process ends.
async fn assert_refuses(around: &Surroundings, first: &str, more: &[(&str, &str)], says: &[&str]) {
    let mut function = around.function_with(more).await;
    let error = refused(function.invoke(&event(first)).await);
    assert_eq!(error.error_type, "Misdeployed", "{first}: {error:?}");
    assert!(says.iter().all(|part| error.error_message.contains(part)), "{first}: {says:?}: {error:?}");
    assert!(error.error_message.contains("deploy the stack again"), "{error:?}");
    // Were it still alive, it would answer.
    assert_eq!(refused(function.invoke(&event(first)).await).error_type, "Runtime.ExitError", "{first}");
    assert_eq!(function.exited().await.code(), Some(1), "{first}");
    assert_eq!(lines_saying(&function, "the event was not carried out")[0]["error"], error.error_message);
    assert_eq!(around.tenant.requests().len(), 0, "nobody is called whose run could not be recorded");
}

#[tokio::test]
async fn without_its_tables_or_its_index_the_function_refuses_its_first_event_and_ends() {
    let around = Surroundings::new().await;
    let whole = around.function().await;
    answered(&whole, "sync").await;
    around.make_due(ACCOUNT).await;
    for first in ["tick", "list", "run"] {
        let missing = [("ACCOUNTS_TABLE", "not-there")];
        assert_refuses(&around, first, &missing, &["`not-there`", "ACCOUNTS_TABLE", "does not exist"]).await;
        let missing = [("RUNS_TABLE", "not-there")];
        assert_refuses(&around, first, &missing, &["`not-there`", "RUNS_TABLE", "does not exist"]).await;
        let wrong = [("RUNS_TABLE", ACCOUNTS)];
        assert_refuses(&around, first, &wrong, &["RUNS_TABLE", "account_id (HASH) and started_at (RANGE)"]).await;
    }
    assert_eq!(around.dynamo.attribute(ACCOUNT, "run_id").await, None, "and nothing was claimed");
    for index in [None, Some(["due_shard", "last_run_at"]), Some(["next_run_at", "due_shard"])] {
        remake_accounts(&around, index).await;
        for first in ["tick", "sync"] {
            assert_refuses(&around, first, &[], &["ACCOUNTS_TABLE", "no index `due`", "due_shard (HASH)"]).await;
        }
    }
}

#[tokio::test]
async fn a_look_at_the_tables_that_fails_proves_nothing_and_hinders_nothing() {
    let around = Surroundings::new().await;
    let function = around.function().await;
    around.dynamo.fail_next(2, "Query", Fault::DENIED);
    assert_eq!(answered(&function, "list").await, json!({"accounts": []}));
    assert_eq!(around.dynamo.calls("Query"), 2);
    answered(&function, "list").await;
    assert_eq!(around.dynamo.calls("Query"), 4, "it is tried again");
}

#[tokio::test]
async fn looking_at_the_tables_costs_an_idle_tick_nothing_and_others_two_queries_once() {
    let around = Surroundings::new().await;
    let function = around.function().await;
    answered(&function, "tick").await;
    assert_eq!((around.dynamo.calls("Query"), around.dynamo.total_calls()), (1, 1));
    answered(&function, "list").await;
    assert_eq!((around.dynamo.calls("Query"), around.dynamo.total_calls()), (2, 3), "the runs' table");
    answered(&function, "list").await;
    assert_eq!((around.dynamo.calls("Query"), around.dynamo.total_calls()), (2, 4));
}

#[tokio::test]
async fn what_dynamodb_throttles_twice_is_asked_for_again() {
    let around = Surroundings::new().await;
    let function = around.function().await;
    answered(&function, "sync").await;
    around.make_due(ACCOUNT).await;
    around.dynamo.forget();
    around.dynamo.fail_next(2, "UpdateItem", Fault::THROTTLED);
    assert_counts(&answered(&function, "tick").await, &[("claimed", 1), ("succeeded", 1), ("deferred", 0)]);
    assert_eq!(around.dynamo.calls("UpdateItem"), 2 + 2, "claim and record");
    assert_eq!(around.dynamo.attribute(ACCOUNT, "run_id").await, None);
}

#[tokio::test]
async fn a_database_that_refuses_is_an_error_of_the_infrastructure_and_is_logged() {
    let around = Surroundings::new().await;
    let function = around.function().await;
    around.dynamo.fail_next(1, "Query", Fault::DENIED);
    let error = refused(function.invoke(&event("tick")).await);
    assert_eq!(error.error_type, "Infrastructure");
    assert!(error.error_message.contains("listing the accounts that are due"), "{error:?}");
    let logged = lines_saying(&function, "the event was not carried out");
    assert_eq!(logged[0]["error"], error.error_message);
    assert!(metrics(&function).is_empty(), "a round that failed must not quiet the alarm on missing rounds");
    assert_counts(&answered(&function, "tick").await, &[("due", 0)]);
}

#[tokio::test]
async fn what_a_killed_function_held_waits_for_the_leases_end_and_is_then_run_once_and_swept() {
    let around = Surroundings::new().await;
    let only = json!({"operations": {"include": ["mail.folder.create"]}, "calls_per_run": {"min": 1, "max": 1}});
    around.secret(ACCOUNT, app_only(only));
    let before = around.objects();
    let mut killed = around.function().await;
    answered(&killed, "sync").await;
    around.make_due(ACCOUNT).await;

    // Between the creation, which takes effect, and the clean-up, which would need its answer.
    around.tenant.inject(Misbehaviour::http(When::Always, FaultAction::Hang { after: true }));
    let runtime = killed.runtime().clone();
    let tick = tokio::spawn(async move { runtime.invoke(&event("tick")).await });
    while around.objects() == before {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    killed.kill().await;
    assert_eq!(refused(tick.await.unwrap()).error_type, "Runtime.ExitError");
    around.tenant.clear_faults();
    let lease = assert_time(&json!(around.dynamo.attribute(ACCOUNT, "next_run_at").await.unwrap()));
    let left = lease - Utc::now();
    assert!(left > TimeDelta::minutes(14) && left <= TimeDelta::minutes(15), "{left}");
    assert!(around.dynamo.attribute(ACCOUNT, "run_id").await.is_some());

    let (one, other) = (around.function().await, around.function().await);
    assert_counts(&answered(&one, "tick").await, &[("due", 0), ("claimed", 0)]);
    let error = refused(one.invoke(&event("run")).await);
    assert!(error.error_type == "BadAction" && error.error_message.contains("being run just now"), "{error:?}");
    assert_ne!(around.objects(), before);

    around.make_due(ACCOUNT).await;
    let (a, b) = tokio::join!(answered(&one, "tick"), answered(&other, "tick"));
    for (field, wanted) in [("claimed", 1), ("succeeded", 1), ("failed", 0)] {
        assert_eq!(a[field].as_u64().unwrap() + b[field].as_u64().unwrap(), wanted, "{field}: {a:#} {b:#}");
    }
    assert_eq!(answered(&one, "history").await["runs"].as_array().unwrap().len(), 1);
    assert_eq!(around.changed_since(&before), Vec::<String>::new(), "its leftovers are swept");
}

#[tokio::test]
async fn a_function_killed_right_after_its_claim_loses_no_account() {
    let around = Surroundings::new().await;
    let mut killed = around.function().await;
    answered(&killed, "sync").await;
    around.make_due(ACCOUNT).await;
    let mut hold = around.secrets.hold("BatchGetSecretValue", "", At::Request);
    let runtime = killed.runtime().clone();
    let tick = tokio::spawn(async move { runtime.invoke(&event("tick")).await });
    hold.reached().await;
    killed.kill().await;
    hold.left().await;
    hold.release();
    assert_eq!(refused(tick.await.unwrap()).error_type, "Runtime.ExitError");
    around.make_due(ACCOUNT).await;
    let next = around.function().await;
    assert_counts(&answered(&next, "tick").await, &[("claimed", 1), ("succeeded", 1)]);
}
