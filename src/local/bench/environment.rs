//! The world of the benchmark: the stand-ins, each behind its door, and all accounts due.

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
use crate::local::bench::recording::{Book, Service};
use crate::local::bench::recording_proxy::Door;
use crate::local::bench::{BenchArgs, child, secrets_manager};
use crate::local::dynamodb::{ACCOUNTS, LocalDynamoDb, RUNS};
use crate::ports::AccountStore;
use fake_tenant::{App, FakeTenant, Fault, FaultAction, Secret, SystemClock, Tenant, User, When};

/// Every account has a client secret of its own, this and its id, so that a token request tells whose it is.
pub const CLIENT_SECRET: &str = "secret-of-";

const PREFIX: &str = "evergreen/";

/// Users of one tenant.
const TOGETHER: usize = 8;

/// The policy of the benchmark: a run of a dozen reads, which need one token and one batch.
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

/// Serves until standard input closes. The word `replay` on it ends the recording.
pub async fn serve(asked: &BenchArgs) -> anyhow::Result<()> {
    let client = client(Timeouts::default())?;
    let tenant = FakeTenant::start(Arc::new(SystemClock), 1).await.context("starting the fake tenant")?;
    tenant.set_recording(false);
    let (login_takes, graph_takes) = (millis(asked.login_ms), millis(asked.graph_ms));
    if !login_takes.is_zero() {
        tenant.inject(Fault::login(When::Always, FaultAction::Slow(login_takes)));
    }
    if !graph_takes.is_zero() {
        tenant.inject(Fault::http(When::Always, FaultAction::Slow(graph_takes)));
    }
    let secrets = populate(&tenant, asked)?;
    let embedded = LocalDynamoDb::in_memory(client.clone()).await?;
    make_due(&embedded, asked.accounts).await?;
    let vault = secrets_manager::serve(secrets).await.context("starting the stand-in for Secrets Manager")?;

    let book = Arc::new(Book::default());
    let door = |service, upstream: &str, takes| {
        let (upstream, book, client) = (upstream.to_owned(), Arc::clone(&book), client.clone());
        Door { service, upstream, takes, book, client }.open()
    };
    let doors = json!({
        "login": door(Service::Login, &tenant.endpoint(), login_takes).await?,
        "graph": door(Service::Graph, &tenant.endpoint(), graph_takes).await?,
        "dynamodb": door(Service::Dynamodb, &embedded.endpoint, Duration::ZERO).await?,
        "secrets": door(Service::Secrets, &vault, Duration::ZERO).await?,
        "recording": recording(Arc::clone(&book)).await?,
        "concurrency": asked.concurrency,
    });
    child::say(&doors)?;

    let mut words = BufReader::new(tokio::io::stdin()).lines();
    while let Some(word) = words.next_line().await? {
        anyhow::ensure!(word == "replay", "`{word}` is not understood");
        let mut traffic = book.play();
        traffic.violations = u32::try_from(tenant.violations().len()).unwrap_or(u32::MAX);
        child::say(&traffic)?;
    }
    embedded.close().await;
    Ok(())
}

fn millis(number: u32) -> Duration {
    Duration::from_millis(number.into())
}

fn account_id(number: usize) -> anyhow::Result<AccountId> {
    Ok(AccountId::parse(&format!("account-{number:06}"))?)
}

/// Makes tenants with users enough that no two accounts in flight share one, and gives the accounts' secrets.
fn populate(tenant: &FakeTenant, asked: &BenchArgs) -> anyhow::Result<HashMap<String, String>> {
    let accounts = asked.accounts as usize;
    let users = accounts.min(4 * asked.concurrency as usize);
    let asking = Policy::parse(policy()).context("the policy of the benchmark")?;
    let wanted = required::wanted(&asking, Access::AppOnly, Some("user"));
    let roles = required::permissions(&wanted, Access::AppOnly).into_iter().map(str::to_owned).collect();
    let app = App { roles, ..App::confidential("", "") };

    let guid = |number: usize| format!("00000000-0000-4000-8000-{number:012}");
    let upn = |user: usize| format!("user{user}@tenant{}.example", user / TOGETHER);
    let mut tenants: Vec<Tenant> = (0..users.div_ceil(TOGETHER))
        .map(|number| {
            let app = App { client_id: guid(1_000_000 + number), secrets: Vec::new(), ..app.clone() };
            Tenant::new(&guid(number), &format!("tenant{number}.example")).with_app(app)
        })
        .collect();
    for user in 0..users {
        tenants[user / TOGETHER].users.push(User::new(&upn(user), "a password that nobody uses"));
    }
    let mut secrets = HashMap::new();
    for number in 0..accounts {
        let id = account_id(number)?;
        let user = number % users;
        let at = &mut tenants[user / TOGETHER];
        let value = format!("{CLIENT_SECRET}{id}");
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

/// Adds the accounts as `sync` leaves them, due since a while.
async fn make_due(embedded: &LocalDynamoDb, accounts: u32) -> anyhow::Result<()> {
    let store =
        DynamoAccounts::new(embedded.client.clone(), ACCOUNTS.to_owned(), RUNS.to_owned(), 1, TimeDelta::days(30));
    let due = Utc::now() - TimeDelta::minutes(10);
    stream::iter(0..accounts as usize)
        .map(|number| {
            let store = &store;
            async move {
                let mut account = Account::new(account_id(number)?, due);
                account.secret_name = Some(format!("{PREFIX}{}", account.id));
                account.secret_version = Some(secrets_manager::VERSION.to_owned());
                anyhow::ensure!(store.create(&account).await?, "the account {} is there already", account.id);
                Ok(())
            }
        })
        .buffer_unordered(32)
        .try_collect()
        .await
}

/// Serves the requests of the round as JSON; gives the address.
async fn recording(book: Arc<Book>) -> anyhow::Result<String> {
    async fn requests(State(book): State<Arc<Book>>) -> Response {
        match serde_json::to_vec(&book.requests()) {
            Ok(requests) => requests.into_response(),
            Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        }
    }
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.context("listening on loopback")?;
    let address = format!("http://{}", listener.local_addr()?);
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(requests).with_state(book)).await });
    Ok(address)
}
