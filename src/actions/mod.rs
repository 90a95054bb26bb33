//! Actions: what a person asks of one account, or of all.

pub mod check;
pub mod consent_url;
pub mod grant;
pub mod import;
pub mod set_policy;
pub mod sign_in;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use thiserror::Error;

use crate::access::secret::{read_secret, with_account};
use crate::access::token::AccountTokens;
use crate::app::App;
use crate::domain::account::{Account, AccountId, Status, StoppedBy};
use crate::domain::outcome::Outcome;
use crate::domain::policy::Policy;
use crate::domain::policy::schedule;
use crate::domain::secret::AccountSecret;
use crate::domain::seed::{RngStream, Seed};
use crate::notifications::{self, AccountChange};
use crate::ports::{ClaimKind, Cursor, InfraError, SecretFault, SecretText, StoredAccount};
use crate::run;
use crate::run::claim::{claim, with_secrets};
use crate::run::draw::{SeedChoice, draw};

#[derive(Debug, Error)]
pub enum ActionError {
    #[error("there is no account {0}; `sync` makes accounts from secrets, `list` shows them")]
    NoAccount(AccountId),
    #[error("account {0} is being run just now; try again when that run is over")]
    Busy(AccountId),
    #[error("account {0} is stopped; `resume` it first")]
    Stopped(AccountId),
    #[error("account {account} cannot be planned for: {why}")]
    NoPlan { account: AccountId, why: String },
    #[error("secret `{secret}`: {why}; nothing was written")]
    Secret { secret: String, why: String },
    #[error("account {account} cannot be signed in to: {why}")]
    SignIn { account: AccountId, why: String },
    #[error("the secret of account {account} cannot be used: {why}")]
    Unusable { account: AccountId, why: String },
    #[error("{0}; nothing was imported")]
    Import(String),
    #[error("somebody else keeps writing the secret of account {0}; nothing was written, try again")]
    Racing(AccountId),
    #[error(transparent)]
    InfraError(#[from] InfraError),
}

/// Accounts that one answer tells of: it may hold 6 MB, and half a kilobyte is usual for each.
const MOST_LISTED: usize = 2000;

/// The state of the accounts, without secrets. Where there are more than one answer holds, `next` is the `after` of
/// the next one.
pub async fn list(app: &App, after: Option<&AccountId>) -> Result<Value, ActionError> {
    let (found, next) = some(app, after, MOST_LISTED).await?;
    let mut answer = json!({"accounts": found.iter().map(|found| state(&found.account)).collect::<Vec<_>>()});
    if let Some(next) = next {
        answer["next"] = json!(next);
    }
    Ok(answer)
}

/// About `most` accounts by id, in an order of the store's own from one answer to the next, and where to go on.
pub async fn some(
    app: &App,
    after: Option<&AccountId>,
    most: usize,
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
        if accounts.len() >= most {
            break accounts.last().map(|found| found.account.id.clone());
        }
    };
    accounts.sort_by(|a, b| a.account.id.cmp(&b.account.id));
    Ok((accounts, next))
}

/// One account's state and policy, without its secret.
pub async fn show(app: &App, id: &AccountId) -> Result<Value, ActionError> {
    let found = get(app, id).await?;
    let (name, secret) = with_account(app, &found.account).await?;
    Ok(describe(app, &found, &name, secret))
}

/// An account's state, and what its secret says that is no secret.
pub fn describe(app: &App, found: &StoredAccount, name: &str, secret: Result<SecretText, SecretFault>) -> Value {
    let mut shown = state(&found.account);
    shown["set_aside"] = json!(found.account.set_aside);
    if !found.warnings.is_empty() {
        shown["warnings"] = json!(found.warnings);
    }
    shown["secret"] = json!(name);
    if let Some(fault) = app.default_policy.fault() {
        shown["defaults_error"] = json!(format!("secret `{}` {fault}", app.settings.default_policy_name()));
    }
    match read_secret(&app.default_policy.policy(), &found.account, name, secret) {
        Ok((secret, _)) => {
            shown["auth"] = json!(secret.credential.auth());
            shown["cloud"] = json!(secret.cloud);
            shown["tenant_id"] = json!(secret.tenant_id);
            shown["client_id"] = json!(secret.client_id);
            shown["policy"] = json!(secret.policy);
        }
        Err(outcome) => shown["secret_error"] = json!(outcome.reason()),
    }
    shown
}

/// What is told of an account.
pub fn state(account: &Account) -> Value {
    let time = |at: Option<DateTime<Utc>>| at.map(|at| at.format("%FT%TZ").to_string());
    json!({
        "account_id": account.id,
        "status": account.status,
        "next_run_at": time(account.next_run_at),
        "last_run_at": time(account.last_run_at),
        "consecutive_failures": account.consecutive_failures,
        "pause_cause": account.pause.as_ref().map(|pause| &pause.cause),
        "paused_since": time(account.pause.as_ref().map(|pause| pause.since)),
        "stopped_by": account.stopped_by,
        "renewal_at": time(account.expiries.subscription.map(|expiry| expiry.at)),
        "credential_expires_at": time(account.expiries.credential.map(|expiry| expiry.at)),
        "watched_at": time(account.expiries.watched_at),
        "run_id": account.run_id,
    })
}

