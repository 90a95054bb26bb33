//! A secret: whom to call Graph as, with which credential, under which policy.

pub mod certificate;
pub mod der;
pub mod import;
pub mod pem;
pub mod rewrite;

use std::collections::BTreeMap;

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use thiserror::Error;

use crate::domain::account::AccountId;
use crate::domain::catalogue::Access;
use crate::domain::cloud::Cloud;
use crate::domain::fields::{FieldError, Fields, printable};
use crate::domain::policy::Policy;
use crate::domain::secret::certificate::{Certificate, PrivateKey};

/// What Secrets Manager allows, and all that is read: 64 KiB.
pub const MAX_SECRET_BYTES: usize = 65_536;

/// How the account gets a token.
#[derive(Clone, Debug)]
pub enum Credential {
    ClientSecret {
        client_secret: SecretString,
    },
    /// The key belongs to the certificate; whether that is valid now is asked when it is used.
    Certificate {
        certificate: Certificate,
        private_key: PrivateKey,
    },
    /// The function's own identity at AWS: no secret exists anywhere.
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
    /// Whether its tokens speak for a user or for the app itself.
    pub const fn subject(&self) -> Access {
        match self {
            Self::ClientSecret { .. } | Self::Certificate { .. } | Self::Federated => Access::AppOnly,
            Self::RefreshToken { .. } | Self::Password { .. } => Access::Delegated,
        }
    }

    /// The name of the field `auth`.
    pub const fn auth(&self) -> &'static str {
        match self {
            Self::ClientSecret { .. } => "client_secret",
            Self::Certificate { .. } => "certificate",
            Self::Federated => "federated",
            Self::RefreshToken { .. } => "refresh_token",
            Self::Password { .. } => "password",
        }
    }
}

/// One account's part of a secret, read and checked.
#[derive(Clone, Debug)]
pub struct AccountSecret {
    pub tenant_id: String,
    pub client_id: String,
    pub cloud: Cloud,
    /// App-only: whose mailbox and drive are called.
    pub user_id: Option<String>,
    pub credential: Credential,
    pub policy: Policy,
}

/// Why a secret cannot be used. Never holds a value.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SecretError {
    #[error("is larger than 64 KiB")]
    TooLarge,
    #[error("is not JSON (line {line}, column {column})")]
    NotJson { line: usize, column: usize },
    #[error("{0}")]
    Field(#[from] FieldError),
    #[error("does not define the account {0}")]
    Absent(AccountId),
}

/// A secret's JSON: one account, or many under `accounts`.
#[derive(Debug)]
pub enum SecretDocument {
    One(Value),
    Many(BTreeMap<String, Value>),
}

impl SecretDocument {
    pub fn parse(text: &SecretString) -> Result<Self, SecretError> {
        let text = text.expose_secret();
        if text.len() > MAX_SECRET_BYTES {
            return Err(SecretError::TooLarge);
        }
        let value: Value = serde_json::from_str(text)
            .map_err(|error| SecretError::NotJson { line: error.line(), column: error.column() })?;
        if value.get("accounts").is_none() {
            return Ok(Self::One(value));
        }
        let mut fields = Fields::of("", value)?;
        let accounts = match fields.take("accounts") {
            Some(Value::Object(accounts)) => accounts.into_iter().collect(),
            _ => return Err(fields.error("accounts", "must be an object of accounts by id").into()),
        };
        fields.finish()?;
        Ok(Self::Many(accounts))
    }

    /// The ids that it defines; `own` is the last part of the secret's name. An id that the contract
    /// does not allow is an error that names it.
    pub fn ids(&self, own: &str) -> Vec<Result<AccountId, FieldError>> {
        let parse = |id: &str, field: String| {
            AccountId::parse(id).map_err(|error| FieldError::new(field, format!("is not allowed: {error}")))
        };
        match self {
            Self::One(_) => vec![parse(own, "the secret's name".to_owned())],
            Self::Many(accounts) => {
                accounts.keys().map(|id| parse(id, format!("accounts.{}", printable(id)))).collect()
            }
        }
    }

