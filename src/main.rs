//! The Lambda function: builds the house once, then answers events.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use e5_evergreen::adapters::dynamodb::DynamoAccounts;
use e5_evergreen::adapters::entra::Entra;
use e5_evergreen::adapters::graph::GraphBatch;
use e5_evergreen::adapters::http::{self, Timeouts};
use e5_evergreen::adapters::secrets_manager::SecretsManager;
use e5_evergreen::adapters::sns::Topic;
use e5_evergreen::clock::SystemClock;
use e5_evergreen::config::Config;
use e5_evergreen::handler::{HandlerError, handle};
use e5_evergreen::house::{House, Ports, Settings};
use e5_evergreen::log::Stdout;
use e5_evergreen::ports::Alerts;
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use rand::SeedableRng;
use rand::rngs::{ChaCha12Rng, SysRng};
use serde_json::Value;

type Failure = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let house = Arc::new(house().await?);
    lambda_runtime::run(service_fn(|event: LambdaEvent<Value>| answer(&house, event))).await
}

async fn answer(house: &Arc<House>, event: LambdaEvent<Value>) -> Result<Value, Diagnostic> {
    let deadline = i64::try_from(event.context.deadline).ok().and_then(DateTime::from_timestamp_millis);
    let deadline = deadline.unwrap_or_else(|| Utc::now() + TimeDelta::minutes(1));
    handle(house, &event.payload, deadline).await.map_err(|error| diagnostic(&error))
}

fn diagnostic(error: &HandlerError) -> Diagnostic {
    Diagnostic { error_type: error.kind().to_owned(), error_message: error.to_string() }
}

/// Everything that outlives an invocation: one HTTP client for Graph and AWS alike.
async fn house() -> Result<House, Failure> {
    let config = Config::from_env()?;
    let client = http::client(Timeouts::default())?;
    let sdk = http::sdk_config(client.clone()).await;
    let accounts = DynamoAccounts::new(
        aws_sdk_dynamodb::Client::new(&sdk),
        config.accounts_table,
        config.runs_table,
        config.due_shards,
        TimeDelta::days(config.run_retention_days.into()),
    );
    let secrets = SecretsManager::new(aws_sdk_secretsmanager::Client::new(&sdk), config.secret_prefix.clone());
    let topic = |arn| -> Arc<dyn Alerts> { Arc::new(Topic::new(aws_sdk_sns::Client::new(&sdk), arn)) };
    let alerts = config.alert_topic_arn.map(topic);
    let ports = Ports {
        accounts: Arc::new(accounts),
        secrets: Arc::new(secrets),
        tokens: Arc::new(Entra::new(client.clone(), config.login_endpoint)),
        graph: Arc::new(GraphBatch::new(client, config.graph_endpoint)),
        clock: Arc::new(SystemClock),
        journal: Arc::new(Stdout),
        alerts,
    };
    let settings = Settings {
        secret_prefix: config.secret_prefix,
        due_shards: config.due_shards,
        concurrency: config.concurrency,
    };
    Ok(House::new(ports, settings, ChaCha12Rng::try_from_rng(&mut SysRng)?))
}
