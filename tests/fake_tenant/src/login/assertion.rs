//! Client assertions: a certificate's or a federated issuer's JWT. All is checked except the signature itself.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use crate::login::aadsts::Refusal;
use crate::state::service_state::ServiceState;
use crate::state::tenant::App;
use crate::wire::encoding::unbase64url;

pub(super) const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The shortest RSA signature that Entra accepts, of a key of 2048 bits.
const SIGNATURE_BYTES: usize = 256;

pub(super) fn check(
    state: &mut ServiceState,
    tenant: &str,
    app: &App,
    jwt: &str,
    now: DateTime<Utc>,
) -> Result<(), Refusal> {
    let bad = |why: &str| Err(Refusal::new(700_027, format!("Client assertion failed validation: {why}.")));
    let parts: Vec<&str> = jwt.split('.').collect();
    let [header, claims, signature] = parts[..] else { return bad("it is no JWT") };
    let (Some(header), Some(claims), Some(signature)) = (json(header), json(claims), unbase64url(signature)) else {
        return bad("its parts are no base64url or no JSON");
    };
    let (issuer, subject) = (claims["iss"].as_str().unwrap_or_default(), claims["sub"].as_str().unwrap_or_default());
    if signature.len() < SIGNATURE_BYTES {
        return bad("the signature is too short for an RSA key of 2048 bits");
    }
    let (Some(from), Some(until)) = (time(&claims["nbf"]).or(time(&claims["iat"])), time(&claims["exp"])) else {
        return bad("nbf or exp is missing");
    };
    if until <= now || from > now + TimeDelta::minutes(5) {
        return bad("it is not within its valid time range");
    }
    if !issuer.eq_ignore_ascii_case(&app.client_id) {
        return federated(app, issuer, subject, claims["aud"].as_str().unwrap_or_default());
    }
    let thumbprint = header["x5t#S256"].as_str().unwrap_or_default();
    if !matches!(header["alg"].as_str(), Some("PS256" | "RS256")) {
        return bad("alg is neither PS256 nor RS256");
    }
    if !app.thumbprints.iter().any(|t| t == thumbprint) {
        return bad("the key was not found");
    }
    if issuer != subject || !audiences(state, tenant).iter().any(|a| claims["aud"] == **a) {
        return bad("iss and sub must be the client id, aud the tenant's token URL");
    }
    if until - from > TimeDelta::hours(24) {
        return bad("it lives too long");
    }
    let Some(jti) = claims["jti"].as_str().filter(|j| !j.is_empty()) else { return bad("jti is missing") };
    if !state.assertions.insert(format!("{} {jti}", app.client_id)) {
        state.report_violation("a client assertion was presented twice");
        return bad("jti was seen before");
    }
    Ok(())
}

/// Each of the three has its own code for a mismatch; subjects are case-sensitive.
fn federated(app: &App, issuer: &str, subject: &str, audience: &str) -> Result<(), Refusal> {
    let trusted: Vec<_> = app.federated.iter().filter(|held| held.issuer == issuer).collect();
    let named = || trusted.iter().filter(|held| held.subject == subject);
    let code = if app.federated.is_empty() {
        70021
    } else if trusted.is_empty() {
        700_211
    } else if named().any(|held| held.audience == audience) {
        return Ok(());
    } else if named().next().is_some() {
        700_212
    } else if trusted.iter().any(|held| held.subject.eq_ignore_ascii_case(subject)) {
        7_002_138
    } else {
        700_213
    };
    Err(Refusal::usual(code))
}

fn audiences(state: &ServiceState, tenant: &str) -> Vec<String> {
    let held = &state.tenants[tenant].definition;
    let hosts = [
        state.endpoint.as_str(),
        "https://login.microsoftonline.com",
        "https://login.microsoftonline.us",
        "https://login.partner.microsoftonline.cn",
    ];
    let urls = hosts.iter().flat_map(|h| [&held.id, &held.domain].map(|t| format!("{h}/{t}/oauth2/v2.0/token")));
    urls.collect()
}

fn json(part: &str) -> Option<Value> {
    serde_json::from_slice(&unbase64url(part)?).ok()
}

fn time(value: &Value) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(value.as_i64()?, 0)
}
