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
    #[error("looks like a file name: paste the content of the file")]
    Path,
    #[error("is in OpenSSH's own format; convert it: `ssh-keygen -p -m PEM -f the-key-file`")]
    OpenSsh,
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

/// Whether a text in place of PEM is the name of a file: one line with a path or the ending of a key file.
pub(super) fn looks_like_path(text: &str) -> bool {
    const ENDINGS: [&str; 9] = [".pem", ".key", ".crt", ".cer", ".der", ".pfx", ".p12", ".txt", ".pub"];
    let lower = text.to_ascii_lowercase();
    let drive = matches!(lower.as_bytes(), [b'a'..=b'z', b':', b'/' | b'\\', ..]);
    let root = ["/", "~/", "./", "../", "\\", "file:"].iter().any(|start| lower.starts_with(start));
    text.len() <= 260
        && !text.contains(['\n', '\r'])
        && !text.contains("-----")
        && (drive || root || ENDINGS.iter().any(|ending| lower.ends_with(ending)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_name_is_recognised() {
        for text in ["key.pem", "/etc/keys/key", "~/key", "./k", "C:\\keys\\k", "c:/k", "\\\\host\\k", "my cert.PFX"] {
            assert!(looks_like_path(text), "{text}");
        }
        for text in ["", "right", "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC", "-----BEGIN X-----.pem", "a\n/b.pem"] {
            assert!(!looks_like_path(text), "{text}");
        }
    }
}
