//! Examples of what people see: answers at 80 and 200 columns and in a pipe.

use chrono::{DateTime, FixedOffset, Utc};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::local::output::accounts::{ListedAccount, list, show};
use crate::local::output::answer::{self, Account};
use crate::local::output::changes::{NewAccount, changes};
use crate::local::output::check::check;
use crate::local::output::history::history;
use crate::local::output::log_line::log_line;
use crate::local::output::plan::plan;
use crate::local::output::round::{round, run};
use crate::local::output::style::{Style, Zone};
use crate::local::output::sync::sync;
use crate::local::output::text::width;

const REASON: &str = "AADSTS7000215: the client secret is wrong. Create a client secret in the app registration and put its \
                      value into the secret.";

/// A terminal in Shanghai of so many columns, or a pipe.
fn style(width: Option<usize>) -> Style {
    let now: DateTime<Utc> = "2026-11-25T07:08:00Z".parse().unwrap();
    Style { width, colour: false, zone: Zone::Fixed(FixedOffset::east_opt(8 * 3600).unwrap()), now }
}

fn read<T: DeserializeOwned>(value: Value) -> T {
    answer::read(value).unwrap()
}

#[track_caller]
fn assert_fits(text: &str, columns: usize) {
    assert!(text.lines().all(|line| width(line) <= columns && line == line.trim_end()), "{text}");
}

fn accounts() -> Vec<ListedAccount> {
    let account = |id: &str, more: Value| -> Account {
        let mut fields = json!({
            "account_id": id, "status": "active", "next_run_at": "2026-11-25T10:27:00Z",
            "last_run_at": "2026-11-25T07:03:00Z", "renewal_at": "2027-01-15T00:00:00Z",
            "credential_expires_at": "2027-05-17T00:00:00Z",
        });
        fields.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        read(fields)
    };
    let listed = |account: Account, reason: Option<&str>| ListedAccount { account, reason: reason.map(str::to_owned) };
    vec![
        listed(account("mine", json!({})), None),
        listed(account("megan", json!({"consecutive_failures": 1, "renewal_at": null})), Some(REASON)),
        listed(account("old", json!({"status": "paused", "pause_cause": REASON})), None),
        listed(account("bad", json!({"secret_error": "`tenant_id` is missing", "last_run_at": null})), None),
        listed(account("off", json!({"status": "stopped", "stopped_by": "hand", "next_run_at": null})), None),
    ]
}

#[test]
fn list_names_state_reason_and_days_left_in_80_columns() {
    let text = list(&style(Some(80)), &accounts());
    assert_eq!(
        text,
        "\
account  state            last run     next run           subscription  secret
mine     ok               today 15:03  today 18:27 (3 h)  50 days       172 days
megan    not working (1)  today 15:03  today 18:27 (3 h)  ?             172 days
  └ AADSTS7000215: the client secret is wrong. Create a client secret in the app
    registration and put its value into the secret.
old      paused           today 15:03  today 18:27 (3 h)  50 days       172 days
  └ AADSTS7000215: the client secret is wrong. Create a client secret in the app
    registration and put its value into the secret.
bad      faulty file      never        today 18:27 (3 h)  50 days       172 days
  └ `tenant_id` is missing
off      stopped          today 15:03  -                  50 days       172 days"
    );
}

#[test]
fn list_has_one_line_per_fact_in_200_columns_and_in_a_pipe() {
    let wide = list(&style(Some(200)), &accounts());
    assert_fits(&wide, 200);
    assert!(wide.contains(&format!("  └ {REASON}")), "{wide}");
    let piped = list(&style(None), &accounts());
    let mine = "mine     ok               2026-11-25T07:03:00Z  2026-11-25T10:27:00Z  50 days       172 days";
    assert!(piped.lines().any(|line| line == mine), "{piped}");
}

#[test]
fn narrow_terminal_drops_columns_before_it_breaks_dates_or_ids() {
    let text = list(&style(Some(60)), &accounts());
    assert_fits(&text, 60);
    assert!(text.contains("today 18:27 (3 h)") && !text.contains("last run"), "{text}");
}

#[test]
fn colour_is_only_added_where_it_is_allowed() {
    let coloured = list(&Style { colour: true, ..style(Some(80)) }, &accounts());
    assert!(coloured.contains("\u{1b}[32mok\u{1b}[0m") && coloured.contains("\u{1b}[31mpaused\u{1b}[0m"), "{coloured}");
    assert!(!list(&style(Some(80)), &accounts()).contains('\u{1b}'));
}

#[test]
fn check_has_a_mark_for_each_finding() {
    let answer = read(json!({
        "account": "mine",
        "verdicts": [
            {"about": "secret", "good": true, "verdict": "Secret `secrets/mine` can be read and has no fault."},
            {"about": "token", "good": false, "verdict": REASON},
            {"about": "app_credentials", "good": null, "verdict": "Not allowed to look."},
        ],
        "missing_permissions": ["Mail.Read"], "never_drawn": ["mail.messages.list"],
    }));
    let expected = "\
✓ secret            Secret `secrets/mine` can be read and has no fault.
✗ token             AADSTS7000215: the client secret is wrong. Create a client
                    secret in the app registration and put its value into the
                    secret.
? app credentials   Not allowed to look.
  missing           Mail.Read
  skipped           mail.messages.list";
    assert_eq!(check(&style(Some(80)), &answer), expected);
    assert_eq!(check(&style(None), &answer).lines().count(), 5);
}

