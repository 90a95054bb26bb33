//! A station: the house on one machine, with its data in one folder.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use chrono::TimeDelta;
use rand::SeedableRng;
use rand::rngs::{ChaCha12Rng, SysRng};
use reqwest::Url;

use crate::adapters::aws::dynamodb::DynamoAccounts;
use crate::adapters::http::{self, Timeouts};
use crate::adapters::microsoft::entra::Entra;
use crate::adapters::microsoft::graph::GraphClient;
use crate::adapters::system::clock::SystemClock;
use crate::app::settings::Settings;
use crate::app::{App, Ports};
use crate::config::Config;
use crate::local::dynamodb::{ACCOUNTS, LocalDynamoDb, RUNS};
use crate::local::no_web_identity::NoWebIdentity;
use crate::local::secret_files::{PREFIX, SecretFiles};
use crate::ports::{Clock, Secrets};

/// The house with its own database.
pub struct LocalApp {
    pub app: Arc<App>,
    pub embedded: LocalDynamoDb,
}

/// What a station is built from, where it is not what production uses.
pub struct Parts {
    pub embedded: LocalDynamoDb,
    pub secrets: Arc<dyn Secrets>,
    pub clock: Arc<dyn Clock>,
    pub http: reqwest::Client,
    pub config: Config,
    pub chance: ChaCha12Rng,
}

impl LocalApp {
    /// Opens the folder that `evergreen init` made. The environment may set what [`Config`] knows; its tables
    /// are the folder's own.
    pub async fn open(data: &Path) -> anyhow::Result<Self> {
        let secrets = secrets_folder(data);
        anyhow::ensure!(
            secrets.is_dir(),
            "{} is not there: `evergreen init --data {}` makes it",
            secrets.display(),
            data.display()
        );
        let http = http::client(Timeouts::default()).context("setting up HTTP")?;
        let embedded = LocalDynamoDb::open(&data.join("state.db")).await?;
        let parts = Parts {
            embedded,
            secrets: Arc::new(SecretFiles::new(secrets)),
            clock: Arc::new(SystemClock),
            http,
            config: config()?,
            chance: ChaCha12Rng::try_from_rng(&mut SysRng).context("asking the system for chance")?,
        };
        Ok(Self::build(parts))
    }

    pub fn build(parts: Parts) -> Self {
        let Parts { embedded, secrets, clock, http, config, chance } = parts;
        let retention = TimeDelta::days(config.run_retention_days.into());
        let accounts = DynamoAccounts::new(
            embedded.client.clone(),
            config.accounts_table,
            config.runs_table,
            config.due_shards,
            retention,
        );
        let ports = Ports {
            accounts: Arc::new(accounts),
            secrets,
            tokens: Arc::new(Entra::new(
                http.clone(),
                config.login_endpoint,
                Arc::clone(&clock),
                Arc::new(NoWebIdentity),
            )),
            graph: Arc::new(GraphClient::new(http, config.graph_endpoint)),
            clock,
            // What is told to a topic stands in `list` and `history`.
            alerts: None,
            queue: None,
        };
        let settings = Settings {
            secret_prefix: config.secret_prefix,
            due_shards: config.due_shards,
            concurrency: config.concurrency,
        };
        Self { app: Arc::new(App::new(ports, settings, chance)), embedded }
    }
}

pub fn secrets_folder(data: &Path) -> PathBuf {
    data.join("secrets")
}

/// The environment's configuration, with the tables and the secrets' names of a station.
fn config() -> anyhow::Result<Config> {
    Ok(Config::read(|name| match name {
        "ACCOUNTS_TABLE" => Some(ACCOUNTS.to_owned()),
        "RUNS_TABLE" => Some(RUNS.to_owned()),
        "SECRET_PREFIX" => Some(PREFIX.to_owned()),
        _ => std::env::var(name).ok(),
    })?)
}

/// A station's configuration with both of Microsoft's services at one other address.
pub fn config_for(endpoint: Url) -> anyhow::Result<Config> {
    let mut config = Config::read(|name| match name {
        "ACCOUNTS_TABLE" => Some(ACCOUNTS.to_owned()),
        "RUNS_TABLE" => Some(RUNS.to_owned()),
        "SECRET_PREFIX" => Some(PREFIX.to_owned()),
        _ => None,
    })?;
    config.login_endpoint = Some(endpoint.clone());
    config.graph_endpoint = Some(endpoint);
    Ok(config)
}
