//! Printing: answers to standard output, notes to standard error. A stream that cannot be written ends no run.

use std::io::{ErrorKind, IsTerminal, Write, stderr, stdout};

use anyhow::Context;
use chrono::Utc;
use console::Term;
use serde_json::Value;

use crate::local::output::style::{Style, Zone};

/// Prints an answer. A reader that has seen enough (`| head`) is no failure.
///
/// # Errors
/// If standard output cannot be written, such as on a full disk.
pub(super) fn answer(text: &str) -> anyhow::Result<()> {
    match writeln!(stdout().lock(), "{text}") {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error).context("writing the answer"),
        _ => Ok(()),
    }
}

/// Prints an answer as JSON.
///
/// # Errors
/// As [`answer`].
pub(super) fn json(value: &Value) -> anyhow::Result<()> {
    answer(&format!("{value:#}"))
}

/// Prints a line to standard error, or drops it: a full disk must not end the work that it reports.
pub(super) fn note(text: &str) {
    let _ = stderr().lock().write_all(format!("{text}\n").as_bytes());
}

/// Prints a line of `serve` to standard output, or drops it.
pub(super) fn line(text: &str) {
    let _ = stdout().lock().write_all(format!("{text}\n").as_bytes());
}

/// The form of answers on standard output.
pub(super) fn output_style() -> Style {
    style(&Term::stdout(), stdout().is_terminal(), console::colors_enabled())
}

/// The form of notes on standard error.
pub(super) fn note_style() -> Style {
    style(&Term::stderr(), stderr().is_terminal(), console::colors_enabled_stderr())
}

fn style(terminal: &Term, on_terminal: bool, colour: bool) -> Style {
    let width = on_terminal.then(|| usize::from(terminal.size().1));
    Style { width, colour: on_terminal && colour, zone: Zone::Local, now: Utc::now() }
}
