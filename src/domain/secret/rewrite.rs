//! Rewrites of a secret's JSON. Each changes one part and keeps the rest as its owner wrote it.

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};

use crate::domain::account_id::AccountId;
use crate::domain::cloud::Cloud;
use crate::domain::fields::FieldError;
use crate::domain::json;
use crate::domain::policy::{self, Policy};
use crate::domain::secret::document::MAX_SECRET_BYTES;
use crate::domain::secret::error::SecretError;

/// The secret with `changes` merged into the account's policy, and that policy over the `default` one.
///
/// # Errors
/// A secret that is not a JSON object, does not hold the account or would grow too large; a field of the policy that is
/// wrong.
pub(crate) fn with_policy(
    text: &SecretString,
    id: &AccountId,
    changes: Map<String, Value>,
    default: &Policy,
) -> Result<(SecretString, Policy), SecretError> {
    let mut secret = object(text)?;
    let account = account(&mut secret, id)?;
    let own = account.entry("policy").or_insert(Value::Null);
    match own {
        Value::Null => *own = Value::Object(Map::new()),
        // A form that stores flat strings holds the policy as its JSON text.
        Value::String(text) => *own = json::parse(text).map_err(|error| FieldError::new("policy", error))?,
        _ => {}
    }
    let own = own.as_object_mut().ok_or_else(|| FieldError::new("policy", "must be a JSON object"))?;
    policy::merge(own, changes);
    let policy = default.with_overrides(Value::Object(own.clone()))?;
    policy.check()?;
    Ok((to_text(secret)?, policy))
}

/// The secret with another refresh token.
///
/// # Errors
/// Where the text is not a JSON object.
pub fn with_refresh_token(text: &SecretString, refresh_token: &SecretString) -> Result<SecretString, SecretError> {
    let mut secret = object(text)?;
    secret.insert("refresh_token".to_owned(), json!(refresh_token.expose_secret()));
    Ok(Value::Object(secret).to_string().into())
}

/// The secret of an account after a person has signed in: the app and the refresh token are set, and the fields of any
/// other credential are removed. The app is a public client, which must not present a secret.
///
/// # Errors
/// A text that is not a JSON object, or that would grow too large.
pub(crate) fn signed_in(
    text: Option<&SecretString>,
    (cloud, tenant_id, client_id): (Cloud, &str, &str),
    refresh_token: &SecretString,
) -> Result<SecretString, SecretError> {
    let mut secret = text.map(object).transpose()?.unwrap_or_default();
    for other in ["client_secret", "certificate", "private_key", "username", "password"] {
        secret.remove(other);
    }
    secret.insert("auth".to_owned(), json!("refresh_token"));
    secret.insert("tenant_id".to_owned(), json!(tenant_id));
    secret.insert("client_id".to_owned(), json!(client_id));
    if cloud != Cloud::default() || secret.contains_key("cloud") {
        secret.insert("cloud".to_owned(), json!(cloud));
    }
    secret.insert("refresh_token".to_owned(), json!(refresh_token.expose_secret()));
    to_text(secret)
}

/// The `new` secret in the place of an `old` one, with what says how the account is called and no import knows: its
/// policy, and in the same tenant its cloud and the user of an app. `None` where the old one says the same already.
///
/// # Errors
/// Where the old secret holds many accounts, or a text is no JSON object or would grow too large.
pub(crate) fn replaced(old: &SecretString, new: &SecretString) -> Result<Option<SecretString>, SecretError> {
    // What cannot be read is worth nothing, and is replaced.
    let old = object(old).unwrap_or_default();
    if old.contains_key("accounts") {
        return Err(FieldError::new("accounts", "is there: the secret holds many accounts").into());
    }
    let mut secret = object(new)?;
    let tenant = |secret: &Map<String, Value>| secret.get("tenant_id").and_then(Value::as_str).map(str::to_lowercase);
    let same_tenant = tenant(&old) == tenant(&secret);
    let is_user = ["refresh_token", "password"].iter().any(|field| secret.contains_key(*field));
    for (field, kept) in [("policy", true), ("cloud", same_tenant), ("user_id", same_tenant && !is_user)] {
        if let Some(value) = old.get(field).filter(|_| kept && !secret.contains_key(field)) {
            secret.insert(field.to_owned(), value.clone());
        }
    }
    if secret == old { Ok(None) } else { to_text(secret).map(Some) }
}

/// A secret's JSON object.
///
/// # Errors
/// Where the text is not a JSON object; never with a value.
pub(crate) fn object(text: &SecretString) -> Result<Map<String, Value>, SecretError> {
    let value = match json::parse(text.expose_secret())? {
        Value::String(text) => json::parse(&text).unwrap_or_default(),
        value => value,
    };
    match value {
        Value::Object(object) => Ok(object),
        _ => Err(FieldError::new("the secret", "must be a JSON object").into()),
    }
}

