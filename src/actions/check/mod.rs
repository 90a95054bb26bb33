//! `check`: whether an account can do what its policy asks, and for how long: one finding per subject, each a sentence
//! with what to do. It only reads, in one batch.

mod clock;
mod expiry;
mod finding;
mod health;
mod licences;
mod lookup;
mod reply;
mod user;

use serde::Serialize;

use crate::access::default_policy;
use crate::actions::authenticated::{Authenticated, LoadError, authenticate, reason, secret_reason};
use crate::actions::check::clock::clock;
use crate::actions::check::finding::{Finding, sentence};
use crate::actions::check::lookup::look_up;
use crate::actions::error::ActionError;
use crate::actions::permission_text::{NO_OPERATION, NO_PERMISSION};
use crate::app::App;
use crate::domain::account::AccountId;
use crate::domain::catalogue::granted::GrantedPermissions;
use crate::domain::permissions::required;

/// The answer to `check`.
#[derive(Debug, Serialize)]
pub(crate) struct CheckReport {
    account: AccountId,
    verdicts: Vec<Finding>,
    /// Absent where there is no token.
    #[serde(flatten)]
    permissions: Option<PermissionReport>,
}

#[derive(Debug, Serialize)]
struct PermissionReport {
    /// `None`: the token does not say.
    granted: Option<Vec<String>>,
    missing_permissions: Vec<&'static str>,
    never_drawn: Vec<&'static str>,
}

/// Reports everything that can be found out about an account without changing anything in its tenant.
pub(crate) async fn check(app: &App, id: &AccountId) -> Result<CheckReport, ActionError> {
    let report = |verdicts, permissions| CheckReport { account: id.clone(), verdicts, permissions };
    let readable = |name: &str| Finding::good("secret", format!("Secret `{name}` can be read and has no fault."));
    let loaded = match authenticate(app, id).await {
        Ok(loaded) => loaded,
        Err(LoadError::Action(error)) => return Err(error),
        Err(LoadError::Secret(outcome)) => {
            return Ok(report(vec![Finding::bad("secret", sentence(&secret_reason(&outcome)))], None));
        }
        Err(LoadError::Token { secret_name, outcome }) => {
            return Ok(report(vec![readable(&secret_name), Finding::bad("token", reason(&outcome))], None));
        }
    };
    let Authenticated { secret_name, secret, access, .. } = loaded;
    let (subject, user) = (secret.credential.access(), secret.user_id.as_deref());
    let wanted = required::wanted(&secret.policy, subject, user);
    let never = required::never_drawn(&secret.policy, subject, user, &access.granted);
    let missing = required::missing(&wanted, subject, &access.granted);
    let mut findings = vec![readable(&secret_name)];
    if let Some(error) = default_policy::error(app) {
        findings.push(Finding::bad("default_policy", format!("{}.", sentence(&error))));
    }
    if let Err(error) = secret.policy.check() {
        findings.push(Finding::bad("policy", format!("{error}.")));
    }
    findings.extend([
        Finding::good("token", "The login service gives a token."),
        clock(&access),
        permissions(&access.granted, wanted.len(), never.len()),
    ]);
    findings.extend(look_up(app, &secret, &access).await);
    let granted = match access.granted {
        GrantedPermissions::Known(names) => Some(names.into_iter().collect()),
        GrantedPermissions::Unknown => None,
    };
    let permissions = PermissionReport {
        granted,
        missing_permissions: missing.into_iter().collect(),
        never_drawn: never.iter().map(|operation| operation.id).collect(),
    };
    Ok(report(findings, Some(permissions)))
}

fn permissions(granted: &GrantedPermissions, wanted: usize, never: usize) -> Finding {
    let about = "permissions";
    match granted {
        _ if wanted == 0 => Finding::bad(about, NO_OPERATION),
        GrantedPermissions::Unknown => Finding::unknown(
            about,
            "The token does not say what is granted: an operation that is refused is left out for a week.",
        ),
        _ if never == 0 => Finding::good(about, format!("All {wanted} operations of the policy are allowed.")),
        _ if never < wanted => Finding::good(
            about,
            format!(
                "{never} of the policy's {wanted} operations are skipped because their permissions are missing. That is \
                 fine; to call them too, `consent_url` gives a link."
            ),
        ),
        GrantedPermissions::Known(_) => Finding::bad(about, NO_PERMISSION),
    }
}
