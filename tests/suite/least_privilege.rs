//! Least privilege: compares the calls of the function binary, recorded on the wire, with the template's role.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::routing::post;
use e5_evergreen::adapters::system::clock::SystemClock;
use fake_tenant::App;
use serde_json::json;
use tokio::net::TcpListener;

use crate::support::dynamodb::{ACCOUNTS, RUNS};
use crate::support::function_fixture::*;
use crate::support::sts::{FakeSts, trust};

const TEMPLATE: &str = include_str!("../../template.yaml");

/// The actions that the function's role allows, as `dynamodb:Query AccountsTable/index/due`, of the services that the code calls.
fn allowed() -> BTreeSet<String> {
    let (_, role) = TEMPLATE.split_once("\n  FunctionRole:\n").unwrap();
    let (role, _) = role.split_once("\n  ScheduleRole:\n").unwrap();
    let mut allowed = BTreeSet::new();
    for statement in role.split("Action: ").skip(1) {
        let action = statement.trim_start_matches('"').split(['"', ',', '\n']).next().unwrap();
        // The trust policy of the role is not a permission of the role.
        let Some((_, resource)) = statement.split_once("Resource: ") else { continue };
        let resource = resource.lines().next().unwrap();
        let resource = resource.trim_start_matches("!GetAtt ").trim_start_matches("!Sub ");
        let resource = resource.replace(['"', '{', '}', '$', ' '], "").replace(".Arn", "");
        match action.split(':').next().unwrap() {
            "dynamodb" => allowed.insert(format!("{action} {resource}")),
            "secretsmanager" | "sns" | "sts" => allowed.insert(action.to_owned()),
            _ => false,
        };
    }
    allowed
}

/// A fake SNS that records the actions.
async fn topic() -> (String, Arc<Mutex<Vec<String>>>) {
    async fn answer(State(actions): State<Arc<Mutex<Vec<String>>>>, body: String) -> &'static str {
        let action = body.split('&').find_map(|pair| pair.strip_prefix("Action=")).unwrap_or_default();
        actions.lock().unwrap().push(format!("sns:{action}"));
        "<PublishResponse><PublishResult><MessageId>1</MessageId></PublishResult></PublishResponse>"
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let actions = Arc::default();
    let router = Router::new().route("/", post(answer)).with_state(Arc::clone(&actions));
    tokio::spawn(async move { axum::serve(listener, router).await });
    (endpoint, actions)
}

/// Every AWS action that the function has requested, in the form of [`allowed`].
fn asked(fixture: &FunctionFixture, sts: &FakeSts, published: &[String]) -> BTreeSet<String> {
    let table = |exchange: &crate::support::aws_json::Exchange| {
        let request = exchange.request_json();
        let table = match request["TableName"].as_str().unwrap() {
            ACCOUNTS => "AccountsTable",
            RUNS => "RunsTable",
            other => panic!("unknown table {other}"),
        };
        let index = request["IndexName"].as_str().map(|index| format!("/index/{index}")).unwrap_or_default();
        format!("dynamodb:{} {table}{index}", exchange.action)
    };
    let mut asked: BTreeSet<String> = fixture.dynamo.exchanges().iter().map(table).collect();
    asked.extend(fixture.secrets.exchanges().iter().map(|exchange| format!("secretsmanager:{}", exchange.action)));
    // A batch needs the permission to read on each of its secrets.
    asked
        .extend((fixture.secrets.calls("BatchGetSecretValue") > 0).then(|| "secretsmanager:GetSecretValue".to_owned()));
    asked.extend((sts.calls() > 0).then(|| "sts:GetWebIdentityToken".to_owned()));
    asked.extend(published.iter().cloned());
    asked
}

#[tokio::test]
async fn function_uses_every_action_of_its_role_and_no_other() {
    let fixture = FunctionFixture::new().await;
    let sts = FakeSts::start(Arc::new(SystemClock)).await;
    let (sns, published) = topic().await;
    fixture.tenant.change_app(TENANT, APP, |app: &mut App| app.federated.push(trust()));
    let ids = |more: serde_json::Value| {
        let mut secret = json!({"tenant_id": TENANT, "client_id": PUBLIC_APP});
        secret.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        secret
    };
    let refresh_token = fixture.tenant.issue_refresh_token(TENANT, PUBLIC_APP, USER);
    fixture.secret("rotating", ids(json!({"refresh_token": refresh_token})));
    fixture.secret("federated", ids(json!({"client_id": APP, "auth": "federated"})));
    fixture.secret("wrong", ids(json!({"client_secret": MARK, "policy": {"pause_after": 1}})));
    let function = fixture
        .function_with(&[
            ("AWS_ENDPOINT_URL_STS", &sts.endpoint),
            ("AWS_ENDPOINT_URL_SNS", &sns),
            ("ALERT_TOPIC_ARN", "arn:aws:sns:eu-west-1:123456789012:alerts"),
        ])
        .await;
    answered(&function, "sync").await;
    for account in [ACCOUNT, "rotating", "federated", "wrong"] {
        fixture.make_due(account).await;
    }
    assert_counts(&answered(&function, "tick").await, &[("claimed", 4), ("succeeded", 3), ("paused", 1)]);
    for name in ["list", "show", "history", "export"] {
        answered(&function, name).await;
    }
    for event in [
        json!({"action": "check", "account": ACCOUNT}),
        json!({"action": "set_policy", "account": ACCOUNT, "policy": {"writes": false}}),
    ] {
        function.invoke(&event).await.unwrap();
    }
    let csv = format!("account,tenant_id,client_id,client_secret\nimported,{TENANT},{APP},x\n");
    function.invoke(&json!({"action": "import", "text": csv})).await.unwrap();
    let sign_in = json!({"action": "sign_in", "account": "person", "tenant_id": TENANT, "client_id": PUBLIC_APP});
    function.invoke(&sign_in).await.unwrap();
    let code = fixture.tenant.pending_device_codes().pop().unwrap();
    fixture.tenant.approve_device(&code, USER);
    function.invoke(&sign_in).await.unwrap();

    let asked = asked(&fixture, &sts, &published.lock().unwrap());
    let allowed = allowed();
    assert!(allowed.len() >= 14, "the template is read: {allowed:?}");
    assert_eq!(asked.difference(&allowed).collect::<Vec<_>>(), Vec::<&String>::new(), "requested, but not allowed");
    assert_eq!(allowed.difference(&asked).collect::<Vec<_>>(), Vec::<&String>::new(), "allowed, but never requested");
}
