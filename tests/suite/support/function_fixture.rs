//! The function binary with its fake services, and helpers for its answers and log lines.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use fake_tenant::{App, FakeTenant, SystemClock, Tenant, User};
use serde_json::{Value, json};

use super::dynamodb::{ACCOUNTS, FakeDynamo, RUNS};
use super::lambda_runtime::{Answer, FunctionError, FunctionProcess};
use super::network::{Network, Service};
use super::secrets_manager::FakeSecrets;

pub(crate) const TENANT: &str = "0f3c1d7e-8a54-4c7e-9b51-2f6f3f1f7a10";
pub(crate) const USER: &str = "megan@contoso.onmicrosoft.com";
pub(crate) const APP: &str = "5b1e7c52-7f0a-4d0c-8a86-6a0e4a1f0c01";
pub(crate) const PUBLIC_APP: &str = "5b1e7c52-7f0a-4d0c-8a86-6a0e4a1f0c02";
/// The account of `events/*.json`.
pub(crate) const ACCOUNT: &str = "contoso-dev";
/// Part of every secret value that a test plants; must appear nowhere else.
pub(crate) const MARK: &str = "planted-a4f1";

/// The fake services of the function.
pub(crate) struct FunctionFixture {
    pub dynamo: FakeDynamo,
    pub secrets: FakeSecrets,
    pub tenant: FakeTenant,
}

impl FunctionFixture {
    /// With one secret, `contoso-dev`, and empty tables.
    pub(crate) async fn new() -> Self {
        let tenant = FakeTenant::start(Arc::new(SystemClock), 1).await.unwrap();
        tenant.add_tenant(
            Tenant::new(TENANT, "contoso.onmicrosoft.com")
                .with_user(User::new(USER, &format!("password {MARK}")))
                .with_app(App::confidential(APP, &format!("secret {MARK}")))
                .with_app(App::public(PUBLIC_APP)),
        );
        let fixture = Self { dynamo: FakeDynamo::with_tables().await, secrets: FakeSecrets::start().await, tenant };
        fixture.secret(ACCOUNT, app_only(json!({})));
        fixture
    }

    pub(crate) fn secret(&self, account: &str, secret: Value) {
        self.secrets.put(&format!("evergreen/{account}"), &secret);
    }

    pub(crate) async fn function(&self) -> FunctionProcess {
        self.function_with(&[]).await
    }

    /// A function whose requests go through its own network, with `more` variables. The SNS topic and the queue exist only
    /// in the network.
    pub(crate) async fn function_behind_network(&self, more: &[(&str, &str)]) -> (FunctionProcess, Network) {
        let tenant = self.tenant.endpoint();
        let network = Network::before(&[
            (Service::Login, &tenant),
            (Service::Graph, &tenant),
            (Service::DynamoDb, &self.dynamo.endpoint),
            (Service::SecretsManager, &self.secrets.endpoint),
            (Service::Sns, "http://127.0.0.1:9"),
            (Service::Sqs, "http://127.0.0.1:9"),
        ])
        .await;
        let mut environment = vec![
            ("LOGIN_ENDPOINT", network.endpoint(Service::Login)),
            ("GRAPH_ENDPOINT", network.endpoint(Service::Graph)),
            ("AWS_ENDPOINT_URL_DYNAMODB", network.endpoint(Service::DynamoDb)),
            ("AWS_ENDPOINT_URL_SECRETS_MANAGER", network.endpoint(Service::SecretsManager)),
            ("AWS_ENDPOINT_URL_SNS", network.endpoint(Service::Sns)),
            ("AWS_ENDPOINT_URL_SQS", network.endpoint(Service::Sqs)),
        ];
        environment.extend_from_slice(more);
        let function = self.function_with(&environment).await;
        (function, network)
    }

    /// The function with `more` variables in addition to those of a deployed function.
    pub(crate) async fn function_with(&self, more: &[(&str, &str)]) -> FunctionProcess {
        let endpoint = self.tenant.endpoint();
        let mut environment = vec![
            ("ACCOUNTS_TABLE", ACCOUNTS),
            ("RUNS_TABLE", RUNS),
            ("AWS_ENDPOINT_URL_DYNAMODB", &*self.dynamo.endpoint),
            ("AWS_ENDPOINT_URL_SECRETS_MANAGER", &*self.secrets.endpoint),
            ("LOGIN_ENDPOINT", &*endpoint),
            ("GRAPH_ENDPOINT", &*endpoint),
        ];
        environment.extend_from_slice(more);
        FunctionProcess::start(&environment).await
    }

