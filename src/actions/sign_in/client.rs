//! The app that a person signs in to, by the event or else by the account's secret.

use serde_json::Value;

use crate::actions::error::ActionError;
use crate::actions::sign_in::request::SignIn;
use crate::domain::account::AccountId;
use crate::domain::cloud::Cloud;
use crate::domain::secret::is_name_in_a_path;
use crate::domain::secret::rewrite;
use crate::ports::{Client, SecretText};

/// # Errors
/// Where neither the event nor the secret names the app, or the secret holds many accounts.
pub(crate) fn client(
    id: &AccountId,
    secret_name: &str,
    held: Option<&SecretText>,
    asked: &SignIn,
) -> Result<Client, ActionError> {
    let refused = |why: &str| ActionError::Secret { secret: secret_name.to_owned(), why: why.to_owned() };
    let secret = match held {
        None => serde_json::Map::new(),
        Some(text) => rewrite::object(&text.text).map_err(|error| refused(&error.to_string()))?,
    };
    if secret.contains_key("accounts") {
        return Err(refused("holds many accounts; one with a refresh token needs a secret of its own"));
    }
    let known = |field: &str| secret.get(field).and_then(Value::as_str).map(str::to_owned);
    let named = |field: &'static str, asked: Option<&String>| {
        let found = asked.cloned().or_else(|| known(field)).ok_or_else(|| ActionError::SignIn {
            account: id.clone(),
            why: format!("the event must give `{field}`, since no secret does yet"),
        })?;
        if is_name_in_a_path(&found) {
            Ok(found)
        } else {
            Err(ActionError::SignIn { account: id.clone(), why: format!("`{field}` must be a GUID or a domain name") })
        }
    };
    let cloud = asked.cloud.or_else(|| Cloud::parse(&known("cloud")?)).unwrap_or_default();
    let tenant_id = named("tenant_id", asked.tenant_id.as_ref())?;
    Ok(Client { cloud, tenant_id, client_id: named("client_id", asked.client_id.as_ref())? })
}
