//! Credential: how an account gets a token, and the fields of a secret that hold it.

use secrecy::{ExposeSecret, SecretString};

use crate::domain::catalogue::Access;
use crate::domain::fields::{FieldError, Fields, printable};
use crate::domain::secret::certificate::Certificate;
use crate::domain::secret::private_key::PrivateKey;

/// How the account gets a token.
#[derive(Clone, Debug)]
pub enum Credential {
    ClientSecret {
        client_secret: SecretString,
    },
    /// The key belongs to the certificate. The dates of the certificate are checked when it is used.
    Certificate {
        certificate: Certificate,
        private_key: PrivateKey,
    },
    /// The function's own identity at AWS, without any secret.
    Federated,
    RefreshToken {
        refresh_token: SecretString,
        client_secret: Option<SecretString>,
    },
    Password {
        username: String,
        password: SecretString,
        client_secret: Option<SecretString>,
    },
}

impl Credential {
    /// Whether its tokens are for a signed-in user or for the app itself.
    pub const fn access(&self) -> Access {
        match self {
            Self::ClientSecret { .. } | Self::Certificate { .. } | Self::Federated => Access::AppOnly,
            Self::RefreshToken { .. } | Self::Password { .. } => Access::Delegated,
        }
    }

    /// Its value of the field `auth`.
    pub const fn auth(&self) -> &'static str {
        match self {
            Self::ClientSecret { .. } => "client_secret",
            Self::Certificate { .. } => "certificate",
            Self::Federated => "federated",
            Self::RefreshToken { .. } => "refresh_token",
            Self::Password { .. } => "password",
        }
    }

    /// Takes the fields of the credential.
    ///
    /// # Errors
    /// The field that is missing or wrong.
    pub fn parse(fields: &mut Fields) -> Result<Self, FieldError> {
        let auth = fields.string("auth")?;
        let mut secret = |field: &str| -> Result<Option<SecretString>, FieldError> {
            Ok(fields.string(field)?.map(SecretString::from))
        };
        let client_secret = secret("client_secret")?;
        let refresh_token = secret("refresh_token")?;
        let password = secret("password")?;
        let certificate = secret("certificate")?;
        let private_key = secret("private_key")?;
        let username = fields.string("username")?;

        let auth = match auth {
            Some(auth) => auth,
            None => {
                let user = username.is_some() || password.is_some();
                let certified = certificate.is_some() || private_key.is_some();
                match (refresh_token.is_some(), user, certified, client_secret.is_some()) {
                    (true, false, false, _) => "refresh_token",
                    (false, true, false, _) => "password",
                    (false, false, true, false) => "certificate",
                    (false, false, false, true) => "client_secret",
                    _ => return Err(fields.error("auth", "is missing, and the other fields leave a doubt")),
                }
                .to_owned()
            }
        };
        let missing = |field: &str| fields.error(field, format!("is missing (auth is `{}`)", printable(&auth)));
        match auth.as_str() {
            "client_secret" => {
                Ok(Credential::ClientSecret { client_secret: client_secret.ok_or_else(|| missing("client_secret"))? })
            }
            "refresh_token" => Ok(Credential::RefreshToken {
                refresh_token: refresh_token.ok_or_else(|| missing("refresh_token"))?,
                client_secret,
            }),
            "password" => Ok(Credential::Password {
                username: username.ok_or_else(|| missing("username"))?,
                password: password.ok_or_else(|| missing("password"))?,
                client_secret,
            }),
            "certificate" => {
                let certificate = certificate.ok_or_else(|| missing("certificate"))?;
                let private_key = private_key.ok_or_else(|| missing("private_key"))?;
                certified(fields, &certificate, &private_key)
            }
            "federated" => Ok(Credential::Federated),
            _ => {
                let all = "must be one of client_secret, certificate, federated, refresh_token, password";
                Err(fields.error("auth", all))
            }
        }
    }
}

fn certified(fields: &Fields, certificate: &SecretString, key: &SecretString) -> Result<Credential, FieldError> {
    let certificate = Certificate::parse(certificate.expose_secret());
    let certificate = certificate.map_err(|problem| fields.error("certificate", problem))?;
    let private_key = PrivateKey::parse(key.expose_secret());
    let private_key = private_key.map_err(|problem| fields.error("private_key", problem))?;
    if !private_key.belongs_to(&certificate) {
        return Err(fields.error("private_key", "does not belong to the (first) certificate in `certificate`"));
    }
    Ok(Credential::Certificate { certificate, private_key })
}
