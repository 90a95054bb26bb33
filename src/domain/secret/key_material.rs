//! What can be wrong with a certificate or a private key.

use thiserror::Error;

/// Why a certificate or a private key cannot be used, in words that follow the field's name. Never holds a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum KeyMaterialError {
    #[error(
        "must be PEM, from `-----BEGIN CERTIFICATE-----` to `-----END CERTIFICATE-----`, its line breaks written as \\n"
    )]
    NoCertificate,
    #[error(
        "must be PEM, from `-----BEGIN PRIVATE KEY-----` to `-----END PRIVATE KEY-----`, its line breaks written as \\n"
    )]
    NoPrivateKey,
    #[error("is encrypted: decrypt it with `openssl pkey`; the secret itself keeps it safe")]
    Encrypted,
    #[error("is on an elliptic curve; the login service takes RSA only")]
    EllipticCurve,
    #[error("is not RSA, and the login service takes nothing else")]
    NotRsa,
    #[error("is PEM, but damaged: it is not base64")]
    NotBase64,
    #[error("is PEM, but damaged: it is not an X.509 certificate")]
    NotX509,
    #[error("is PEM, but damaged: it is not a PKCS#8 key")]
    NotPkcs8,
    #[error("is not a sound RSA key of 2048 to 4096 bits")]
    Unsound,
}