#[test]
fn history_shows_duration_and_services() {
    let answer = read(json!({"runs": [{
        "started_at": "2026-11-24T15:00:00Z", "ended_at": "2026-11-24T15:00:03.240Z", "outcome": "succeeded",
        "reason": null, "calls_ok": 3, "calls_failed": 1, "calls_throttled": 0,
        "calls": [{"operation": "mail.list"}, {"operation": "drive.get"}, {"operation": "mail.get"}],
    }]}));
    let expected = "\
started          took   outcome  calls           services
yesterday 23:00  3.2 s  ok       3 ok, 1 failed  mail, drive";
    assert_eq!(history(&style(Some(80)), &answer), expected);
}

#[test]
fn run_is_one_line_with_services_and_next_time() {
    let value = json!({
        "message": "run", "account": "mine", "outcome": "succeeded", "reason": null, "status": "active", "calls_ok": 14,
        "operations": ["mail.list", "drive.get"], "failures": [], "next_run_at": "2026-11-25T12:27:00Z",
    });
    let expected = "mine        ok: 14 calls in mail, drive · next run today 20:27 (5 h)";
    assert_eq!(run(&style(Some(80)), "", &read(value.clone())), expected);
    assert_eq!(log_line(&style(Some(80)), &value).unwrap(), format!("15:08  {expected}"));
}

#[test]
fn failed_run_says_why_and_a_hostile_reason_moves_no_cursor() {
    let value = json!({
        "account": "megan", "outcome": "misconfigured", "reason": format!("{REASON}\r\u{1b}[2K"), "status": "active",
        "next_run_at": null,
    });
    let text = run(&style(Some(80)), "", &read(value));
    assert_fits(&text, 80);
    assert!(text.starts_with("megan       failed: AADSTS7000215") && text.contains(r"\r\u{1b}[2K"), "{text}");
    assert!(!text.contains(['\r', '\u{1b}']), "{text:?}");
}

#[test]
fn machines_lines_are_not_shown_and_warnings_are() {
    let shown = |line: Value| log_line(&style(Some(80)), &line);
    assert_eq!(shown(json!({"level": "INFO", "message": "round", "round": {}})), None);
    assert_eq!(shown(json!({"level": "INFO", "message": "sync", "sync": {}})), None);
    let warning = json!({"level": "WARN", "message": "the token is not kept", "account": "mine", "error": "disk full"});
    assert_eq!(shown(warning).unwrap(), "15:08  mine: the token is not kept: disk full");
}

#[test]
fn plan_lists_requests_and_says_that_nothing_was_sent() {
    let call = json!({"operation": "mail.messages.list", "wave": 0, "method": "GET", "url": "/me/messages?$top=5"});
    let answer = read(json!({"account": "mine", "seed": 42, "waves": 1, "plan": [call]}));
    let expected = "\
wave  method  operation           request
0     GET     mail.messages.list  /me/messages
mine: 1 request in 1 wave, seed 42. Nothing was sent.";
    assert_eq!(plan(&style(Some(80)), &answer), expected);
    let empty = read(json!({"account": "mine", "seed": 1, "waves": 0, "plan": [], "message": "No permission."}));
    assert_eq!(plan(&style(Some(80)), &empty), "No permission.");
}

#[test]
fn sync_and_round_are_sentences() {
    let errors = json!([{"secret": "secrets/bad", "error": "`tenant_id` is missing"}]);
    let answer = read(json!({"created": ["mine", "megan"], "unchanged": 1, "errors": errors}));
    let expected = "new: mine, megan\nunchanged: 1 account\nsecrets/bad.json: `tenant_id` is missing";
    assert_eq!(sync(&style(Some(80)), &answer), expected);
    let report = |due: u32, succeeded: u32| {
        round(&read(json!({"due": due, "succeeded": succeeded, "failed": 0, "paused": 0, "deferred": 0})))
    };
    assert_eq!([report(0, 0), report(2, 2)], ["No account was due.", "2 accounts due: 2 ok."]);
}

#[test]
fn new_account_is_named_with_its_first_run() {
    let sync = read(json!({"created": ["mine", "second"], "stopped": ["old"]}));
    let created = [NewAccount { account: "mine".to_owned(), first_run: "2026-11-25T07:10:00Z".parse().ok() }];
    let expected = [
        "15:08  mine  new: first run today 15:10 (2 min)",
        "15:08  and 1 more new account",
        "15:08  old  stopped: the file is missing",
    ];
    assert_eq!(changes(&style(Some(80)), &sync, &created), expected);
}

#[test]
fn show_is_a_line_for_each_fact() {
    let account: Account = read(json!({
        "account_id": "mine", "status": "active", "last_run_at": "2026-11-25T07:03:00Z",
        "next_run_at": "2026-11-25T07:00:00Z", "secret": "secrets/mine", "auth": "client_secret",
        "policy": {"calls_per_run": {"min": 3, "max": 12}, "operations": {"include": ["*"], "exclude": []}},
    }));
    let expected = "\
account                   mine
state                     ok
last run                  today 15:03
next run                  now
secret                    secrets/mine
auth                      client_secret
policy.calls_per_run      3 to 12
policy.operations         exclude none; include *";
    assert_eq!(show(&style(Some(80)), &account), expected);
}
