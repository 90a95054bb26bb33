//! `sign_in`: a person signs in elsewhere with a short code, and the account's secret gets the refresh token.
//!
//! The first call answers with the code at once, since an invocation answers once. The pending sign-in is kept in memory
//! and in a reserved secret, so that the second call, in whichever instance, continues it: it polls until the person has
//! answered, or its own deadline is near.

mod answer;
mod client;
mod replacement;
pub(crate) mod request;
mod reserved_secret;
mod store;
mod wait;

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::actions::error::ActionError;
use crate::actions::sign_in::answer::SignInAnswer;
use crate::actions::sign_in::client::client;
use crate::actions::sign_in::replacement::refuse_replacement;
use crate::actions::sign_in::request::SignIn;
use crate::actions::sign_in::reserved_secret::{forget, keep};
use crate::actions::sign_in::store::store;
use crate::actions::sign_in::wait::{MAX_INTERVAL, MIN_INTERVAL, WaitResult, refusal, wait};
use crate::app::App;
use crate::app::pending_sign_ins::PendingSignIn;
use crate::domain::account::AccountId;
use crate::ports::{Client, SecretFault, SecretText};

/// The longest that a code is taken to live, whatever the login service says: Entra's lives 15 minutes.
const MAX_LIFETIME: Duration = Duration::from_hours(24);

/// Begins a sign-in, or continues the one that was begun.
pub(crate) async fn sign_in(
    app: &App,
    id: &AccountId,
    asked: &SignIn,
    deadline: DateTime<Utc>,
) -> Result<SignInAnswer, ActionError> {
    let account = app.accounts.get(id).await?.map(|found| found.account);
    let secret_name = account.and_then(|account| account.secret_name);
    let secret_name = secret_name.unwrap_or_else(|| app.settings.secret_name_for(id));
    let (held, stored) = read_secrets(app, id, &secret_name).await?;
    let client = client(id, &secret_name, held.as_ref(), asked)?;
    if !asked.replace {
        refuse_replacement(id, &secret_name, held.as_ref(), &client)?;
    }
    let pending = app.pending_sign_ins.get(id).or(stored).filter(|pending| pending.client == client);
    let Some(pending) = pending else { return begin(app, id, client).await };
    let result = wait(app, id, pending, deadline).await;
    if let Ok(WaitResult::Waiting(pending)) = result {
        return Ok(SignInAnswer::waiting(id, &pending));
    }
    let answer = match result {
        Ok(WaitResult::SignedIn { token, username }) if is_wanted(asked.username.as_deref(), username.as_deref()) => {
            store(app, id, &secret_name, &client, asked.replace, *token).await
        }
        Ok(WaitResult::SignedIn { .. }) => Ok(SignInAnswer::wrong_account(id)),
        Ok(WaitResult::Refused) => Ok(SignInAnswer::refused(id)),
        Ok(WaitResult::Expired | WaitResult::Waiting(_)) => Ok(SignInAnswer::expired(id)),
        Err(error) => Err(error),
    };
    forget(app, id).await;
    answer
}

/// Reads the account's secret and the pending sign-in, in one request.
async fn read_secrets(
    app: &App,
    id: &AccountId,
    secret_name: &str,
) -> Result<(Option<SecretText>, Option<PendingSignIn>), ActionError> {
    let reserved = reserved_secret::name(app, id);
    let mut fetched = app.secrets.fetch(&[secret_name.to_owned(), reserved.clone()]).await?;
    let mut take = |wanted: &str| {
        let index = fetched.iter().position(|(name, _)| name == wanted);
        index.map_or(Err(SecretFault::Gone), |index| fetched.swap_remove(index).1)
    };
    let held = match take(secret_name) {
        Ok(text) => Some(text),
        Err(SecretFault::Gone) => None,
        Err(fault) => return Err(ActionError::Secret { secret: secret_name.to_owned(), why: fault.to_string() }),
    };
    Ok((held, take(&reserved).ok().and_then(|text| PendingSignIn::read(&text.text))))
}

async fn begin(app: &App, id: &AccountId, client: Client) -> Result<SignInAnswer, ActionError> {
    let code = app.tokens.device_code(&client).await.map_err(|error| refusal(id, error))?;
    let now = app.clock.now();
    let interval = code.interval.clamp(MIN_INTERVAL, MAX_INTERVAL);
    let pending = PendingSignIn {
        client,
        device_code: code.device_code,
        user_code: code.user_code,
        verification_uri: code.verification_uri,
        expires_at: now + code.expires_in.min(MAX_LIFETIME),
        interval,
        next_poll: now + interval,
    };
    keep(app, id, &pending).await;
    Ok(SignInAnswer::waiting(id, &pending))
}

fn is_wanted(wanted: Option<&str>, signed_in: Option<&str>) -> bool {
    wanted.is_none_or(|wanted| signed_in.is_some_and(|name| name.eq_ignore_ascii_case(wanted)))
}
