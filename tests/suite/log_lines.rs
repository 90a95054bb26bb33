//! Log lines: the fields of the template's saved queries, inherited fields, levels and formats.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use fake_tenant::{Fault, FaultAction, When};
use serde_json::{Value, json};

use crate::support::function_fixture::{ACCOUNT, FunctionFixture, answered, app_only, lines, lines_saying, metrics};
use crate::support::test_app::{TestApp, app_only as app_only_user, reads, with_policy};

/// Fields that Lambda itself writes.
const LAMBDAS_OWN: [&str; 3] = ["type", "errorType", "errorMessage"];

/// The queries of the template, including those of the dashboard.
fn queries() -> Vec<String> {
    let template = include_str!("../../template.yaml");
    let mut queries = Vec::new();
    let mut rest = template.lines().peekable();
    while let Some(line) = rest.next() {
        if line.trim() == "QueryString: |" {
            let mut query = String::new();
            while let Some(line) = rest.next_if(|line| !line.trim().is_empty()) {
                query.push_str(line);
            }
            queries.push(query);
        } else if let Some((_, query)) = line.split_once("\"query\": \"") {
            let (_, query) = query.split_once('|').unwrap();
            queries.push(query.replace("\\\"", "'").trim_end_matches('"').to_owned());
        }
    }
    queries
}

/// The names of fields in a query, without keywords, aliases and quoted text.
fn fields(query: &str) -> BTreeSet<String> {
    const WORDS: [&str; 21] = [
        "fields",
        "filter",
        "stats",
        "sort",
        "limit",
        "by",
        "as",
        "and",
        "or",
        "in",
        "asc",
        "desc",
        "count",
        "sum",
        "avg",
        "max",
        "latest",
        "coalesce",
        "ispresent",
        "bin",
        "h",
    ];
    let query = query.replace('\'', "\"");
    let unquoted: String = query.split('"').step_by(2).collect::<Vec<_>>().join(" ");
    let words: Vec<&str> = unquoted
        .split(|c: char| !(c.is_alphanumeric() || "._@".contains(c)))
        .filter(|word| word.starts_with(|c: char| c.is_alphabetic()))
        .collect();
    let aliases: BTreeSet<&str> = words.windows(2).filter(|pair| pair[0] == "as").map(|pair| pair[1]).collect();
    words
        .into_iter()
        .filter(|word| !WORDS.contains(word) && !aliases.contains(word))
        .filter(|word| !LAMBDAS_OWN.contains(word) && !word.starts_with("record."))
        .map(str::to_owned)
        .collect()
}

fn has(line: &Value, field: &str) -> bool {
    let pointer = format!("/{}", field.replace('.', "/"));
    line.pointer(&pointer).is_some_and(|value| !value.is_null())
}

#[test]
fn fields_of_a_query_are_distinguished_from_its_keywords() {
    let query = r#"filter message = "run" and calls_failed > 0 | stats latest(failures.0.status) as status by account"#;
    let expected = ["account", "calls_failed", "failures.0.status", "message"];
    assert_eq!(fields(query), expected.map(str::to_owned).into());
}

/// A run with a refused call, one that pauses its account, a faulty secret, and a round.
#[tokio::test]
async fn every_field_of_a_saved_query_is_in_a_log_line() {
    let app = TestApp::new().await;
    app.put("a", &with_policy(app_only_user(0), reads(3)));
    let mut wrong = with_policy(app_only_user(1), json!({"pause_after": 1}));
    wrong["client_secret"] = json!("wrong");
    app.put("wrong", &wrong);
    app.put("empty", &json!({"colour": "red"}));
    app.begin().await;
    let refusal = FaultAction::Error { status: 404, code: "ErrorItemNotFound".to_owned(), message: String::new() };
    app.tenant.inject(Fault::item("GET", "*", When::Nth(1), refusal));
    app.tick().await;
    app.dynamo.fail_next(9, "PutItem", crate::support::aws_json::Fault::DENIED);
    app.advance(TimeDelta::hours(12));
    app.tick().await;

    let queries = queries();
    assert_eq!(queries.len(), 7 + 3, "{queries:#?}");
    let lines = app.log.all();
    let mut searched = BTreeSet::new();
    for query in &queries {
        for field in fields(query) {
            assert!(lines.iter().any(|line| has(line, &field)), "`{field}` of {query} stands in no line: {lines:#?}");
            searched.insert(field);
        }
    }
    for field in ["message", "account", "outcome", "error", "failures.0.operation", "sync.errors.0.secret", "status"] {
        assert!(searched.contains(field), "{searched:?}");
    }
}

