//! Issues access and refresh tokens, and checks access tokens.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::state::issued::{RefreshToken, Token};
use crate::state::service_state::ServiceState;
use crate::state::tenant::App;
use crate::wire::encoding::base64url;
use crate::wire::reply::Reply;

/// With more tokens than this, expired ones are removed.
const PRUNE_ABOVE: usize = 256;

pub(crate) struct Grant {
    pub tenant: String,
    pub app: App,
    pub user: Option<String>,
    /// Delegated permissions; an app's own come from its roles.
    pub permissions: Option<BTreeSet<String>>,
}

/// A token answer without a refresh token.
pub(crate) fn issue(state: &mut ServiceState, grant: &Grant, now: DateTime<Utc>) -> Value {
    let app = &grant.app;
    let permissions = grant.permissions.clone().unwrap_or_else(|| app.roles.clone());
    let expires = now + TimeDelta::seconds(app.token_seconds);
    let text = if app.opaque_tokens {
        format!("EwB{}", state.secret(240))
    } else {
        let header = json!({"typ": "JWT", "alg": "RS256", "kid": "fake", "nonce": state.secret(24)});
        let signature = state.secret(256);
        let mut claims = claims(grant, &permissions, now, expires);
        if let Some(user) = grant.user.as_deref().and_then(|id| state.tenants.get(&grant.tenant)?.user(id)) {
            claims["upn"] = user.upn.clone().into();
        }
        format!("{}.{}.{signature}", base64url(header.to_string().as_bytes()), base64url(claims.to_string().as_bytes()))
    };
    let mut answer = json!({"token_type": "Bearer", "ext_expires_in": app.token_seconds, "access_token": text});
    if !app.omit_expires_in {
        answer["expires_in"] = app.token_seconds.into();
    }
    if grant.user.is_some() {
        let prefix = if app.full_uri_scopes { "https://graph.microsoft.com/" } else { "" };
        let all: Vec<String> = permissions.iter().map(|p| format!("{prefix}{p}")).collect();
        answer["scope"] = all.join(" ").into();
    }
    let held = Token {
        tenant: grant.tenant.clone(),
        app: app.client_id.clone(),
        user: grant.user.clone(),
        permissions,
        expires,
    };
    if state.tokens.len() >= PRUNE_ABOVE {
        state.tokens.retain(|_, token| token.expires > now);
    }
    state.tokens.insert(text, held);
    answer
}

fn claims(grant: &Grant, permissions: &BTreeSet<String>, now: DateTime<Utc>, expires: DateTime<Utc>) -> Value {
    let mut claims = json!({
        "aud": "https://graph.microsoft.com",
        "iss": format!("https://sts.windows.net/{}/", grant.tenant),
        "iat": now.timestamp(), "nbf": now.timestamp(), "exp": expires.timestamp(),
        "tid": grant.tenant, "appid": grant.app.client_id,
        "oid": grant.user.as_deref().unwrap_or(&grant.app.client_id),
        "ver": "1.0",
    });
    let list: Vec<&str> = permissions.iter().map(String::as_str).collect();
    match grant.user {
        Some(_) => claims["scp"] = list.join(" ").into(),
        None if list.is_empty() => {}
        None => claims["roles"] = list.into(),
    }
    claims
}

/// The id token of OpenID Connect: the user who signed in.
pub(crate) fn identity(state: &mut ServiceState, grant: &Grant, upn: &str, now: DateTime<Utc>) -> String {
    let claims = json!({
        "aud": grant.app.client_id, "tid": grant.tenant, "oid": grant.user, "preferred_username": upn,
        "iat": now.timestamp(), "exp": (now + TimeDelta::hours(1)).timestamp(), "ver": "2.0",
    });
    let header = json!({"typ": "JWT", "alg": "RS256", "kid": "fake"});
    let part = |value: &Value| base64url(value.to_string().as_bytes());
    format!("{}.{}.{}", part(&header), part(&claims), state.secret(256))
}

pub(crate) fn refresh(
    state: &mut ServiceState,
    grant: &Grant,
    scope: &str,
    strong: bool,
    now: DateTime<Utc>,
) -> String {
    let text = format!("1.A{}", state.secret(180));
    let held = RefreshToken {
        tenant: grant.tenant.clone(),
        app: grant.app.client_id.clone(),
        user: grant.user.clone().unwrap_or_default(),
        scope: scope.into(),
        issued: now,
        revoked: false,
        strong,
    };
    state.refresh_tokens.insert(text.clone(), held);
    text
}

/// The token of an `Authorization` header, or the refusal.
pub(crate) fn check(state: &ServiceState, header: Option<&str>, now: DateTime<Utc>) -> Result<Token, Box<Reply>> {
    let refuse = |message: &str| Err(Box::new(Reply::error(401, "InvalidAuthenticationToken", message)));
    let Some(text) = header.and_then(|h| h.strip_prefix("Bearer ")) else { return refuse("Access token is empty.") };
    let Some(token) = state.tokens.get(text) else {
        return refuse("CompactToken parsing failed or the signature is not valid.");
    };
    if token.expires <= now {
        return refuse("Lifetime validation failed, the token is expired.");
    }
    Ok(token.clone())
}
