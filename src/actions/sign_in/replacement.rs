//! What a sign-in would replace in the account's secret: only a person who says so may do that.

use serde_json::{Map, Value};

use crate::actions::error::ActionError;
use crate::domain::account::AccountId;
use crate::domain::cloud::Cloud;
use crate::domain::secret::rewrite;
use crate::ports::{Client, SecretText};

/// Fields that hold another kind of credential. A `client_secret` beside a refresh token belongs to that.
const OTHER_CREDENTIALS: [&str; 4] = ["certificate", "private_key", "username", "password"];

/// # Errors
/// Where the secret holds another kind of credential, or names another tenant, app or cloud; and where it cannot be read.
pub(crate) fn refuse_replacement(
    id: &AccountId,
    secret_name: &str,
    held: Option<&SecretText>,
    client: &Client,
) -> Result<(), ActionError> {
    let Some(held) = held else { return Ok(()) };
    let secret = rewrite::object(&held.text)
        .map_err(|error| ActionError::Secret { secret: secret_name.to_owned(), why: error.to_string() })?;
    let Some(replaced) = replaced(&secret, client) else { return Ok(()) };
    Err(ActionError::SignIn {
        account: id.clone(),
        why: format!(
            "secret `{secret_name}` {replaced}, which the sign-in would replace. To do that, send the event again with \
             \"replace\": true; to keep it, sign in to an account of another name"
        ),
    })
}

/// What of the secret would be lost; never a value.
fn replaced(secret: &Map<String, Value>, client: &Client) -> Option<String> {
    let text = |field: &str| secret.get(field).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
    if let Some(auth) = text("auth").filter(|auth| *auth != "refresh_token") {
        let known = ["client_secret", "certificate", "federated", "password"].into_iter().find(|known| known == &auth);
        return Some(format!("holds another kind of credential ({})", known.unwrap_or("of an unknown `auth`")));
    }
    if let Some(field) = OTHER_CREDENTIALS.into_iter().find(|field| text(field).is_some()) {
        return Some(format!("holds another kind of credential (`{field}`)"));
    }
    if text("client_secret").is_some() && text("refresh_token").is_none() {
        return Some("holds another kind of credential (`client_secret`)".to_owned());
    }
    let app = [("tenant_id", &client.tenant_id), ("client_id", &client.client_id)];
    let other = |(field, new): &(&str, &String)| text(field).is_some_and(|old| !old.eq_ignore_ascii_case(new));
    if let Some((field, _)) = app.iter().find(|field| other(field)) {
        return Some(format!("names another `{field}`"));
    }
    let names_app = app.iter().any(|(field, _)| text(field).is_some());
    let cloud = text("cloud").map_or(Some(Cloud::default()), Cloud::parse);
    (names_app && cloud != Some(client.cloud)).then(|| "names another `cloud`".to_owned())
}
