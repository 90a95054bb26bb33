//! The form of a line: one JSON object, or text.

use std::fmt::Write;

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value, json};
use tracing::Level;

/// The form of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object a line; the contract's field names.
    Json,
    /// Time, level, message, then `field=value`, all of them. Lines of metrics stay JSON, for CloudWatch to find.
    Text,
    /// For a person at a terminal: the time of the day, the message, and what is worth a look. No metrics.
    Short { colour: bool },
}

impl LogFormat {
    pub(super) const fn has_metrics(self) -> bool {
        matches!(self, Self::Json | Self::Text)
    }

    pub(super) fn render(self, line: Line) -> Option<String> {
        match self {
            Self::Text if !line.fields.contains_key("_aws") => Some(line.text()),
            Self::Json | Self::Text => Some(line.json()),
            Self::Short { colour } => Some(line.short(colour)),
        }
    }
}

/// A line before it is written.
pub(super) struct Line {
    pub(super) at: DateTime<Utc>,
    pub(super) level: Level,
    pub(super) fields: Map<String, Value>,
}

impl Line {
    fn json(mut self) -> String {
        // Lambda takes a line's level only from a line with a timestamp.
        self.fields.insert("timestamp".to_owned(), json!(self.at.to_rfc3339_opts(SecondsFormat::Millis, true)));
        self.fields.insert("level".to_owned(), json!(self.level.as_str()));
        Value::Object(self.fields).to_string()
    }

    fn text(mut self) -> String {
        let message = self.message();
        let mut text = format!("{} {} {message}", self.at.to_rfc3339_opts(SecondsFormat::Millis, true), self.level);
        for (name, value) in &self.fields {
            push(&mut text, name, &quoted(value));
        }
        text
    }

    fn short(mut self, colour: bool) -> String {
        let message = self.message();
        let level = format!("{:5}", self.level.as_str());
        let level = if colour { format!("{}{level}\u{1b}[0m", paint(self.level)) } else { level };
        let mut text = format!("{} {level} {message}", self.at.format("%T"));
        for (name, value) in &self.fields {
            push_short(&mut text, name, value);
        }
        text
    }

    fn message(&mut self) -> String {
        self.fields.remove("message").as_ref().map(plain).unwrap_or_default()
    }
}

const fn paint(level: Level) -> &'static str {
    match level {
        Level::ERROR => "\u{1b}[31m",
        Level::WARN => "\u{1b}[33m",
        Level::INFO => "\u{1b}[32m",
        Level::DEBUG => "\u{1b}[34m",
        Level::TRACE => "\u{1b}[35m",
    }
}

fn push(text: &mut String, name: &str, value: &str) {
    // Writing to a String does not fail.
    let _ = write!(text, " {name}={value}");
}

/// Nothing for what is empty or zero; the number of a list's members; an object's members as fields of their own.
fn push_short(text: &mut String, name: &str, value: &Value) {
    match value {
        Value::Null | Value::Bool(false) => {}
        Value::Number(number) if number.as_f64() == Some(0.0) => {}
        Value::Array(members) if members.is_empty() => {}
        Value::Array(members) => push(text, name, &members.len().to_string()),
        Value::Object(members) => members.iter().for_each(|(name, value)| push_short(text, name, value)),
        value => push(text, name, &quoted(value)),
    }
}

/// Quoted where it would not be told from the next field.
fn quoted(value: &Value) -> String {
    match value {
        Value::String(text) if text.contains([' ', '"', '=']) => plain(&json!(value.to_string())),
        value => plain(value),
    }
}

/// Text as it is, but for control characters: a value must not begin a line or steer a terminal.
fn plain(value: &Value) -> String {
    let Value::String(text) = value else { return value.to_string() };
    text.chars().fold(String::with_capacity(text.len()), |mut plain, char| {
        if char.is_control() {
            plain.extend(char.escape_default())
        } else {
            plain.push(char)
        }
        plain
    })
}
