//! Runs and rounds for people: a line for each run, and what a round came to.

use crate::local::output::answer::{Failure, Round, Run};
use crate::local::output::history::calls;
use crate::local::output::style::{Paint, Style};
use crate::local::output::text::{count, hanging, pad, printable, services};
use crate::local::output::time::upcoming;

/// Columns of the account's name in a line.
const ACCOUNT_COLUMNS: usize = 10;
/// Failed calls named after one run.
const MAX_FAILURES: usize = 5;

/// `mine  ok: 14 calls in mail, calendar · next run today 20:27 (3 h)`, with `first` before it.
pub(crate) fn run(style: &Style, first: &str, run: &Run) -> String {
    let good = run.outcome == "succeeded";
    let word = match (good, run.status.as_str()) {
        (true, _) => "ok",
        (false, "paused") => "paused",
        (false, _) => "failed",
    };
    let mut text = format!("{word}: ");
    if good {
        text += &count(run.calls_ok as usize, "call");
        let services = services(run.operations.iter().map(String::as_str));
        if !services.is_empty() {
            text += &format!(" in {services}");
        }
        if run.calls_failed + run.calls_throttled > 0 {
            text += &format!(" ({})", calls(0, run.calls_failed, run.calls_throttled));
        }
    } else {
        text += run.reason.as_deref().unwrap_or(&run.outcome);
    }
    if let Some(why) = &run.unrecorded {
        text += &format!(" · not recorded: {why}");
    }
    if let Some(at) = run.next_run_at {
        text += &format!(" · next run {}", upcoming(style, at));
    }
    let paint = if good { Paint::Good } else { Paint::Bad };
    let before = format!("{first}{}  ", pad(&printable(&run.account), ACCOUNT_COLUMNS));
    let text = hanging(&before, &printable(&text), style.width);
    // Every line begins with `before`, so that the first word is where it ends.
    let (start, rest) = text.split_at(before.len().min(text.len()));
    let rest =
        rest.strip_prefix(word).map_or_else(|| rest.to_owned(), |rest| format!("{}{rest}", style.paint(word, paint)));
    format!("{start}{rest}")
}

/// The calls of a run that failed, a line each.
pub(crate) fn failures(style: &Style, failures: &[Failure]) -> Vec<String> {
    let mut lines: Vec<String> =
        failures.iter().take(MAX_FAILURES).map(|failure| failed_call(style, failure)).collect();
    if failures.len() > MAX_FAILURES {
        lines.push(format!("  and {} more", failures.len() - MAX_FAILURES));
    }
    lines
}

fn failed_call(style: &Style, failure: &Failure) -> String {
    let code = failure.error_code.as_deref().map(|code| format!(" {code}")).unwrap_or_default();
    let means = failure.means.as_deref().map(|means| format!(": {means}")).unwrap_or_default();
    let text = format!("{} answered {}{code}{means}", failure.operation, failure.status);
    hanging("  └ ", &printable(&text), style.width)
}

/// `2 accounts were due: 1 ok, 1 failed`.
pub(crate) fn round(round: &Round) -> String {
    let part = |count: u32, what: &str| (count > 0).then(|| format!("{count} {what}"));
    let parts = [
        part(round.succeeded, "ok"),
        part(round.failed, "failed"),
        part(round.paused, "paused"),
        part(round.deferred, "left for the next round"),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    match (round.due, parts.is_empty()) {
        (0, _) => "No account was due.".to_owned(),
        (due, true) => format!("{} due.", count(due as usize, "account")),
        (due, false) => format!("{} due: {}.", count(due as usize, "account"), parts.join(", ")),
    }
}
