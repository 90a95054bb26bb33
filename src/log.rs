//! Log lines: one JSON object each, with level and message, no secret. Time is stamped on where they are written.

use serde_json::{Map, Value, json};

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
