//! The default policy: the secret `<prefix>_defaults`, a policy beneath every account's own.

use std::sync::Arc;

use chrono::TimeDelta;
use secrecy::ExposeSecret;
use serde_json::Value;
use tracing::warn;

use crate::app::App;
use crate::app::default_policy::Defaults;
use crate::domain::policy::Policy;
use crate::domain::secret::MAX_SECRET_BYTES;
use crate::ports::{InfraError, SecretFault, SecretText};

pub(crate) type Fetched = Vec<(String, Result<SecretText, SecretFault>)>;

/// The schedule of `sync`, which reads it too: within this time, a round does not read it again.
const REFRESH_AFTER: TimeDelta = TimeDelta::minutes(15);

/// Whether the default policy was read recently.
pub(crate) fn fresh(app: &App) -> bool {
    let now = app.clock.now();
    app.default_policy.get().is_some_and(|defaults| now - defaults.read_at < REFRESH_AFTER)
}

/// Values by name, at most 19, and with them the default policy, in the same request.
///
/// # Errors
/// As [`crate::ports::Secrets::fetch`]; also where the default policy cannot be read now and never was: a run must not
/// write because the policy that forbids it could not be read.
pub(crate) async fn fetch(app: &App, names: &[String]) -> Result<Fetched, InfraError> {
    let reserved = app.settings.default_policy_name();
    let mut all = names.to_vec();
    all.push(reserved.clone());
    let mut fetched = app.secrets.fetch(&all).await?;
    let at = fetched.iter().position(|(name, _)| *name == reserved);
    note(app, at.map_or(Err(SecretFault::Gone), |at| fetched.swap_remove(at).1))?;
    Ok(fetched)
}

/// What is wrong with the default policy as last read, and what applies until it is fixed.
pub(crate) fn error(app: &App) -> Option<String> {
    let fault = app.default_policy.current().fault_text()?;
    Some(format!("secret `{}` {fault}", app.settings.default_policy_name()))
}

/// As [`error`], read now unless it was read recently. That it cannot be read is an error too.
pub(crate) async fn read_error(app: &App) -> Option<String> {
    if !fresh(app)
        && let Err(error) = fetch(app, &[]).await
    {
        return Some(error.to_string());
    }
    error(app)
}

/// Takes in the result of reading the reserved secret. A faulty one is logged; what applies then is said at [`Defaults`].
pub(crate) fn note(app: &App, read: Result<SecretText, SecretFault>) -> Result<(), InfraError> {
    let (known, name) = (app.default_policy.get(), app.settings.default_policy_name());
    let last_valid = known.as_ref().and_then(|known| known.last_valid.clone());
    let new = match read {
        Err(SecretFault::Gone) => Defaults::default(),
        Err(fault @ SecretFault::Transient(_)) => {
            let Some(known) = known else {
                return Err(InfraError::unavailable("reading the default policy", fault.to_string()));
            };
            warn!(secret = name, error = %fault, "the default policy could not be read; the last one read stays in force");
            known
        }
        Err(fault) => Defaults { fault: Some(fault.to_string()), last_valid, ..Defaults::default() },
        Ok(text) => match known {
            Some(known) if known.version.as_ref() == Some(&text.version) => known,
            _ => parse(&text, last_valid),
        },
    };
    if let Some(fault) = new.fault_text() {
        warn!(secret = name, error = fault, "the default policy is faulty");
    }
    app.default_policy.set(Defaults { read_at: app.clock.now(), ..new });
    Ok(())
}

fn parse(text: &SecretText, last_valid: Option<Arc<Policy>>) -> Defaults {
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
        Ok(policy) => Defaults { version, last_valid: Some(Arc::new(policy)), ..Defaults::default() },
        Err(fault) => Defaults { version, last_valid, fault: Some(fault), ..Defaults::default() },
    }
}
