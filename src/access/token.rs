//! Token: how a run comes by an access token, and what becomes of a rotated refresh token.

use chrono::Duration;
use secrecy::{ExposeSecret, SecretString};
use tracing::{debug, warn};

use crate::app::App;
use crate::app::token_cache::AccessToken;
use crate::domain::account::Account;
use crate::domain::cause::LoginError;
use crate::domain::outcome::Outcome;
use crate::domain::secret::{AccountSecret, Credential, with_refresh_token};
use crate::ports::{InfraError, SecretText, Token};
use crate::run::secret_name;

/// A rotated refresh token is written to its secret once in this time: a secret keeps about 100 versions,
/// and the older token stays good for 90 days.
const SAVE_EVERY: Duration = Duration::hours(24);

/// Where no `expires_in` came: the token is for this run alone.
const THIS_RUN: Duration = Duration::minutes(5);

/// The warm access token, or one token request.
///
/// # Errors
/// The outcome that the run ends with.
pub async fn get(
    app: &App,
    account: &Account,
    secret: &AccountSecret,
    text: &SecretText,
) -> Result<AccessToken, Outcome> {
    if let Some(access) = app.token_cache.access(&account.id, &text.version, app.clock.now()) {
        return Ok(access);
    }
    renew(app, account, secret, text).await
}

/// One token request, though there may be a warm token: it was refused.
pub async fn renew(
    app: &App,
    account: &Account,
    secret: &AccountSecret,
    text: &SecretText,
) -> Result<AccessToken, Outcome> {
    let gate = format!("login {}", secret.tenant_id);
    if let Some(until) = app.throttle.blocked_until(&gate, app.clock.now()) {
        return Err(Outcome::Throttled { until: Some(until) });
    }
    let remembered = app.token_cache.refresh_token(&account.id, &text.version);
    let mut answer = request(app, account, secret, remembered.as_ref()).await;
    if remembered.is_some() && matches!(answer, Err(LoginError::Misconfigured(_))) {
        // The newer one may have been lost on its way; the secret's own may still be good.
        app.token_cache.remove(&account.id);
        answer = request(app, account, secret, None).await;
    }
    let now = app.clock.now();
    let Token { access_token, lifetime, granted, user, refresh_token } = answer.map_err(|error| match error {
        LoginError::Misconfigured(cause) => Outcome::Misconfigured { cause },
        LoginError::LongBackoff(cause) => Outcome::LongBackoff { cause },
        LoginError::NotYet(cause) => Outcome::not_yet(cause, account.consecutive_failures),
        LoginError::Transient(why) => Outcome::Transient { why },
        LoginError::Throttled { retry_after } => {
            let until = retry_after.and_then(|wait| Duration::from_std(wait).ok()).map(|wait| now + wait);
            if let Some(until) = until {
                app.throttle.block_until(&gate, until, now);
            }
            Outcome::Throttled { until }
        }
    })?;
    let lifetime = lifetime.and_then(|lifetime| Duration::from_std(lifetime).ok()).unwrap_or(THIS_RUN);
    let access = AccessToken { token: access_token, granted, user, expires_at: now + lifetime };
    let newest = refresh_token.or_else(|| app.token_cache.refresh_token(&account.id, &text.version));
    app.token_cache.insert(&account.id, &text.version, Some(access.clone()), newest);
    Ok(access)
}

async fn request(
    app: &App,
    account: &Account,
    secret: &AccountSecret,
    refresh_token: Option<&SecretString>,
) -> Result<Token, LoginError> {
    let sent_at = app.clock.now();
    let answer = app.tokens.request_token(secret, refresh_token).await;
    let outcome = match &answer {
        Ok(_) => "ok",
        Err(LoginError::Misconfigured(cause) | LoginError::LongBackoff(cause) | LoginError::NotYet(cause)) => {
            &cause.code
        }
        Err(LoginError::Throttled { .. }) => "throttled",
        Err(LoginError::Transient(why)) => why,
    };
    let ms = (app.clock.now() - sent_at).num_milliseconds();
    debug!(account = %account.id, outcome, ms, "token request");
    answer
}

/// Writes a rotated refresh token to its secret, at most once a day. A secret that the house did not write
/// itself holds a token of unknown age, so that one is replaced at once.
pub async fn save_rotated(app: &App, account: &mut Account, secret: &AccountSecret, text: &SecretText) {
    let Credential::RefreshToken { refresh_token: stored, .. } = &secret.credential else { return };
    let Some(newest) = app.token_cache.refresh_token(&account.id, &text.version) else { return };
    let now = app.clock.now();
    let ours = account.secret_version.as_deref() == Some(text.version.as_str());
    let fresh = account.refresh_token_saved_at.is_some_and(|saved| now - saved < SAVE_EVERY);
    if (ours && fresh) || newest.expose_secret() == stored.expose_secret() {
        return;
    }
    let name = secret_name(app, account);
    let written = match with_refresh_token(&text.text, &newest) {
        Ok(new) => app.secrets.replace(&name, &text.version, &new).await.map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    match written {
        Ok(Some(version)) => {
            app.token_cache.set_version(&account.id, &version);
            account.secret_version = Some(version);
            account.refresh_token_saved_at = Some(now);
        }
        Ok(None) => {
            let message =
                "the secret changed meanwhile: the rotated refresh token was not written, the new secret holds";
            warn!(account = %account.id, "{message}");
        }
        Err(error) => {
            let message =
                "the rotated refresh token could not be written; it is kept in memory and tried again next run";
            warn!(account = %account.id, error, "{message}");
        }
    }
}

/// The same where no run records the account afterwards: it is written back here, unless a run holds it.
///
/// # Errors
/// Where the account cannot be written.
pub async fn save_outside_a_run(
    app: &App,
    account: &mut Account,
    secret: &AccountSecret,
    text: &SecretText,
) -> Result<(), InfraError> {
    let version = account.secret_version.clone();
    save_rotated(app, account, secret, text).await;
    if account.secret_version != version {
        app.accounts.update(account, app.clock.now()).await?;
    }
    Ok(())
}
