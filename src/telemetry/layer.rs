//! The layer: makes a line of each event of this crate. Events of other crates are never written, at any level: they may
//! hold headers, bodies and tokens.

use chrono::Utc;
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use crate::telemetry::fields::Fields;
use crate::telemetry::format::{Line, LogFormat};

/// The target of all events that are written, or what theirs begins with.
const CRATE: &str = "e5_evergreen";

/// The target of lines that CloudWatch makes metrics of. They are written at any level: an alarm counts them.
pub const METRICS: &str = "e5_evergreen::metrics";

/// Writes lines.
pub struct LogLayer<W> {
    level: LevelFilter,
    format: LogFormat,
    write: W,
}

impl<W> LogLayer<W> {
    pub fn new(level: LevelFilter, format: LogFormat, write: W) -> Self {
        Self { level, format, write }
    }

    fn writes(&self, metadata: &Metadata<'_>) -> bool {
        let target = metadata.target();
        if target == METRICS {
            return self.format.has_metrics();
        }
        let ours = target.strip_prefix(CRATE).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"));
        ours && *metadata.level() <= self.level
    }
}

impl<S, W> Layer<S> for LogLayer<W>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: Fn(&str) + Send + Sync + 'static,
{
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if self.writes(metadata) { Interest::always() } else { Interest::never() }
    }

    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        self.writes(metadata)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(if self.format.has_metrics() { self.level.max(LevelFilter::INFO) } else { self.level })
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        span.extensions_mut().insert(fields);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        if let Some(fields) = span.extensions_mut().get_mut::<Fields>() {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        // The innermost value of a field counts.
        for span in context.event_scope(event).into_iter().flat_map(|scope| scope.from_root()) {
            if let Some(inherited) = span.extensions().get::<Fields>() {
                fields.0.extend(inherited.0.clone());
            }
        }
        event.record(&mut fields);
        let line = Line { at: Utc::now(), level: *event.metadata().level(), fields: fields.0 };
        if let Some(text) = self.format.render(line) {
            (self.write)(&text);
        }
    }
}
