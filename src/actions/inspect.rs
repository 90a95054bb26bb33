//! `list`, `show`, `history`: accounts and their runs as a person sees them, without secrets.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::access::default_policy;
use crate::access::secret::{read_secret, with_account};
use crate::actions::authenticated::find;
use crate::actions::error::ActionError;
use crate::actions::timestamp::Timestamp;
use crate::app::App;
use crate::domain::account::history::HistoryRow;
use crate::domain::account::refusals::Refusal;
use crate::domain::account::set_aside::SetAside;
use crate::domain::account::{Account, AccountId, Status, StoppedBy};
use crate::domain::cause::graph_cause;
use crate::domain::cloud::Cloud;
use crate::domain::policy::Policy;
use crate::ports::{Cursor, InfraError, SecretFault, SecretText, StoredAccount};

/// Accounts in one answer: it may hold 6 MB, and half a kilobyte is usual for each.
const MAX_ACCOUNTS_LISTED: usize = 2000;

/// The answer to `list`.
#[derive(Debug, Serialize)]
pub(crate) struct AccountList {
    accounts: Vec<AccountState>,
    /// The `after` of the next `list`, where there are more accounts than one answer holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<AccountId>,
    /// What is wrong with the default policy, and what applies until it is fixed.
    #[serde(skip_serializing_if = "Option::is_none")]
    defaults_error: Option<String>,
}

/// The answer to `history`: past runs, the newest first.
#[derive(Debug, Serialize)]
pub(crate) struct RunHistory {
    account: AccountId,
    runs: Vec<HistoryRow>,
}

/// An account as shown to a person.
#[derive(Debug, Serialize)]
pub(crate) struct AccountState {
    account_id: AccountId,
    status: Status,
    next_run_at: Option<Timestamp>,
    last_run_at: Option<Timestamp>,
    consecutive_failures: u32,
    pause_cause: Option<String>,
    paused_since: Option<Timestamp>,
    stopped_by: Option<StoppedBy>,
    renewal_at: Option<Timestamp>,
    credential_expires_at: Option<Timestamp>,
    watched_at: Option<Timestamp>,
    run_id: Option<String>,
}

/// The answer to `show`, and an entry of `export`: an account's state, and the parts of its secret that are not secret.
#[derive(Debug, Serialize)]
pub(crate) struct AccountDescription {
    #[serde(flatten)]
    state: AccountState,
    set_aside: BTreeMap<SetAside, DateTime<Utc>>,
    /// How Graph refused what is set aside.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    refusals: BTreeMap<SetAside, ShownRefusal>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
    secret: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    defaults_error: Option<String>,
    #[serde(flatten)]
    contents: SecretContents,
}

/// A refusal in Graph's own terms, and in plain words where they are known.
#[derive(Debug, Serialize)]
struct ShownRefusal {
    status: u16,
    code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    means: Option<String>,
}

impl ShownRefusal {
    fn of(refusal: &Refusal) -> Self {
        let (status, code) = (refusal.status, refusal.code.clone());
        // An operation that is set aside after a 401 was refused alone: other calls of that run were not.
        let cause = graph_cause(if status == 401 { 403 } else { status }, code.as_deref().unwrap_or_default());
        Self { status, code, means: cause.map(|cause| cause.to_string()) }
    }
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum SecretContents {
    Usable { auth: &'static str, cloud: Cloud, tenant_id: String, client_id: String, policy: Policy },
    Faulty { secret_error: Option<String> },
}

impl AccountState {
    pub(crate) fn of(account: &Account) -> Self {
        Self {
            account_id: account.id.clone(),
            status: account.status,
            next_run_at: account.next_run_at.map(Timestamp),
            last_run_at: account.last_run_at.map(Timestamp),
            consecutive_failures: account.consecutive_failures,
            pause_cause: account.pause.as_ref().map(|pause| pause.cause.clone()),
            paused_since: account.pause.as_ref().map(|pause| Timestamp(pause.since)),
            stopped_by: account.stopped_by,
            renewal_at: account.expiries.subscription.map(|expiry| Timestamp(expiry.at)),
            credential_expires_at: account.expiries.credential.map(|expiry| Timestamp(expiry.at)),
            watched_at: account.expiries.watched_at.map(Timestamp),
            run_id: account.run_id.clone(),
        }
    }
}

/// Lists the state of the accounts, from the one after `after` on.
pub(crate) async fn list(app: &App, after: Option<&AccountId>) -> Result<AccountList, ActionError> {
    let (found, next) = list_page(app, after, MAX_ACCOUNTS_LISTED).await?;
    let accounts = found.iter().map(|found| AccountState::of(&found.account)).collect();
    Ok(AccountList { accounts, next, defaults_error: default_policy::read_error(app).await })
}

/// Reads at least `count` accounts where there are so many, sorted by id, and the id where the next page begins. From
/// page to page the order is the store's own.
pub(crate) async fn list_page(
    app: &App,
    after: Option<&AccountId>,
    count: usize,
) -> Result<(Vec<StoredAccount>, Option<AccountId>), InfraError> {
    let mut accounts: Vec<StoredAccount> = Vec::new();
    let mut cursor = after.map(Cursor::after);
    let next = loop {
        let page = app.accounts.all(cursor).await?;
        accounts.extend(page.accounts);
        cursor = page.next;
        if cursor.is_none() {
            break None;
        }
        if accounts.len() >= count {
            break accounts.last().map(|found| found.account.id.clone());
        }
    };
    accounts.sort_by(|a, b| a.account.id.cmp(&b.account.id));
    Ok((accounts, next))
}

/// Shows one account's state and policy.
pub(crate) async fn show(app: &App, id: &AccountId) -> Result<AccountDescription, ActionError> {
    let found = find(app, id).await?;
    let (name, secret) = with_account(app, &found.account).await?;
    Ok(describe(app, found, name, secret))
}

/// Describes an account from its state and its secret.
pub(crate) fn describe(
    app: &App,
    found: StoredAccount,
    secret_name: String,
    text: Result<SecretText, SecretFault>,
) -> AccountDescription {
    let StoredAccount { account, warnings, .. } = found;
    let contents = match read_secret(&app.default_policy.current(), &account, &secret_name, text) {
        Ok((secret, _)) => SecretContents::Usable {
            auth: secret.credential.auth(),
            cloud: secret.cloud,
            tenant_id: secret.tenant_id,
            client_id: secret.client_id,
            policy: secret.policy,
        },
        Err(outcome) => SecretContents::Faulty { secret_error: outcome.reason() },
    };
    let of_set_aside = account.refusals.iter().filter(|(key, _)| account.set_aside.contains_key(key));
    let refusals = of_set_aside.map(|(key, refusal)| (key.clone(), ShownRefusal::of(refusal))).collect();
    AccountDescription {
        state: AccountState::of(&account),
        refusals,
        set_aside: account.set_aside,
        warnings,
        secret: secret_name,
        defaults_error: default_policy::error(app),
        contents,
    }
}

/// Past runs, the newest first.
pub(crate) async fn history(app: &App, id: &AccountId, limit: u32) -> Result<RunHistory, ActionError> {
    let runs = app.accounts.history(id, limit, app.clock.now()).await?;
    if runs.is_empty() {
        find(app, id).await?;
    }
    Ok(RunHistory { account: id.clone(), runs })
}
