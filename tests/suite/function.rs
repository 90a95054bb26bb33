//! The real function, as Lambda runs it: events in, answers and log lines out.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use e5_evergreen::clock::SystemClock;
use e5_evergreen::local::fake_tenant::{Act, App, FakeTenant, Fault as Bad, Tenant, User, When};
use serde_json::{Value, json};

use crate::support::aws_json::{At, Fault};
use crate::support::dynamodb::{ACCOUNTS, FakeDynamo, RUNS};
use crate::support::lambda_runtime::{Answer, FunctionError, FunctionProcess};
use crate::support::secrets_manager::FakeSecrets;

const TENANT: &str = "0f3c1d7e-8a54-4c7e-9b51-2f6f3f1f7a10";
const USER: &str = "megan@contoso.onmicrosoft.com";
const APP: &str = "5b1e7c52-7f0a-4d0c-8a86-6a0e4a1f0c01";
const PUBLIC_APP: &str = "5b1e7c52-7f0a-4d0c-8a86-6a0e4a1f0c02";
/// The account of `events/*.json`.
const ACCOUNT: &str = "contoso-dev";
/// Stands in every secret value that a test plants, and must stand nowhere else.
const MARK: &str = "planted-a4f1";

/// All that the function is connected to.
struct Surroundings {
    dynamo: FakeDynamo,
    secrets: FakeSecrets,
    tenant: FakeTenant,
}

impl Surroundings {
    /// With one account, `contoso-dev`, in Secrets Manager alone.
    async fn new() -> Self {
        let tenant = FakeTenant::start(Arc::new(SystemClock), 1).await.unwrap();
        tenant.add_tenant(
            Tenant::new(TENANT, "contoso.onmicrosoft.com")
                .with_user(User::new(USER, &format!("password {MARK}")))
                .with_app(App::confidential(APP, &format!("secret {MARK}")))
                .with_app(App::public(PUBLIC_APP)),
        );
        let around = Self { dynamo: FakeDynamo::with_tables().await, secrets: FakeSecrets::start().await, tenant };
        around.secret(ACCOUNT, app_only(json!({})));
        around
    }

    fn secret(&self, account: &str, secret: Value) {
        self.secrets.put(&format!("evergreen/{account}"), &secret);
    }

    async fn function(&self) -> FunctionProcess {
        self.function_with(&[]).await
    }