#[tokio::test]
async fn lines_of_an_invocation_carry_its_request_id_and_whether_it_was_the_first() {
    let fixture = FunctionFixture::new().await;
    let function = fixture.function().await;
    answered(&function, "sync").await;
    fixture.make_due(ACCOUNT).await;
    answered(&function, "tick").await;
    let [synced, ran, round] = ["sync", "run", "round"].map(|message| lines_saying(&function, message));
    let metrics = metrics(&function);
    let ids: BTreeSet<&str> = [&synced[0], &ran[0], &round[0], &metrics[0]]
        .map(|line| line["requestId"].as_str().unwrap_or_else(|| panic!("{line}")))
        .into();
    assert_eq!(ids.len(), 2, "one for each invocation: {ids:?}");
    assert_eq!((&synced[0]["cold_start"], &round[0]["cold_start"]), (&json!(true), &json!(false)));
    assert_eq!(ran[0]["requestId"], round[0]["requestId"]);
    assert_eq!(ran[0]["account"], ACCOUNT);
}

#[tokio::test]
async fn debug_level_logs_each_graph_item_and_token_request_and_nothing_of_other_crates() {
    let fixture = FunctionFixture::new().await;
    fixture.secret(ACCOUNT, app_only(json!({"writes": false, "calls_per_run": {"min": 4, "max": 4}})));
    let function = fixture.function_with(&[("AWS_LAMBDA_LOG_LEVEL", "TRACE")]).await;
    answered(&function, "sync").await;
    let ran = answered(&function, "run").await;
    let items = lines_saying(&function, "graph item");
    let sent: usize = fixture.tenant.requests().iter().map(|request| request.items.len()).sum();
    assert_eq!(items.len(), sent);
    assert!(items.len() >= 4);
    for item in &items {
        assert!(item["operation"].is_string() && item["status"].is_u64() && item["ms"].is_u64(), "{item}");
        assert!(item["graph_request_id"].as_str().is_some_and(|id| id.len() == 36), "{item}");
        assert_eq!((&item["account"], &item["run_id"]), (&ran["account"], &ran["run_id"]));
    }
    let tokens = lines_saying(&function, "token request");
    assert_eq!((tokens.len(), &tokens[0]["outcome"], &tokens[0]["level"]), (1, &json!("ok"), &json!("DEBUG")));
    let known = ["sync", "run", "graph item", "token request"];
    for line in lines(&function) {
        assert!(line["message"].as_str().is_some_and(|message| known.contains(&message)), "{line}");
    }
}

#[tokio::test]
async fn level_and_format_of_lines_follow_lambdas_variables() {
    let fixture = FunctionFixture::new().await;
    let variables = [("AWS_LAMBDA_LOG_LEVEL", "WARN"), ("AWS_LAMBDA_LOG_FORMAT", "Text")];
    let function = fixture.function_with(&variables).await;
    answered(&function, "sync").await;
    answered(&function, "tick").await;
    let _refused = function.invoke(&json!({"action": "tock"})).await;
    let written = function.stdout();
    assert_eq!(written.len(), 2, "metrics are written at any level: {written:#?}");
    assert!(serde_json::from_str::<Value>(&written[0]).unwrap()["_aws"].is_object());
    assert!(written[1].contains(" ERROR the event was not carried out cold_start=false error="), "{}", written[1]);
}
