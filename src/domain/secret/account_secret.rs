//! Account secret: one account's part of a secret, read and checked.

use serde_json::Value;

use crate::domain::cloud::Cloud;
use crate::domain::fields::{FieldError, Fields};
use crate::domain::policy::Policy;
use crate::domain::secret::credential::Credential;

/// One account's part of a secret, read and checked.
#[derive(Clone, Debug)]
pub struct AccountSecret {
    pub tenant_id: String,
    pub client_id: String,
    pub cloud: Cloud,
    /// Of an app-only account: the user whose mailbox and drive are called.
    pub user_id: Option<String>,
    pub credential: Credential,
    pub policy: Policy,
}

impl AccountSecret {
    /// Reads the object at `path`; its policy overrides `default`.
    ///
    /// # Errors
    /// The first field that is unknown, missing or wrong, by name and without its value.
    pub fn parse(path: &str, value: Value, default: &Policy) -> Result<Self, FieldError> {
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
        let credential = Credential::parse(&mut fields)?;
        let policy = fields.take("policy").map_or_else(|| Ok(default.clone()), |own| default.with_overrides(own))?;
        fields.finish()?;
        Ok(Self { tenant_id, client_id, cloud, user_id, credential, policy })
    }
}

/// Whether the text can be a path segment of a URL as it is: no slash, no escape, no leading dot.
pub fn is_name_in_a_path(text: &str) -> bool {
    (1..=253).contains(&text.len())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || ".-_".contains(c))
        && !text.starts_with('.')
}
