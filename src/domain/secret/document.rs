//! Secret document: the JSON of a secret, for one account or many.

use std::collections::BTreeMap;

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use crate::domain::account_id::AccountId;
use crate::domain::fields::{FieldError, Fields, printable};
use crate::domain::invisible::is_invisible;
use crate::domain::json;
use crate::domain::policy::Policy;
use crate::domain::secret::account_secret::AccountSecret;
use crate::domain::secret::credential::Credential;
use crate::domain::secret::error::SecretError;

/// Largest secret that is read: the limit of Secrets Manager, 64 KiB.
pub const MAX_SECRET_BYTES: usize = 65_536;

/// A secret's JSON: one account, or many under `accounts`.
#[derive(Debug)]
pub enum SecretDocument {
    One(Value),
    Many(BTreeMap<String, Value>),
}

impl SecretDocument {
    /// # Errors
    /// A text that is too large, or not JSON.
    pub fn parse(text: &SecretString) -> Result<Self, SecretError> {
        let text = text.expose_secret();
        if text.len() > MAX_SECRET_BYTES {
            return Err(SecretError::TooLarge);
        }
        let value = match json::parse(text)? {
            // The whole JSON as one string of JSON.
            Value::String(text) if text.trim_start_matches(is_invisible).starts_with('{') => json::parse(&text)?,
            value => value,
        };
        if value.get("accounts").is_none() {
            return Ok(Self::One(value));
        }
        let mut fields = Fields::new("", value, &["accounts"])?;
        let accounts = match fields.take("accounts") {
            Some(Value::String(text)) => json::parse(&text).map_err(|error| fields.error("accounts", error))?,
            accounts => accounts.unwrap_or_default(),
        };
        match accounts {
            Value::Object(accounts) => Ok(Self::Many(accounts.into_iter().collect())),
            _ => Err(fields.error("accounts", "must be an object of accounts by id").into()),
        }
    }

    /// The ids of its accounts; `own` is the last part of the secret's name. An id that the contract does not allow is an
    /// error that names it.
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

    /// The account's part, checked; its policy overrides `default`.
    pub fn account_with_defaults(mut self, id: &AccountId, default: &Policy) -> Result<AccountSecret, SecretError> {
        self.take_account_with_defaults(id, default)
    }

    /// The same, taken out of a document that many accounts share: each account can be taken only once.
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

    /// The same with the contract's default policy.
    pub fn account(self, id: &AccountId) -> Result<AccountSecret, SecretError> {
        self.account_with_defaults(id, &Policy::default())
    }
}
