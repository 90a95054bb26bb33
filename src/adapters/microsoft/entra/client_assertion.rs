//! Client assertions: the JWT with which an app proves that it holds its certificate's key.
//!
//! Source: learn.microsoft.com/entra/identity-platform/certificate-credentials.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::RSA_PSS_SHA256;
use secrecy::SecretString;
use serde_json::json;

use crate::domain::cause::Cause;
use crate::domain::secret::KeyMaterialError;
use crate::domain::secret::certificate::Certificate;
use crate::domain::secret::private_key::PrivateKey;

/// Enough for the one request that it is made for, and some waiting.
const LIFETIME: TimeDelta = TimeDelta::minutes(10);

/// How far the login service's clock may lag behind ours.
const CLOCK_SKEW: TimeDelta = TimeDelta::minutes(1);

/// # Errors
/// Why the certificate cannot be used at `now`.
pub(super) fn signed(
    certificate: &Certificate,
    key: &PrivateKey,
    client_id: &str,
    audience: &str,
    now: DateTime<Utc>,
) -> Result<SecretString, Cause> {
    certificate.check_dates(now)?;
    let broken = |what: KeyMaterialError| Cause::new("private_key", format!("`private_key` {what}"), "Fix the secret");
    let cannot_sign = |_| broken(KeyMaterialError::Unsound);
    let key = key.open().map_err(broken)?;
    let chance = SystemRandom::new();
    // An id seen before is refused.
    let mut id = [0; 16];
    chance.fill(&mut id).map_err(cannot_sign)?;
    let header = json!({"alg": "PS256", "typ": "JWT", "x5t#S256": certificate.thumbprint});
    let claims = json!({
        "aud": audience,
        "iss": client_id,
        "sub": client_id,
        "jti": URL_SAFE_NO_PAD.encode(id),
        "iat": now.timestamp(),
        "nbf": (now - CLOCK_SKEW).timestamp(),
        "exp": (now + LIFETIME).timestamp(),
    });
    let part = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", part(&header), part(&claims));
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(&RSA_PSS_SHA256, &chance, message.as_bytes(), &mut signature).map_err(cannot_sign)?;
    Ok(format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature)).into())
}

#[cfg(test)]
mod tests {
    use ring::signature::{KeyPair, RSA_PSS_2048_8192_SHA256, UnparsedPublicKey};
    use secrecy::ExposeSecret;
    use serde_json::Value;

    use super::*;

    const CERTIFICATE: &str = include_str!("../../../../tests/fixtures/right.pem");
    const EXPIRED: &str = include_str!("../../../../tests/fixtures/expired.pem");
    const KEY: &str = include_str!("../../../../tests/fixtures/right_key_pkcs8.pem");

    fn now() -> DateTime<Utc> {
        "2031-03-03T08:00:00Z".parse().unwrap()
    }

    fn sign(certificate: &str) -> Result<String, Cause> {
        let (certificate, key) =
            (Certificate::parse_all(certificate).unwrap().remove(0), PrivateKey::parse(KEY).unwrap());
        signed(&certificate, &key, "the-app", "https://login.example/t/oauth2/v2.0/token", now())
            .map(|jwt| jwt.expose_secret().to_owned())
    }

    fn decoded(part: &str) -> Vec<u8> {
        URL_SAFE_NO_PAD.decode(part).unwrap()
    }

    #[test]
    fn header_and_claims_are_those_that_the_login_service_documents() {
        let jwt = sign(CERTIFICATE).unwrap();
        let parts: Vec<&str> = jwt.split('.').collect();
        let read = |part: &str| serde_json::from_slice::<Value>(&decoded(part)).unwrap();
        let thumbprint = "uEF3dnCNDe8omRqRXXA0-rAYLKk3hWKEY7gjlo2csq0";
        assert_eq!(read(parts[0]), json!({"alg": "PS256", "typ": "JWT", "x5t#S256": thumbprint}));
        let mut claims = read(parts[1]);
        assert_eq!(claims["jti"].take().as_str().unwrap().len(), 22);
        let at = now().timestamp();
        let expected = json!({
            "aud": "https://login.example/t/oauth2/v2.0/token", "iss": "the-app", "sub": "the-app", "jti": null,
            "iat": at, "nbf": at - 60, "exp": at + 600,
        });
        assert_eq!(claims, expected);
    }

    #[test]
    fn signature_verifies_with_the_certificates_key() {
        let jwt = sign(CERTIFICATE).unwrap();
        let (message, signature) = jwt.rsplit_once('.').unwrap();
        let public = PrivateKey::parse(KEY).unwrap().open().unwrap().public_key().as_ref().to_vec();
        let public = UnparsedPublicKey::new(&RSA_PSS_2048_8192_SHA256, public);
        public.verify(message.as_bytes(), &decoded(signature)).unwrap();
        assert!(public.verify(b"another", &decoded(signature)).is_err());
    }

    #[test]
    fn assertions_are_unique() {
        assert_ne!(sign(CERTIFICATE), sign(CERTIFICATE));
    }

    #[test]
    fn expired_certificate_is_refused_without_a_request() {
        assert_eq!(sign(EXPIRED).unwrap_err().code, "certificate_expired");
    }
}
