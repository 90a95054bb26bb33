//! Account secret: one account's part of a secret, read and checked.

use serde_json::Value;

use crate::domain::catalogue::Access;
use crate::domain::cloud::Cloud;
use crate::domain::fields::{FieldError, Fields};
use crate::domain::path_segment::is_dot_segment;
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

/// All fields of an account.
const FIELDS: &[&str] = &[
    "tenant_id",
    "client_id",
    "auth",
    "client_secret",
    "certificate",
    "private_key",
    "refresh_token",
    "username",
    "password",
    "user_id",
    "cloud",
    "policy",
];

/// Names that the login service takes for any tenant. An app has no token there.
const SHARED_TENANTS: [&str; 3] = ["common", "organizations", "consumers"];

impl AccountSecret {
    /// Reads the object at `path`; its policy overrides `default`.
    ///
    /// # Errors
    /// The first field that is unknown, missing or wrong, by name and without its value.
    pub fn parse(path: &str, value: Value, default: &Policy) -> Result<Self, FieldError> {
        let mut fields = Fields::new(path, value, FIELDS)?;
        let tenant_id = fields.required_string("tenant_id")?;
        if !is_name_in_a_path(&tenant_id) {
            return Err(fields.error("tenant_id", "must be a GUID or a domain name"));
        }
        let client_id = fields.required_string("client_id")?;
        if !is_name_in_a_path(&client_id) {
            return Err(fields.error("client_id", "must be the application's GUID"));
        }
        let cloud = fields.word("cloud", &Cloud::WORDS)?.and_then(Cloud::parse).unwrap_or_default();
        let user_id = fields.string("user_id")?;
        let is_user = |id: &String| id.len() <= 256 && !id.chars().any(char::is_control) && !is_dot_segment(id);
        if user_id.as_ref().is_some_and(|id| !is_user(id)) {
            return Err(fields.error("user_id", "must be an object id or a user principal name"));
        }
        let credential = Credential::parse(&mut fields)?;
        let shared_tenant = SHARED_TENANTS.iter().any(|shared| tenant_id.eq_ignore_ascii_case(shared));
        if shared_tenant && credential.access() == Access::AppOnly {
            return Err(fields.error("tenant_id", "must be the tenant's own id or domain"));
        }
        let policy = fields.take("policy").map_or_else(|| Ok(default.clone()), |own| default.with_overrides(own))?;
        Ok(Self { tenant_id, client_id, cloud, user_id, credential, policy })
    }
}

/// Whether the text can be a path segment of a URL as it is: no slash, no escape, no leading dot.
pub fn is_name_in_a_path(text: &str) -> bool {
    (1..=253).contains(&text.len())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || ".-_".contains(c))
        && !text.starts_with('.')
}
