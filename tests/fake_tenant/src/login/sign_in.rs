//! The rules that hold for a user whatever the grant: enabled, not blocked, consented.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::login::aadsts::Refusal;
use crate::login::lookup::graph;
use crate::login::token::{self, Grant};
use crate::state::service_state::ServiceState;
use crate::state::tenant::App;

/// A token answer with the caller, or the refusal.
pub(super) type Outcome = Result<(Value, Caller), Refusal>;

/// Sign-ins that a second factor lets pass.
pub(super) const SECOND_FACTOR: [u32; 3] = [50076, 50079, 50158];

/// The caller whose token it is, for the record.
#[derive(Default)]
pub(super) struct Caller {
    pub tenant: String,
    pub app: String,
    pub user: Option<String>,
}

/// A user who proved their identity, and whether with a second factor.
pub(super) struct Proven<'a> {
    pub user: &'a str,
    pub strong: bool,
}

/// Checks the user and the consents, and issues the tokens.
pub(super) fn sign_in(
    state: &mut ServiceState,
    tenant: &str,
    app: &App,
    who: Proven<'_>,
    scope: &str,
    now: DateTime<Utc>,
) -> Outcome {
    let strong = who.strong;
    let known = state.tenants[tenant].user(who.user).cloned().ok_or_else(|| Refusal::usual(50034))?;
    if !known.enabled {
        return Err(Refusal::usual(50057));
    }
    if let Some(code) = known.blocked_by.filter(|code| !(strong && SECOND_FACTOR.contains(code))) {
        return Err(Refusal::usual(code));
    }
    let granted = scopes(state, app, &known.id, scope)?;
    let offline = scope.split_whitespace().any(|s| s == "offline_access");
    let who = Caller { tenant: tenant.into(), app: app.client_id.clone(), user: Some(known.id.clone()) };
    let grant = Grant { tenant: tenant.into(), app: app.clone(), user: Some(known.id), permissions: Some(granted) };
    let mut answer = token::issue(state, &grant, now);
    if scope.split_whitespace().any(|s| s == "openid") {
        answer["id_token"] = token::identity(state, &grant, &known.upn, now).into();
    }
    if offline {
        answer["refresh_token"] = token::refresh(state, &grant, scope, strong, now).into();
    }
    Ok((answer, who))
}

/// The consented permissions for a `scope`. As in Entra, a token has all of them, whichever are requested.
fn scopes(state: &ServiceState, app: &App, user: &str, scope: &str) -> Result<BTreeSet<String>, Refusal> {
    let own = app.own_scopes.get(user).into_iter().flatten();
    let consented: BTreeSet<String> = app.scopes.iter().chain(own).cloned().collect();
    let (mut default, mut single) = (false, false);
    for part in scope.split_whitespace() {
        if matches!(part, "openid" | "profile" | "email" | "offline_access") {
            continue;
        }
        let name = match part.rsplit_once('/') {
            None => part,
            Some((resource, name)) => {
                graph(state, resource)?;
                name
            }
        };
        if name == ".default" {
            default = true;
        } else if consented.contains(name) {
            single = true;
        } else {
            return Err(Refusal::usual(65001));
        }
    }
    if default && single {
        return Err(Refusal::new(70011, ".default scope can't be combined with resource-specific scopes."));
    }
    if !default && !single {
        return Err(Refusal::new(70011, "The provided value for the input parameter 'scope' is not valid."));
    }
    if consented.is_empty() { Err(Refusal::usual(65001)) } else { Ok(consented) }
}
