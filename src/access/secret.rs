//! The secret of one account, and what it defines.

use crate::access::default_policy;
use crate::app::App;
use crate::app::default_policy::Defaults;
use crate::domain::account::Account;
use crate::domain::cause::Cause;
use crate::domain::outcome::Outcome;
use crate::domain::secret::{AccountSecret, SecretDocument};
use crate::ports::{InfraError, SecretFault, SecretText};

/// One account's secret and its name; the default policy is read with it.
///
/// # Errors
/// As [`default_policy::fetch`].
pub(crate) async fn with_account(
    app: &App,
    account: &Account,
) -> Result<(String, Result<SecretText, SecretFault>), InfraError> {
    let name = app.settings.secret_name(account);
    let fetched = default_policy::fetch(app, std::slice::from_ref(&name)).await?;
    let text = fetched.into_iter().next().map_or(Err(SecretFault::Gone), |(_, text)| text);
    Ok((name, text))
}

/// The account's part of its secret, its policy merged over the default one.
///
/// # Errors
/// The outcome of a run that cannot begin: it names the secret and the field, never a value.
pub(crate) fn read_secret(
    defaults: &Defaults,
    account: &Account,
    name: &str,
    secret: Result<SecretText, SecretFault>,
) -> Result<(AccountSecret, SecretText), Outcome> {
    let misconfigured = |what: String, remedy| Outcome::Misconfigured { cause: Cause::new("secret", what, remedy) };
    let text = secret.map_err(|fault| match fault {
        SecretFault::Transient(_) => Outcome::Transient { why: format!("secret `{name}` {fault}") },
        SecretFault::Gone | SecretFault::Refused(_) => {
            misconfigured(format!("secret `{name}` {fault}"), "Create it, or fix its permissions")
        }
    })?;
    let mut secret = SecretDocument::parse(&text.text)
        .and_then(|document| document.account_with_defaults(&account.id, &defaults.policy()))
        .map_err(|error| {
            misconfigured(format!("secret `{name}`: {error}"), "Fix the secret; the next run reads it again")
        })?;
    secret.policy.writes &= !defaults.read_only();
    Ok((secret, text))
}
