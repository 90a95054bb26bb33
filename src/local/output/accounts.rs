//! Accounts for people: the table of `list`, and the sheet of `show`.

use serde_json::Value;

use crate::local::output::answer::Account;
use crate::local::output::style::{Paint, Style};
use crate::local::output::table::{Cell, Column, Row, table};
use crate::local::output::text::{hanging, pad, printable};
use crate::local::output::time::{day, days_left, moment, upcoming};

/// Warn when fewer days than this are left.
const FEW_DAYS: i64 = 30;

const COLUMNS: [Column; 6] = [
    Column::new("account"),
    Column::new("state"),
    Column::new("last run").dispensable(2),
    Column::new("next run"),
    Column::new("subscription"),
    Column::new("secret").dispensable(1),
];

/// An account, and why its last run failed.
#[derive(Clone, Debug)]
pub(crate) struct ListedAccount {
    pub account: Account,
    pub reason: Option<String>,
}

/// The table of all accounts; below an account that does not work, the reason.
pub(crate) fn list(style: &Style, accounts: &[ListedAccount]) -> String {
    let rows: Vec<Row> = accounts.iter().map(|listed| row(style, listed)).collect();
    table(style, &COLUMNS, &rows)
}

fn row(style: &Style, listed: &ListedAccount) -> Row {
    let account = &listed.account;
    let (state, paint) = state(account);
    let stopped = account.status == "stopped";
    let cells = vec![
        Cell::new(&account.account_id),
        Cell::painted(state, paint),
        Cell::new(account.last_run_at.map_or_else(|| "never".to_owned(), |at| moment(style, at))),
        Cell::new(match account.next_run_at {
            Some(at) if !stopped => upcoming(style, at),
            _ => "-".to_owned(),
        }),
        expiry(style, account.renewal_at),
        expiry(style, account.credential_expires_at),
    ];
    Row { cells, note: reason(listed) }
}

/// The account's state in words.
fn state(account: &Account) -> (String, Paint) {
    let running = account.run_id.is_some();
    match account.status.as_str() {
        "stopped" if account.stopped_by.as_deref() == Some("secret_gone") => {
            ("file missing".to_owned(), Paint::Warning)
        }
        "stopped" => ("stopped".to_owned(), Paint::Warning),
        _ if account.secret_error.is_some() => ("faulty file".to_owned(), Paint::Bad),
        "paused" => ("paused".to_owned(), Paint::Bad),
        _ if running => ("running".to_owned(), Paint::Good),
        _ if account.consecutive_failures > 0 => {
            (format!("not working ({})", account.consecutive_failures), Paint::Bad)
        }
        _ if account.last_run_at.is_none() => ("new".to_owned(), Paint::Plain),
        _ => ("ok".to_owned(), Paint::Good),
    }
}

fn reason(listed: &ListedAccount) -> Option<String> {
    let account = &listed.account;
    let own = match (account.status.as_str(), &account.secret_error) {
        ("stopped", _) => None,
        (_, Some(error)) => Some(error.clone()),
        ("paused", None) => account.pause_cause.clone(),
        _ if account.consecutive_failures > 0 => listed.reason.clone(),
        _ => None,
    };
    let defaults = account.defaults_error.as_ref().map(|error| format!("default policy: {error}"));
    let reasons: Vec<String> = own.into_iter().chain(defaults).chain(account.warnings.iter().cloned()).collect();
    (!reasons.is_empty()).then(|| reasons.join(" · "))
}

fn expiry(style: &Style, at: Option<chrono::DateTime<chrono::Utc>>) -> Cell {
    let Some(at) = at else { return Cell::new("?") };
    let days = (at - style.now).num_days();
    let paint = if days < 0 || at <= style.now {
        Paint::Bad
    } else if days < FEW_DAYS {
        Paint::Warning
    } else {
        Paint::Plain
    };
    Cell::painted(days_left(style, at), paint)
}

/// One account, a line for each fact.
pub(crate) fn show(style: &Style, account: &Account) -> String {
    let listed = ListedAccount { account: account.clone(), reason: None };
    let (state, paint) = state(account);
    let mut lines = vec![fact(style, "account", &account.account_id), {
        let line = fact(style, "state", "");
        format!("{line}{}", style.paint(&state, paint))
    }];
    let mut add = |name: &str, value: Option<String>| {
        lines.extend(value.filter(|value| !value.is_empty()).map(|value| fact(style, name, &value)));
    };
    add("reason", reason(&listed));
    add("paused since", account.paused_since.map(|at| moment(style, at)));
    add("last run", account.last_run_at.map(|at| moment(style, at)));
    add("next run", account.next_run_at.map(|at| upcoming(style, at)));
    let end = |at: chrono::DateTime<chrono::Utc>| format!("{}, on {}", days_left(style, at), day(style, at));
    add("subscription", account.renewal_at.map(end));
    add("credential", account.credential_expires_at.map(end));
    add("secret", account.secret.clone());
    add("auth", account.auth.clone());
    add("cloud", account.cloud.clone());
    add("tenant", account.tenant_id.clone());
    add("client", account.client_id.clone());
    let settings = account.policy.iter().flatten().map(|(name, value)| (format!("policy.{name}"), setting(value)));
    for (name, value) in settings {
        add(&name, Some(value));
    }
    let set_aside =
        account.set_aside.iter().map(|(operation, until)| format!("{operation} until {}", day(style, *until)));
    add("set aside", Some(set_aside.collect::<Vec<_>>().join(", ")));
    lines.join("\n")
}

/// A policy, a line for each field.
pub(crate) fn policy(style: &Style, policy: Value) -> String {
    let Value::Object(fields) = policy else { return String::new() };
    let lines = fields.iter().map(|(name, value)| fact(style, name, &setting(value)));
    lines.collect::<Vec<_>>().join("\n")
}

/// A setting of a policy as people write it.
fn setting(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(values) if values.is_empty() => "none".to_owned(),
        Value::Array(values) => values.iter().map(setting).collect::<Vec<_>>().join(", "),
        Value::Object(fields) => {
            for (low, high) in [("min", "max"), ("from", "to")] {
                if let (Some(low), Some(high), 2) = (fields.get(low), fields.get(high), fields.len()) {
                    return format!("{} to {}", setting(low), setting(high));
                }
            }
            let fields = fields.iter().map(|(name, value)| format!("{name} {}", setting(value)));
            fields.collect::<Vec<_>>().join("; ")
        }
        other => other.to_string(),
    }
}

fn fact(style: &Style, name: &str, value: &str) -> String {
    hanging(&pad(name, 26), &printable(value), style.width)
}