    /// The account's part, checked; its policy stands over the `default` one.
    pub fn account_with_defaults(mut self, id: &AccountId, default: &Policy) -> Result<AccountSecret, SecretError> {
        self.take_account_with_defaults(id, default)
    }

    /// The same, out of a document that many accounts share: each is had once.
    pub fn take_account_with_defaults(
        &mut self,
        id: &AccountId,
        default: &Policy,
    ) -> Result<AccountSecret, SecretError> {
        match self {
            Self::One(value) => Ok(AccountSecret::parse("", value.take(), default)?),
            Self::Many(accounts) => {
                let value = accounts.remove(id.as_str()).ok_or_else(|| SecretError::Absent(id.clone()))?;
                let path = format!("accounts.{id}");
                let secret = AccountSecret::parse(&path, value, default)?;
                if matches!(secret.credential, Credential::RefreshToken { .. }) {
                    let problem = "needs a secret of its own, since it is rewritten";
                    return Err(FieldError::new(format!("{path}.refresh_token"), problem).into());
                }
                Ok(secret)
            }
        }
    }

    /// The same where there is no default policy but the contract's.
    pub fn account(self, id: &AccountId) -> Result<AccountSecret, SecretError> {
        self.account_with_defaults(id, &Policy::default())
    }
}

/// The same secret with another refresh token; all else stays as the user wrote it.
///
/// # Errors
/// Where the text is not a JSON object.
pub fn with_refresh_token(text: &SecretString, refresh_token: &SecretString) -> Result<SecretString, SecretError> {
    let mut value: Value = serde_json::from_str(text.expose_secret())
        .map_err(|error| SecretError::NotJson { line: error.line(), column: error.column() })?;
    let object = value.as_object_mut().ok_or_else(|| FieldError::new("the secret", "must be a JSON object"))?;
    object.insert("refresh_token".to_owned(), json!(refresh_token.expose_secret()));
    Ok(value.to_string().into())
}

impl AccountSecret {
    fn parse(path: &str, value: Value, default: &Policy) -> Result<Self, FieldError> {
        let mut fields = Fields::of(path, value)?;
        let tenant_id = fields.required_text("tenant_id")?;
        if !is_name_in_a_path(&tenant_id) {
            return Err(fields.error("tenant_id", "must be a GUID or a domain name"));
        }
        let client_id = fields.required_text("client_id")?;
        if !is_name_in_a_path(&client_id) {
            return Err(fields.error("client_id", "must be the application's GUID"));
        }
        let cloud = match fields.string("cloud")? {
            None => Cloud::default(),
            Some(text) => Cloud::parse(&text)
                .ok_or_else(|| fields.error("cloud", "must be one of global, us_gov, us_gov_dod, china"))?,
        };
        let user_id = fields.string("user_id")?;
        if user_id.as_ref().is_some_and(|id| id.len() > 256 || id.chars().any(char::is_control)) {
            return Err(fields.error("user_id", "must be an object id or a user principal name"));
        }
        let credential = parse_credential(&mut fields)?;
        // The login service's names for many tenants at once: only a user can be looked up by them.
        let many = matches!(&*tenant_id.to_ascii_lowercase(), "common" | "organizations" | "consumers");
        if many && credential.subject() == Access::AppOnly {
            return Err(fields.error("tenant_id", "must be the tenant's own id or domain"));
        }
        let policy = fields.take("policy").map_or_else(|| Ok(default.clone()), |own| default.with_overrides(own))?;
        fields.finish()?;
        Ok(Self { tenant_id, client_id, cloud, user_id, credential, policy })
    }
}

