//! The login service's answers to a sign-in by device code.
//!
//! Source: learn.microsoft.com/entra/identity-platform/v2-oauth2-device-code.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::domain::cause::LoginError;
use crate::ports::{DeviceCode, Poll};

pub(super) const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// Used where the answer has none. Sources: RFC 8628 for the first, Microsoft's page for the second.
const DEFAULT_INTERVAL_SECONDS: u64 = 5;
const DEFAULT_LIFETIME_SECONDS: u64 = 900;

pub(super) fn code(body: &[u8]) -> Result<DeviceCode, LoginError> {
    #[derive(Deserialize)]
    struct Answer {
        device_code: SecretString,
        user_code: String,
        verification_uri: String,
        expires_in: Option<u64>,
        interval: Option<u64>,
    }
    let answer: Answer = serde_json::from_slice(body)
        .map_err(|_| LoginError::Transient("the login service's answer is not a device code".to_owned()))?;
    Ok(DeviceCode {
        device_code: answer.device_code,
        user_code: answer.user_code,
        verification_uri: answer.verification_uri,
        expires_in: Duration::from_secs(answer.expires_in.unwrap_or(DEFAULT_LIFETIME_SECONDS).min(3600)),
        interval: Duration::from_secs(answer.interval.unwrap_or(DEFAULT_INTERVAL_SECONDS).clamp(1, 60)),
    })
}

/// The meaning of an error word of the device flow; `None` for other words.
pub(super) fn poll(word: &str) -> Option<Poll> {
    Some(match word {
        "authorization_pending" => Poll::Pending,
        "slow_down" => Poll::SlowDown,
        "authorization_declined" | "access_denied" => Poll::Refused,
        "expired_token" | "code_expired" => Poll::Expired,
        _ => return None,
    })
}

/// The user who signed in, from the id token. It comes straight from the service over TLS, so its signature adds nothing.
pub(super) fn username(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Answer {
        id_token: SecretString,
    }
    #[derive(Deserialize)]
    struct Claims {
        preferred_username: String,
    }
    let answer: Answer = serde_json::from_slice(body).ok()?;
    let payload = answer.id_token.expose_secret().split('.').nth(1)?.trim_end_matches('=');
    let claims: Claims = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()?;
    Some(claims.preferred_username)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn code_without_times_gets_the_defaults() {
        let answer = json!({"device_code": "d", "user_code": "u", "verification_uri": "https://x"});
        let code = code(answer.to_string().as_bytes()).unwrap();
        assert_eq!((code.interval.as_secs(), code.expires_in.as_secs()), (5, 900));
        assert!(matches!(super::code(b"{}"), Err(LoginError::Transient(_))));
    }

    #[test]
    fn username_comes_from_the_id_token() {
        let claims = URL_SAFE_NO_PAD.encode(json!({"preferred_username": "a@b.c"}).to_string());
        let body = json!({"id_token": format!("x.{claims}.y")}).to_string();
        assert_eq!(username(body.as_bytes()).as_deref(), Some("a@b.c"));
        for body in ["{}", "", "{\"id_token\": \"x\"}", "{\"id_token\": \"x.%.y\"}"] {
            assert_eq!(username(body.as_bytes()), None, "{body}");
        }
    }
}
