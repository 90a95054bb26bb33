//! The account of a record: its fields, checked as a secret of its own.

use secrecy::SecretString;
use serde_json::{Map, Value, json};

use super::classify::{Kind, kind, may_be_secret};
use super::columns::FIELDS;
use super::error::Refusal;
use super::record::ImportedAccount;
use crate::domain::account_id::AccountId;
use crate::domain::invisible::clean;
use crate::domain::secret::{SecretDocument, SecretError};

/// Names that mean many tenants; they are for sign-ins of users.
const SHARED_TENANTS: [&str; 3] = ["common", "organizations", "consumers"];

/// The account of these fields. Fields that are shown must look like what they are, whatever the text calls them: a secret
/// in the wrong column is refused.
///
/// # Errors
/// As the secret of the account would be refused.
pub(super) fn account(name: Option<&str>, mut secret: Map<String, Value>) -> Result<ImportedAccount, Refusal> {
    for value in secret.values_mut() {
        if let Value::String(text) = value {
            *value = json!(clean(text));
        }
    }
    check_shown(&secret)?;
    if string(&secret, "client_secret").is_some_and(|value| kind(value) == Kind::Guid) {
        return Err(Refusal::SecretId);
    }
    let id = match name.map(clean) {
        Some(name) if may_be_secret(name) => return Err(Refusal::AccountMayBeSecret),
        Some(name) => AccountId::parse(name)?,
        None => id_of(&secret)?,
    };
    let fields = FIELDS.into_iter().filter(|field| secret.get(*field).is_some_and(|value| !value.is_null())).collect();
    let text = SecretString::from(Value::Object(secret).to_string());
    let read = SecretDocument::parse(&text).and_then(|document| document.account(&id)).map_err(without_names)?;
    Ok(ImportedAccount { id, kind: read.credential.auth(), fields, ignored: Vec::new(), secret: text })
}

fn string<'a>(secret: &'a Map<String, Value>, field: &str) -> Option<&'a str> {
    secret.get(field).and_then(Value::as_str)
}

/// Refuses a value that may be a secret in a field that is shown.
fn check_shown(secret: &Map<String, Value>) -> Result<(), Refusal> {
    let check = |field: &'static str, expected: &'static str, allowed: fn(Kind) -> bool| {
        let fits = string(secret, field).is_none_or(|value| allowed(kind(value)));
        if fits { Ok(()) } else { Err(Refusal::Shown { field, expected }) }
    };
    if string(secret, "tenant_id").is_none_or(|value| !SHARED_TENANTS.contains(&value)) {
        let tenant = |kind| matches!(kind, Kind::Guid | Kind::Domain(_));
        check("tenant_id", "a GUID or a domain name", tenant)?;
    }
    check("client_id", "the application's GUID", |kind| kind == Kind::Guid)?;
    check("user_id", "an object id or a user principal name", |kind| matches!(kind, Kind::Guid | Kind::User(_)))?;
    check("username", "a user principal name", |kind| matches!(kind, Kind::User(_)))
}

/// An account without a name is called by its user, else by its app.
fn id_of(secret: &Map<String, Value>) -> Result<AccountId, Refusal> {
    let user = string(secret, "username").or_else(|| string(secret, "user_id").filter(|user| user.contains('@')));
    let name = user.or_else(|| string(secret, "client_id")).ok_or(Refusal::NoAccount)?;
    Ok(AccountId::parse(&account_name(name))?)
}

/// The name of a user's account: what an account id cannot hold becomes a hyphen.
pub(super) fn account_name(user: &str) -> String {
    let allowed = |c: char| if c.is_ascii_alphanumeric() || "._@+-".contains(c) { c } else { '-' };
    user.chars().map(allowed).collect()
}

/// The error, if the field that it names is one of ours: a key of the user's may be a secret.
fn without_names(error: SecretError) -> Refusal {
    match error {
        SecretError::Field(mut error) if !error.field.split('.').all(is_plain) => {
            "a field of `policy`".clone_into(&mut error.field);
            Refusal::Secret(error.into())
        }
        error => Refusal::Secret(error),
    }
}

fn is_plain(name: &str) -> bool {
    name.len() <= 24 && name.chars().all(|c| c.is_ascii_lowercase() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    const GUID: &str = "5b1e7c52-7f0a-4d0c-8a86-6a0e4a1f0c01";
    const SECRET: &str = "Ab1.cD2-eF3_gH4iJ5kL6mN7oP8qR9sT0uV";

    fn read(name: Option<&str>, more: Value) -> Result<ImportedAccount, String> {
        let mut secret = json!({"tenant_id": "contoso.com", "client_id": GUID, "client_secret": "s"});
        secret.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let Value::Object(secret) = secret else { unreachable!() };
        account(name, secret).map_err(|refusal| refusal.to_string())
    }

    #[test]
    fn an_account_without_a_name_is_called_by_its_user_or_app() {
        for (more, expected) in [
            (json!({}), GUID),
            (json!({"user_id": GUID}), GUID),
            (json!({"user_id": "megan@contoso.com"}), "megan@contoso.com"),
            (json!({"user_id": "o'brien@contoso.com"}), "o-brien@contoso.com"),
        ] {
            assert_eq!(read(None, more).unwrap().id.as_str(), expected);
        }
        assert_eq!(read(Some(" mine "), json!({})).unwrap().id.as_str(), "mine");
    }

    #[test]
    fn a_secret_in_a_field_that_is_shown_is_refused_without_its_value() {
        for field in ["tenant_id", "client_id", "user_id", "username"] {
            let said = read(None, json!({ (field): SECRET })).unwrap_err();
            assert!(said.starts_with(&format!("`{field}` must be ")) && !said.contains(SECRET), "{said}");
        }
        for (name, more) in [
            (Some(SECRET), json!({})),
            (None, json!({"cloud": SECRET})),
            (None, json!({"auth": SECRET})),
            (None, json!({"policy": {SECRET: 1}})),
            (None, json!({"policy": {"interval_seconds": {SECRET: 1}}})),
            (None, json!({"client_secret": GUID})),
        ] {
            let said = read(name, more).unwrap_err();
            assert!(!said.contains(SECRET) && !said.contains(GUID), "{said}");
        }
    }

    #[test]
    fn what_was_understood_is_told_by_kind_and_names() {
        let read = read(Some("a"), json!({"user_id": null, "policy": {"writes": false}})).unwrap();
        assert_eq!(read.kind, "client_secret");
        assert_eq!(read.fields, ["tenant_id", "client_id", "client_secret", "policy"]);
    }
}