pub async fn get(app: &App, id: &AccountId) -> Result<StoredAccount, ActionError> {
    app.accounts.get(id).await?.ok_or_else(|| ActionError::NoAccount(id.clone()))
}

/// An account's part of its secret.
pub async fn secret(app: &App, id: &AccountId) -> Result<(AccountSecret, SecretText), ActionError> {
    let account = get(app, id).await?.account;
    let (name, text) = with_account(app, &account).await?;
    read_secret(&app.default_policy.policy(), &account, &name, text).map_err(|outcome| ActionError::Unusable {
        account: id.clone(),
        why: outcome.reason().unwrap_or_else(|| outcome.as_str().to_owned()),
    })
}

/// One run now, due or not. A paused account is called in earnest.
pub async fn run(app: &App, id: &AccountId, seed: Option<Seed>, deadline: DateTime<Utc>) -> Result<Value, ActionError> {
    if get(app, id).await?.account.status == Status::Stopped {
        return Err(ActionError::Stopped(id.clone()));
    }
    let now = app.clock.now();
    let Some(claimed) = claim(app, id, ClaimKind::Manual, chance(app, seed), now).await? else {
        return Err(ActionError::Busy(id.clone()));
    };
    let mut ready = with_secrets(app, vec![claimed], true).await;
    match ready.pop() {
        Some((claimed, secret)) => {
            let run = run::run(app, claimed, secret, deadline).await;
            notifications::tell(app, AccountChange::of(&run).as_slice()).await;
            Ok(run.value())
        }
        None => Err(InfraError::new("running the account", "its secret was not asked for").into()),
    }
}

/// The seed that a person asked for, or a new one.
fn chance(app: &App, seed: Option<Seed>) -> SeedChoice {
    seed.map_or_else(|| SeedChoice::FromRound(Seed::new(app.random_u64())), SeedChoice::Fixed)
}

/// The plan that a run with this seed would send now. A token is asked for, since its permissions decide;
/// Graph is not called, and nothing is written.
pub async fn plan(app: &App, id: &AccountId, seed: Option<Seed>) -> Result<Value, ActionError> {
    let account = get(app, id).await?.account;
    let (name, secret) = with_account(app, &account).await?;
    let no_plan = |outcome: Outcome| ActionError::NoPlan {
        account: id.clone(),
        why: outcome.reason().unwrap_or_else(|| outcome.as_str().to_owned()),
    };
    let (secret, text) = read_secret(&app.default_policy.policy(), &account, &name, secret).map_err(no_plan)?;
    let access = AccountTokens::new(app, &account, &secret, &text).get().await.map_err(no_plan)?;
    let (seed, plan) = draw(&account, &secret, &access, chance(app, seed), app.clock.now());
    Ok(json!({"account": id, "seed": seed, "waves": plan.waves(), "plan": plan.steps}))
}

/// Never due again until `resume`. A run under way ends without being recorded.
pub async fn stop(app: &App, id: &AccountId) -> Result<Value, ActionError> {
    let mut account = get(app, id).await?.account;
    account.stop(StoppedBy::Hand);
    app.accounts.overwrite(&account).await?;
    Ok(state(&account))
}

/// Active again with a clean slate, due at once where the policy's working hours allow.
pub async fn resume(app: &App, id: &AccountId) -> Result<Value, ActionError> {
    let mut account = get(app, id).await?.account;
    let now = app.clock.now();
    let policy = policy(app, &account).await?;
    let seed = Seed::new(app.random_u64());
    account.reactivate(schedule::into_working_hours(now, &policy, &mut seed.rng(id, RngStream::FirstRun)));
    if !app.accounts.update(&account, now).await? {
        return Err(ActionError::Busy(id.clone()));
    }
    Ok(state(&account))
}

/// The account's policy; the default one where its secret cannot be used.
async fn policy(app: &App, account: &Account) -> Result<Policy, ActionError> {
    let (name, secret) = with_account(app, account).await?;
    let read = read_secret(&app.default_policy.policy(), account, &name, secret);
    Ok(read.map_or_else(|_| app.default_policy.policy().as_ref().clone(), |(secret, _)| secret.policy))
}

/// Past runs, the newest first.
pub async fn history(app: &App, id: &AccountId, limit: u32) -> Result<Value, ActionError> {
    let runs = app.accounts.history(id, limit, app.clock.now()).await?;
    if runs.is_empty() {
        get(app, id).await?;
    }
    Ok(json!({"account": id, "runs": runs}))
}
