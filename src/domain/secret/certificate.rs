//! Certificate: as much of X.509 as a client assertion needs.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use ring::digest::{SHA256, digest};
use secrecy::ExposeSecret;

use crate::domain::cause::Cause;
use crate::domain::secret::der::{BIT_STRING, CONTEXT_0, Der, GENERALIZED_TIME, INTEGER, OBJECT_ID, UTC_TIME};
use crate::domain::secret::key_material::{KeyMaterialError, looks_like_path};
use crate::domain::secret::pem::{self, Block};

/// Of a PEM block.
const LABEL: &str = "CERTIFICATE";

/// Minutes by which the clocks of this machine and of the one that made the certificate may differ. The login service
/// decides in that time.
const CLOCK_SKEW: TimeDelta = TimeDelta::minutes(10);

/// 1.2.840.113549.1.1.1
pub(crate) const RSA_ENCRYPTION: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
/// 1.2.840.10045.2.1
pub(crate) const EC_PUBLIC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];

/// Remedy for a certificate that has expired.
const MAKE_NEW_CERTIFICATE: &str =
    "Make a new certificate, upload it to the app registration, and put it and its key into the secret";

/// The parts of a certificate that are used. None of them is secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// `x5t#S256`: SHA-256 of its DER, as base64url.
    pub thumbprint: String,
    pub not_before: DateTime<Utc>,
    pub not_after: DateTime<Utc>,
    /// DER of the `RSAPublicKey`.
    pub public_key: Vec<u8>,
}

impl Certificate {
    /// Whether the text holds a certificate, sound or not.
    pub fn is_in(text: &str) -> bool {
        pem::blocks(text).any(|block| block.label == LABEL)
    }

    /// The usable certificates of a text, in its order: a chain may hold others.
    ///
    /// # Errors
    /// Why the first one cannot be used, where none can.
    pub fn parse_all(text: &str) -> Result<Vec<Self>, KeyMaterialError> {
        let (mut usable, mut refused) = (Vec::new(), None);
        for block in pem::blocks(text).filter(|block| block.label == LABEL) {
            match Self::parse(&block) {
                Ok(certificate) => usable.push(certificate),
                Err(error) => refused = refused.or(Some(error)),
            }
        }
        match refused {
            _ if !usable.is_empty() => Ok(usable),
            Some(error) => Err(error),
            None if looks_like_path(text) => Err(KeyMaterialError::Path),
            None => Err(KeyMaterialError::NoCertificate),
        }
    }

    fn parse(block: &Block) -> Result<Self, KeyMaterialError> {
        let der = block.decode().ok_or(KeyMaterialError::NotBase64)?;
        Self::read(der.expose_secret())?.ok_or(KeyMaterialError::NotX509)
    }

    /// RFC 5280, section 4.1. `None` where the DER is malformed.
    fn read(der: &[u8]) -> Result<Option<Self>, KeyMaterialError> {
        let Some(Parts { not_before, not_after, algorithm, key }) = parts(der) else { return Ok(None) };
        match algorithm {
            RSA_ENCRYPTION => {}
            EC_PUBLIC_KEY => return Err(KeyMaterialError::EllipticCurve),
            _ => return Err(KeyMaterialError::NotRsa),
        }
        let thumbprint = URL_SAFE_NO_PAD.encode(digest(&SHA256, der));
        Ok(Some(Self { thumbprint, not_before, not_after, public_key: key.to_vec() }))
    }

    /// # Errors
    /// Why the login service would refuse it at `now`.
    pub fn check_dates(&self, now: DateTime<Utc>) -> Result<(), Cause> {
        if now >= self.not_after {
            let what = format!("`certificate` expired on {}", self.not_after.format("%F"));
            return Err(Cause::new("certificate_expired", what, MAKE_NEW_CERTIFICATE));
        }
        if now + CLOCK_SKEW < self.not_before {
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
    /// Of the key, as the content of an object id.
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

/// RFC 5280, section 4.1.2.5: two-digit years are 1950 to 2049.
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

#[cfg(test)]
mod tests {
    use super::*;

    macro_rules! fixture {
        ($name:literal) => {
            include_str!(concat!("../../../tests/fixtures/", $name))
        };
    }

    fn all(text: &str) -> Vec<Certificate> {
        Certificate::parse_all(text).unwrap()
    }

    fn one(text: &str) -> Certificate {
        all(text).remove(0)
    }

    #[test]
    fn thumbprint_and_dates_are_what_openssl_says() {
        let certificate = one(fixture!("right.pem"));
        assert_eq!(certificate.thumbprint, "uEF3dnCNDe8omRqRXXA0-rAYLKk3hWKEY7gjlo2csq0");
        assert_eq!(certificate.not_before.to_rfc3339(), "2026-11-23T14:06:27+00:00");
        assert_eq!(certificate.not_after.to_rfc3339(), "2126-10-30T14:06:27+00:00");
    }

    #[test]
    fn all_usable_certificates_of_a_chain_are_read() {
        let (chain, right) = (all(fixture!("chain.pem")), all(fixture!("right.pem")));
        assert_eq!(chain.first(), right.first());
        assert!(chain.len() > 1);
        let mixed = concat!(fixture!("ec.pem"), fixture!("right.pem"));
        assert_eq!(all(mixed), right);
    }

    #[test]
    fn a_certificate_is_valid_from_ten_minutes_before_its_first_second_to_its_last() {
        let certificate = one(fixture!("expired.pem"));
        let code = |time: &str| certificate.check_dates(time.parse().unwrap()).map_err(|cause| cause.code);
        assert_eq!(code("2026-11-23T13:56:26Z"), Err("certificate_not_yet_valid".to_owned()));
        assert_eq!(code("2026-11-23T13:56:27Z"), Ok(()));
        assert_eq!(code("2026-11-24T14:06:26Z"), Ok(()));
        assert_eq!(code("2026-11-24T14:06:27Z"), Err("certificate_expired".to_owned()));
        let message = certificate.check_dates("2031-03-03T08:00:00Z".parse().unwrap()).unwrap_err().to_string();
        assert!(message.contains("`certificate` expired on 2026-11-24. Make a new certificate"), "{message}");
    }

    #[test]
    fn two_digit_years_begin_in_1950() {
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
    fn an_unusable_certificate_is_refused_with_its_reason() {
        let refused = |text: &str| Certificate::parse_all(text).unwrap_err();
        assert_eq!(refused(fixture!("ec.pem")), KeyMaterialError::EllipticCurve);
        assert_eq!(refused(fixture!("right_key_pkcs8.pem")), KeyMaterialError::NoCertificate);
        let short = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----";
        assert_eq!(refused(short), KeyMaterialError::NotX509);
        let not_base64 = "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----";
        assert_eq!(refused(not_base64), KeyMaterialError::NotBase64);
    }

    #[test]
    fn damaged_text_never_panics() {
        let text = fixture!("right.pem");
        for at in (0..text.len()).step_by(7) {
            let damaged = Certificate::parse_all(&format!("{}{}", &text[..at], &text[at + 1..]));
            assert_ne!(damaged.as_ref(), Err(&KeyMaterialError::NotPkcs8));
        }
    }
}
