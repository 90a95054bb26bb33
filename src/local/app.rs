//! A station: the house on one machine, with its data in one folder.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use rand::rngs::ChaCha12Rng;
use reqwest::Url;

use crate::adapters::http::{self, Timeouts};
use crate::adapters::system::clock::SystemClock;
use crate::app::App;
use crate::bootstrap::{self, Parts};
use crate::config::Config;
use crate::local::dynamodb::{ACCOUNTS, LocalDynamoDb, RUNS};
use crate::local::no_web_identity::NoWebIdentity;
use crate::local::secret_files::{PREFIX, SecretFiles};
use crate::ports::Clock;

/// The house with its own database.
pub struct LocalApp {
    pub app: Arc<App>,
    pub embedded: LocalDynamoDb,
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
        let random = bootstrap::system_random().context("asking the system for random numbers")?;
        Ok(Self::build(embedded, SecretFiles::new(secrets), Arc::new(SystemClock), http, config()?, random))
    }

    pub fn build(
        embedded: LocalDynamoDb,
        secrets: SecretFiles,
        clock: Arc<dyn Clock>,
        http: reqwest::Client,
        config: Config,
        random: ChaCha12Rng,
    ) -> Self {
        let parts = Parts {
            config,
            http,
            dynamodb: embedded.client.clone(),
            secrets: Arc::new(secrets),
            identity: Arc::new(NoWebIdentity),
            clock,
            // What a topic would be sent stands in `list` and `history`.
            alerts: None,
            queue: None,
        };
        Self { app: Arc::new(parts.app(random)), embedded }
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