fn parse_credential(fields: &mut Fields) -> Result<Credential, FieldError> {
    let auth = fields.string("auth")?;
    let mut secret =
        |field: &str| -> Result<Option<SecretString>, FieldError> { Ok(fields.string(field)?.map(SecretString::from)) };
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

/// What may stand in a URL's path as it is: no slash, no escape.
pub fn is_name_in_a_path(text: &str) -> bool {
    (1..=253).contains(&text.len())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || ".-_".contains(c))
        && !text.starts_with('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: Value) -> Result<AccountSecret, SecretError> {
        let document = SecretDocument::parse(&value.to_string().into())?;
        document.account(&AccountId::parse("a").unwrap())
    }

    fn refusal(value: Value) -> String {
        read(value).expect_err("must be refused").to_string()
    }

    fn with(mut base: Value, more: Value) -> Value {
        for (key, value) in more.as_object().unwrap() {
            base[key] = value.clone();
        }
        base
    }

    fn base() -> Value {
        json!({"tenant_id": "contoso.onmicrosoft.com", "client_id": "11111111-2222-3333-4444-555555555555"})
    }

    #[test]
    fn auth_may_be_left_out_where_the_other_fields_leave_no_doubt() {
        let auth = |more| read(with(base(), more)).unwrap().credential.auth();
        assert_eq!(auth(json!({"client_secret": "s"})), "client_secret");
        assert_eq!(auth(json!({"refresh_token": "r"})), "refresh_token");
        assert_eq!(auth(json!({"refresh_token": "r", "client_secret": "s"})), "refresh_token");
        assert_eq!(auth(json!({"username": "u", "password": "p"})), "password");
        assert_eq!(auth(json!({"username": "u", "password": "p", "client_secret": "s"})), "password");
        assert!(refusal(base()).starts_with("`auth`"));
        assert!(
            refusal(with(base(), json!({"refresh_token": "r", "username": "u", "password": "p"})))
                .starts_with("`auth`")
        );
    }

    #[test]
    fn a_missing_field_is_named() {
        assert_eq!(refusal(json!({"client_id": "c", "client_secret": "s"})), "`tenant_id` is missing");
        assert_eq!(refusal(json!({"tenant_id": "t", "client_secret": "s"})), "`client_id` is missing");
        assert_eq!(refusal(with(base(), json!({"username": "u"}))), "`password` is missing (auth is `password`)");
        assert_eq!(
            refusal(with(base(), json!({"auth": "refresh_token"}))),
            "`refresh_token` is missing (auth is `refresh_token`)"
        );
    }

    fn certified(certificate: &str, key: &str) -> Value {
        let fixture = |name: &str| {
            let path = format!("{}/tests/fixtures/{name}.pem", env!("CARGO_MANIFEST_DIR"));
            std::fs::read_to_string(path).unwrap_or_else(|_| name.to_owned())
        };
        with(base(), json!({"certificate": fixture(certificate), "private_key": fixture(key)}))
    }

    #[test]
    fn a_certificate_needs_its_own_key_and_says_which_field_is_wrong() {
        for (certificate, key) in
            [("right", "right_key_pkcs8"), ("right", "right_key_pkcs1"), ("chain", "right_key_pkcs8")]
        {
            let secret = read(certified(certificate, key)).unwrap();
            assert_eq!((secret.credential.auth(), secret.credential.subject()), ("certificate", Access::AppOnly));
        }
        for (certificate, key, refused) in [
            ("right", "other_key", "`private_key` does not belong to the (first) certificate"),
            ("right", "ec_key_sec1", "`private_key` is on an elliptic curve"),
            ("ec", "ec_key_pkcs8", "`certificate` is on an elliptic curve"),
            ("right", "encrypted_key_pkcs8", "`private_key` is encrypted"),
            ("right", "MARKED", "`private_key` must be PEM"),
            ("MARKED", "right_key_pkcs8", "`certificate` must be PEM"),
            ("right_key_pkcs8", "right", "`certificate` must be PEM"),
        ] {
            let said = refusal(certified(certificate, key));
            assert!(said.starts_with(refused) && !said.contains("MARKED"), "{said}");
            assert!(
                certified(certificate, key)
                    .to_string()
                    .split("\\n")
                    .all(|line| line.len() < 60 || !said.contains(line))
            );
        }
        let alone = |field: &str| {
            let mut secret = certified("right", "right_key_pkcs8");
            secret.as_object_mut().unwrap().remove(field);
            refusal(secret)
        };
        assert_eq!(alone("certificate"), "`certificate` is missing (auth is `certificate`)");
        assert_eq!(alone("private_key"), "`private_key` is missing (auth is `certificate`)");
    }

    #[test]
    fn key_material_is_not_shown() {
        let secret = certified("right", "right_key_pkcs8");
        let shown = format!("{:?}", read(secret.clone()).unwrap());
        let lines = secret["private_key"].as_str().unwrap().lines().filter(|line| line.len() > 40);
        assert!(lines.clone().count() > 20 && lines.into_iter().all(|line| !shown.contains(line)));
    }

    #[test]
    fn federated_needs_no_field_and_goes_by_name_alone() {
        let secret = read(with(base(), json!({"auth": "federated"}))).unwrap();
        assert_eq!((secret.credential.auth(), secret.credential.subject()), ("federated", Access::AppOnly));
        assert!(refusal(base()).starts_with("`auth` is missing"));
    }

    #[test]
    fn an_unknown_field_is_named_and_no_value_is_printed() {
        let marked = "MARKED-VALUE";
        for wrong in [
            json!({"client_secret": marked, "colour": marked}),
            json!({"client_secret": [marked]}),
            json!({"client_secret": marked, "cloud": marked}),
            json!({"client_secret": marked, "policy": marked}),
            json!({"client_secret": marked, "policy": {"timezone": marked}}),
            json!({"client_secret": marked, "policy": {"working_days": [marked]}}),
            json!({"client_secret": marked, "policy": {"working_hours": {"from": marked}}}),
            json!({"client_secret": marked, "policy": {"operations": {"include": ["MARKED-VALUE!"]}}}),
            json!({"client_secret": marked, "tenant_id": "a/MARKED-VALUE"}),
            json!({"client_secret": marked, "client_id": "MARKED-VALUE?"}),
            json!({"client_secret": marked, "user_id": "MARKED-VALUE\n"}),
            json!({"client_secret": marked, "auth": marked}),
            json!({"password": marked, "auth": "password"}),
        ] {
            let text = refusal(with(base(), wrong.clone()));
            assert!(!text.contains(marked), "{wrong}: {text}");
            assert!(text.contains('`'), "no field is named: {text}");
        }
        assert!(!format!("{:?}", read(with(base(), json!({"client_secret": marked})))).contains(marked));
    }

    #[test]
    fn a_secret_that_is_not_json_says_where_and_not_what() {
        let error = SecretDocument::parse(&"{\"client_secret\": MARKED".to_owned().into()).unwrap_err();
        assert_eq!(error.to_string(), "is not JSON (line 1, column 19)");
        assert!(SecretDocument::parse(&"".to_owned().into()).is_err());
        assert!(refusal(json!("text")).contains("must be a JSON object"));
    }

    #[test]
    fn a_secret_over_64_kib_is_refused() {
        let text = format!("\"{}\"", "x".repeat(MAX_SECRET_BYTES - 2));
        assert!(SecretDocument::parse(&text.clone().into()).is_ok());
        assert_eq!(SecretDocument::parse(&format!("{text} ").into()).unwrap_err(), SecretError::TooLarge);
    }

    #[test]
    fn many_accounts_may_share_a_secret_but_not_refresh_tokens() {
        let many = json!({"accounts": {
            "a": with(base(), json!({"client_secret": "s"})),
            "b": with(base(), json!({"refresh_token": "r"})),
            "_c": {}
        }});
        let document = || SecretDocument::parse(&many.to_string().into()).unwrap();
        let ids = document().ids("shared");
        assert_eq!(ids.iter().filter(|id| id.is_ok()).count(), 2);
        assert!(document().account(&AccountId::parse("a").unwrap()).is_ok());
        let refused = document().account(&AccountId::parse("b").unwrap()).unwrap_err().to_string();
        assert!(refused.starts_with("`accounts.b.refresh_token` needs a secret of its own"), "{refused}");
        assert_eq!(
            document().account(&AccountId::parse("d").unwrap()).unwrap_err(),
            SecretError::Absent(AccountId::parse("d").unwrap())
        );
    }

    #[test]
    fn a_rotated_refresh_token_changes_nothing_else() {
        let before = with(base(), json!({"refresh_token": "old", "policy": {"writes": false}}));
        let after = with_refresh_token(&before.to_string().into(), &"new".to_owned().into()).unwrap();
        let after: Value = serde_json::from_str(after.expose_secret()).unwrap();
        assert_eq!(after, with(before, json!({"refresh_token": "new"})));
    }
}
