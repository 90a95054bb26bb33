//! An account with its secret and an access token: what most actions begin with.

use crate::access::secret::{read_secret, with_account};
use crate::access::token::{self, AccountTokens};
use crate::actions::error::ActionError;
use crate::app::App;
use crate::app::token_cache::AccessToken;
use crate::domain::account::{Account, AccountId};
use crate::domain::outcome::Outcome;
use crate::domain::secret::AccountSecret;
use crate::ports::{InfraError, SecretText, StoredAccount};

/// An account, its part of its secret, and a token for it.
pub(crate) struct Authenticated {
    pub account: Account,
    pub secret_name: String,
    pub secret: AccountSecret,
    pub access: AccessToken,
}

/// An account and its part of its secret.
pub(crate) struct WithSecret {
    pub account: Account,
    pub secret_name: String,
    pub secret: AccountSecret,
    text: SecretText,
}

/// How far loading came, and why no further.
pub(crate) enum LoadError {
    Action(ActionError),
    Secret(Outcome),
    Token { secret_name: String, outcome: Outcome },
}

impl From<ActionError> for LoadError {
    fn from(error: ActionError) -> Self {
        Self::Action(error)
    }
}

impl From<InfraError> for LoadError {
    fn from(error: InfraError) -> Self {
        Self::Action(error.into())
    }
}

impl LoadError {
    /// As an action's error; `describe` makes one of the reason where the secret or the token is at fault.
    pub(super) fn into_action_error(self, describe: impl FnOnce(String) -> ActionError) -> ActionError {
        match self {
            Self::Action(error) => error,
            Self::Secret(outcome) => describe(secret_reason(&outcome)),
            Self::Token { outcome, .. } => describe(reason(&outcome)),
        }
    }
}

/// Why a run with this outcome would not succeed.
pub(crate) fn reason(outcome: &Outcome) -> String {
    outcome.reason().unwrap_or_else(|| outcome.as_str().to_owned())
}

/// Why a secret cannot be used: it names the secret and the field. The cause's code would say `secret` once more.
pub(crate) fn secret_reason(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Misconfigured { cause } => format!("{}. {}.", cause.what, cause.remedy),
        other => reason(other),
    }
}

/// Reads an account.
///
/// # Errors
/// Where no account has that id.
pub(crate) async fn find(app: &App, id: &AccountId) -> Result<StoredAccount, ActionError> {
    app.accounts.get(id).await?.ok_or_else(|| ActionError::NoAccount(id.clone()))
}

/// Reads an account and its secret.
pub(crate) async fn load_secret(app: &App, id: &AccountId) -> Result<WithSecret, LoadError> {
    let account = find(app, id).await?.account;
    let (secret_name, text) = with_account(app, &account).await?;
    let (secret, text) =
        read_secret(&app.default_policy.current(), &account, &secret_name, text).map_err(LoadError::Secret)?;
    Ok(WithSecret { account, secret_name, secret, text })
}

/// Reads an account and its secret, and obtains a token. A rotated refresh token is saved: memory may hold the only
/// copy that still works.
pub(crate) async fn authenticate(app: &App, id: &AccountId) -> Result<Authenticated, LoadError> {
    let WithSecret { mut account, secret_name, secret, text } = load_secret(app, id).await?;
    let access = match AccountTokens::new(app, &account, &secret, &text).get().await {
        Ok(access) => access,
        Err(outcome) => return Err(LoadError::Token { secret_name, outcome }),
    };
    token::save_outside_a_run(app, &mut account, &secret, &text).await?;
    Ok(Authenticated { account, secret_name, secret, access })
}
