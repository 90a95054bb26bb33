//! `grant`: adds what the policy needs to the app registration and consents to it for the tenant, with the account's own
//! token. It says what it would do, and does it only with `apply`. Each request is complete in itself: what a failure
//! leaves undone, the next `grant` does.

mod apply;
mod grantor;
mod lookup;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::actions::authenticated::{Authenticated, authenticate};
use crate::actions::consent_url::permission_kind;
use crate::actions::error::ActionError;
use crate::actions::grant::apply::apply;
use crate::actions::grant::grantor::Grantor;
use crate::actions::grant::lookup::look_up;
use crate::app::App;
use crate::domain::account::AccountId;
use crate::domain::permissions::diff::{Diff, diff, missing_admin_permissions};
use crate::domain::permissions::required;

/// Part of each answer: what the program will not do.
const NEVER: &str = "Nothing beyond the policy's needs is ever granted, and never the administrative permissions that \
                     this takes: take those away again when it is done.";

/// The answer to `grant`; a field that does not apply is left out.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Grant {
    account: Option<AccountId>,
    #[serde(rename = "for")]
    permission_kind: &'static str,
    applied: bool,
    #[serde(flatten)]
    difference: Option<Difference>,
    /// Without the administrative permissions that granting takes: what the policy lacks.
    #[serde(flatten)]
    barred: Option<Barred>,
    #[serde(skip_serializing_if = "Option::is_none")]
    registration: Option<&'static str>,
    #[serde(flatten)]
    steps: Option<Steps>,
    message: String,
    never: &'static str,
}

#[derive(Debug, Serialize)]
struct Difference {
    add_to_registration: Vec<&'static str>,
    consent_to: Vec<&'static str>,
    not_offered: Vec<&'static str>,
}

#[derive(Debug, Serialize)]
struct Barred {
    consent_to: Vec<&'static str>,
    lacking: Vec<&'static str>,
}

#[derive(Debug, Serialize)]
struct Steps {
    done: Vec<String>,
    not_done: Vec<String>,
}

/// Reports what would be granted, or with `apply` what was.
pub(crate) async fn grant(
    app: &App,
    id: &AccountId,
    apply: bool,
    deadline: DateTime<Utc>,
) -> Result<Grant, ActionError> {
    let unusable = |why| ActionError::Unusable { account: id.clone(), why };
    let loaded = authenticate(app, id).await.map_err(|error| error.into_action_error(unusable))?;
    let Authenticated { secret, access, .. } = &loaded;
    let subject = secret.credential.access();
    let wanted = required::wanted(&secret.policy, subject, secret.user_id.as_deref());
    let grantor = Grantor { app, id, secret, access, subject, wanted };
    let answer = answer(&grantor, apply, deadline).await?;
    Ok(Grant { account: Some(id.clone()), permission_kind: permission_kind(subject), never: NEVER, ..answer })
}

async fn answer(grantor: &Grantor<'_>, apply_it: bool, deadline: DateTime<Utc>) -> Result<Grant, ActionError> {
    let lacking = missing_admin_permissions(grantor.subject, &grantor.access.granted);
    if !lacking.is_empty() {
        return Ok(barred(grantor, lacking));
    }
    let tenant = match look_up(grantor).await {
        Ok(tenant) => tenant,
        Err(message) => return Ok(Grant { message, ..Grant::default() }),
    };
    let found = diff(&grantor.wanted, grantor.subject, &tenant);
    let registration = tenant.registration.is_none();
    let registration =
        registration.then_some("The app is registered in another tenant: its list of permissions is kept there.");
    let mut answer = Grant { registration, ..Grant::default() };
    if apply_it {
        let applied = apply(grantor, &found, &tenant, deadline).await?;
        answer.applied = applied.completed;
        answer.steps = Some(Steps { done: applied.done, not_done: applied.not_done });
        answer.message = applied.message;
    } else if found.is_empty() {
        answer.message = "Nothing to do: all that the policy needs is granted.".to_owned();
    } else {
        answer.message = "Nothing was changed. Send it again with \"apply\": true to do this.".to_owned();
    }
    let Diff { register, consent, not_offered } = found;
    answer.difference = Some(Difference { add_to_registration: register, consent_to: consent, not_offered });
    Ok(answer)
}

fn barred(grantor: &Grantor<'_>, lacking: Vec<&'static str>) -> Grant {
    let missing = required::missing(&grantor.wanted, grantor.subject, &grantor.access.granted);
    let message = if missing.is_empty() {
        "Nothing to do: the token already carries all that the policy needs.".to_owned()
    } else {
        format!(
            "The account's token may not grant anything, for want of {}. `consent_url` gives a link by which an \
             administrator consents.",
            lacking.join(" and ")
        )
    };
    let barred = Barred { consent_to: missing.into_iter().collect(), lacking };
    Grant { barred: Some(barred), message, ..Grant::default() }
}
