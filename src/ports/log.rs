//! Where log lines go.

use serde_json::Value;

/// Where log lines go, one JSON object each.
pub trait Journal: Send + Sync {
    fn write(&self, line: &Value);
}
