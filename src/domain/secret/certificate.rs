//! A certificate and its private key, read from PEM: as much of X.509 as a client assertion needs.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, NaiveDateTime, Utc};
use ring::digest::{SHA256, digest};
use ring::signature::{KeyPair, RsaKeyPair};
use secrecy::{ExposeSecret, SecretSlice};

use crate::domain::cause::Cause;
use crate::domain::secret::der::{BIT_STRING, CONTEXT_0, Der, GENERALIZED_TIME, INTEGER, OBJECT_ID, UTC_TIME};
use crate::domain::secret::pem;

/// 1.2.840.113549.1.1.1
const RSA_ENCRYPTION: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
/// 1.2.840.10045.2.1
const EC_PUBLIC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];

const NEW_ONE: &str =
    "Make a new certificate, upload it to the app registration, and put it and its key into the secret";

/// What is wrong with a field, in words that follow the field's name. Never holds a value.
pub type Problem = &'static str;

const ELLIPTIC: Problem = "is on an elliptic curve; the login service takes RSA only";
const NOT_RSA: Problem = "is not RSA, and the login service takes nothing else";

/// What is known of a certificate. Nothing of it is secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// `x5t#S256`: SHA-256 of its DER, as base64url.
    pub thumbprint: String,
    pub not_before: DateTime<Utc>,
    pub not_after: DateTime<Utc>,
    /// DER of the `RSAPublicKey`.
    public_key: Vec<u8>,
}

impl Certificate {
    /// The first certificate of a chain.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let block = pem::find(text, |label| label == "CERTIFICATE").ok_or(
            "must be PEM, from `-----BEGIN CERTIFICATE-----` to `-----END CERTIFICATE-----`, its line breaks written as \\n",
        )?;
        let der = block.decode().ok_or("is PEM, but damaged: it is not base64")?;
        Self::read(der.expose_secret())?.ok_or("is PEM, but damaged: it is no X.509 certificate")
    }

    /// RFC 5280, section 4.1. `None` where it is malformed.
    fn read(der: &[u8]) -> Result<Option<Self>, Problem> {
        let Some(Parts { not_before, not_after, algorithm, key }) = parts(der) else { return Ok(None) };
        match algorithm {
            RSA_ENCRYPTION => {}
            EC_PUBLIC_KEY => return Err(ELLIPTIC),
            _ => return Err(NOT_RSA),
        }
        let thumbprint = URL_SAFE_NO_PAD.encode(digest(&SHA256, der));
        Ok(Some(Self { thumbprint, not_before, not_after, public_key: key.to_vec() }))
    }

    /// # Errors
    /// Why it cannot be used at `now`: the login service would refuse it.
    pub fn check_dates(&self, now: DateTime<Utc>) -> Result<(), Cause> {
        if now >= self.not_after {
            let what = format!("`certificate` expired on {}", self.not_after.format("%F"));
            return Err(Cause::new("certificate_expired", what, NEW_ONE));
        }
        if now < self.not_before {
            let what = format!("`certificate` is valid from {} only", self.not_before.format("%FT%TZ"));
            let remedy = "Wait until then, or make a certificate that is valid at once";
            return Err(Cause::new("certificate_not_yet_valid", what, remedy));
        }
        Ok(())
    }
}

struct Parts<'a> {
    not_before: DateTime<Utc>,
    not_after: DateTime<Utc>,
    /// The key's, as the content of an object id.
    algorithm: &'a [u8],
    key: &'a [u8],
}

fn parts(der: &[u8]) -> Option<Parts<'_>> {
    let mut body = Der(der).sequence()?.sequence()?;
    let _version = body.next(CONTEXT_0);
    body.next(INTEGER)?;
    let _signature = body.sequence()?;
    let _issuer = body.sequence()?;
    let mut validity = body.sequence()?;
    let (not_before, not_after) = (time(&mut validity)?, time(&mut validity)?);
    let _subject = body.sequence()?;
    let mut info = body.sequence()?;
    let algorithm = info.sequence()?.next(OBJECT_ID)?;
    let (unused_bits, key) = info.next(BIT_STRING)?.split_first()?;
    (*unused_bits == 0).then_some(Parts { not_before, not_after, algorithm, key })
}

