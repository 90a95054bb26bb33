//! Fields of lines: from `tracing`'s values to JSON.

use std::fmt::Debug;

use serde::Serialize;
use serde_json::{Map, Value};
use tracing::field::{Field, Visit};

/// The reserved field: an object, rendered as JSON, whose members become fields of the line.
const FIELDS: &str = "fields";

/// The value of the field `fields`: an object whose members become fields of the line, nested as they are.
pub fn as_fields(object: &impl Serialize) -> String {
    // What cannot be rendered is left out: a log line must not end the work that it reports.
    serde_json::to_string(object).unwrap_or_default()
}

/// Collects the fields of an event or of a span.
#[derive(Clone, Debug, Default)]
pub(super) struct Fields(pub(super) Map<String, Value>);

impl Fields {
    fn insert(&mut self, field: &Field, value: impl Into<Value>) {
        self.0.insert(field.name().to_owned(), value.into());
    }
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() != FIELDS {
            self.insert(field, value);
        } else if let Ok(Value::Object(members)) = serde_json::from_str(value) {
            self.0.extend(members);
        }
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.insert(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.insert(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.insert(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.insert(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.insert(field, format!("{value:?}"));
    }
}
