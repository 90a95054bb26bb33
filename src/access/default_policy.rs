//! The default policy: the secret `<prefix>_defaults`, a policy object under every account's own fields.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use secrecy::ExposeSecret;
use serde_json::Value;
use tracing::warn;

use crate::app::App;
use crate::domain::account::Account;
use crate::domain::policy::Policy;
use crate::domain::secret::MAX_SECRET_BYTES;
use crate::ports::{InfraError, SecretFault, SecretText};
use crate::run::secret_name;

/// What the reserved secret said when it was read last.
#[derive(Clone, Debug, Default)]
pub struct Defaults {
    /// `None` where there is no such secret.
    version: Option<String>,
    read_at: DateTime<Utc>,
    pub policy: Arc<Policy>,
    /// Why the secret is ignored. Never holds a value.
    pub fault: Option<String>,
}

pub type Fetched = Vec<(String, Result<SecretText, SecretFault>)>;

/// The schedule of `sync`, which reads it too: a round does not ask again for what was read within this time.
const FRESH: TimeDelta = TimeDelta::minutes(15);

/// Whether the default policy was read not long ago.
pub fn fresh(app: &App) -> bool {
    let now = app.clock.now();
    app.token_cache.defaults().is_some_and(|defaults| now - defaults.read_at < FRESH)
}

/// The name of the reserved secret.
pub fn name(app: &App) -> String {
    format!("{}_defaults", app.settings.secret_prefix)
}

/// Values by name, at most 19, and with them the default policy, in the same request.
///
/// # Errors
/// As [`crate::ports::Secrets::fetch`]; also where the default policy cannot be had just now and never was: a run must not
/// write because nobody could read that it may not.
pub async fn fetch(app: &App, names: &[String]) -> Result<Fetched, InfraError> {
    let reserved = name(app);
    let mut all = names.to_vec();
    all.push(reserved.clone());
    let mut fetched = app.secrets.fetch(&all).await?;
    let at = fetched.iter().position(|(name, _)| *name == reserved);
    note(app, at.map_or(Err(SecretFault::Gone), |at| fetched.swap_remove(at).1))?;
    Ok(fetched)
}

/// One account's secret and its name; the default policy is read with it.
///
/// # Errors
/// As [`fetch`].
pub async fn with_account(
    app: &App,
    account: &Account,
) -> Result<(String, Result<SecretText, SecretFault>), InfraError> {
    let name = secret_name(app, account);
    let fetched = fetch(app, std::slice::from_ref(&name)).await?;
    let text = fetched.into_iter().next().map_or(Err(SecretFault::Gone), |(_, text)| text);
    Ok((name, text))
}

/// Takes in what reading the reserved secret came to. One that is faulty is told of, and else ignored.
pub fn note(app: &App, read: Result<SecretText, SecretFault>) -> Result<(), InfraError> {
    let known = app.token_cache.defaults();
    let new = match read {
        Err(SecretFault::Gone) => Some(Defaults::default()),
        Err(fault @ SecretFault::Transient(_)) => {
            let (Some(known), name) = (known, name(app)) else {
                return Err(InfraError::unavailable("reading the default policy", fault.to_string()));
            };
            warn!(secret = name, error = %fault, "the default policy could not be read; what it was before holds");
            Some(known)
        }
        Err(fault) => Some(Defaults { fault: Some(fault.to_string()), ..Defaults::default() }),
        Ok(text) if known.as_ref().is_some_and(|known| known.version.as_ref() == Some(&text.version)) => known,
        Ok(text) => Some(parse(&text)),
    };
    let new = new.unwrap_or_default();
    if let Some(fault) = &new.fault {
        warn!(secret = name(app), error = fault, "the default policy is faulty and ignored");
    }
    app.token_cache.set_defaults(Defaults { read_at: app.clock.now(), ..new });
    Ok(())
}

fn parse(text: &SecretText) -> Defaults {
    let exposed = text.text.expose_secret();
    let policy = if exposed.len() > MAX_SECRET_BYTES {
        Err("is larger than 64 KiB".to_owned())
    } else {
        serde_json::from_str::<Value>(exposed)
            .map_err(|error| format!("is not JSON (line {}, column {})", error.line(), error.column()))
            .and_then(|value| Policy::parse(value).map_err(|error| error.to_string()))
    };
    let version = Some(text.version.clone());
    match policy {
        Ok(policy) => Defaults { version, policy: Arc::new(policy), ..Defaults::default() },
        Err(fault) => Defaults { version, fault: Some(fault), ..Defaults::default() },
    }
}
