//! A world in one process: the house on its real adapters, between a fake tenant, an embedded DynamoDB and a stand-in
//! for Secrets Manager, with a clock that is turned by hand.

use std::{
    ops::RangeInclusive,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use e5_evergreen::adapters::aws::dynamodb::DynamoAccounts;
use e5_evergreen::adapters::aws::secrets_manager::SecretsManager;
use e5_evergreen::adapters::aws::sqs::SqsQueue;
use e5_evergreen::adapters::aws::sts::StsIdentity;
use e5_evergreen::adapters::http::{Timeouts, client};
use e5_evergreen::adapters::microsoft::entra::Entra;
use e5_evergreen::adapters::microsoft::graph::GraphClient;
use e5_evergreen::app::{App, Ports, Settings};
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
    sdk_config,
    secrets_manager::FakeSecrets,
    sqs::FakeQueue,
    sts::FakeSts,
};

pub const TENANT: &str = "0f3c1d7e-8a54-4c7e-9b51-2f6f3f1f7a10";
pub const DOMAIN: &str = "contoso.onmicrosoft.com";
pub const APP: &str = "5b1e7c52-7f0a-4d0c-8a86-6a0e4a1f0c01";
pub const APP_SECRET: &str = "right-secret";
pub const PUBLIC_APP: &str = "5b1e7c52-7f0a-4d0c-8a86-6a0e4a1f0c02";
pub const PASSWORD: &str = "correct horse";
pub const PREFIX: &str = "evergreen/";

/// A Monday, far from what the machine's own clock says: nothing may depend on that.
pub const START: &str = "2031-03-03T08:00:00Z";

/// What the fake tenant says of requests beyond its means.
const UNSERVED: &str = "The fake tenant does not serve";