/// RFC 5280, section 4.1.2.5: years of two digits are 1950 to 2049.
fn time(der: &mut Der<'_>) -> Option<DateTime<Utc>> {
    let (tag, text) = der.any()?;
    let text = std::str::from_utf8(text).ok()?;
    let text = match tag {
        UTC_TIME if text >= "5" => format!("19{text}"),
        UTC_TIME => format!("20{text}"),
        GENERALIZED_TIME => text.to_owned(),
        _ => return None,
    };
    NaiveDateTime::parse_from_str(&text, "%Y%m%d%H%M%SZ").ok().map(|time| time.and_utc())
}

/// An RSA key that was found sound. What it holds is wiped from memory with it.
#[derive(Clone)]
pub struct PrivateKey {
    der: SecretSlice<u8>,
    form: Form,
}

#[derive(Clone, Copy)]
enum Form {
    Pkcs1,
    Pkcs8,
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey([REDACTED])")
    }
}

impl PrivateKey {
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let block = pem::find(text, |label| label.ends_with("PRIVATE KEY")).ok_or(
            "must be PEM, from `-----BEGIN PRIVATE KEY-----` to `-----END PRIVATE KEY-----`, its line breaks written as \\n",
        )?;
        let form = match block.label {
            "PRIVATE KEY" => Form::Pkcs8,
            "RSA PRIVATE KEY" if !block.has_headers() => Form::Pkcs1,
            "ENCRYPTED PRIVATE KEY" | "RSA PRIVATE KEY" => {
                return Err("is encrypted: decrypt it with `openssl pkey`; the secret itself keeps it safe");
            }
            "EC PRIVATE KEY" => return Err(ELLIPTIC),
            _ => return Err(NOT_RSA),
        };
        let der = block.decode().ok_or("is PEM, but damaged: it is not base64")?;
        if let Form::Pkcs8 = form {
            match algorithm(der.expose_secret()) {
                Some(RSA_ENCRYPTION) => {}
                Some(EC_PUBLIC_KEY) => return Err(ELLIPTIC),
                Some(_) => return Err(NOT_RSA),
                None => return Err("is PEM, but damaged: it is no PKCS#8 key"),
            }
        }
        let key = Self { der, form };
        key.open().map(|_| key)
    }

    /// The key as it signs. Short-lived: this form is not wiped from memory.
    ///
    /// # Errors
    /// What is wrong with it; nothing is after [`PrivateKey::parse`].
    pub fn open(&self) -> Result<RsaKeyPair, Problem> {
        let der = self.der.expose_secret();
        let key = match self.form {
            Form::Pkcs1 => RsaKeyPair::from_der(der),
            Form::Pkcs8 => RsaKeyPair::from_pkcs8(der),
        };
        key.map_err(|_| "is not a sound RSA key of 2048 to 4096 bits")
    }

    /// Whether the certificate was made for this key.
    pub fn belongs_to(&self, certificate: &Certificate) -> bool {
        self.open().is_ok_and(|key| key.public_key().as_ref() == certificate.public_key)
    }
}

/// RFC 5208, section 5: whose key a PKCS#8 document holds.
fn algorithm(der: &[u8]) -> Option<&[u8]> {
    let mut info = Der(der).sequence()?;
    info.next(INTEGER)?;
    info.sequence()?.next(OBJECT_ID)
}

#[cfg(test)]
mod tests {
    use super::*;

    macro_rules! fixture {
        ($name:literal) => {
            include_str!(concat!("../../../tests/fixtures/", $name))
        };
    }

    fn key(text: &str) -> PrivateKey {
        PrivateKey::parse(text).unwrap()
    }

    #[test]
    fn thumbprint_and_dates_are_what_openssl_says() {
        let certificate = Certificate::parse(fixture!("right.pem")).unwrap();
        assert_eq!(certificate.thumbprint, "uEF3dnCNDe8omRqRXXA0-rAYLKk3hWKEY7gjlo2csq0");
        assert_eq!(certificate.not_before.to_rfc3339(), "2026-11-23T14:06:27+00:00");
        assert_eq!(certificate.not_after.to_rfc3339(), "2126-10-30T14:06:27+00:00");
    }

    #[test]
    fn the_leaf_of_a_chain_is_its_first_certificate() {
        assert_eq!(Certificate::parse(fixture!("chain.pem")), Certificate::parse(fixture!("right.pem")));
    }

