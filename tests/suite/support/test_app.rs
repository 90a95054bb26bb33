//! The app in one process: its real adapters against a fake tenant, an embedded DynamoDB and a fake
//! Secrets Manager, with a virtual clock.

use std::{
    ops::RangeInclusive,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use e5_evergreen::adapters::aws::secrets_manager::SecretsManager;
use e5_evergreen::adapters::aws::sqs::SqsQueue;
use e5_evergreen::adapters::aws::sts::StsIdentity;
use e5_evergreen::adapters::http::{Timeouts, client};
use e5_evergreen::app::App;
use e5_evergreen::bootstrap::Parts;
use e5_evergreen::config::Config;
use e5_evergreen::domain::account::AccountId;
use e5_evergreen::domain::account::history::HistoryRow;
use e5_evergreen::domain::cause::LoginError;
use e5_evergreen::domain::secret::AccountSecret;
use e5_evergreen::handler::{HandlerError, handle};
use e5_evergreen::local::virtual_clock::VirtualClock;
use e5_evergreen::ports::{
    Alert, Alerts, BatchItem, BatchReply, Caller, Client, Clock, DeviceCode, Graph, GraphError, InfraError, Login,
    Poll, Queue, Token,
};
use e5_evergreen::telemetry::{self, LogFormat};
use fake_tenant::{App as TenantApp, FakeTenant, Recorded, Tenant, User};
use rand::{SeedableRng, rngs::ChaCha12Rng};
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::sync::Notify;
use tracing::instrument::WithSubscriber;
use tracing::level_filters::LevelFilter;
use tracing::{Dispatch, Instrument};

use super::{
    dynamodb::{ACCOUNTS, FakeDynamo, RUNS},
    network::{Network, Service},
    sdk_config,
    secrets_manager::FakeSecrets,
    sqs::FakeQueue,
    sts::FakeSts,
};

pub(crate) const TENANT: &str = "0f3c1d7e-8a54-4c7e-9b51-2f6f3f1f7a10";
pub(crate) const DOMAIN: &str = "contoso.onmicrosoft.com";
pub(crate) const APP: &str = "5b1e7c52-7f0a-4d0c-8a86-6a0e4a1f0c01";
pub(crate) const APP_SECRET: &str = "right-secret";
pub(crate) const PUBLIC_APP: &str = "5b1e7c52-7f0a-4d0c-8a86-6a0e4a1f0c02";
pub(crate) const PASSWORD: &str = "correct horse";
pub(crate) const PREFIX: &str = "evergreen/";

/// A Monday, far from the time of the machine, on which no test may depend.
pub(crate) const START: &str = "2031-03-03T08:00:00Z";

/// Start of the violations for requests that the fake tenant does not implement.
const UNSERVED: &str = "The fake tenant does not serve";

/// Reads that every kind of account can send and that have no prerequisites.
pub(crate) const READS: [&str; 14] = [
    "contact.list",
    "contactFolder.list",
    "drive.children",
    "drive.get",
    "drive.root",
    "drives.list",
    "groups.list",
    "mail.folders.inbox",
    "mail.folders.list",
    "mail.messages.list",
    "mail.rules.list",
    "sites.root",
    "user.me.get",
    "users.list",
];

/// Operations that write, in many services.
pub(crate) const WRITES: [&str; 9] = [
    "calendar.*",
    "contact.*",
    "contactFolder.*",
    "drive.*",
    "event.*",
    "mail.draft.*",
    "mail.folder.*",
    "mail.rule.*",
    "todo.*",
];

/// UPN of the user with this number.
pub(crate) fn user(number: usize) -> String {
    format!("user{number}@{DOMAIN}")
}

/// The options of a test app.
#[derive(Clone, Debug)]
pub(crate) struct TestAppOptions {
    pub seed: u64,
    /// Users of the tenant; each account in a test should have its own.
    pub users: usize,
    pub shards: u16,
    pub concurrency: usize,
    pub single_use_refresh_tokens: bool,
    /// The real time after which a request times out.
    pub http: Duration,
    /// Lines up to this level are kept.
    pub log: LevelFilter,
    /// Applied to each user before the tenant's data is made.
    pub change_user: fn(&mut User),
}

impl Default for TestAppOptions {
    fn default() -> Self {
        Self {
            seed: 1,
            users: 3,
            shards: 1,
            concurrency: 32,
            single_use_refresh_tokens: false,
            http: Duration::from_secs(30),
            log: LevelFilter::INFO,
            change_user: |_| {},
        }
    }
}

/// The app and its fake services. Dropping it asserts that the tenant saw no violation of Microsoft's rules, unless allowed.
pub(crate) struct TestApp {
    pub clock: VirtualClock,
    pub tenant: FakeTenant,
    pub dynamo: FakeDynamo,
    pub secrets: FakeSecrets,
    pub sts: FakeSts,
    pub log: CapturedLog,
    pub inner: Arc<App>,
    pub crash_plan: Arc<CrashPlan>,
    /// The time from an event to its deadline.
    pub time: TimeDelta,
    setting: TestAppOptions,
    apps: u64,
    ignored: Vec<&'static str>,
}

impl TestApp {
    pub(crate) async fn new() -> Self {
        Self::with(TestAppOptions::default()).await
    }

    /// Keeps log lines of every level.
    pub(crate) async fn traced() -> Self {
        Self::with(TestAppOptions { log: LevelFilter::TRACE, ..TestAppOptions::default() }).await
    }

    /// Whose users lack something.
    pub(crate) async fn without(change: fn(&mut User)) -> Self {
        Self::with(TestAppOptions { change_user: change, ..TestAppOptions::default() }).await
    }

    pub(crate) async fn seeded(seed: u64) -> Self {
        Self::with(TestAppOptions { seed, ..TestAppOptions::default() }).await
    }

    pub(crate) async fn with(setting: TestAppOptions) -> Self {
        let clock = VirtualClock::new(START.parse().unwrap());
        let tenant = FakeTenant::start(Arc::new(clock.clone()), setting.seed).await.unwrap();
        let mut is = Tenant::new(TENANT, DOMAIN)
            .with_app(TenantApp::confidential(APP, APP_SECRET))
            .with_app(TenantApp::public(PUBLIC_APP));
        is.single_use_refresh_tokens = setting.single_use_refresh_tokens;
        for number in 0..setting.users {
            let mut user = User::new(&user(number), PASSWORD);
            (setting.change_user)(&mut user);
            is = is.with_user(user);
        }
        tenant.add_tenant(is);
        let (dynamo, secrets) = (FakeDynamo::with_tables().await, FakeSecrets::start().await);
        let sts = FakeSts::start(Arc::new(clock.clone())).await;
        let (log, crash_plan) = (CapturedLog::new(setting.log), Arc::new(CrashPlan::default()));
        let endpoints = Endpoints {
            login: tenant.endpoint(),
            graph: tenant.endpoint(),
            dynamo: dynamo.endpoint.clone(),
            secrets: secrets.endpoint.clone(),
            sts: sts.endpoint.clone(),
        };
        let right = SkewedClock { clock: clock.clone(), error: TimeDelta::zero() };
        let inner = build_app(&setting, 0, right, &endpoints, &log, &crash_plan, None);
        let time = TimeDelta::minutes(5);
        Self {
            clock,
            tenant,
            dynamo,
            secrets,
            sts,
            log,
            inner,
            crash_plan,
            time,
            setting,
            apps: 2,
            ignored: vec![UNSERVED],
        }
    }

    /// Another process over the same stores, with its own caches and random generator.
    pub(crate) fn another_app(&mut self) -> Arc<App> {
        self.process(&self.endpoints(), TimeDelta::zero(), None)
    }

    /// From now on ticks send claimed accounts to this queue; other apps are workers.
    pub(crate) async fn fan_out(&mut self) -> FakeQueue {
        let queue = FakeQueue::start().await;
        self.inner = self.process(&self.endpoints(), TimeDelta::zero(), Some(&queue));
        queue
    }

    /// Restarts the app with another number of partitions of the due index.
    pub(crate) fn reshard(&mut self, shards: u16) {
        self.setting.shards = shards;
        self.restart();
    }

    /// Another process whose requests go through its own network.
    pub(crate) async fn app_behind_network(&mut self) -> (Arc<App>, Network) {
        let direct = self.endpoints();
        let targets = [
            (Service::Login, &*direct.login),
            (Service::Graph, &direct.graph),
            (Service::DynamoDb, &direct.dynamo),
            (Service::SecretsManager, &direct.secrets),
            (Service::Sts, &direct.sts),
        ];
        let network = Network::before(&targets).await;
        let through = |service| network.endpoint(service).to_owned();
        let endpoints = Endpoints {
            login: through(Service::Login),
            graph: through(Service::Graph),
            dynamo: through(Service::DynamoDb),
            secrets: through(Service::SecretsManager),
            sts: through(Service::Sts),
        };
        (self.process(&endpoints, TimeDelta::zero(), None), network)
    }

    /// Another process whose clock differs by this much.
    pub(crate) fn app_with_clock_error(&mut self, error: TimeDelta) -> Arc<App> {
        self.process(&self.endpoints(), error, None)
    }

    fn endpoints(&self) -> Endpoints {
        Endpoints {
            login: self.tenant.endpoint(),
            graph: self.tenant.endpoint(),
            dynamo: self.dynamo.endpoint.clone(),
            secrets: self.secrets.endpoint.clone(),
            sts: self.sts.endpoint.clone(),
        }
    }

    fn process(&mut self, endpoints: &Endpoints, clock_error: TimeDelta, queue: Option<&FakeQueue>) -> Arc<App> {
        let clock = SkewedClock { clock: self.clock.clone(), error: clock_error };
        let app = build_app(&self.setting, self.apps, clock, endpoints, &self.log, &self.crash_plan, queue);
        self.apps += 1;
        app
    }

    /// Restarts the app: its caches are lost.
    pub(crate) fn restart(&mut self) {
        self.inner = self.another_app();
    }

    /// Allows every violation: the test provokes them.
    pub(crate) fn allow_violations(&mut self) {
        self.ignore_violations(&[""]);
    }

    /// Ignores violations that contain one of these texts, for limits of the fake tenant itself.
    pub(crate) fn ignore_violations(&mut self, saying: &[&'static str]) {
        self.ignored.extend(saying);
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    pub(crate) fn advance(&self, time: TimeDelta) {
        self.clock.advance(time.to_std().unwrap());
    }

    /// Writes an account's secret, as its owner would.
    pub(crate) fn put(&self, account: &str, secret: &Value) {
        self.secrets.put(&format!("{PREFIX}{account}"), secret);
    }

    /// The answer to an event.
    pub(crate) async fn try_ask(&self, event: Value) -> Result<Value, HandlerError> {
        self.on(&self.inner, &event, self.now() + self.time).await
    }

    /// The answer of one of these apps; captures its log lines.
    pub(crate) async fn on(
        &self,
        app: &Arc<App>,
        event: &Value,
        deadline: DateTime<Utc>,
    ) -> Result<Value, HandlerError> {
        let answer = async {
            // Created under the subscriber that captures its lines.
            let invocation = telemetry::invocation_span("00000000-0000-4000-8000-000000000000", false);
            handle(app, event, deadline).instrument(invocation).await
        };
        self.log.listen(answer).await
    }

    pub(crate) async fn ask(&self, event: Value) -> Value {
        let asked = event.to_string();
        self.try_ask(event).await.unwrap_or_else(|error| panic!("{asked}: {error}"))
    }

    pub(crate) async fn act(&self, action: &str, account: &str) -> Value {
        self.ask(json!({"action": action, "account": account})).await
    }

    pub(crate) async fn refusal(&self, event: Value) -> String {
        self.try_ask(event).await.expect_err("the event is refused").to_string()
    }

    pub(crate) async fn tick(&self) -> Value {
        self.ask(json!({"action": "tick"})).await
    }

    pub(crate) async fn sync(&self) -> Value {
        self.ask(json!({"action": "sync"})).await
    }

    /// Syncs the accounts from the secrets, and advances the clock to their first runs.
    pub(crate) async fn begin(&self) {
        self.sync().await;
        self.all_due().await;
    }

    /// Advances the clock to the latest next run of all accounts.
    pub(crate) async fn all_due(&self) {
        let items = self.dynamo.scan(ACCOUNTS).await;
        let latest = items.iter().filter_map(|item| item["next_run_at"]["S"].as_str()).max().unwrap().to_owned();
        self.clock.set(self.now().max(latest.parse().unwrap()));
    }

    /// Advances the clock to the account's next run.
    pub(crate) async fn advance_to_next_run(&self, account: &str) {
        let next = self.next_run(account).await.expect("the account will be due");
        self.clock.set(self.now().max(next));
    }

    /// A round at the account's next run.
    pub(crate) async fn next_round(&self, account: &str) -> Value {
        self.advance_to_next_run(account).await;
        self.tick().await
    }

    pub(crate) async fn next_run(&self, account: &str) -> Option<DateTime<Utc>> {
        Some(self.attribute(account, "next_run_at").await?.parse().unwrap())
    }

    /// Seconds until the account's next run, from the current whole second.
    pub(crate) async fn wait(&self, account: &str) -> i64 {
        self.next_run(account).await.expect("the account will be due").timestamp() - self.now().timestamp()
    }

    pub(crate) async fn attribute(&self, account: &str, name: &str) -> Option<String> {
        self.dynamo.attribute(account, name).await
    }

    pub(crate) async fn status(&self, account: &str) -> String {
        self.attribute(account, "status").await.expect("the account has a status")
    }

    /// The runs of an account, oldest first.
    pub(crate) async fn runs(&self, account: &str) -> Vec<HistoryRow> {
        let mut rows = self.latest(account, 500).await;
        rows.reverse();
        rows
    }

    pub(crate) async fn last_run(&self, account: &str) -> HistoryRow {
        self.latest(account, 1).await.pop().expect("the account has run")
    }

    async fn latest(&self, account: &str, limit: u32) -> Vec<HistoryRow> {
        let id = AccountId::parse(account).unwrap();
        self.inner.accounts.history(&id, limit, self.now()).await.unwrap()
    }

    pub(crate) fn snapshot(&self) -> Value {
        self.tenant.snapshot(TENANT)
    }

    /// Asserts that the tenant holds exactly what it held `before`.
    pub(crate) fn assert_as_before(&self, before: &Value) {
        let now = self.snapshot();
        assert!(now == *before, "the tenant differs: {}", difference("", before, &now).join("\n"));
    }

    pub(crate) fn token_requests(&self) -> Vec<Recorded> {
        self.tenant.requests().into_iter().filter(Recorded::is_login).collect()
    }

    pub(crate) fn batches(&self) -> Vec<Recorded> {
        self.tenant.requests().into_iter().filter(|request| !request.is_login()).collect()
    }

    /// Clears the recorded traffic.
    pub(crate) fn forget(&self) {
        self.tenant.clear_requests();
        self.dynamo.forget();
        self.secrets.forget();
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{:?} at {}", self.setting, self.now());
        } else {
            let mut violations = self.tenant.violations();
            violations.retain(|what| !self.ignored.iter().any(|known| what.contains(known)));
            assert!(violations.is_empty(), "{:?}: {violations:#?}", self.setting);
        }
    }
}

/// Where a process finds its services.
struct Endpoints {
    login: String,
    graph: String,
    dynamo: String,
    secrets: String,
    sts: String,
}

/// The clock of a process, which may be wrong.
#[derive(Clone)]
struct SkewedClock {
    clock: VirtualClock,
    error: TimeDelta,
}

#[async_trait]
impl Clock for SkewedClock {
    fn now(&self) -> DateTime<Utc> {
        self.clock.now() + self.error
    }

    async fn sleep(&self, duration: Duration) {
        Clock::sleep(&self.clock, duration).await;
    }
}

fn build_app(
    setting: &TestAppOptions,
    number: u64,
    clock: SkewedClock,
    endpoints: &Endpoints,
    log: &CapturedLog,
    crash_plan: &Arc<CrashPlan>,
    queue: Option<&FakeQueue>,
) -> Arc<App> {
    let config = Config::read(|name| match name {
        "ACCOUNTS_TABLE" => Some(ACCOUNTS.to_owned()),
        "RUNS_TABLE" => Some(RUNS.to_owned()),
        "SECRET_PREFIX" => Some(PREFIX.to_owned()),
        "DUE_SHARDS" => Some(setting.shards.to_string()),
        "CONCURRENCY" => Some(setting.concurrency.to_string()),
        "LOGIN_ENDPOINT" => Some(endpoints.login.clone()),
        "GRAPH_ENDPOINT" => Some(endpoints.graph.clone()),
        _ => None,
    });
    let vault = aws_sdk_secretsmanager::Client::new(&sdk_config(&endpoints.secrets));
    let parts = Parts {
        config: config.unwrap(),
        http: client(Timeouts { total: setting.http, ..Timeouts::default() }).unwrap(),
        dynamodb: aws_sdk_dynamodb::Client::new(&sdk_config(&endpoints.dynamo)),
        secrets: Arc::new(SecretsManager::new(vault, PREFIX.to_owned())),
        identity: Arc::new(StsIdentity::new(aws_sdk_sts::Client::new(&sdk_config(&endpoints.sts)))),
        clock: Arc::new(clock),
        alerts: Some(Arc::new(log.clone())),
        queue: queue.map(|queue| -> Arc<dyn Queue> {
            Arc::new(SqsQueue::new(aws_sdk_sqs::Client::new(&sdk_config(&queue.endpoint)), queue.url.clone()))
        }),
    };
    let (mut ports, settings) = parts.ports();
    ports.tokens = Arc::new(Crashing(ports.tokens, Arc::clone(crash_plan)));
    ports.graph = Arc::new(Crashing(ports.graph, Arc::clone(crash_plan)));
    let chance = ChaCha12Rng::seed_from_u64(setting.seed.wrapping_mul(1_000_003).wrapping_add(number));
    Arc::new(App::new(ports, settings, chance))
}

/// The captured log of [`CapturedLog::listen`], with alerts between its lines.
#[derive(Clone)]
pub(crate) struct CapturedLog {
    lines: Arc<Mutex<Vec<Value>>>,
    dispatch: Dispatch,
}

/// An alert is captured as a line with the message `alert`.
#[async_trait]
impl Alerts for CapturedLog {
    async fn publish(&self, alert: &Alert) -> Result<(), InfraError> {
        let line = json!({"message": "alert", "subject": alert.subject, "text": alert.text});
        self.lines.lock().unwrap().push(line);
        Ok(())
    }
}

impl CapturedLog {
    fn new(level: LevelFilter) -> Self {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&lines);
        let keep = move |line: &str| {
            let line = serde_json::from_str(line).unwrap_or_else(|_| panic!("not JSON: {line}"));
            kept.lock().unwrap().push(line);
        };
        Self { lines, dispatch: telemetry::dispatch(level, LogFormat::Json, keep) }
    }

    /// The future, with its log lines captured.
    pub(crate) fn listen<F: Future>(&self, future: F) -> impl Future<Output = F::Output> + use<F> {
        future.with_subscriber(self.dispatch.clone())
    }

    pub(crate) fn all(&self) -> Vec<Value> {
        self.lines.lock().unwrap().clone()
    }

    /// The lines with this message.
    pub(crate) fn of(&self, message: &str) -> Vec<Value> {
        self.all().into_iter().filter(|line| line["message"] == message).collect()
    }

    /// Lines of warnings and errors whose text contains all of `parts`.
    pub(crate) fn warnings(&self, parts: &[&str]) -> Vec<Value> {
        let matches = |line: &Value| {
            let text = line.to_string();
            matches!(line["level"].as_str(), Some("WARN" | "ERROR")) && parts.iter().all(|part| text.contains(part))
        };
        self.all().into_iter().filter(matches).collect()
    }

    pub(crate) fn clear(&self) {
        self.lines.lock().unwrap().clear();
    }

    pub(crate) fn text(&self) -> String {
        self.all().iter().map(|line| format!("{line}\n")).collect()
    }
}

/// At which request to Microsoft the app crashes.
#[derive(Default)]
pub(crate) struct CrashPlan {
    plan: Mutex<Option<(usize, CrashPoint)>>,
    reached: Notify,
    in_flight: Mutex<(usize, usize)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CrashPoint {
    /// The request was never sent.
    Before,
    /// It was carried out, but its response was not received.
    After,
}

impl CrashPlan {
    /// Crashes at the nth request to Microsoft from now, including token requests, counted from 1.
    pub(crate) fn crash_at(&self, nth: usize, moment: CrashPoint) {
        *self.plan.lock().unwrap() = Some((nth, moment));
    }

    /// Cancels the planned crash.
    pub(crate) fn cancel(&self) {
        *self.plan.lock().unwrap() = None;
    }

    /// Returns when the crash has happened.
    pub(crate) async fn crashed(&self) {
        self.reached.notified().await;
    }

    /// The highest number of simultaneous requests.
    pub(crate) fn peak(&self) -> usize {
        self.in_flight.lock().unwrap().1
    }

    fn count(&self, change: isize) {
        let (now, peak) = &mut *self.in_flight.lock().unwrap();
        *now = now.saturating_add_signed(change);
        *peak = (*peak).max(*now);
    }

    fn next(&self) -> Option<CrashPoint> {
        let mut plan = self.plan.lock().unwrap();
        let (left, moment) = plan.as_mut()?;
        *left = left.saturating_sub(1);
        (*left == 0).then_some(*moment)
    }

    async fn pass<T>(&self, request: impl Future<Output = T>) -> T {
        let last = self.next();
        if last != Some(CrashPoint::Before) {
            self.count(1);
            let answer = request.await;
            self.count(-1);
            if last.is_none() {
                return answer;
            }
        }
        self.reached.notify_one();
        std::future::pending().await
    }
}

struct Crashing<P: ?Sized>(Arc<P>, Arc<CrashPlan>);

#[async_trait]
impl Login for Crashing<dyn Login> {
    async fn request_token(
        &self,
        secret: &AccountSecret,
        refresh_token: Option<&SecretString>,
        timeout: Duration,
    ) -> Result<Token, LoginError> {
        self.1.pass(self.0.request_token(secret, refresh_token, timeout)).await
    }

    async fn device_code(&self, client: &Client) -> Result<DeviceCode, LoginError> {
        self.1.pass(self.0.device_code(client)).await
    }

    async fn poll(&self, client: &Client, device_code: &SecretString) -> Result<Poll, LoginError> {
        self.1.pass(self.0.poll(client, device_code)).await
    }
}

#[async_trait]
impl Graph for Crashing<dyn Graph> {
    async fn batch(&self, caller: &Caller<'_>, items: &[BatchItem]) -> Result<Vec<BatchReply>, GraphError> {
        self.1.pass(self.0.batch(caller, items)).await
    }
}

/// An app-only account, for the mailbox and drive of the user with this number.
pub(crate) fn app_only(number: usize) -> Value {
    json!({"tenant_id": TENANT, "client_id": APP, "client_secret": APP_SECRET, "user_id": user(number)})
}

/// A delegated account with the password of the user with this number.
pub(crate) fn password(number: usize) -> Value {
    json!({"tenant_id": TENANT, "client_id": PUBLIC_APP, "username": user(number), "password": PASSWORD})
}

/// The same with a refresh token from a sign-in.
pub(crate) fn refresh_token(app: &TestApp, number: usize) -> Value {
    let token = app.tenant.issue_refresh_token(TENANT, PUBLIC_APP, &user(number));
    json!({"tenant_id": TENANT, "client_id": PUBLIC_APP, "refresh_token": token})
}

/// The secret with this policy.
pub(crate) fn with_policy(mut secret: Value, policy: Value) -> Value {
    secret["policy"] = policy;
    secret
}

/// A policy that draws exactly this many of [`READS`].
pub(crate) fn reads(count: usize) -> Value {
    json!({"operations": {"include": READS}, "writes": false, "calls_per_run": {"min": count, "max": count}})
}

/// A policy that draws this many of [`WRITES`], and their prerequisites.
pub(crate) fn writes(count: usize) -> Value {
    json!({"operations": {"include": WRITES}, "calls_per_run": {"min": count, "max": count}})
}

/// The default interval in seconds.
pub(crate) const INTERVAL: RangeInclusive<i64> = 3600..=14_400;

/// Where two values differ, for messages.
pub(crate) fn difference(path: &str, before: &Value, after: &Value) -> Vec<String> {
    match (before, after) {
        _ if before == after => Vec::new(),
        (Value::Object(a), Value::Object(b)) => {
            let mut names: Vec<&String> = a.keys().chain(b.keys()).collect();
            names.sort();
            names.dedup();
            let at = |map: &serde_json::Map<String, Value>, name: &str| map.get(name).cloned().unwrap_or_default();
            names.iter().flat_map(|name| difference(&format!("{path}/{name}"), &at(a, name), &at(b, name))).collect()
        }
        _ => vec![format!("{path}: {before:.300} -> {after:.300}")],
    }
}
