//! `set_policy`: changes some fields of an account's policy, in its secret.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::access::secret::with_account;
use crate::actions::authenticated::find;
use crate::actions::error::ActionError;
use crate::app::App;
use crate::domain::account::{Account, AccountId, Status};
use crate::domain::policy::{Policy, schedule};
use crate::domain::secret::SecretDocument;
use crate::domain::secret::rewrite::with_policy;
use crate::domain::seed::{RngStream, Seed};
use crate::ports::{InfraError, SecretText};
use crate::sync::account_writes::reschedule;

/// How often the change is merged again where another writer changes the same secret.
const MAX_ATTEMPTS: u32 = 3;

/// The answer to `set_policy`: the policy as it applies from now on.
#[derive(Debug, Serialize)]
pub(crate) struct PolicySet {
    account: AccountId,
    secret: String,
    policy: Policy,
}

/// Merges the changes into the account's policy and rewrites the secret, unless something is wrong with them.
pub(crate) async fn set_policy(
    app: &App,
    id: &AccountId,
    changes: &Map<String, Value>,
) -> Result<PolicySet, ActionError> {
    let account = find(app, id).await?.account;
    for _ in 0..MAX_ATTEMPTS {
        let (name, read) = with_account(app, &account).await?;
        let refused = |why: String| ActionError::Secret { secret: name.clone(), why };
        let read = read.map_err(|fault| refused(fault.to_string()))?;
        let (text, policy) = with_policy(&read.text, id, changes.clone(), &app.default_policy.current().policy())
            .map_err(|error| refused(error.to_string()))?;
        let Some(version) = app.secrets.replace(&name, &read.version, &text).await? else { continue };
        app.token_cache.set_version(id, &version);
        let account = update_account(app, account, &read.version, &version, &policy).await?;
        update_siblings(app, &account, &read, &version).await?;
        return Ok(PolicySet { account: id.clone(), secret: name, policy });
    }
    Err(ActionError::Racing(id.clone()))
}

/// Schedules the account by its new policy; one that is paused resumes.
async fn update_account(
    app: &App,
    mut account: Account,
    old_version: &str,
    version: &str,
    policy: &Policy,
) -> Result<Account, InfraError> {
    if account.secret_version.as_deref() == Some(old_version) {
        account.secret_version = Some(version.to_owned());
    }
    let now = app.clock.now();
    let seed = Seed::new(app.random_u64());
    let rng = &mut seed.rng(&account.id, RngStream::Schedule);
    if account.status == Status::Paused {
        // Its secret has changed: perhaps in the very thing that was wrong.
        account.reactivate(schedule::first_run(now, policy, rng));
    } else {
        reschedule(&mut account, policy, now, rng);
    }
    app.accounts.update(&account, now).await?;
    Ok(account)
}

/// Notes the new version on the other accounts of the same secret: they have not changed, and must not resume.
async fn update_siblings(app: &App, account: &Account, old: &SecretText, version: &str) -> Result<(), InfraError> {
    let Ok(document @ SecretDocument::Many(_)) = SecretDocument::parse(&old.text) else { return Ok(()) };
    for sibling in document.ids("").into_iter().flatten().filter(|sibling| *sibling != account.id) {
        let Some(found) = app.accounts.get(&sibling).await? else { continue };
        let mut sibling = found.account;
        if sibling.secret_name == account.secret_name && sibling.secret_version.as_ref() == Some(&old.version) {
            sibling.secret_version = Some(version.to_owned());
            app.token_cache.set_version(&sibling.id, version);
            // One that is being run is looked at by the next sync.
            app.accounts.update(&sibling, app.clock.now()).await?;
        }
    }
    Ok(())
}
