//! Bootstrap: builds the app of the function, the local program, the benchmark and the tests alike.

use std::sync::Arc;

use chrono::TimeDelta;
use rand::SeedableRng;
use rand::rngs::{ChaCha12Rng, SysError, SysRng};
use reqwest::Client;
use thiserror::Error;

use crate::adapters::aws::dynamodb::DynamoAccounts;
use crate::adapters::aws::secrets_manager::SecretsManager;
use crate::adapters::aws::sns::SnsTopic;
use crate::adapters::aws::sqs::SqsQueue;
use crate::adapters::aws::sts::StsIdentity;
use crate::adapters::http::{self, ClientError, Timeouts};
use crate::adapters::microsoft::entra::Entra;
use crate::adapters::microsoft::graph::GraphClient;
use crate::adapters::system::clock::SystemClock;
use crate::app::settings::Settings;
use crate::app::{App, Ports};
use crate::config::{Config, ConfigError};
use crate::ports::{Alerts, Clock, Queue, Secrets, WebIdentity};

/// What an app is built from: where programs differ, they differ here.
pub struct Parts {
    pub config: Config,
    /// The one HTTP client, for Microsoft and AWS alike.
    pub http: Client,
    pub dynamodb: aws_sdk_dynamodb::Client,
    pub secrets: Arc<dyn Secrets>,
    /// The identity of the program itself, for federated credentials.
    pub identity: Arc<dyn WebIdentity>,
    pub clock: Arc<dyn Clock>,
    pub alerts: Option<Arc<dyn Alerts>>,
    pub queue: Option<Arc<dyn Queue>>,
}

/// Why a program cannot start.
#[derive(Debug, Error)]
pub enum BootstrapError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Http(#[from] ClientError),
    #[error("the system gives no random numbers")]
    Random(#[from] SysError),
}

impl Parts {
    /// The parts of a program on AWS, with region and credentials of its environment.
    ///
    /// # Errors
    /// Where TLS cannot be set up.
    pub async fn on_aws(config: Config) -> Result<Self, ClientError> {
        let http = http::client(Timeouts::default())?;
        let sdk = http::sdk_config(http.clone()).await;
        let secrets = SecretsManager::new(aws_sdk_secretsmanager::Client::new(&sdk), config.secret_prefix.clone());
        let topic = |arn| -> Arc<dyn Alerts> { Arc::new(SnsTopic::new(aws_sdk_sns::Client::new(&sdk), arn)) };
        let queue = |url| -> Arc<dyn Queue> { Arc::new(SqsQueue::new(aws_sdk_sqs::Client::new(&sdk), url)) };
        Ok(Self {
            http,
            dynamodb: aws_sdk_dynamodb::Client::new(&sdk),
            secrets: Arc::new(secrets),
            identity: Arc::new(StsIdentity::new(aws_sdk_sts::Client::new(&sdk))),
            clock: Arc::new(SystemClock),
            alerts: config.alert_topic_arn.clone().map(topic),
            queue: config.queue_url.clone().map(|url| queue(url.into())),
            config,
        })
    }

    /// The app; `random` as in [`App::new`].
    pub fn app(self, random: ChaCha12Rng) -> App {
        let (ports, settings) = self.ports();
        App::new(ports, settings, random)
    }

    /// Ports on their adapters, and the settings beside them.
    pub fn ports(self) -> (Ports, Settings) {
        let Self { config, http, dynamodb, secrets, identity, clock, alerts, queue } = self;
        let retention = TimeDelta::days(config.run_retention_days.into());
        let accounts =
            DynamoAccounts::new(dynamodb, config.accounts_table, config.runs_table, config.due_shards, retention);
        let settings = Settings {
            secret_prefix: config.secret_prefix,
            due_shards: config.due_shards,
            concurrency: config.concurrency,
        };
        let ports = Ports {
            accounts: Arc::new(accounts),
            secrets,
            tokens: Arc::new(Entra::new(http.clone(), config.login_endpoint, Arc::clone(&clock), identity)),
            graph: Arc::new(GraphClient::new(http, config.graph_endpoint)),
            clock,
            alerts,
            queue,
        };
        (ports, settings)
    }
}

/// The app of the function.
///
/// # Errors
/// An environment that is incomplete, or a system that cannot give what every program needs.
pub async fn function_app() -> Result<App, BootstrapError> {
    Ok(Parts::on_aws(Config::from_env()?).await?.app(system_random()?))
}

/// An unpredictable generator.
///
/// # Errors
/// Where the system gives no random numbers.
pub fn system_random() -> Result<ChaCha12Rng, SysError> {
    ChaCha12Rng::try_from_rng(&mut SysRng)
}
