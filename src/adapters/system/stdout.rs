//! The journal on standard output: where the time is stamped on.

use std::io::Write;

use chrono::{SecondsFormat, Utc};
use serde_json::{Value, json};

use crate::ports::Journal;

/// Standard output, a line each.
pub struct Stdout;

impl Journal for Stdout {
    fn write(&self, line: &Value) {
        let mut line = line.clone();
        // Lambda believes a line's level only where a timestamp stands beside it.
        line["timestamp"] = json!(Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true));
        // As one piece: the lock's buffer looks through each for the end of the line. A log that cannot be written must
        // not end the work that it tells of.
        let _ = std::io::stdout().lock().write_all(format!("{line}\n").as_bytes());
    }
}
