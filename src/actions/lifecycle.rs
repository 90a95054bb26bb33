//! `stop` and `resume`: what a person decides about an account.

use crate::access::secret::{read_secret, with_account};
use crate::actions::authenticated::find;
use crate::actions::error::ActionError;
use crate::actions::inspect::AccountState;
use crate::app::App;
use crate::domain::account::{Account, AccountId, StoppedBy};
use crate::domain::policy::Policy;
use crate::domain::policy::schedule;
use crate::domain::seed::{RngStream, Seed};

/// Stops an account: it is never due again until `resume`. A run under way ends without being recorded.
pub(crate) async fn stop(app: &App, id: &AccountId) -> Result<AccountState, ActionError> {
    let mut account = find(app, id).await?.account;
    account.stop(StoppedBy::Hand);
    app.accounts.overwrite(&account).await?;
    Ok(AccountState::of(&account))
}

/// Makes an account active again with a clean slate, due at once where the policy's working hours allow.
pub(crate) async fn resume(app: &App, id: &AccountId) -> Result<AccountState, ActionError> {
    let mut account = find(app, id).await?.account;
    let now = app.clock.now();
    let policy = policy(app, &account).await?;
    let seed = Seed::new(app.random_u64());
    account.reactivate(schedule::into_working_hours(now, &policy, &mut seed.rng(id, RngStream::FirstRun)));
    if !app.accounts.update(&account, now).await? {
        return Err(ActionError::Busy(id.clone()));
    }
    Ok(AccountState::of(&account))
}

/// The account's policy; the default one where its secret cannot be used.
async fn policy(app: &App, account: &Account) -> Result<Policy, ActionError> {
    let (name, secret) = with_account(app, account).await?;
    let defaults = app.default_policy.current();
    let read = read_secret(&defaults, account, &name, secret);
    Ok(read.map_or_else(|_| defaults.policy().as_ref().clone(), |(secret, _)| secret.policy))
}
