//! A station: the house on one machine, with its data in one folder.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use rand::rngs::ChaCha12Rng;
use reqwest::Url;

use crate::adapters::system::clock::SystemClock;
use crate::app::App;
use crate::bootstrap::{self, Parts};
use crate::config::Config;
use crate::local::dynamodb::{ACCOUNTS, LocalDynamoDb, RUNS};
use crate::local::network::{Connection, Network};
use crate::local::no_web_identity::NoWebIdentity;
use crate::local::secret_files::{PREFIX, SecretFiles};
use crate::ports::Clock;

/// The house with its own database.
pub(super) struct LocalApp {
    pub app: Arc<App>,
    pub embedded: LocalDynamoDb,
}

impl LocalApp {
    /// Opens the folder that `evergreen init` made. The environment may set what [`Config`] knows; its tables
    /// are the folder's own.
    pub(super) async fn open(data: &Path, http: reqwest::Client) -> anyhow::Result<Self> {
        let secrets = secrets_folder(data);
        anyhow::ensure!(secrets.is_dir(), "{}", wrong_folder(data));
        let embedded = LocalDynamoDb::open(&state_file(data)).await?;
        let random = bootstrap::system_random().context("asking the system for random numbers")?;
        let secrets = SecretFiles::new(secrets).with_any_mode(any_mode());
        Ok(Self::build(embedded, secrets, Arc::new(SystemClock), http, config()?, random))
    }

    pub(super) fn build(
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
            // `list` and `history` show what a topic would be sent.
            alerts: None,
            queue: None,
        };
        Self { app: Arc::new(parts.app(random)), embedded }
    }
}

/// The way to Microsoft by the environment's settings.
pub(super) fn connection() -> anyhow::Result<Connection> {
    let network = Network::read(|name| std::env::var(name).ok());
    Connection::open(&network, config()?.login_endpoint.as_ref())
}

/// The endpoints that replace the hosts of the login service and of Graph.
pub(super) fn endpoints() -> anyhow::Result<(Option<Url>, Option<Url>)> {
    let config = config()?;
    Ok((config.login_endpoint, config.graph_endpoint))
}

/// The folder in which user programs keep their settings.
pub(super) fn home() -> anyhow::Result<PathBuf> {
    std::env::home_dir().context("there is no home folder")
}

pub(super) fn state_file(data: &Path) -> PathBuf {
    data.join("state.db")
}

pub(super) fn secrets_folder(data: &Path) -> PathBuf {
    data.join("secrets")
}

/// What to do where a folder is not a data folder.
fn wrong_folder(data: &Path) -> String {
    let shown = data.display();
    let parent = data.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if data.file_name().is_some_and(|name| name == "secrets") && data.is_dir() {
        return format!("{shown} is the folder of the secrets: did you mean --data {}?", parent.display());
    }
    let here = if secrets_folder(Path::new(".")).is_dir() { " (this folder is one: --data .)" } else { "" };
    format!(
        "{shown} is not a data folder: it has no secrets/. Name yours with --data or EVERGREEN_DATA{here}, or create it \
         with: evergreen init --data {shown}"
    )
}

/// Whether secret files count that other users of the machine can read.
fn any_mode() -> bool {
    std::env::var("EVERGREEN_ANY_MODE").is_ok_and(|value| value == "1")
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
pub(super) fn config_for(endpoint: Url) -> anyhow::Result<Config> {
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
