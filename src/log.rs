//! Log lines: one JSON object each, with level, time-free (CloudWatch and journald stamp them), no secret.

use serde_json::{Map, Value, json};

use crate::ports::Journal;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    Info,
    Warn,
    Error,
}

impl Level {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "INFO",
            Self::Warn => "WARN",
            Self::Error => "ERROR",
        }
    }
}

/// A line with `level`, `message` and the fields of `more` (an object).
pub fn line(level: Level, message: &str, more: Value) -> Value {
    let mut fields = Map::new();
    fields.insert("level".to_owned(), json!(level.as_str()));
    fields.insert("message".to_owned(), json!(message));
    if let Value::Object(more) = more {
        fields.extend(more);
    }
    Value::Object(fields)
}

/// Standard output, a line each.
pub struct Stdout;

impl Journal for Stdout {
    fn write(&self, line: &Value) {
        use std::io::Write;
        // A log that cannot be written must not end the work that it tells of.
        let _ = writeln!(std::io::stdout().lock(), "{line}");
    }
}
