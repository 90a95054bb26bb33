//! How an app proves that it is the app: a secret or an assertion.

use chrono::{DateTime, Utc};

use crate::login::aadsts::Refusal;
use crate::login::assertion;
use crate::login::form::Form;
use crate::state::service_state::ServiceState;
use crate::state::tenant::App;

/// Checks the credential of a confidential app; a public app must not present one.
pub(super) fn authenticate(
    state: &mut ServiceState,
    tenant: &str,
    app: &App,
    form: &Form,
    now: DateTime<Utc>,
) -> Result<(), Refusal> {
    let secret = form.get("client_secret");
    let assertion = form.get("client_assertion");
    if app.public {
        return if secret.or(assertion).is_some() { Err(Refusal::usual(700_025)) } else { Ok(()) };
    }
    match (secret, assertion) {
        (Some(_), Some(_)) => Err(Refusal::usual(9_002_313)),
        (None, None) => Err(Refusal::usual(7_000_218)),
        (None, Some(assertion)) => {
            if form.get("client_assertion_type").map(String::as_str) != Some(assertion::TYPE) {
                return Err(Refusal::new(
                    900_144,
                    "The request body must contain the following parameter: 'client_assertion_type'.",
                ));
            }
            assertion::check(state, tenant, app, assertion, now)
        }
        (Some(secret), None) => match app.secrets.iter().find(|s| s.value == *secret) {
            None => Err(Refusal::usual(7_000_215)),
            Some(s) if s.expires.is_some_and(|at| at <= now) => Err(Refusal::usual(7_000_222)),
            Some(_) => Ok(()),
        },
    }
}
