//! Services that hang: an invocation answers before its deadline and holds no account that it has not run.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::function_fixture::{ACCOUNT, FunctionFixture, answered, app_only, event};
use crate::support::lambda_runtime::{Answer, FunctionProcess};
use crate::support::network::{At, Effect, Network, Rule, Service};

/// Long enough for the start of a run, short enough for a test.
const DEADLINE: Duration = Duration::from_secs(12);

const DUE: [&str; 4] = [ACCOUNT, "b", "c", "d"];

/// A function with four due accounts, of which it runs one at a time.
async fn due() -> (FunctionFixture, FunctionProcess, Network) {
    let fixture = FunctionFixture::new().await;
    for account in DUE {
        fixture.secret(account, app_only(json!({"operations": {"include": ["users.list"]}})));
    }
    let variables = [("CONCURRENCY", "1"), ("ALERT_TOPIC_ARN", "arn:aws:sns:eu-west-1:123456789012:alerts")];
    let (function, network) = fixture.function_behind_network(&variables).await;
    answered(&function, "sync").await;
    for account in DUE {
        fixture.make_due(account).await;
    }
    function.runtime().set_deadline(DEADLINE);
    (fixture, function, network)
}

/// The answer to an event while the rule applies. Asserts that it comes before the deadline.
async fn answer(function: &FunctionProcess, network: &Network, rule: Rule, event: &Value) -> Answer {
    let what = format!("{rule:?}: {event}");
    network.add(rule);
    let answer = function.invoke(event).await;
    network.clear_rules();
    if let Err(error) = &answer {
        assert_ne!(error.error_type, "Sandbox.Timedout", "{what}");
        assert_ne!(error.error_type, "Runtime.ExitError", "{what}: {error:?}");
    }
    assert_eq!(function.runtime().late_answers(), 0, "{what}");
    answer
}

fn hang(service: Service) -> Rule {
    Rule::every(service, Effect::Hang(At::Request))
}

#[tokio::test]
async fn tick_reports_before_its_deadline_while_the_topic_hangs() {
    let (fixture, function, network) = due().await;
    for account in DUE {
        let mut secret = app_only(json!({"pause_after": 1}));
        secret["client_secret"] = json!("wrong");
        fixture.secret(account, secret);
    }
    let report = answer(&function, &network, hang(Service::Sns), &event("tick")).await.unwrap();
    assert_eq!((report["claimed"].as_u64(), report["paused"].as_u64()), (Some(4), Some(4)), "{report}");
}
