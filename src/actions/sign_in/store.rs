//! Stores what a sign-in gave: the refresh token in the account's secret, and the account as due.

use std::time::Duration;

use secrecy::SecretString;

use crate::actions::error::ActionError;
use crate::actions::inspect::AccountState;
use crate::actions::sign_in::answer::SignInAnswer;
use crate::actions::sign_in::replacement::refuse_replacement;
use crate::app::App;
use crate::app::token_cache::AccessToken;
use crate::domain::account::{Account, AccountId};
use crate::domain::policy::{Policy, schedule};
use crate::domain::secret::SecretDocument;
use crate::domain::secret::rewrite;
use crate::domain::seed::{RngStream, Seed};
use crate::ports::{Client, SecretFault, SecretText, Token};

/// How often the refresh token is put in again where another writer changes the same secret.
const MAX_ATTEMPTS: u32 = 3;

/// The longest that an access token is taken to live, whatever the login service says.
const MAX_TOKEN_LIFETIME: Duration = Duration::from_hours(24);

/// Writes the refresh token to the account's secret, and makes the account due.
pub(crate) async fn store(
    app: &App,
    id: &AccountId,
    secret_name: &str,
    client: &Client,
    replace: bool,
    token: Token,
) -> Result<SignInAnswer, ActionError> {
    let Token { access_token, granted, user, lifetime, refresh_token, .. } = token;
    let Some(refresh_token) = refresh_token else {
        let why = "the login service gave no refresh token".to_owned();
        return Err(ActionError::SignIn { account: id.clone(), why });
    };
    let (version, policy) = write_secret(app, id, secret_name, client, replace, &refresh_token).await?;
    let now = app.clock.now();
    let lifetime = lifetime.unwrap_or_default().min(MAX_TOKEN_LIFETIME);
    let access = AccessToken { token: access_token, granted, user, expires_at: now + lifetime };
    app.token_cache.insert(id, &version, Some(access), None);
    let (account, written) = make_due(app, id, secret_name, version, &policy).await?;
    let message = if written {
        "Signed in; the account is due."
    } else {
        "Signed in, and the secret is written; the account is being run just now, so `sync` once that run is over."
    };
    Ok(SignInAnswer::signed_in(id, secret_name.to_owned(), AccountState::of(&account), message))
}

/// Returns the new version, and the policy that the secret asks for.
async fn write_secret(
    app: &App,
    id: &AccountId,
    secret_name: &str,
    client: &Client,
    replace: bool,
    refresh_token: &SecretString,
) -> Result<(String, Policy), ActionError> {
    let identity = (client.cloud, client.tenant_id.as_str(), client.client_id.as_str());
    let refused = |why: String| ActionError::Secret { secret: secret_name.to_owned(), why };
    for _ in 0..MAX_ATTEMPTS {
        let held = read(app, secret_name).await?;
        if !replace {
            // Its owner may have changed it while the person signed in.
            refuse_replacement(id, secret_name, held.as_ref(), client)?;
        }
        let text = rewrite::signed_in(held.as_ref().map(|held| &held.text), identity, refresh_token)
            .map_err(|error| refused(error.to_string()))?;
        let secret = SecretDocument::parse(&text)
            .and_then(|one| one.account_with_defaults(id, &app.default_policy.current().policy()));
        let policy = secret.map_err(|error| refused(error.to_string()))?.policy;
        let version = match &held {
            None => app.secrets.create(secret_name, &text).await?,
            Some(held) => app.secrets.replace(secret_name, &held.version, &text).await?,
        };
        if let Some(version) = version {
            return Ok((version, policy));
        }
    }
    Err(ActionError::Racing(id.clone()))
}

/// The secret as it is now; `None` where it does not exist.
async fn read(app: &App, secret_name: &str) -> Result<Option<SecretText>, ActionError> {
    let fetched = app.secrets.fetch(&[secret_name.to_owned()]).await?.pop();
    match fetched.map(|(_, text)| text) {
        Some(Ok(text)) => Ok(Some(text)),
        None | Some(Err(SecretFault::Gone)) => Ok(None),
        Some(Err(fault)) => Err(ActionError::Secret { secret: secret_name.to_owned(), why: fault.to_string() }),
    }
}

/// Creates or reactivates the account; `false` where a run holds it: the next sync sees the new secret and resumes it.
async fn make_due(
    app: &App,
    id: &AccountId,
    secret_name: &str,
    version: String,
    policy: &Policy,
) -> Result<(Account, bool), ActionError> {
    let now = app.clock.now();
    let due = schedule::into_working_hours(now, policy, &mut Seed::new(app.random_u64()).rng(id, RngStream::FirstRun));
    let account = app.accounts.get(id).await?.map(|found| found.account);
    let known = account.is_some();
    let mut account = account.unwrap_or_else(|| Account::new(id.clone(), due));
    account.reactivate(due);
    account.secret_name = Some(secret_name.to_owned());
    account.secret_version = Some(version);
    account.refresh_token_saved_at = Some(now);
    let written = if known { app.accounts.update(&account, now).await? } else { app.accounts.create(&account).await? };
    Ok((account, written))
}
