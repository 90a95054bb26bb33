//! Telemetry: log lines, written through `tracing`.
//!
//! A line is one event of this crate, with the fields of the spans around it. Data that is more than text and numbers
//! goes into one reserved field: `info!(fields = as_fields(&json!({"round": report})), "round")`.

mod fields;
mod format;
mod layer;
pub mod output;
mod settings;

pub use fields::as_fields;
pub use format::LogFormat;
pub use layer::{LogLayer, METRICS};
pub use settings::LogSettings;

use tracing::level_filters::LevelFilter;
use tracing::{Dispatch, Span};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry;

/// Hands each line up to this level, without its line break, to `write`.
pub fn dispatch(level: LevelFilter, format: LogFormat, write: impl Fn(&str) + Send + Sync + 'static) -> Dispatch {
    Dispatch::new(registry().with(LogLayer::new(level, format, write)))
}

/// The span of one invocation. Spans are of level ERROR, so that lines of every level carry their fields.
pub fn invocation_span(request_id: &str, cold_start: bool) -> Span {
    tracing::error_span!("invocation", requestId = request_id, cold_start)
}

/// The span of one run.
pub fn run_span(account: &str, run_id: &str) -> Span {
    tracing::error_span!("run", account, run_id)
}

#[cfg(test)]
mod tests;
