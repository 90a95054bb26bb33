//! The Lambda function: builds the app once, then answers events.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use e5_evergreen::app::App;
use e5_evergreen::bootstrap;
use e5_evergreen::config::log_settings;
use e5_evergreen::handler::{HandlerError, handle};
use e5_evergreen::telemetry::{self, LogSettings, output};
use lambda_runtime::tower::util::ThenLayer;
use lambda_runtime::{Diagnostic, LambdaEvent, Runtime, service_fn};
use serde_json::Value;
use tracing::{Instrument, dispatcher, error};

type Failure = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let LogSettings { level, format } = log_settings();
    // Fails only where one is set already.
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
    let app = Arc::new(bootstrap::function_app().await?);
    let (misdeployed, cold_start) = (AtomicBool::new(false), AtomicBool::new(true));
    let service = service_fn(|event: LambdaEvent<Value>| {
        let cold_start = cold_start.swap(false, Ordering::Relaxed);
        let span = telemetry::invocation_span(&event.context.request_id, cold_start);
        answer(&app, event, &misdeployed).instrument(span)
    });
    // Where the tables are missing or wrong, the process ends once the answer is delivered, so that Lambda starts a new one.
    let leave = ThenLayer::new(|delivered: Result<(), Failure>| {
        let misdeployed = misdeployed.load(Ordering::Relaxed);
        async move {
            if misdeployed { Err("a table or an index is missing or has the wrong keys".into()) } else { delivered }
        }
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

/// The error that Lambda's caller sees. It is logged too: the scheduler ignores answers.
fn diagnostic(error: &HandlerError) -> Diagnostic {
    let (error_type, error_message) = (error.kind().to_owned(), error.to_string());
    error!(error_type, error = error_message, "the event was not carried out");
    Diagnostic { error_type, error_message }
}
