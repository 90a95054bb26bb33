//! Sign-in by a code that the user types on another device.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use crate::login::aadsts::Refusal;
use crate::login::form::{Form, field};
use crate::login::lookup::{app, one_tenant};
use crate::login::sign_in::{Caller, Outcome, Proven, sign_in};
use crate::state::issued::DeviceSignIn;
use crate::state::service_state::ServiceState;

const POLL_SECONDS: i64 = 5;

/// Issues a device code and a user code.
pub(super) fn start(state: &mut ServiceState, tenant: &str, form: &Form, now: DateTime<Utc>) -> Outcome {
    let client = field(form, "client_id")?.to_owned();
    let scope = field(form, "scope")?.to_owned();
    let tenant = match tenant {
        "organizations" | "common" => {
            let all = state.tenants.values();
            let known = all.filter(|t| t.app(&client).is_some()).map(|t| t.definition.id.clone()).next();
            known.ok_or_else(|| Refusal::usual(700_016))?
        }
        named => one_tenant(state, named)?,
    };
    let app = app(state, &tenant, &client)?;
    if !app.public {
        return Err(Refusal::usual(7_000_218));
    }
    let device_code = state.secret(48);
    let user_code: String = state.secret(12).chars().filter(char::is_ascii_alphanumeric).take(9).collect();
    let user_code = user_code.to_uppercase();
    let held = DeviceSignIn {
        user_code: user_code.clone(),
        tenant: tenant.clone(),
        app: client.clone(),
        scope,
        expires: now + TimeDelta::seconds(900),
        polled: None,
        answer: None,
        strong: false,
    };
    state.devices.insert(device_code.clone(), held);
    let uri = "https://microsoft.com/devicelogin";
    let answer = json!({
        "user_code": user_code, "device_code": device_code, "verification_uri": uri, "expires_in": 900, "interval": POLL_SECONDS,
        "message": format!("To sign in, use a web browser to open the page {uri} and enter the code {user_code} to authenticate."),
    });
    Ok((answer, Caller { tenant, app: client, user: None }))
}

pub(super) fn token(state: &mut ServiceState, tenant: &str, client: &str, form: &Form, now: DateTime<Utc>) -> Outcome {
    let code = field(form, "device_code")?.to_owned();
    let held = state.devices.get(&code).cloned().ok_or_else(|| Refusal::usual(70000))?;
    if !matches!(tenant, "common" | "organizations") && one_tenant(state, tenant)? != held.tenant
        || !held.app.eq_ignore_ascii_case(client)
    {
        return Err(Refusal::usual(70000));
    }
    if held.polled.is_some_and(|last| now - last < TimeDelta::seconds(POLL_SECONDS)) {
        state.report_violation("a device code was polled before its interval was over");
    }
    state.devices.entry(code.clone()).and_modify(|d| d.polled = Some(now));
    if now >= held.expires {
        return Err(Refusal::usual(70020));
    }
    match held.answer {
        None => Err(Refusal::usual(70016)),
        Some(None) => Err(Refusal::usual(65004)),
        Some(Some(user)) => {
            let app = app(state, &held.tenant, client)?;
            let outcome =
                sign_in(state, &held.tenant, &app, Proven { user: &user, strong: held.strong }, &held.scope, now)?;
            state.devices.remove(&code);
            Ok(outcome)
        }
    }
}
