//! Credential: how an account gets a token, and the fields of a secret that hold it.

use secrecy::{ExposeSecret, SecretString};

use crate::domain::catalogue::Access;
use crate::domain::fields::{FieldError, Fields};
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
        let auth = fields.word("auth", &AUTHS)?;
        let mut parts = Parts::take(fields)?;
        let auth = match auth {
            Some(auth) => auth,
            None => parts.auth(fields)?,
        };
        let missing = |field: &str| fields.error(field, format!("is missing (auth is `{auth}`)"));
        match auth {
            "client_secret" => Ok(Self::ClientSecret {
                client_secret: parts.client_secret.take().ok_or_else(|| missing("client_secret"))?,
            }),
            "refresh_token" => Ok(Self::RefreshToken {
                refresh_token: parts.refresh_token.take().ok_or_else(|| missing("refresh_token"))?,
                client_secret: parts.client_secret,
            }),
            "password" => Ok(Self::Password {
                username: parts.username.take().ok_or_else(|| missing("username"))?,
                password: parts.password.take().ok_or_else(|| missing("password"))?,
                client_secret: parts.client_secret,
            }),
            "certificate" => certified(fields, parts.certificate.as_ref(), parts.private_key.as_ref()),
            _ => Ok(Self::Federated),
        }
    }
}

const AUTHS: [&str; 5] = ["client_secret", "certificate", "federated", "refresh_token", "password"];

/// The fields of all credentials, as far as they are given.
struct Parts {
    client_secret: Option<SecretString>,
    refresh_token: Option<SecretString>,
    username: Option<String>,
    password: Option<SecretString>,
    certificate: Option<SecretString>,
    private_key: Option<SecretString>,
}

impl Parts {
    fn take(fields: &mut Fields) -> Result<Self, FieldError> {
        let client_secret = fields.string("client_secret")?.map(SecretString::from);
        if client_secret.as_ref().is_some_and(|text| is_guid(text.expose_secret())) {
            return Err(fields.error("client_secret", GUID_AS_SECRET));
        }
        let mut secret = |field: &str| fields.string(field).map(|text| text.map(SecretString::from));
        Ok(Self {
            client_secret,
            refresh_token: secret("refresh_token")?,
            certificate: secret("certificate")?,
            private_key: secret("private_key")?,
            username: fields.string("username")?,
            password: fields.password("password")?.map(SecretString::from),
        })
    }

    /// The credential that the given fields belong to.
    fn auth(&self, fields: &Fields) -> Result<&'static str, FieldError> {
        let user = self.username.is_some() || self.password.is_some();
        let certified = self.certificate.is_some() || self.private_key.is_some();
        match (self.refresh_token.is_some(), user, certified, self.client_secret.is_some()) {
            (true, false, false, _) => Ok("refresh_token"),
            (false, true, false, _) => Ok("password"),
            (false, false, true, false) => Ok("certificate"),
            (false, false, false, true) => Ok("client_secret"),
            (false, false, false, false) => Err(fields.error("auth", NO_CREDENTIAL)),
            _ => Err(fields.error(
                "auth",
                "is missing, and the fields of several credentials are given: add `auth`, or remove the others",
            )),
        }
    }
}

const NO_CREDENTIAL: &str = "is missing, and there is no credential: add `client_secret`, or `certificate` and `private_key`, or `refresh_token`, \
    or `username` and `password`, or `\"auth\": \"federated\"`";

const GUID_AS_SECRET: &str = "is a GUID: this is the secret's id; the value is what is needed: copy the column Value; \
    it is shown only once, right after the secret is made";

fn is_guid(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12])
        && groups.iter().all(|group| group.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// The certificate with its key. Each may be in either text, where the other text does not hold it.
fn certified(
    fields: &Fields,
    certificate: Option<&SecretString>,
    key: Option<&SecretString>,
) -> Result<Credential, FieldError> {
    let missing = |field: &str| fields.error(field, "is missing (auth is `certificate`)");
    let (certificate, key) = match (certificate, key) {
        (Some(certificate), Some(key)) => (certificate.expose_secret(), key.expose_secret()),
        (Some(both), None) if PrivateKey::is_in(both.expose_secret()) => (both.expose_secret(), both.expose_secret()),
        (None, Some(both)) if Certificate::is_in(both.expose_secret()) => (both.expose_secret(), both.expose_secret()),
        (Some(_), None) => return Err(missing("private_key")),
        (None, _) => return Err(missing("certificate")),
    };
    let certificates = Certificate::parse_all(certificate);
    let certificates = certificates.map_err(|error| fields.error("certificate", error))?;
    let private_key = PrivateKey::parse(key).map_err(|error| fields.error("private_key", error))?;
    match certificates.into_iter().find(|certificate| private_key.belongs_to(certificate)) {
        Some(certificate) => Ok(Credential::Certificate { certificate, private_key }),
        None => Err(fields.error("private_key", "does not belong to any certificate in `certificate`")),
    }
}
