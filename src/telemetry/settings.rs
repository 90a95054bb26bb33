//! Level and format of log lines, as Lambda names them.
//!
//! Source: docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-advanced.html.

use tracing::level_filters::LevelFilter;

use crate::telemetry::format::LogFormat;

/// Level and format of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogSettings {
    pub level: LevelFilter,
    pub format: LogFormat,
}

impl LogSettings {
    /// An invalid value counts as INFO or JSON, so that errors about other variables are still written.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Self {
        let level = variable("AWS_LAMBDA_LOG_LEVEL").map(|level| level.trim().to_ascii_uppercase());
        let level = match level.as_deref() {
            Some("TRACE") => LevelFilter::TRACE,
            Some("DEBUG") => LevelFilter::DEBUG,
            Some("WARN") => LevelFilter::WARN,
            Some("ERROR" | "FATAL") => LevelFilter::ERROR,
            _ => LevelFilter::INFO,
        };
        let text = variable("AWS_LAMBDA_LOG_FORMAT").is_some_and(|format| format.trim().eq_ignore_ascii_case("text"));
        Self { level, format: if text { LogFormat::Text } else { LogFormat::Json } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_level_and_format_come_from_lambdas_variables() {
        for (level, format, read) in [
            (None, None, (LevelFilter::INFO, LogFormat::Json)),
            (Some("DEBUG"), Some("JSON"), (LevelFilter::DEBUG, LogFormat::Json)),
            (Some("trace"), Some("Text"), (LevelFilter::TRACE, LogFormat::Text)),
            (Some("WARN"), Some("text"), (LevelFilter::WARN, LogFormat::Text)),
            (Some("FATAL"), Some("xml"), (LevelFilter::ERROR, LogFormat::Json)),
            (Some("loud"), Some(""), (LevelFilter::INFO, LogFormat::Json)),
        ] {
            let config = LogSettings::read(|name| match name {
                "AWS_LAMBDA_LOG_LEVEL" => level.map(str::to_owned),
                "AWS_LAMBDA_LOG_FORMAT" => format.map(str::to_owned),
                _ => None,
            });
            assert_eq!((config.level, config.format), read, "{level:?} {format:?}");
        }
    }
}
