//! The environment of the benchmark: the stand-ins, each behind its recording proxy, and accounts that are all due.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chrono::{TimeDelta, Utc};
use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::json;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpListener;

use crate::adapters::aws::dynamodb::DynamoAccounts;
use crate::adapters::http::{Timeouts, client};
use crate::domain::account::{Account, AccountId};
use crate::domain::catalogue::Access;
use crate::domain::permissions::required;
use crate::domain::policy::Policy;
use crate::local::bench::args::BenchArgs;
use crate::local::bench::recording::{Recording, Service};
use crate::local::bench::recording_proxy::{CLIENT_SECRET_PREFIX, RecordingProxy};
use crate::local::bench::{child, secrets_manager};
use crate::local::dynamodb::{ACCOUNTS, LocalDynamoDb, RUNS};
use crate::ports::AccountStore;
use fake_tenant::{App, FakeTenant, Fault, FaultAction, Secret, SystemClock, Tenant, User, When};

const PREFIX: &str = "evergreen/";

const USERS_PER_TENANT: usize = 8;

/// The policy of the benchmark: runs of twelve reads, which take one token request and one batch.
fn policy() -> serde_json::Value {
    let reads = [
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
    json!({"operations": {"include": reads}, "writes": false, "calls_per_run": {"min": 12, "max": 12}})
}

/// Serves until standard input closes. A line `replay` ends the recording.
pub(super) async fn serve(args: &BenchArgs) -> anyhow::Result<()> {
    let client = client(Timeouts::default())?;
    let tenant = FakeTenant::start(Arc::new(SystemClock), 1).await.context("starting the fake tenant")?;
    tenant.set_recording(false);
    let (login_latency, graph_latency) = (millis(args.login_ms), millis(args.graph_ms));
    if !login_latency.is_zero() {
        tenant.inject(Fault::login(When::Always, FaultAction::Slow(login_latency)));
    }
    if !graph_latency.is_zero() {
        tenant.inject(Fault::http(When::Always, FaultAction::Slow(graph_latency)));
    }
    let secrets = populate(&tenant, args)?;
    let database = LocalDynamoDb::in_memory().await?;
    make_due(&database, args.accounts).await?;
    let dynamodb = serve_dynamodb(&database).await?;
    let secrets_manager_at =
        secrets_manager::serve(secrets).await.context("starting the stand-in for Secrets Manager")?;

    let recording = Arc::new(Recording::default());
    let proxy = |service, upstream: &str, latency| {
        let (upstream, recording, client) = (upstream.to_owned(), Arc::clone(&recording), client.clone());
        RecordingProxy { service, upstream, latency, recording, client }.open()
    };
    let endpoints = json!({
        "login": proxy(Service::Login, &tenant.endpoint(), login_latency).await?,
        "graph": proxy(Service::Graph, &tenant.endpoint(), graph_latency).await?,
        "dynamodb": proxy(Service::Dynamodb, &dynamodb, Duration::ZERO).await?,
        "secrets": proxy(Service::Secrets, &secrets_manager_at, Duration::ZERO).await?,
        "recording": serve_recording(Arc::clone(&recording)).await?,
        "concurrency": args.concurrency,
    });
    child::report(&endpoints)?;

    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        anyhow::ensure!(line == "replay", "`{line}` is not a command");
        let mut traffic = recording.play();
        traffic.violations = u32::try_from(tenant.violations().len()).unwrap_or(u32::MAX);
        child::report(&traffic)?;
    }
    Ok(())
}

fn millis(number: u32) -> Duration {
    Duration::from_millis(number.into())
}

fn account_id(number: usize) -> anyhow::Result<AccountId> {
    Ok(AccountId::parse(&format!("account-{number:06}"))?)
}

/// Creates tenants with enough users that no two accounts in flight share one; returns the accounts' secrets by name.
fn populate(tenant: &FakeTenant, args: &BenchArgs) -> anyhow::Result<HashMap<String, String>> {
    let accounts = args.accounts as usize;
    let users = accounts.min(4 * args.concurrency as usize);
    let policy_of_runs = Policy::parse(policy()).context("the policy of the benchmark")?;
    let wanted = required::wanted(&policy_of_runs, Access::AppOnly, Some("user"));
    let roles = required::permissions(&wanted, Access::AppOnly).into_iter().map(str::to_owned).collect();
    let app = App { roles, ..App::confidential("", "") };

    let guid = |number: usize| format!("00000000-0000-4000-8000-{number:012}");
    let upn = |user: usize| format!("user{user}@tenant{}.example", user / USERS_PER_TENANT);
    let mut tenants: Vec<Tenant> = (0..users.div_ceil(USERS_PER_TENANT))
        .map(|number| {
            let app = App { client_id: guid(1_000_000 + number), secrets: Vec::new(), ..app.clone() };
            Tenant::new(&guid(number), &format!("tenant{number}.example")).with_app(app)
        })
        .collect();
    for user in 0..users {
        tenants[user / USERS_PER_TENANT].users.push(User::new(&upn(user), "an unused password"));
    }
    let mut secrets = HashMap::new();
    for number in 0..accounts {
        let id = account_id(number)?;
        let user = number % users;
        let at = &mut tenants[user / USERS_PER_TENANT];
        let value = format!("{CLIENT_SECRET_PREFIX}{id}");
        let secret = json!({
            "tenant_id": at.id, "client_id": at.apps[0].client_id, "client_secret": value,
            "user_id": upn(user), "policy": policy(),
        });
        at.apps[0].secrets.push(Secret { value, expires: None });
        secrets.insert(format!("{PREFIX}{id}"), secret.to_string());
    }
    tenants.into_iter().for_each(|made| tenant.add_tenant(made));
    Ok(secrets)
}

/// Adds the accounts as `sync` leaves them, due for ten minutes.
async fn make_due(database: &LocalDynamoDb, accounts: u32) -> anyhow::Result<()> {
    let store =
        DynamoAccounts::new(database.client.clone(), ACCOUNTS.to_owned(), RUNS.to_owned(), 1, TimeDelta::days(30));
    let due = Utc::now() - TimeDelta::minutes(10);
    stream::iter(0..accounts as usize)
        .map(|number| {
            let store = &store;
            async move {
                let mut account = Account::new(account_id(number)?, due);
                account.secret_name = Some(format!("{PREFIX}{}", account.id));
                account.secret_version = Some(secrets_manager::VERSION.to_owned());
                anyhow::ensure!(store.create(&account).await?, "the account {} exists already", account.id);
                Ok(())
            }
        })
        .buffer_unordered(32)
        .try_collect()
        .await
}

/// Serves the database on loopback; returns the address.
async fn serve_dynamodb(database: &LocalDynamoDb) -> anyhow::Result<String> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.context("listening on loopback")?;
    let address = format!("http://{}", listener.local_addr()?);
    tokio::spawn(dynoxide::server::serve_on(listener, database.database()));
    Ok(address)
}

/// Serves the requests of the round as JSON; returns the address.
async fn serve_recording(recording: Arc<Recording>) -> anyhow::Result<String> {
    async fn requests(State(recording): State<Arc<Recording>>) -> Response {
        match serde_json::to_vec(&recording.requests()) {
            Ok(requests) => requests.into_response(),
            Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        }
    }
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.context("listening on loopback")?;
    let address = format!("http://{}", listener.local_addr()?);
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(requests).with_state(recording)).await });
    Ok(address)
}
