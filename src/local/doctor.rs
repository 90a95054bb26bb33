//! `doctor`: what this machine, its folder and its accounts are like, a finding each. No finding holds a secret.

use std::fs;
use std::path::Path;

use chrono::{DateTime, Utc};
use reqwest::Url;

use crate::domain::cloud::Cloud;
use crate::local::app::{secrets_folder, state_file};
use crate::local::network::{Connection, reach};
use crate::local::output::answer::{Check, Verdict};

/// A clock that differs more than this from a server's makes signatures and tokens fail.
const MAX_CLOCK_SKEW_SECONDS: i64 = 300;

/// A finding: whether it is good, and a sentence.
pub(super) fn finding(about: &str, good: impl Into<Option<bool>>, verdict: impl Into<String>) -> Verdict {
    Verdict { about: about.to_owned(), good: good.into(), verdict: verdict.into() }
}

/// Findings about the folder: whether it exists, is private, and can be written.
pub(super) fn folder(data: &Path) -> Vec<Verdict> {
    let secrets = secrets_folder(data);
    let shown = data.display();
    if !secrets.is_dir() {
        let advice = format!("{shown} has no secrets/: run `evergreen init`, or name your folder with --data.");
        return vec![finding("folder", false, advice)];
    }
    let writable = tempfile_in(data);
    let mut findings = vec![match writable {
        Ok(()) => finding("folder", true, format!("{shown} can be written.")),
        Err(why) => {
            finding("folder", false, format!("{shown} cannot be written ({why}): check its owner and the disk."))
        }
    }];
    findings.extend([data, &secrets].into_iter().filter(|folder| open_to_others(folder)).map(|folder| {
        let shown = folder.display();
        finding("modes", false, format!("Other users of this computer can look into {shown}. Run: chmod 700 {shown}"))
    }));
    if !state_file(data).exists() {
        findings.push(finding(
            "state",
            None,
            "There is no state.db yet: the first `evergreen once` or `serve` creates it.",
        ));
    }
    findings
}

/// Writes and deletes a file.
fn tempfile_in(folder: &Path) -> Result<(), String> {
    let path = folder.join(format!(".doctor-{}", std::process::id()));
    fs::write(&path, "").and_then(|()| fs::remove_file(&path)).map_err(|error| error.kind().to_string())
}

#[cfg(unix)]
fn open_to_others(folder: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(folder).is_ok_and(|metadata| metadata.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn open_to_others(_: &Path) -> bool {
    false
}

/// Findings about the way to Microsoft, and about the clock by the time that it states.
pub(super) async fn network(
    connection: &Connection,
    login: Option<&Url>,
    graph: Option<&Url>,
    now: DateTime<Utc>,
) -> Vec<Verdict> {
    let mut findings: Vec<Verdict> =
        connection.notes.iter().map(|note| finding("network", true, format!("{note}."))).collect();
    let hosts = [("login", login, Cloud::Global.login()), ("graph", graph, Cloud::Global.graph())];
    let mut server_time = None;
    for (about, endpoint, host) in hosts {
        let host = endpoint.map_or(host, Url::as_str);
        findings.push(match reach(&connection.client, host).await {
            Ok(date) => {
                server_time = server_time.or(date);
                finding(about, true, format!("{host} answers."))
            }
            Err(cause) => finding(about, false, format!("No answer: {cause}.")),
        });
    }
    findings.push(clock(now, server_time));
    findings
}

fn clock(now: DateTime<Utc>, server: Option<DateTime<Utc>>) -> Verdict {
    let Some(server) = server else { return finding("clock", None, "No server stated its time.") };
    let skew = (now - server).num_seconds();
    if skew.abs() <= MAX_CLOCK_SKEW_SECONDS {
        return finding("clock", true, "The clock agrees with Microsoft's.");
    }
    let (minutes, direction) = (skew.abs() / 60, if skew > 0 { "ahead of" } else { "behind" });
    finding(
        "clock",
        false,
        format!("The clock is {minutes} min {direction} Microsoft's: set it, or tokens are refused."),
    )
}

/// One finding for an account, from its `check`.
pub(super) fn account(id: &str, check: &Check) -> Verdict {
    let faults: Vec<&Verdict> = check.verdicts.iter().filter(|verdict| verdict.good == Some(false)).collect();
    match faults.first() {
        None => finding(id, true, "Works."),
        Some(first) => {
            let more = faults.len() - 1;
            let more = if more > 0 { format!(" ({more} more: evergreen check {id})") } else { String::new() };
            finding(id, false, format!("{}: {}{more}", first.about.replace('_', " "), first.verdict))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clock_is_compared_with_a_servers() {
        let now: DateTime<Utc> = "2026-11-25T07:08:00Z".parse().unwrap();
        let seen = |seconds| clock(now, Some(now - chrono::TimeDelta::seconds(seconds)));
        assert_eq!((seen(300).good, seen(-300).good, clock(now, None).good), (Some(true), Some(true), None));
        assert!(seen(3600).verdict.contains("60 min ahead of") && seen(-3600).verdict.contains("60 min behind"));
    }

    #[test]
    fn account_is_one_line_with_its_first_fault() {
        let check = |goods: &[bool]| Check {
            verdicts: goods.iter().map(|good| finding("app_credentials", *good, "The secret ended.")).collect(),
            missing_permissions: Vec::new(),
            never_drawn: Vec::new(),
        };
        assert_eq!(account("mine", &check(&[true, true])).good, Some(true));
        let faulty = account("mine", &check(&[true, false, false]));
        assert_eq!(faulty.verdict, "app credentials: The secret ended. (1 more: evergreen check mine)");
    }
}
