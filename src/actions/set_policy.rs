//! `set_policy`: changes some fields of an account's policy, in its secret.

use serde_json::{Map, Value, json};

use crate::access::secret::with_account;
use crate::actions::{ActionError, get};
use crate::app::App;
use crate::domain::account::{Account, AccountId, Status};
use crate::domain::policy::schedule;
use crate::domain::secret::SecretDocument;
use crate::domain::secret::rewrite::with_policy;
use crate::domain::seed::{RngStream, Seed};
use crate::ports::{InfraError, SecretText};
use crate::sync::reschedule;

/// Somebody else may be writing the same secret: so often the change is merged anew.
const TRIES: u32 = 3;

/// Merges the changes into the account's policy and rewrites the secret, unless something is wrong with them.
pub async fn set_policy(app: &App, id: &AccountId, changes: &Map<String, Value>) -> Result<Value, ActionError> {
    let account = get(app, id).await?.account;
    for _ in 0..TRIES {
        let (name, read) = with_account(app, &account).await?;
        let refused = |why: String| ActionError::Secret { secret: name.clone(), why };
        let read = read.map_err(|fault| refused(fault.to_string()))?;
        let (text, policy) = with_policy(&read.text, id, changes.clone(), &app.default_policy.policy())
            .map_err(|error| refused(error.to_string()))?;
        let Some(version) = app.secrets.replace(&name, &read.version, &text).await? else { continue };
        app.token_cache.set_version(id, &version);
        let mut account = account;
        if account.secret_version.as_ref() == Some(&read.version) {
            account.secret_version = Some(version.clone());
        }
        let now = app.clock.now();
        let seed = Seed::new(app.random_u64());
        let rng = &mut seed.rng(id, RngStream::Schedule);
        if account.status == Status::Paused {
            // Its secret has changed: perhaps in the very thing that was wrong.
            account.reactivate(schedule::first_run(now, &policy, rng));
        } else {
            reschedule(&mut account, &policy, now, rng);
        }
        app.accounts.update(&account, now).await?;
        follow(app, &account, &read, &version).await?;
        return Ok(json!({"account": id, "secret": name, "policy": policy}));
    }
    Err(ActionError::Racing(id.clone()))
}

/// The other accounts of the same secret have not changed: a new version alone must not resume them.
async fn follow(app: &App, account: &Account, old: &SecretText, version: &str) -> Result<(), InfraError> {
    let Ok(document @ SecretDocument::Many(_)) = SecretDocument::parse(&old.text) else { return Ok(()) };
    for other in document.ids("").into_iter().flatten().filter(|other| *other != account.id) {
        let Some(found) = app.accounts.get(&other).await? else { continue };
        let mut other = found.account;
        if other.secret_name == account.secret_name && other.secret_version.as_ref() == Some(&old.version) {
            other.secret_version = Some(version.to_owned());
            app.token_cache.set_version(&other.id, version);
            // One that is run just now is looked at by the next sync.
            app.accounts.update(&other, app.clock.now()).await?;
        }
    }
    Ok(())
}