/// Reads that every kind of account may send and that need nothing beforehand.
pub const READS: [&str; 14] = [
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

/// Operations that write, over many services.
pub const WRITES: [&str; 9] = [
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
pub fn user(number: usize) -> String {
    format!("user{number}@{DOMAIN}")
}

/// What differs between worlds.
#[derive(Clone, Debug)]
pub struct Setting {
    pub seed: u64,
    /// Users of the one tenant; each account in a test should have its own.
    pub users: usize,
    pub shards: u16,
    pub concurrency: usize,
    pub single_use_refresh_tokens: bool,
    /// The real time after which a request is given up.
    pub http: Duration,
    /// Lines up to this level are kept.
    pub log: LevelFilter,
}

impl Default for Setting {
    fn default() -> Self {
        Self {
            seed: 1,
            users: 3,
            shards: 1,
            concurrency: 32,
            single_use_refresh_tokens: false,
            http: Duration::from_secs(30),
            log: LevelFilter::INFO,
        }
    }
}

/// Everything there is. Dropping it asserts that the tenant saw no breach of Microsoft's rules, unless forgiven.
pub struct World {
    pub clock: VirtualClock,
    pub tenant: FakeTenant,
    pub dynamo: FakeDynamo,
    pub secrets: FakeSecrets,
    pub sts: FakeSts,
    pub journal: Lines,
    pub app: Arc<App>,
    pub fate: Arc<Fate>,
    /// How long a round may take.
    pub time: TimeDelta,
    setting: Setting,
    houses: u64,
    overlooked: Vec<&'static str>,
}

impl World {
    pub async fn new() -> Self {
        Self::with(Setting::default()).await
    }

    /// Keeps log lines of every level.
    pub async fn traced() -> Self {
        Self::with(Setting { log: LevelFilter::TRACE, ..Setting::default() }).await
    }

    pub async fn seeded(seed: u64) -> Self {
        Self::with(Setting { seed, ..Setting::default() }).await
    }

    pub async fn with(setting: Setting) -> Self {
        let clock = VirtualClock::new(START.parse().unwrap());
        let tenant = FakeTenant::start(Arc::new(clock.clone()), setting.seed).await.unwrap();
        let mut is = Tenant::new(TENANT, DOMAIN)
            .with_app(TenantApp::confidential(APP, APP_SECRET))
            .with_app(TenantApp::public(PUBLIC_APP));
        is.single_use_refresh_tokens = setting.single_use_refresh_tokens;
        for number in 0..setting.users {
            is = is.with_user(User::new(&user(number), PASSWORD));
        }
        tenant.add_tenant(is);
        let (dynamo, secrets) = (FakeDynamo::with_tables().await, FakeSecrets::start().await);
        let sts = FakeSts::start(Arc::new(clock.clone())).await;
        let (journal, fate) = (Lines::new(setting.log), Arc::new(Fate::default()));
        let app = app(&setting, 0, &clock, &tenant, &dynamo, &secrets, &sts, &journal, &fate, None);
        let time = TimeDelta::minutes(5);
        Self {
            clock,
            tenant,
            dynamo,
            secrets,
            sts,
            journal,
            app,
            fate,
            time,
            setting,
            houses: 1,
            overlooked: vec![UNSERVED],
        }
    }

    /// Another function over the same stores, with a memory and a chance of its own.
    pub fn another_house(&mut self) -> Arc<App> {
        self.house_with(None)
    }

    /// From now on ticks send claimed accounts to this queue, and other houses are workers.
    pub async fn fan_out(&mut self) -> FakeQueue {
        let queue = FakeQueue::start().await;
        self.app = self.house_with(Some(&queue));
        queue
    }

    /// The function starts anew with another number of partitions of the due index.
    pub fn reshard(&mut self, shards: u16) {
        self.setting.shards = shards;
        self.restart();
    }

    fn house_with(&mut self, queue: Option<&FakeQueue>) -> Arc<App> {
        self.houses += 1;
        let (clock, journal) = (&self.clock, &self.journal);
        let number = self.houses;
        let (tenant, dynamo, secrets) = (&self.tenant, &self.dynamo, &self.secrets);
        app(&self.setting, number, clock, tenant, dynamo, secrets, &self.sts, journal, &self.fate, queue)
    }

    /// The function dies and starts anew: what it held in memory is lost.
    pub fn restart(&mut self) {
        self.app = self.another_house();
    }

    /// The test provokes breaches on purpose.
    pub fn forgive(&mut self) {
        self.overlook(&[""]);
    }

    /// Breaches that say one of these things do not count: what the fake tenant itself cannot do.
    pub fn overlook(&mut self, saying: &[&'static str]) {
        self.overlooked.extend(saying);
    }

    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    pub fn advance(&self, time: TimeDelta) {
        self.clock.advance(time.to_std().unwrap());
    }

    /// Writes an account's secret, as its owner would.
    pub fn put(&self, account: &str, secret: &Value) {
        self.secrets.put(&format!("{PREFIX}{account}"), secret);
    }

    /// The answer to an event.
    pub async fn try_ask(&self, event: Value) -> Result<Value, HandlerError> {
        self.on(&self.app, &event, self.now() + self.time).await
    }

    /// The answer of one of the apps of this world, whose log lines are kept.
    pub async fn on(&self, app: &Arc<App>, event: &Value, deadline: DateTime<Utc>) -> Result<Value, HandlerError> {
        let answer = async {
            // Made where its lines are kept.
            let invocation = telemetry::invocation_span("00000000-0000-4000-8000-000000000000", false);
            handle(app, event, deadline).instrument(invocation).await
        };
        self.journal.listen(answer).await
    }

    pub async fn ask(&self, event: Value) -> Value {
        let asked = event.to_string();
        self.try_ask(event).await.unwrap_or_else(|error| panic!("{asked}: {error}"))
    }

    pub async fn act(&self, action: &str, account: &str) -> Value {
        self.ask(json!({"action": action, "account": account})).await
    }

    pub async fn refusal(&self, event: Value) -> String {
        self.try_ask(event).await.expect_err("the event is refused").to_string()
    }

    pub async fn tick(&self) -> Value {
        self.ask(json!({"action": "tick"})).await
    }

    pub async fn sync(&self) -> Value {
        self.ask(json!({"action": "sync"})).await
    }

    /// Makes the accounts from the secrets, and lets their first time come.
    pub async fn begin(&self) {
        self.sync().await;
        self.all_due().await;
    }

    /// Turns the clock to the latest of the accounts' next times.
    pub async fn all_due(&self) {
        let items = self.dynamo.scan(ACCOUNTS).await;
        let latest = items.iter().filter_map(|item| item["next_run_at"]["S"].as_str()).max().unwrap().to_owned();
        self.clock.set(self.now().max(latest.parse().unwrap()));
    }

    /// Turns the clock to the account's next time.
    pub async fn advance_to_next_run(&self, account: &str) {
        let next = self.next_run(account).await.expect("the account will be due");
        self.clock.set(self.now().max(next));
    }

    /// A round when the account is due next.
    pub async fn next_round(&self, account: &str) -> Value {
        self.advance_to_next_run(account).await;
        self.tick().await
    }

    pub async fn next_run(&self, account: &str) -> Option<DateTime<Utc>> {
        Some(self.attribute(account, "next_run_at").await?.parse().unwrap())
    }

    /// Seconds until the account's next run, from the whole second that it is now.
    pub async fn wait(&self, account: &str) -> i64 {
        self.next_run(account).await.expect("the account will be due").timestamp() - self.now().timestamp()
    }

    pub async fn attribute(&self, account: &str, name: &str) -> Option<String> {
        self.dynamo.attribute(account, name).await
    }

    pub async fn status(&self, account: &str) -> String {
        self.attribute(account, "status").await.expect("the account has a status")
    }

    /// The runs of an account, oldest first.
    pub async fn runs(&self, account: &str) -> Vec<HistoryRow> {
        let mut rows = self.latest(account, 500).await;
        rows.reverse();
        rows
    }

    pub async fn last_run(&self, account: &str) -> HistoryRow {
        self.latest(account, 1).await.pop().expect("the account has run")
    }

    async fn latest(&self, account: &str, limit: u32) -> Vec<HistoryRow> {
        let id = AccountId::parse(account).unwrap();
        self.app.accounts.history(&id, limit, self.now()).await.unwrap()
    }

    pub fn snapshot(&self) -> Value {
        self.tenant.snapshot(TENANT)
    }

    /// Asserts that the tenant holds just what it held `before`.
    pub fn assert_as_before(&self, before: &Value) {
        let now = self.snapshot();
        assert!(now == *before, "the tenant differs: {}", difference("", before, &now).join("\n"));
    }

    pub fn token_requests(&self) -> Vec<Recorded> {
        self.tenant.requests().into_iter().filter(Recorded::is_login).collect()
    }

    pub fn batches(&self) -> Vec<Recorded> {
        self.tenant.requests().into_iter().filter(|request| !request.is_login()).collect()
    }

    /// Forgets all traffic so far.
    pub fn forget(&self) {
        self.tenant.clear_requests();
        self.dynamo.forget();
        self.secrets.forget();
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{:?} at {}", self.setting, self.now());
        } else {
            let mut violations = self.tenant.violations();
            violations.retain(|what| !self.overlooked.iter().any(|known| what.contains(known)));
            assert!(violations.is_empty(), "{:?}: {violations:#?}", self.setting);
        }
    }
}

#[expect(clippy::too_many_arguments, reason = "the parts of a world")]
fn app(
    setting: &Setting,
    number: u64,
    clock: &VirtualClock,
    tenant: &FakeTenant,
    dynamo: &FakeDynamo,
    secrets: &FakeSecrets,
    sts: &FakeSts,
    journal: &Lines,
    fate: &Arc<Fate>,
    queue: Option<&FakeQueue>,
) -> Arc<App> {
    let http = client(Timeouts { total: setting.http, ..Timeouts::default() }).unwrap();
    let endpoint: reqwest::Url = tenant.endpoint().parse().unwrap();
    let accounts = DynamoAccounts::new(
        aws_sdk_dynamodb::Client::new(&sdk_config(&dynamo.endpoint)),
        ACCOUNTS.to_owned(),
        RUNS.to_owned(),
        setting.shards,
        TimeDelta::days(30),
    );
    let vault = aws_sdk_secretsmanager::Client::new(&sdk_config(&secrets.endpoint));
    let identity = Arc::new(StsIdentity::new(aws_sdk_sts::Client::new(&sdk_config(&sts.endpoint))));
    let entra = Entra::new(http.clone(), Some(endpoint.clone()), Arc::new(clock.clone()), identity);
    let ports = Ports {
        accounts: Arc::new(accounts),
        secrets: Arc::new(SecretsManager::new(vault, PREFIX.to_owned())),
        tokens: Arc::new(Mortal(entra, Arc::clone(fate))),
        graph: Arc::new(Mortal(GraphClient::new(http, Some(endpoint)), Arc::clone(fate))),
        clock: Arc::new(clock.clone()),
        alerts: Some(Arc::new(journal.clone())),
        queue: queue.map(|queue| -> Arc<dyn Queue> {
            Arc::new(SqsQueue::new(aws_sdk_sqs::Client::new(&sdk_config(&queue.endpoint)), queue.url.clone()))
        }),
    };
    let settings =
        Settings { secret_prefix: PREFIX.to_owned(), due_shards: setting.shards, concurrency: setting.concurrency };
    let chance = ChaCha12Rng::seed_from_u64(setting.seed.wrapping_mul(1_000_003).wrapping_add(number));
    Arc::new(App::new(ports, settings, chance))
}

/// The log of what runs under [`Lines::listen`], kept in memory, and between its lines what a person was told of.
#[derive(Clone)]
pub struct Lines {
    lines: Arc<Mutex<Vec<Value>>>,
    dispatch: Dispatch,
}

/// What the topic is told stands among the lines, with the message `alert`.
#[async_trait]
impl Alerts for Lines {
    async fn publish(&self, alert: &Alert) -> Result<(), InfraError> {
        let line = json!({"message": "alert", "subject": alert.subject, "text": alert.text});
        self.lines.lock().unwrap().push(line);
        Ok(())
    }
}

impl Lines {
    fn new(level: LevelFilter) -> Self {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&lines);
        let keep = move |line: &str| {
            let line = serde_json::from_str(line).unwrap_or_else(|_| panic!("not JSON: {line}"));
            kept.lock().unwrap().push(line);
        };
        Self { lines, dispatch: telemetry::dispatch(level, LogFormat::Json, keep) }
    }

    /// The future, its log lines kept.
    pub fn listen<F: Future>(&self, future: F) -> impl Future<Output = F::Output> + use<F> {
        future.with_subscriber(self.dispatch.clone())
    }

    pub fn all(&self) -> Vec<Value> {
        self.lines.lock().unwrap().clone()
    }

    /// The lines with this message.
    pub fn of(&self, message: &str) -> Vec<Value> {
        self.all().into_iter().filter(|line| line["message"] == message).collect()
    }

    /// Lines of warnings and errors whose text contains all of `parts`.
    pub fn complaints(&self, parts: &[&str]) -> Vec<Value> {
        let told = |line: &Value| {
            let text = line.to_string();
            matches!(line["level"].as_str(), Some("WARN" | "ERROR")) && parts.iter().all(|part| text.contains(part))
        };
        self.all().into_iter().filter(told).collect()
    }

    pub fn clear(&self) {
        self.lines.lock().unwrap().clear();
    }

    pub fn text(&self) -> String {
        self.all().iter().map(|line| format!("{line}\n")).collect()
    }
}

/// Where in its way to Microsoft the function dies.
#[derive(Default)]
pub struct Fate {
    strike: Mutex<Option<(usize, Moment)>>,
    struck: Notify,
    under_way: Mutex<(usize, usize)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// The request was never sent.
    Before,
    /// It was carried out, but nobody heard the answer.
    After,
}

impl Fate {
    /// From now on the nth request to Microsoft, token requests included and counted from 1, is the last.
    pub fn seal(&self, nth: usize, moment: Moment) {
        *self.strike.lock().unwrap() = Some((nth, moment));
    }

    /// Nobody dies any more.
    pub fn spare(&self) {
        *self.strike.lock().unwrap() = None;
    }

    /// Returns when the last request was reached.
    pub async fn struck(&self) {
        self.struck.notified().await;
    }

    /// The most requests that were under way at once.
    pub fn peak(&self) -> usize {
        self.under_way.lock().unwrap().1
    }

    fn count(&self, change: isize) {
        let (now, peak) = &mut *self.under_way.lock().unwrap();
        *now = now.saturating_add_signed(change);
        *peak = (*peak).max(*now);
    }

    fn next(&self) -> Option<Moment> {
        let mut strike = self.strike.lock().unwrap();
        let (left, moment) = strike.as_mut()?;
        *left = left.saturating_sub(1);
        (*left == 0).then_some(*moment)
    }

    async fn meet<T>(&self, request: impl Future<Output = T>) -> T {
        let last = self.next();
        if last != Some(Moment::Before) {
            self.count(1);
            let answer = request.await;
            self.count(-1);
            if last.is_none() {
                return answer;
            }
        }
        self.struck.notify_one();
        std::future::pending().await
    }
}

struct Mortal<P>(P, Arc<Fate>);

#[async_trait]
impl<P: Login> Login for Mortal<P> {
    async fn request_token(
        &self,
        secret: &AccountSecret,
        refresh_token: Option<&SecretString>,
    ) -> Result<Token, LoginError> {
        self.1.meet(self.0.request_token(secret, refresh_token)).await
    }

    async fn device_code(&self, client: &Client) -> Result<DeviceCode, LoginError> {
        self.1.meet(self.0.device_code(client)).await
    }

    async fn poll(&self, client: &Client, device_code: &SecretString) -> Result<Poll, LoginError> {
        self.1.meet(self.0.poll(client, device_code)).await
    }
}

#[async_trait]
impl<P: Graph> Graph for Mortal<P> {
    async fn batch(&self, caller: &Caller<'_>, items: &[BatchItem]) -> Result<Vec<BatchReply>, GraphError> {
        self.1.meet(self.0.batch(caller, items)).await
    }
}

/// An account that speaks for the app, with the mailbox and drive of the user with this number.
pub fn app_only(number: usize) -> Value {
    json!({"tenant_id": TENANT, "client_id": APP, "client_secret": APP_SECRET, "user_id": user(number)})
}

/// An account that speaks for the user with this number.
pub fn password(number: usize) -> Value {
    json!({"tenant_id": TENANT, "client_id": PUBLIC_APP, "username": user(number), "password": PASSWORD})
}

/// The same by a refresh token as a sign-in would have given it.
pub fn refresh_token(world: &World, number: usize) -> Value {
    let token = world.tenant.issue_refresh_token(TENANT, PUBLIC_APP, &user(number));
    json!({"tenant_id": TENANT, "client_id": PUBLIC_APP, "refresh_token": token})
}

/// The secret with a policy.
pub fn under(mut secret: Value, policy: Value) -> Value {
    secret["policy"] = policy;
    secret
}

/// A policy that draws just so many of [`READS`].
pub fn reads(count: usize) -> Value {
    json!({"operations": {"include": READS}, "writes": false, "calls_per_run": {"min": count, "max": count}})
}

/// A policy that draws many of [`WRITES`], and what they need.
pub fn writes(count: usize) -> Value {
    json!({"operations": {"include": WRITES}, "calls_per_run": {"min": count, "max": count}})
}

/// The default interval in seconds.
pub const INTERVAL: RangeInclusive<i64> = 3600..=14_400;

/// Where two values differ, for messages.
pub fn difference(path: &str, before: &Value, after: &Value) -> Vec<String> {
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