/// The account's own part: the secret itself, or its entry under `accounts`.
fn account<'a>(secret: &'a mut Map<String, Value>, id: &AccountId) -> Result<&'a mut Map<String, Value>, SecretError> {
    if !secret.contains_key("accounts") {
        return Ok(secret);
    }
    let part = secret.get_mut("accounts").and_then(|accounts| accounts.get_mut(id.as_str()));
    let part = part.ok_or_else(|| SecretError::Absent(id.clone()))?;
    part.as_object_mut().ok_or_else(|| FieldError::new(format!("accounts.{id}"), "must be a JSON object").into())
}

/// The object as the text of a secret.
///
/// # Errors
/// Where it would grow too large.
pub(crate) fn to_text(secret: Map<String, Value>) -> Result<SecretString, SecretError> {
    let text = Value::Object(secret).to_string();
    if text.len() > MAX_SECRET_BYTES { Err(SecretError::TooLarge) } else { Ok(text.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(secret: &Value, changes: &Value) -> Result<(Value, Policy), SecretError> {
        let id = AccountId::parse("a").unwrap();
        let changes = changes.as_object().unwrap().clone();
        let (text, policy) = with_policy(&secret.to_string().into(), &id, changes, &Policy::default())?;
        Ok((serde_json::from_str(text.expose_secret()).unwrap(), policy))
    }

    #[test]
    fn only_the_accounts_own_policy_changes() {
        let secret = json!({"client_secret": "s", "policy": {"pause_after": 2}});
        let (new, policy) = change(&secret, &json!({"writes": false})).unwrap();
        assert_eq!(new, json!({"client_secret": "s", "policy": {"pause_after": 2, "writes": false}}));
        assert_eq!((policy.pause_after, policy.writes), (2, false));

        let shared = json!({"accounts": {"a": {"client_secret": "s"}, "b": {"policy": {"writes": true}}}});
        let (new, _) = change(&shared, &json!({"writes": false})).unwrap();
        assert_eq!(new["accounts"]["b"], shared["accounts"]["b"]);
        assert_eq!(new["accounts"]["a"], json!({"client_secret": "s", "policy": {"writes": false}}));
    }

    #[test]
    fn a_sign_in_replaces_another_credential_and_keeps_the_policy() {
        let old = json!({"tenant_id": "old", "client_id": "c", "client_secret": "s", "policy": {"writes": false}});
        let app = (Cloud::China, "new", "c");
        let text = signed_in(Some(&old.to_string().into()), app, &"r".to_owned().into()).unwrap();
        let new: Value = serde_json::from_str(text.expose_secret()).unwrap();
        assert_eq!(
            new,
            json!({"auth": "refresh_token", "tenant_id": "new", "client_id": "c", "cloud": "china",
                "refresh_token": "r", "policy": {"writes": false}})
        );
    }

    #[test]
    fn a_replaced_secret_keeps_its_policy_and_in_the_same_tenant_its_cloud_and_user() {
        let replace = |old: Value, new: Value| {
            let text = replaced(&old.to_string().into(), &new.to_string().into()).unwrap();
            text.map(|text| serde_json::from_str::<Value>(text.expose_secret()).unwrap())
        };
        let own = json!({"cloud": "china", "user_id": "u", "policy": {"writes": false}});
        let with = |mut secret: Value, fields: &[&str]| {
            fields.iter().for_each(|field| secret[*field] = own[*field].clone());
            secret
        };
        let all = ["cloud", "user_id", "policy"];
        let app = |tenant: &str, word: &str| json!({"tenant_id": tenant, "client_secret": word});
        assert_eq!(replace(with(app("T", "old"), &all), app("t", "new")), Some(with(app("t", "new"), &all)));
        assert_eq!(replace(with(app("t", "old"), &all), app("x", "new")), Some(with(app("x", "new"), &["policy"])));
        let user = json!({"tenant_id": "t", "refresh_token": "r"});
        assert_eq!(replace(with(app("t", "s"), &all), user.clone()), Some(with(user, &["cloud", "policy"])));
        assert_eq!(replace(with(app("t", "s"), &all), app("t", "s")), None, "it says the same");
        let new = app("t", "s").to_string().into();
        assert!(replaced(&"MARKED".to_owned().into(), &new).unwrap().is_some());
        let many = json!({"accounts": {}}).to_string().into();
        assert!(replaced(&many, &new).unwrap_err().to_string().contains("many accounts"));
    }

    #[test]
    fn a_wrong_part_is_refused_by_its_field() {
        let refused = |secret, changes| change(&secret, &changes).unwrap_err().to_string();
        let wrong = refused(json!({}), json!({"interval_seconds": {"min": 1}}));
        assert!(wrong.starts_with("`policy.interval_seconds.min`"), "{wrong}");
        assert!(refused(json!({"policy": 1}), json!({})).starts_with("`policy`"));
        assert!(refused(json!({"accounts": {"b": {}}}), json!({})).contains("does not define"));
        assert!(refused(json!([]), json!({})).contains("must be a JSON object"));
    }
}
