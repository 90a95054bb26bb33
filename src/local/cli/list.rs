//! The accounts of `list` and `export`, page after page.

use serde_json::Value;

use crate::domain::account::AccountId;
use crate::event::Event;
use crate::local::cli::session::Session;
use crate::local::output::accounts::ListedAccount;
use crate::local::output::answer::{self, Account, History};

/// All accounts of a paged answer, by id.
pub(super) async fn all_accounts(
    session: &Session,
    event: impl Fn(Option<AccountId>) -> Event,
) -> anyhow::Result<Vec<Value>> {
    let mut accounts = Vec::new();
    let mut after = None;
    loop {
        let mut answer = session.ask(event(after)).await?;
        if let Value::Array(page) = answer["accounts"].take() {
            accounts.extend(page);
        }
        after = answer["next"].as_str().map(AccountId::parse).transpose()?;
        if after.is_none() {
            accounts.sort_by(|a, b| a["account_id"].as_str().cmp(&b["account_id"].as_str()));
            return Ok(accounts);
        }
    }
}

/// All accounts, with the fault of a secret file, and with the reason of the last run where runs fail.
pub(super) async fn listed_accounts(session: &Session) -> anyhow::Result<Vec<ListedAccount>> {
    let mut listed = Vec::new();
    for account in all_accounts(session, |after| Event::Export { after }).await? {
        let account: Account = answer::read(account)?;
        let failing = account.status == "active" && account.consecutive_failures > 0;
        let reason = if failing { last_reason(session, &account.account_id).await? } else { None };
        listed.push(ListedAccount { account, reason });
    }
    Ok(listed)
}

async fn last_reason(session: &Session, account: &str) -> anyhow::Result<Option<String>> {
    let event = Event::History { account: AccountId::parse(account)?, limit: 1 };
    let history: History = session.answer(event).await?;
    Ok(history.runs.into_iter().next().and_then(|run| run.reason))
}
