//! `sync` for people: accounts that are new, changed, resumed or stopped, and faulty secrets.

use crate::local::output::answer::{Sync, SyncError};
use crate::local::output::style::{Paint, Style};
use crate::local::output::text::{count, hanging, printable, wrap};

/// Accounts named in one line.
const MAX_NAMED: usize = 10;
/// Before the further lines of a fault.
const INDENT: &str = "    ";

/// What the sync did, a line for each kind of change.
pub(crate) fn sync(style: &Style, sync: &Sync) -> String {
    let changes = [
        ("new", &sync.created),
        ("resumed", &sync.resumed),
        ("changed", &sync.changed),
        ("stopped, since the file is missing", &sync.stopped),
        ("running just now, looked at next time", &sync.busy),
    ];
    let mut lines: Vec<String> = changes
        .iter()
        .filter(|(_, accounts)| !accounts.is_empty())
        .map(|(what, accounts)| hanging(&format!("{what}: "), &named(accounts), style.width))
        .collect();
    if sync.unchanged > 0 {
        lines.push(format!("unchanged: {}", count(sync.unchanged as usize, "account")));
    }
    if lines.is_empty() && sync.errors.is_empty() {
        lines.push("No account: there is no secret file.".to_owned());
    }
    lines.extend(errors(style, &sync.errors));
    lines.join("\n")
}

/// Faulty secrets, a line each.
pub(crate) fn errors(style: &Style, errors: &[SyncError]) -> Vec<String> {
    errors.iter().map(|error| fault(style, &format!("{}.json", error.secret), &error.error)).collect()
}

/// A file and what to do about it.
pub(crate) fn fault(style: &Style, file: &str, what: &str) -> String {
    let file = printable(file);
    let mut lines = match style.width {
        Some(columns) => wrap(&format!("{file}: {}", printable(what)), columns.saturating_sub(INDENT.len())),
        None => vec![format!("{file}: {}", printable(what))],
    };
    if let Some(first) = lines.first_mut()
        && let Some(rest) = first.strip_prefix(file.as_str())
    {
        *first = format!("{}{rest}", style.paint(&file, Paint::Bad));
    }
    lines.join(&format!("\n{INDENT}"))
}

fn named(accounts: &[String]) -> String {
    let named = accounts.iter().take(MAX_NAMED).map(|account| printable(account)).collect::<Vec<_>>().join(", ");
    match accounts.len().saturating_sub(MAX_NAMED) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}