    #[test]
    fn a_key_in_either_form_belongs_to_its_certificate_and_no_other_key_does() {
        let certificate = Certificate::parse(fixture!("right.pem")).unwrap();
        assert!(key(fixture!("right_key_pkcs8.pem")).belongs_to(&certificate));
        assert!(key(fixture!("right_key_pkcs1.pem")).belongs_to(&certificate));
        assert!(!key(fixture!("other_key.pem")).belongs_to(&certificate));
    }

    #[test]
    fn a_file_with_both_serves_for_both() {
        let both = concat!(fixture!("right_key_pkcs8.pem"), fixture!("right.pem"));
        assert!(key(both).belongs_to(&Certificate::parse(both).unwrap()));
    }

    #[test]
    fn lost_line_breaks_do_no_harm() {
        let flat = |text: &str| text.replace('\n', " ");
        assert!(Certificate::parse(&flat(fixture!("right.pem"))).is_ok());
        assert!(PrivateKey::parse(&flat(fixture!("right_key_pkcs1.pem"))).is_ok());
    }

    #[test]
    fn a_certificate_serves_from_its_first_second_to_its_last() {
        let certificate = Certificate::parse(fixture!("expired.pem")).unwrap();
        let code = |time: &str| certificate.check_dates(time.parse().unwrap()).map_err(|cause| cause.code);
        assert_eq!(code("2026-11-23T14:06:26Z"), Err("certificate_not_yet_valid".to_owned()));
        assert_eq!(code("2026-11-23T14:06:27Z"), Ok(()));
        assert_eq!(code("2026-11-24T14:06:26Z"), Ok(()));
        assert_eq!(code("2026-11-24T14:06:27Z"), Err("certificate_expired".to_owned()));
        let told = certificate.check_dates("2031-03-03T08:00:00Z".parse().unwrap()).unwrap_err().to_string();
        assert!(told.contains("`certificate` expired on 2026-11-24. Make a new certificate"), "{told}");
    }

    #[test]
    fn years_of_two_digits_turn_in_1950() {
        let read = |tag: u8, text: &str| {
            let bytes = [&[tag, u8::try_from(text.len()).unwrap()], text.as_bytes()].concat();
            time(&mut Der(&bytes)).map(|time| time.format("%FT%TZ").to_string())
        };
        assert_eq!(read(UTC_TIME, "491231235959Z").as_deref(), Some("2049-12-31T23:59:59Z"));
        assert_eq!(read(UTC_TIME, "500101000000Z").as_deref(), Some("1950-01-01T00:00:00Z"));
        assert_eq!(read(GENERALIZED_TIME, "99991231235959Z").as_deref(), Some("9999-12-31T23:59:59Z"));
        for text in ["", "491231", "491331235959Z", "4912312359590Z", "é91231235959Z"] {
            assert_eq!(read(UTC_TIME, text), None, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_used_is_refused_in_words_that_say_why() {
        let refused = |text: &str| PrivateKey::parse(text).map(|_| ()).unwrap_err();
        assert_eq!(refused(fixture!("ec_key_pkcs8.pem")), ELLIPTIC);
        assert_eq!(refused(fixture!("ec_key_sec1.pem")), ELLIPTIC);
        assert!(refused(fixture!("encrypted_key_pkcs8.pem")).starts_with("is encrypted"));
        assert!(refused(fixture!("encrypted_key_pkcs1.pem")).starts_with("is encrypted"));
        assert!(refused(fixture!("short_key.pem")).contains("2048"));
        assert!(refused(fixture!("right.pem")).starts_with("must be PEM"));
        assert!(refused("right").starts_with("must be PEM"));
        let refused = |text: &str| Certificate::parse(text).unwrap_err();
        assert_eq!(refused(fixture!("ec.pem")), ELLIPTIC);
        assert!(refused(fixture!("right_key_pkcs8.pem")).starts_with("must be PEM"));
        assert!(refused("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----").contains("no X.509"));
    }

    #[test]
    fn no_damage_does_worse_than_an_error() {
        for text in [fixture!("right.pem"), fixture!("right_key_pkcs8.pem"), fixture!("right_key_pkcs1.pem")] {
            for at in (0..text.len()).step_by(7) {
                let damaged = format!("{}{}", &text[..at], &text[at + 1..]);
                let _ = Certificate::parse(&damaged);
                let _ = PrivateKey::parse(&damaged);
            }
        }
    }

    #[test]
    fn a_key_is_not_shown() {
        assert_eq!(format!("{:?}", key(fixture!("right_key_pkcs8.pem"))), "PrivateKey([REDACTED])");
    }
}
