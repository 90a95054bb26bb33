//! Answers of Microsoft: whatever the login service and Graph send, a run ends with an outcome, and nothing of it is logged.

use e5_evergreen::domain::secret::MAX_SECRET_BYTES;
use serde_json::{Value, json};

use super::{Corpus, PLANTED};
use crate::support::dynamodb::ACCOUNTS;
use crate::support::network::{Effect, Rule, Service};
use crate::support::test_app::{TestApp, reads, refresh_token, with_policy};

/// Runs the account once per input and status, with the service's responses replaced. Returns how often each outcome
/// came.
async fn outcomes(service: Service, corpus: Corpus, statuses: &[u16]) -> std::collections::BTreeMap<String, usize> {
    let mut app = TestApp::new().await;
    // Mutated tokens are not valid at the fake tenant.
    app.allow_violations();
    let mut policy = reads(2);
    policy["pause_after"] = json!(10);
    app.put("a", &with_policy(refresh_token(&app, 0), policy));
    app.begin().await;
    let mut outcomes = std::collections::BTreeMap::new();
    for input in corpus.inputs() {
        for status in statuses {
            // A new process: no token is cached, and no tenant is throttled.
            let (process, network) = app.app_behind_network().await;
            network.add(Rule::every(service, Effect::Replace(*status, input.bytes.clone())));
            let event = json!({"action": "run", "account": "a"});
            let answer = app.on(&process, &event, app.now() + app.time).await.unwrap().to_string();
            assert!(!answer.contains(PLANTED) && !app.log.text().contains(PLANTED), "{status}: {answer}");
            let outcome: Value = serde_json::from_str(&answer).unwrap();
            *outcomes.entry(outcome["outcome"].as_str().unwrap().to_owned()).or_default() += 1;
            app.log.clear();
            app.act("resume", "a").await;
        }
    }
    for item in app.dynamo.scan(ACCOUNTS).await {
        assert!(!item.to_string().contains(PLANTED), "{item}");
    }
    assert!(app.secrets.text("evergreen/a").unwrap().len() <= MAX_SECRET_BYTES);
    outcomes
}

#[tokio::test]
async fn any_answer_of_the_login_service_ends_the_run_with_an_outcome() {
    let outcomes = outcomes(Service::Login, Corpus::read("token_answer", 30), &[200, 400, 403]).await;
    let count = |outcome: &str| outcomes.get(outcome).copied().unwrap_or(0);
    assert!(count("transient") > 10 && count("misconfigured") > 5, "{outcomes:?}");
}

#[tokio::test]
async fn any_answer_of_graph_ends_the_run_with_an_outcome() {
    let outcomes = outcomes(Service::Graph, Corpus::read("batch_answer", 30), &[200, 401, 503]).await;
    let count = |outcome: &str| outcomes.get(outcome).copied().unwrap_or(0);
    assert!(count("transient") > 10, "{outcomes:?}");
}
