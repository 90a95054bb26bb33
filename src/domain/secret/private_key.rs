//! Private key: an RSA key, read from PEM.

use std::fmt;

use ring::signature::{KeyPair, RsaKeyPair};
use secrecy::{ExposeSecret, SecretSlice};

use crate::domain::secret::certificate::{Certificate, EC_PUBLIC_KEY, RSA_ENCRYPTION};
use crate::domain::secret::der::{Der, INTEGER, OBJECT_ID};
use crate::domain::secret::key_material::{KeyMaterialError, looks_like_path};
use crate::domain::secret::pem;

/// The end of the labels of PEM blocks.
const LABEL: &str = "PRIVATE KEY";

/// A valid RSA key. Its bytes are wiped from memory when it is dropped.
#[derive(Clone)]
pub struct PrivateKey {
    der: SecretSlice<u8>,
    encoding: Encoding,
}

#[derive(Clone, Copy)]
enum Encoding {
    Pkcs1,
    Pkcs8,
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey([REDACTED])")
    }
}

impl PrivateKey {
    /// Whether the text holds a private key, sound or not.
    pub fn is_in(text: &str) -> bool {
        pem::blocks(text).any(|block| block.label.ends_with(LABEL))
    }

    /// # Errors
    /// Why it cannot be used.
    pub fn parse(text: &str) -> Result<Self, KeyMaterialError> {
        let block = pem::blocks(text).find(|block| block.label.ends_with(LABEL));
        let block = block.ok_or_else(|| {
            if looks_like_path(text) { KeyMaterialError::Path } else { KeyMaterialError::NoPrivateKey }
        })?;
        let encoding = match block.label {
            "PRIVATE KEY" => Encoding::Pkcs8,
            "RSA PRIVATE KEY" if !block.has_headers() => Encoding::Pkcs1,
            "ENCRYPTED PRIVATE KEY" | "RSA PRIVATE KEY" => return Err(KeyMaterialError::Encrypted),
            "OPENSSH PRIVATE KEY" => return Err(KeyMaterialError::OpenSsh),
            "EC PRIVATE KEY" => return Err(KeyMaterialError::EllipticCurve),
            _ => return Err(KeyMaterialError::NotRsa),
        };
        let der = block.decode().ok_or(KeyMaterialError::NotBase64)?;
        if let Encoding::Pkcs8 = encoding {
            match algorithm(der.expose_secret()) {
                Some(RSA_ENCRYPTION) => {}
                Some(EC_PUBLIC_KEY) => return Err(KeyMaterialError::EllipticCurve),
                Some(_) => return Err(KeyMaterialError::NotRsa),
                None => return Err(KeyMaterialError::NotPkcs8),
            }
        }
        let key = Self { der, encoding };
        key.open().map(|_| key)
    }

    /// The key in the form that signs. Drop it soon: this form is not wiped from memory.
    ///
    /// # Errors
    /// None after [`PrivateKey::parse`].
    pub fn open(&self) -> Result<RsaKeyPair, KeyMaterialError> {
        let der = self.der.expose_secret();
        let key = match self.encoding {
            Encoding::Pkcs1 => RsaKeyPair::from_der(der),
            Encoding::Pkcs8 => RsaKeyPair::from_pkcs8(der),
        };
        key.map_err(|_| KeyMaterialError::Unsound)
    }

    /// Whether the certificate was made for this key.
    pub fn belongs_to(&self, certificate: &Certificate) -> bool {
        self.open().is_ok_and(|key| key.public_key().as_ref() == certificate.public_key)
    }
}

/// RFC 5208, section 5: the algorithm of the key in a PKCS#8 document.
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

    fn certificate(text: &str) -> Certificate {
        Certificate::parse_all(text).unwrap().remove(0)
    }

    fn key(text: &str) -> PrivateKey {
        PrivateKey::parse(text).unwrap()
    }

    #[test]
    fn a_key_in_either_encoding_belongs_to_its_certificate_and_another_key_does_not() {
        let certificate = certificate(fixture!("right.pem"));
        assert!(key(fixture!("right_key_pkcs8.pem")).belongs_to(&certificate));
        assert!(key(fixture!("right_key_pkcs1.pem")).belongs_to(&certificate));
        assert!(!key(fixture!("other_key.pem")).belongs_to(&certificate));
    }

    #[test]
    fn one_text_may_hold_both_key_and_certificate() {
        let both = concat!(fixture!("right_key_pkcs8.pem"), fixture!("right.pem"));
        assert!(key(both).belongs_to(&certificate(both)));
    }

    #[test]
    fn line_breaks_may_be_lost_or_written_as_escapes() {
        for escape in ["\\n", "\\r\\n", "\\\\n", "\\n\n", "\u{200b}\n"] {
            let escaped = |text: &str| text.replace('\n', escape);
            let key = key(&escaped(fixture!("right_key_pkcs8.pem")));
            assert!(key.belongs_to(&certificate(&escaped(fixture!("right.pem")))), "{escape}");
        }
        let flat = |text: &str| text.replace('\n', " ");
        assert!(Certificate::parse_all(&flat(fixture!("right.pem"))).is_ok());
        assert!(PrivateKey::parse(&flat(fixture!("right_key_pkcs1.pem"))).is_ok());
    }

    #[test]
    fn an_unusable_key_is_refused_with_its_reason() {
        let refused = |text: &str| PrivateKey::parse(text).map(|_| ()).unwrap_err();
        assert_eq!(refused(fixture!("ec_key_pkcs8.pem")), KeyMaterialError::EllipticCurve);
        assert_eq!(refused(fixture!("ec_key_sec1.pem")), KeyMaterialError::EllipticCurve);
        assert_eq!(refused(fixture!("encrypted_key_pkcs8.pem")), KeyMaterialError::Encrypted);
        assert_eq!(refused(fixture!("encrypted_key_pkcs1.pem")), KeyMaterialError::Encrypted);
        assert_eq!(refused(fixture!("short_key.pem")), KeyMaterialError::Unsound);
        assert_eq!(refused(fixture!("right.pem")), KeyMaterialError::NoPrivateKey);
        assert_eq!(refused("right"), KeyMaterialError::NoPrivateKey);
        assert_eq!(refused("keys/right.pem"), KeyMaterialError::Path);
        let open_ssh = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaA==\n-----END OPENSSH PRIVATE KEY-----";
        assert_eq!(refused(open_ssh), KeyMaterialError::OpenSsh);
    }

    #[test]
    fn damaged_text_never_panics() {
        for text in [fixture!("right_key_pkcs8.pem"), fixture!("right_key_pkcs1.pem")] {
            for at in (0..text.len()).step_by(7) {
                let damaged = PrivateKey::parse(&format!("{}{}", &text[..at], &text[at + 1..]));
                assert!(!matches!(damaged, Err(KeyMaterialError::NotX509)));
            }
        }
    }

    #[test]
    fn a_key_is_never_shown() {
        assert_eq!(format!("{:?}", key(fixture!("right_key_pkcs8.pem"))), "PrivateKey([REDACTED])");
    }
}