    /// `more` comes on top of, and before, what a deployed function has.
    async fn function_with(&self, more: &[(&str, &str)]) -> FunctionProcess {
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

    /// Makes an account due since a minute, claimed or not: a lease of 15 minutes ends.
    async fn make_due(&self, account: &str) {
        let mut item = self.dynamo.get_item(account).await.unwrap();
        item["next_run_at"] = json!({"S": text_of(Utc::now() - TimeDelta::minutes(1))});
        self.dynamo.put_item(&item).await;
    }

    fn objects(&self) -> BTreeSet<String> {
        objects(&self.tenant.snapshot(TENANT))
    }

    /// What there is in the tenant that was not there before, and the reverse.
    fn changed_since(&self, before: &BTreeSet<String>) -> Vec<String> {
        self.objects().symmetric_difference(before).cloned().collect()
    }
}

/// Each object of a tenant as a line.
fn objects(snapshot: &Value) -> BTreeSet<String> {
    let collections = snapshot.as_object().unwrap().iter();
    let objects = collections.flat_map(|(name, objects)| objects.as_object().unwrap().iter().map(move |o| (name, o)));
    objects.map(|(name, (_, object))| format!("{name}: {object}")).collect()
}

/// Mail is left out where nothing is said: what arrives after its run is removed by a later one.
fn app_only(mut policy: Value) -> Value {
    if policy.get("operations").is_none() {
        policy["operations"] = json!({"exclude": ["mail.send_self"]});
    }
    json!({"tenant_id": TENANT, "client_id": APP, "client_secret": format!("secret {MARK}"), "user_id": USER, "policy": policy})
}

fn text_of(at: DateTime<Utc>) -> String {
    at.format("%FT%TZ").to_string()
}

fn event(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("events").join(name).with_extension("json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

async fn answered(function: &FunctionProcess, name: &str) -> Value {
    function.invoke(&event(name)).await.unwrap_or_else(|error| panic!("{name}: {error:?}"))
}

fn refused(answer: Answer) -> FunctionError {
    answer.expect_err("refused")
}

/// What the function logged, each line an object, and nothing beside it.
fn lines(function: &FunctionProcess) -> Vec<Value> {
    assert_eq!(function.stderr(), Vec::<String>::new());
    let lines =
        function.stdout().into_iter().map(|line| serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line}")));
    let lines: Vec<Value> = lines.collect();
    assert!(lines.iter().all(|line| line.is_object() && line["level"].is_string()), "{lines:#?}");
    lines
}

fn lines_saying(function: &FunctionProcess, message: &str) -> Vec<Value> {
    lines(function).into_iter().filter(|line| line["message"] == message).collect()
}

fn metrics(function: &FunctionProcess) -> Vec<Value> {
    lines(function).into_iter().filter(|line| line.get("_aws").is_some()).collect()
}

#[track_caller]
fn assert_fields(answer: &Value, wanted: &[&str]) {
    let found: BTreeSet<&str> = answer.as_object().unwrap().keys().map(String::as_str).collect();
    let missing: Vec<_> = wanted.iter().filter(|field| !found.contains(*field)).collect();
    assert!(missing.is_empty(), "{missing:?} missing in {answer:#}");
}

/// RFC 3339, UTC, whole seconds, `Z`.
#[track_caller]
fn assert_time(value: &Value) -> DateTime<Utc> {
    let text = value.as_str().unwrap_or_else(|| panic!("{value} is no time"));
    let at: DateTime<Utc> = text.parse().unwrap();
    assert_eq!(text_of(at), text);
    at
}

#[track_caller]
fn assert_counts(answer: &Value, wanted: &[(&str, u64)]) {
    for (field, count) in wanted {
        assert_eq!(answer[field], *count, "{field} of {answer:#}");
    }
}

const STATE: &[&str] = &["account_id", "status", "next_run_at", "last_run_at", "consecutive_failures", "pause_cause"];
const ROUND: &[&str] =
    &["due", "claimed", "succeeded", "failed", "paused", "deferred", "calls_ok", "calls_failed", "calls_throttled"];

#[tokio::test]
async fn every_event_is_answered_as_the_contract_says() {
    let around = Surroundings::new().await;
    let before = around.objects();
    let function = around.function().await;

    let synced = answered(&function, "sync").await;
    assert_eq!((&synced["created"], &synced["errors"]), (&json!([ACCOUNT]), &json!([])));
    assert_eq!(answered(&function, "sync").await["unchanged"], 1);

    let listed = answered(&function, "list").await;
    assert_fields(&listed["accounts"][0], STATE);
    assert_eq!(listed["accounts"][0]["status"], "active");
    let first = assert_time(&listed["accounts"][0]["next_run_at"]);
    assert!(first <= Utc::now() + TimeDelta::seconds(3600), "due within the interval's minimum: {first}");

    let shown = answered(&function, "show").await;
    assert_fields(&shown, STATE);
    assert_eq!((&shown["auth"], &shown["secret"]), (&json!("client_secret"), &json!("evergreen/contoso-dev")));
    assert_eq!(shown["policy"]["interval_seconds"], json!({"min": 3600, "max": 14400}));

    let planned = answered(&function, "run-dry").await;
    assert_eq!(planned["seed"], 42);
    assert_fields(&planned["plan"][0], &["operation", "role", "wave", "method", "url", "body"]);
    let graph = around.tenant.requests().iter().filter(|request| !request.is_login()).count();
    assert_eq!((graph, lines(&function).len()), (0, 2), "a dry run sends nothing and is no run");

    let ran = answered(&function, "run").await;
    assert_eq!(
        (&ran["account"], &ran["outcome"], &ran["status"]),
        (&json!(ACCOUNT), &json!("succeeded"), &json!("active"))
    );
    assert_fields(&ran, &["run_id", "seed", "calls_ok", "calls_failed", "calls_throttled", "failures"]);
    assert!(assert_time(&ran["next_run_at"]) > Utc::now() + TimeDelta::seconds(3500));

    let told = answered(&function, "history").await;
    assert_eq!(told["account"], ACCOUNT);
    assert_eq!((told["runs"].as_array().unwrap().len(), &told["runs"][0]["run_id"]), (1, &ran["run_id"]));

    let idle = answered(&function, "tick").await;
    assert_fields(&idle, ROUND);
    assert_counts(&idle, &[("due", 0), ("claimed", 0), ("succeeded", 0), ("failed", 0)]);
    around.make_due(ACCOUNT).await;
    let round = answered(&function, "eventbridge-scheduled").await;
    assert_fields(&round, ROUND);
    assert_counts(
        &round,
        &[("due", 1), ("claimed", 1), ("succeeded", 1), ("failed", 0), ("paused", 0), ("deferred", 0)],
    );
    assert!(round["calls_ok"].as_u64().unwrap() >= 1);

    let stopped = answered(&function, "stop").await;
    assert_eq!((&stopped["status"], &stopped["next_run_at"]), (&json!("stopped"), &Value::Null));
    assert_eq!(around.dynamo.attribute(ACCOUNT, "due_shard").await, None);
    let error = refused(function.invoke(&event("run")).await);
    assert!(error.error_type == "BadAction" && error.error_message.contains("`resume`"), "{error:?}");
    let resumed = answered(&function, "resume").await;
    assert_eq!(resumed["status"], "active");
    assert_counts(&answered(&function, "tick").await, &[("due", 1), ("succeeded", 1)]);

    assert_eq!(around.changed_since(&before), Vec::<String>::new(), "what a run makes, it removes");
    assert_eq!(around.tenant.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn a_run_a_round_and_its_metrics_are_one_line_of_json_each() {
    let around = Surroundings::new().await;
    for account in ["a", "b"] {
        around.secret(account, app_only(json!({})));
    }
    around.secret("wrong", {
        let mut secret = app_only(json!({"pause_after": 1}));
        secret["client_secret"] = json!(format!("wrong {MARK}"));
        secret
    });
    let function = around.function().await;
    answered(&function, "sync").await;
    for account in ["a", "b", "wrong"] {
        around.make_due(account).await;
    }
    let round = answered(&function, "tick").await;
    assert_counts(&round, &[("due", 3), ("claimed", 3), ("succeeded", 2), ("failed", 1), ("paused", 1)]);
    answered(&function, "tick").await;

    let runs = lines_saying(&function, "run");
    let accounts: BTreeSet<_> = runs.iter().map(|run| run["account"].as_str().unwrap()).collect();
    assert_eq!((runs.len(), accounts), (3, BTreeSet::from(["a", "b", "wrong"])));
    for run in &runs {
        let failed = run["account"] == "wrong";
        assert_fields(run, &["run_id", "seed", "outcome", "calls_ok", "calls_failed", "failures", "next_run_at"]);
        assert_eq!(run["level"], if failed { "WARN" } else { "INFO" }, "{run}");
        assert_eq!(run["reason"].as_str().is_some_and(|reason| reason.contains("AADSTS7000215")), failed, "{run}");
        for failure in run["failures"].as_array().unwrap() {
            assert_fields(failure, &["operation", "status", "error_code", "request_id"]);
        }
    }
    let rounds = lines_saying(&function, "round");
    assert_eq!(rounds.len(), 2);
    assert_eq!(rounds[0]["round"], round);

    let metrics = metrics(&function);
    assert_eq!(metrics.len(), 2);
    for line in &metrics {
        let directives = line["_aws"]["CloudWatchMetrics"].as_array().unwrap();
        assert_eq!((directives.len(), &directives[0]["Dimensions"]), (1, &json!([[]])));
        assert!(line["_aws"]["Timestamp"].as_i64().unwrap() > 1_700_000_000_000);
        let names = directives[0]["Metrics"].as_array().unwrap();
        assert!((1..=10).contains(&names.len()));
        assert!(names.iter().all(|metric| line[metric["Name"].as_str().unwrap()].is_number()), "{line:#}");
    }
    assert_eq!((&metrics[0]["Claimed"], &metrics[1]["Claimed"]), (&json!(3), &json!(0)));
    assert_eq!(lines(&function).len(), 1 + 3 + 2 + 2, "one line of the sync, and no other");
}

#[tokio::test]
async fn what_is_not_known_is_a_function_error_that_says_what_is() {
    let around = Surroundings::new().await;
    let function = around.function().await;
    answered(&function, "sync").await;
    for unknown in [
        json!({"action": "tock"}),
        json!({"hello": "world"}),
        json!({}),
        json!([1]),
        json!("tick"),
        json!({"detail-type": "EC2 Instance State-change Notification", "source": "aws.ec2", "detail": {}}),
    ] {
        let error = refused(function.invoke(&unknown).await);
        assert_eq!(error.error_type, "BadEvent", "{unknown}");
        for accepted in ["scheduled event", "tick", "sync", "list", "show", "run", "stop", "resume", "history"] {
            assert!(error.error_message.contains(accepted), "{unknown}: {error:?}");
        }
    }
    for action in ["show", "run", "stop", "resume", "history"] {
        let error = refused(function.invoke(&json!({"action": action, "account": "nobody"})).await);
        assert_eq!(error.error_type, "BadAction", "{action}");
        assert!(
            error.error_message.contains("no account nobody") && error.error_message.contains("`list`"),
            "{error:?}"
        );
        let error = refused(function.invoke(&json!({"action": action})).await);
        assert!(error.error_type == "BadEvent" && error.error_message.contains("needs `account`"), "{error:?}");
    }
    assert_fields(&answered(&function, "list").await, &["accounts"]);
    let complaints = lines_saying(&function, "the event was not carried out");
    assert_eq!(complaints.len(), 6 + 2 * 5, "each is logged once: the scheduler looks at no answer");
}

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

#[tokio::test]
async fn accounts_in_four_shards_are_all_found() {
    let around = Surroundings::new().await;
    let accounts: Vec<String> = (0..8).map(|number| format!("account-{number}")).collect();
    for account in &accounts {
        around.secret(account, app_only(json!({"operations": {"include": ["users.list"]}})));
    }
    let function = around.function_with(&[("DUE_SHARDS", "4"), ("CONCURRENCY", "2")]).await;
    answered(&function, "sync").await;
    let mut shards = BTreeSet::new();
    for account in &accounts {
        shards.insert(around.dynamo.attribute(account, "due_shard").await.unwrap());
        around.make_due(account).await;
    }
    assert!(shards.len() > 1 && shards.iter().all(|shard| shard.parse::<u8>().unwrap() < 4), "{shards:?}");
    assert_counts(&answered(&function, "tick").await, &[("due", 8), ("claimed", 8), ("succeeded", 8)]);
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
    assert_counts(&answered(&function, "tick").await, &[("due", 0)]);
}

/// A killed run comes back by itself, once, when its lease is over, and removes what it had made.
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
    around.tenant.inject(Bad::http(When::Always, Act::Hang { after: true }));
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

/// The claim is written, the secret is not yet read: nothing was made, and the account is held all the same.
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

#[tokio::test]
async fn no_secret_is_ever_logged_answered_or_stored() {
    let around = Surroundings::new().await;
    let refresh_token = around.tenant.issue_refresh_token(TENANT, PUBLIC_APP, USER);
    let ids = json!({"tenant_id": TENANT, "client_id": PUBLIC_APP});
    let with = |more: Value| {
        let mut secret = ids.clone();
        secret.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        secret
    };
    around.secret("refreshing", with(json!({"refresh_token": refresh_token})));
    around.secret("typing", with(json!({"username": USER, "password": format!("password {MARK}")})));
    around.secret("mistyping", with(json!({"username": USER, "password": format!("wrong {MARK}")})));
    around.secret("misspelt", with(json!({"pasword": MARK})));
    around.secret("out-of-range", with(json!({"client_secret": MARK, "policy": {"pause_after": MARK}})));
    around.secrets.force_put("evergreen/no-json", &format!("{{\"client_secret\": \"{MARK}"));
    around.secrets.force_put("evergreen/too-long", &MARK.repeat(65_537 / MARK.len() + 1));
    let accounts = [ACCOUNT, "refreshing", "typing", "mistyping", "misspelt", "out-of-range", "no-json", "too-long"];

    let function = around.function().await;
    let mut answers = answered(&function, "sync").await.to_string();
    for account in accounts {
        around.make_due(account).await;
    }
    let round = answered(&function, "tick").await;
    assert_counts(&round, &[("claimed", 8), ("succeeded", 3), ("failed", 5)]);
    answers += &round.to_string();
    for account in accounts {
        for action in ["show", "history", "run"] {
            let answer = function.invoke(&json!({"action": action, "account": account})).await;
            answers += &answer.unwrap_or_else(|error| panic!("{action} {account}: {error:?}")).to_string();
        }
        let planned = function.invoke(&json!({"action": "run", "account": account, "dry_run": true})).await;
        answers += &planned.map_or_else(|error| error.error_message, |answer| answer.to_string());
    }
    answers += &answered(&function, "list").await.to_string();

    let rotated = around.secrets.value("evergreen/refreshing").unwrap()["refresh_token"].as_str().unwrap().to_owned();
    let stored = around.dynamo.everything_stored().await + &around.dynamo.everything();
    for (place, text) in [("logs", function.everything_written()), ("answers", answers), ("tables", stored)] {
        assert!(text.contains("contoso-dev"), "{place} are searched");
        for secret in [MARK, &refresh_token, &rotated, "eyJ"] {
            assert!(!text.contains(secret), "{secret} stands in the {place}: {text}");
        }
    }
    assert_eq!(lines_saying(&function, "run").len(), 8 + 8);
}
