//! The Lambda function: builds the house once, then answers events.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use e5_evergreen::adapters::aws::dynamodb::DynamoAccounts;
use e5_evergreen::adapters::aws::secrets_manager::SecretsManager;
use e5_evergreen::adapters::aws::sns::SnsTopic;
use e5_evergreen::adapters::aws::sqs::Sqs;
use e5_evergreen::adapters::aws::sts::StsIdentity;
use e5_evergreen::adapters::http::{self, Timeouts};
use e5_evergreen::adapters::microsoft::entra::Entra;
use e5_evergreen::adapters::microsoft::graph::GraphClient;
use e5_evergreen::adapters::system::clock::SystemClock;
use e5_evergreen::app::settings::Settings;
use e5_evergreen::app::{App, Ports};
use e5_evergreen::config::{Config, LogConfig};
use e5_evergreen::handler::{HandlerError, handle};
use e5_evergreen::ports::{Alerts, Queue};
use e5_evergreen::telemetry::{self, output};
use lambda_runtime::tower::util::ThenLayer;
use lambda_runtime::{Diagnostic, LambdaEvent, Runtime, service_fn};
use rand::SeedableRng;
use rand::rngs::{ChaCha12Rng, SysRng};
use reqwest::Url;
use serde_json::Value;
use tracing::{Instrument, dispatcher, error};

type Failure = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let LogConfig { level, format } = LogConfig::from_env();
    // Fails where there is one already; there is none.
    let _ = dispatcher::set_global_default(telemetry::dispatch(level, format, output::stdout));
    match serve().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            error!(error = %error, "the function cannot start");
            ExitCode::FAILURE
        }
    }
}

async fn serve() -> Result<(), Failure> {
    let app = Arc::new(app().await?);
    let (misdeployed, cold_start) = (AtomicBool::new(false), AtomicBool::new(true));
    let service = service_fn(|event: LambdaEvent<Value>| {
        let cold_start = cold_start.swap(false, Ordering::Relaxed);
        let span = telemetry::invocation_span(&event.context.request_id, cold_start);
        answer(&app, event, &misdeployed).instrument(span)
    });
    // Once the answer is delivered: where the tables are not as they should be, Lambda starts the function anew.
    let leave = ThenLayer::new(|delivered: Result<(), Failure>| {
        let misdeployed = misdeployed.load(Ordering::Relaxed);
        async move { if misdeployed { Err("a table or an index is not as it should be".into()) } else { delivered } }
    });
    Runtime::new(service).layer(leave).run().await
}

async fn answer(app: &Arc<App>, event: LambdaEvent<Value>, misdeployed: &AtomicBool) -> Result<Value, Diagnostic> {
    let deadline = i64::try_from(event.context.deadline).ok().and_then(DateTime::from_timestamp_millis);
    let deadline = deadline.unwrap_or_else(|| Utc::now() + TimeDelta::minutes(1));
    handle(app, &event.payload, deadline).await.map_err(|error| {
        misdeployed.fetch_or(error.misdeployed(), Ordering::Relaxed);
        diagnostic(&error)
    })
}

/// What Lambda's caller sees. The scheduler looks at no answer: without the line nobody would ever know why.
fn diagnostic(error: &HandlerError) -> Diagnostic {
    let (error_type, error_message) = (error.kind().to_owned(), error.to_string());
    error!(error_type, error = error_message, "the event was not carried out");
    Diagnostic { error_type, error_message }
}

/// Everything that outlives an invocation: one HTTP client for Graph and AWS alike.
async fn app() -> Result<App, Failure> {
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
    let topic = |arn| -> Arc<dyn Alerts> { Arc::new(SnsTopic::new(aws_sdk_sns::Client::new(&sdk), arn)) };
    let alerts = config.alert_topic_arn.map(topic);
    let queue = |url: Url| -> Arc<dyn Queue> { Arc::new(Sqs::new(aws_sdk_sqs::Client::new(&sdk), url.into())) };
    let queue = config.queue_url.map(queue);
    let clock = Arc::new(SystemClock);
    let identity = Arc::new(StsIdentity::new(aws_sdk_sts::Client::new(&sdk)));
    let ports = Ports {
        accounts: Arc::new(accounts),
        secrets: Arc::new(secrets),
        tokens: Arc::new(Entra::new(client.clone(), config.login_endpoint, clock.clone(), identity)),
        graph: Arc::new(GraphClient::new(client, config.graph_endpoint)),
        clock,
        alerts,
        queue,
    };
    let settings = Settings {
        secret_prefix: config.secret_prefix,
        due_shards: config.due_shards,
        concurrency: config.concurrency,
    };
    Ok(App::new(ports, settings, ChaCha12Rng::try_from_rng(&mut SysRng)?))
}
