//! Changes of accounts while `serve` runs, a line each.

use chrono::{DateTime, Utc};

use crate::local::output::answer::Sync;
use crate::local::output::style::{Paint, Style};
use crate::local::output::text::{count, printable};
use crate::local::output::time::{clock, upcoming};

/// A new account, and when it is due for the first time.
pub(crate) struct NewAccount {
    pub(crate) account: String,
    pub(crate) first_run: Option<DateTime<Utc>>,
}

/// New accounts (some of them may be left out of `created`), then those that resumed, changed or stopped.
pub(crate) fn changes(style: &Style, sync: &Sync, created: &[NewAccount]) -> Vec<String> {
    let time = clock(style, style.now);
    let new = style.paint("new", Paint::Good);
    let mut lines: Vec<String> = created
        .iter()
        .map(|created| {
            let first = created.first_run.map(|at| format!(": first run {}", upcoming(style, at)));
            format!("{time}  {}  {new}{}", printable(&created.account), first.unwrap_or_default())
        })
        .collect();
    let more = sync.created.len().saturating_sub(created.len());
    if more > 0 {
        lines.push(format!("{time}  and {}", count(more, "more new account")));
    }
    let changed =
        [("resumed", &sync.resumed), ("changed", &sync.changed), ("stopped: the file is missing", &sync.stopped)];
    for (what, accounts) in changed {
        lines.extend(accounts.iter().map(|account| format!("{time}  {}  {what}", printable(account))));
    }
    lines
}
