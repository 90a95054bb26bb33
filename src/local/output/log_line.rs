//! Log lines for people: each run, each warning and each error as a line with its time.

use serde_json::Value;

use crate::local::output::answer::Run;
use crate::local::output::round;
use crate::local::output::style::{Paint, Style};
use crate::local::output::text::{hanging, printable};
use crate::local::output::time::clock;

/// The line that a person is shown for a log line of the contract; `None` for one that only machines read.
pub(crate) fn log_line(style: &Style, line: &Value) -> Option<String> {
    // Metrics are for CloudWatch.
    if line.get("_aws").is_some() {
        return None;
    }
    let time = format!("{}  ", clock(style, style.now));
    match line["message"].as_str() {
        _ if is_run(line) => {
            let run: Run = serde_json::from_value(line.clone()).ok()?;
            let shown = round::run(style, &time, &run);
            let failures = if run.outcome == "succeeded" { &run.failures[..] } else { &[] };
            Some(std::iter::once(shown).chain(round::failures(style, failures)).collect::<Vec<_>>().join("\n"))
        }
        Some(message) if line["level"] != "INFO" => Some(fault(style, &time, message, line)),
        _ => None,
    }
}

/// Whether the line reports a run.
pub(crate) fn is_run(line: &Value) -> bool {
    line["message"] == "run" && line.get("outcome").is_some()
}

fn fault(style: &Style, time: &str, message: &str, line: &Value) -> String {
    let account = line["account"].as_str().map(|account| format!("{account}: ")).unwrap_or_default();
    let error = line["error"].as_str().map(|error| format!(": {error}")).unwrap_or_default();
    let text = hanging(time, &printable(&format!("{account}{message}{error}")), style.width);
    let (start, rest) = text.split_at(time.len());
    format!("{start}{}", style.paint(rest, if line["level"] == "ERROR" { Paint::Bad } else { Paint::Warning }))
}
