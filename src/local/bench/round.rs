//! The measured process: the application on its real adapters, for one round.

use std::sync::Arc;
use std::time::Instant;

use chrono::TimeDelta;
use rand::SeedableRng;
use rand::rngs::ChaCha12Rng;
use serde::{Deserialize, Serialize};
use tracing::instrument::WithSubscriber;
use tracing::level_filters::LevelFilter;

use super::args::Endpoints;
use super::usage;
use crate::adapters::aws::dynamodb::DynamoAccounts;
use crate::adapters::aws::secrets_manager::SecretsManager;
use crate::adapters::http::{self, Timeouts};
use crate::adapters::microsoft::entra::Entra;
use crate::adapters::microsoft::graph::GraphClient;
use crate::adapters::system::clock::SystemClock;
use crate::app::settings::Settings;
use crate::app::{App, Ports};
use crate::config::Config;
use crate::local::dynamodb::{ACCOUNTS, RUNS};
use crate::local::no_web_identity::NoWebIdentity;
use crate::telemetry::{self, LogFormat, output};

/// Cost of one round. Wall time and CPU are the round's; memory is the whole process's.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Measured {
    pub wall_s: f64,
    pub cpu_s: f64,
    pub peak_rss_mb: Option<f64>,
    claimed: u32,
    succeeded: u32,
    calls_ok: u32,
}

impl Measured {
    /// # Errors
    /// If not every account's run succeeded with all its calls.
    pub fn check(&self, accounts: u32) -> anyhow::Result<()> {
        let Self { claimed, succeeded, calls_ok, .. } = *self;
        anyhow::ensure!(
            claimed == accounts && succeeded == accounts && calls_ok == 12 * accounts,
            "of {accounts} accounts {claimed} were claimed, {succeeded} succeeded, with {calls_ok} calls"
        );
        Ok(())
    }
}

/// Measures one round over all due accounts.
pub async fn measure(at: &Endpoints) -> anyhow::Result<Measured> {
    let app = Arc::new(app(at).await?);
    let log = telemetry::dispatch(LevelFilter::INFO, LogFormat::Json, output::stdout);
    let deadline = app.clock.now() + TimeDelta::days(1);
    let (cpu, started) = (usage::cpu()?, Instant::now());
    let report = crate::round::round(&app, deadline).with_subscriber(log).await?;
    let (wall, cpu) = (started.elapsed(), usage::cpu()? - cpu);
    Ok(Measured {
        wall_s: wall.as_secs_f64(),
        cpu_s: cpu.as_secs_f64(),
        peak_rss_mb: usage::peak_rss_mb(),
        claimed: report.claimed,
        succeeded: report.succeeded,
        calls_ok: report.calls_ok,
    })
}

/// As the function builds it; region, credentials and endpoints of AWS come from the environment.
async fn app(at: &Endpoints) -> anyhow::Result<App> {
    let config = Config::read(|name| match name {
        "ACCOUNTS_TABLE" => Some(ACCOUNTS.to_owned()),
        "RUNS_TABLE" => Some(RUNS.to_owned()),
        "CONCURRENCY" => Some(at.concurrency.to_string()),
        "LOGIN_ENDPOINT" => Some(at.login.clone()),
        "GRAPH_ENDPOINT" => Some(at.graph.clone()),
        _ => None,
    })?;
    let client = http::client(Timeouts::default())?;
    let sdk = http::sdk_config(client.clone()).await;
    let retention = TimeDelta::days(config.run_retention_days.into());
    let dynamodb = aws_sdk_dynamodb::Client::new(&sdk);
    let secrets = aws_sdk_secretsmanager::Client::new(&sdk);
    let clock = Arc::new(SystemClock);
    let ports = Ports {
        accounts: Arc::new(DynamoAccounts::new(
            dynamodb,
            config.accounts_table,
            config.runs_table,
            config.due_shards,
            retention,
        )),
        secrets: Arc::new(SecretsManager::new(secrets, config.secret_prefix.clone())),
        tokens: Arc::new(Entra::new(client.clone(), config.login_endpoint, clock.clone(), Arc::new(NoWebIdentity))),
        graph: Arc::new(GraphClient::new(client, config.graph_endpoint)),
        clock,
        alerts: None,
        queue: None,
    };
    let settings = Settings {
        secret_prefix: config.secret_prefix,
        due_shards: config.due_shards,
        concurrency: config.concurrency,
    };
    Ok(App::new(ports, settings, ChaCha12Rng::seed_from_u64(2026)))
}