    /// Makes an account due since a minute, claimed or not, as if its lease had ended.
    pub(crate) async fn make_due(&self, account: &str) {
        let mut item = self.dynamo.get_item(account).await.unwrap();
        item["next_run_at"] = json!({"S": text_of(Utc::now() - TimeDelta::minutes(1))});
        self.dynamo.put_item(&item).await;
    }

    pub(crate) fn objects(&self) -> BTreeSet<String> {
        objects(&self.tenant.snapshot(TENANT))
    }

    /// The objects of the tenant that were added or removed since `before`.
    pub(crate) fn changed_since(&self, before: &BTreeSet<String>) -> Vec<String> {
        self.objects().symmetric_difference(before).cloned().collect()
    }
}

/// Each object of a tenant as one line.
pub(crate) fn objects(snapshot: &Value) -> BTreeSet<String> {
    let collections = snapshot.as_object().unwrap().iter();
    let objects = collections.flat_map(|(name, objects)| objects.as_object().unwrap().iter().map(move |o| (name, o)));
    objects.map(|(name, (_, object))| format!("{name}: {object}")).collect()
}

/// Without `operations`, a policy for services that any tenant has. Mail to self is excluded: mail that arrives after its run
/// is removed by a later run.
pub(crate) fn app_only(mut policy: Value) -> Value {
    if policy.get("operations").is_none() {
        let include = ["mail.*", "calendar.*", "contact.*", "todo.*", "users.*"];
        policy["operations"] = json!({"include": include, "exclude": ["mail.send_self"]});
    }
    json!({"tenant_id": TENANT, "client_id": APP, "client_secret": format!("secret {MARK}"), "user_id": USER, "policy": policy})
}

pub(crate) fn text_of(at: DateTime<Utc>) -> String {
    at.format("%FT%TZ").to_string()
}

pub(crate) fn event(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("events").join(name).with_extension("json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

pub(crate) async fn answered(function: &FunctionProcess, name: &str) -> Value {
    function.invoke(&event(name)).await.unwrap_or_else(|error| panic!("{name}: {error:?}"))
}

pub(crate) fn refused(answer: Answer) -> FunctionError {
    answer.expect_err("refused")
}

/// The function's log lines as objects; asserts that it wrote nothing else.
pub(crate) fn lines(function: &FunctionProcess) -> Vec<Value> {
    assert_eq!(function.stderr(), Vec::<String>::new());
    let lines =
        function.stdout().into_iter().map(|line| serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line}")));
    let lines: Vec<Value> = lines.collect();
    assert!(lines.iter().all(|line| line.is_object() && line["level"].is_string()), "{lines:#?}");
    lines
}

pub(crate) fn lines_saying(function: &FunctionProcess, message: &str) -> Vec<Value> {
    lines(function).into_iter().filter(|line| line["message"] == message).collect()
}

pub(crate) fn metrics(function: &FunctionProcess) -> Vec<Value> {
    lines(function).into_iter().filter(|line| line.get("_aws").is_some()).collect()
}

#[track_caller]
pub(crate) fn assert_fields(answer: &Value, wanted: &[&str]) {
    let found: BTreeSet<&str> = answer.as_object().unwrap().keys().map(String::as_str).collect();
    let missing: Vec<_> = wanted.iter().filter(|field| !found.contains(*field)).collect();
    assert!(missing.is_empty(), "{missing:?} missing in {answer:#}");
}

/// RFC 3339, UTC, whole seconds, `Z`.
#[track_caller]
pub(crate) fn assert_time(value: &Value) -> DateTime<Utc> {
    let text = value.as_str().unwrap_or_else(|| panic!("{value} is not a time"));
    let at: DateTime<Utc> = text.parse().unwrap();
    assert_eq!(text_of(at), text);
    at
}

#[track_caller]
pub(crate) fn assert_counts(answer: &Value, wanted: &[(&str, u64)]) {
    for (field, count) in wanted {
        assert_eq!(answer[field], *count, "{field} of {answer:#}");
    }
}
