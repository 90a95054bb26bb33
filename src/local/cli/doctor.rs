//! `doctor`: findings about this machine, its folder and its accounts.

use chrono::Utc;
use serde_json::json;

use crate::domain::account::AccountId;
use crate::event::Event;
use crate::local::app::{connection, endpoints};
use crate::local::cli::args::Data;
use crate::local::cli::list::all_accounts;
use crate::local::cli::session::Session;
use crate::local::doctor::{account, finding, folder, network};
use crate::local::output::answer::{Check, Verdict};
use crate::local::output::check::check;
use crate::local::print;

/// Prints the findings; fails if one is not good.
pub(super) async fn doctor(at: &Data) -> anyhow::Result<()> {
    let mut findings = folder(&at.data);
    let (login, graph) = endpoints()?;
    match connection() {
        Ok(connection) => findings.extend(network(&connection, login.as_ref(), graph.as_ref(), Utc::now()).await),
        Err(error) => findings.push(finding("network", false, format!("{error:#}"))),
    }
    let reachable = findings.iter().all(|finding| finding.about != "login" || finding.good == Some(true));
    match Session::open(at).await {
        Ok(session) => findings.extend(accounts(&session, reachable).await?),
        Err(error) => findings.push(finding("state", false, format!("{error:#}"))),
    }
    let faults = findings.iter().filter(|finding| finding.good == Some(false)).count();
    if at.json.json {
        let findings: Vec<_> = findings
            .iter()
            .map(|found| json!({"about": found.about, "good": found.good, "verdict": found.verdict}))
            .collect();
        print::json(&json!({"verdicts": findings}))?;
    } else {
        let shown = Check { verdicts: findings, missing_permissions: Vec::new(), never_drawn: Vec::new() };
        print::answer(&check(&print::output_style(), &shown))?;
    }
    anyhow::ensure!(faults == 0, "{faults} of the findings need your attention");
    Ok(())
}

/// A finding for each account; without the network, that they were left out.
async fn accounts(session: &Session, reachable: bool) -> anyhow::Result<Vec<Verdict>> {
    session.sync(None).await?;
    let accounts = all_accounts(session, |after| Event::List { after }).await?;
    if accounts.is_empty() {
        return Ok(vec![finding(
            "accounts",
            None,
            "There is no account yet: write a secret file, or run `evergreen init`.",
        )]);
    }
    if !reachable {
        return Ok(vec![finding("accounts", None, "Not checked: the login service cannot be reached.")]);
    }
    let mut findings = Vec::new();
    for listed in accounts {
        let id = AccountId::parse(listed["account_id"].as_str().unwrap_or_default())?;
        if listed["status"] == "stopped" {
            findings.push(finding(id.as_str(), None, "Stopped."));
            continue;
        }
        let checked: Check = session.answer(Event::Check { account: id.clone() }).await?;
        findings.push(account(id.as_str(), &checked));
    }
    Ok(findings)
}
