//! The grants of `POST /{tenant}/oauth2/v2.0/token`.

use chrono::{DateTime, TimeDelta, Utc};

use crate::login::aadsts::Refusal;
use crate::login::client_authentication::authenticate;
use crate::login::device_code;
use crate::login::form::{Form, field};
use crate::login::lookup::{app, graph, one_tenant};
use crate::login::sign_in::{Caller, Outcome, Proven, sign_in};
use crate::login::token::{self, Grant};
use crate::model::schema::is_guid;
use crate::state::service_state::ServiceState;

const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";
const REFRESH_TOKEN_DAYS: i64 = 90;

pub(super) fn token(state: &mut ServiceState, tenant: &str, form: &Form, now: DateTime<Utc>) -> Outcome {
    let grant = field(form, "grant_type")?.to_owned();
    let client = field(form, "client_id")?.to_owned();
    if !is_guid(&client) {
        return Err(Refusal::usual(700_016));
    }
    match grant.as_str() {
        "client_credentials" => client_credentials(state, tenant, &client, form, now),
        "password" => password(state, tenant, &client, form, now),
        "refresh_token" => refresh(state, tenant, &client, form, now),
        DEVICE_CODE => device_code::token(state, tenant, &client, form, now),
        other => Err(Refusal::new(70003, format!("The app requested an unsupported grant type '{other}'."))),
    }
}

fn client_credentials(
    state: &mut ServiceState,
    tenant: &str,
    client: &str,
    form: &Form,
    now: DateTime<Utc>,
) -> Outcome {
    let tenant = one_tenant(state, tenant)?;
    let app = app(state, &tenant, client)?;
    let scope = field(form, "scope")?;
    let Some(resource) = scope.strip_suffix("/.default") else { return Err(Refusal::usual(1_002_012)) };
    graph(state, resource)?;
    if app.public {
        return Err(Refusal::usual(7_000_218));
    }
    authenticate(state, &tenant, &app, form, now)?;
    let grant = Grant { tenant: tenant.clone(), app, user: None, permissions: None };
    Ok((token::issue(state, &grant, now), Caller { tenant, app: client.into(), user: None }))
}

fn password(state: &mut ServiceState, tenant: &str, client: &str, form: &Form, now: DateTime<Utc>) -> Outcome {
    let username = field(form, "username")?.to_owned();
    let password = field(form, "password")?.to_owned();
    let tenant = match tenant {
        "common" | "consumers" => {
            return Err(Refusal::new(
                9_001_023,
                "The grant type is not supported over the /common or /consumers endpoints. Please use the /organizations or tenant-specific endpoint.",
            ));
        }
        "organizations" => {
            let domain = username.split_once('@').map_or("", |(_, d)| d).to_owned();
            one_tenant(state, &domain).map_err(|_| Refusal::usual(50059))?
        }
        named => one_tenant(state, named)?,
    };
    let app = app(state, &tenant, client)?;
    authenticate(state, &tenant, &app, form, now)?;
    let user = state.tenants[&tenant].user(&username).cloned().ok_or_else(|| Refusal::usual(50034))?;
    if user.password != password {
        return Err(Refusal::usual(50126));
    }
    if user.password_expired {
        return Err(Refusal::usual(50055));
    }
    sign_in(state, &tenant, &app, Proven { user: &user.id, strong: false }, field(form, "scope")?, now)
}

fn refresh(state: &mut ServiceState, tenant: &str, client: &str, form: &Form, now: DateTime<Utc>) -> Outcome {
    let presented = field(form, "refresh_token")?.to_owned();
    let held = state.refresh_tokens.get(&presented).cloned().ok_or_else(|| Refusal::usual(9_002_313))?;
    if !matches!(tenant, "common" | "organizations") && one_tenant(state, tenant)? != held.tenant {
        return Err(Refusal::usual(70000));
    }
    let app = app(state, &held.tenant, client)?;
    authenticate(state, &held.tenant, &app, form, now)?;
    if !held.app.eq_ignore_ascii_case(client) {
        return Err(Refusal::usual(70000));
    }
    if held.revoked {
        return Err(Refusal::usual(50173));
    }
    if held.issued + TimeDelta::days(REFRESH_TOKEN_DAYS) <= now {
        return Err(Refusal::usual(700_082));
    }
    let scope = form.get("scope").unwrap_or(&held.scope).clone();
    let outcome = sign_in(state, &held.tenant, &app, Proven { user: &held.user, strong: held.strong }, &scope, now)?;
    if state.tenants[&held.tenant].definition.single_use_refresh_tokens {
        state.refresh_tokens.entry(presented).and_modify(|r| r.revoked = true);
    }
    Ok(outcome)
}
