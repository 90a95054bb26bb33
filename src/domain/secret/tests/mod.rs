//! Secrets as people write them, and the messages of those that are refused.

mod field;

use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::*;
use crate::domain::account_id::AccountId;
use crate::domain::catalogue::Access;

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
fn auth_may_be_left_out_where_the_other_fields_decide_it() {
    let auth = |more| read(with(base(), more)).unwrap().credential.auth();
    assert_eq!(auth(json!({"client_secret": "s"})), "client_secret");
    assert_eq!(auth(json!({"refresh_token": "r"})), "refresh_token");
    assert_eq!(auth(json!({"refresh_token": "r", "client_secret": "s"})), "refresh_token");
    assert_eq!(auth(json!({"username": "u", "password": "p"})), "password");
    assert_eq!(auth(json!({"username": "u", "password": "p", "client_secret": "s"})), "password");
    assert!(refusal(base()).starts_with("`auth` is missing, and there is no credential: add `client_secret`"));
    let several = refusal(with(base(), json!({"refresh_token": "r", "username": "u", "password": "p"})));
    assert_eq!(
        several,
        "`auth` is missing, and the fields of several credentials are given: add `auth`, or remove the others"
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
    for (certificate, key) in [("right", "right_key_pkcs8"), ("right", "right_key_pkcs1"), ("chain", "right_key_pkcs8")]
    {
        let secret = read(certified(certificate, key)).unwrap();
        assert_eq!((secret.credential.auth(), secret.credential.access()), ("certificate", Access::AppOnly));
    }
    for (certificate, key, refused) in [
        ("right", "other_key", "`private_key` does not belong to any certificate in `certificate`"),
        ("right", "ec_key_sec1", "`private_key` is on an elliptic curve"),
        ("ec", "ec_key_pkcs8", "`certificate` is on an elliptic curve"),
        ("right", "encrypted_key_pkcs8", "`private_key` is encrypted"),
        ("right", "MARKED", "`private_key` must be PEM"),
        ("MARKED", "right_key_pkcs8", "`certificate` must be PEM"),
        ("right_key_pkcs8", "right", "`certificate` must be PEM"),
    ] {
        let message = refusal(certified(certificate, key));
        assert!(message.starts_with(refused) && !message.contains("MARKED"), "{message}");
        assert!(
            certified(certificate, key).to_string().split("\\n").all(|line| line.len() < 60 || !message.contains(line))
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
fn key_material_is_never_shown() {
    let secret = certified("right", "right_key_pkcs8");
    let shown = format!("{:?}", read(secret.clone()).unwrap());
    let lines = secret["private_key"].as_str().unwrap().lines().filter(|line| line.len() > 40);
    assert!(lines.clone().count() > 20 && lines.into_iter().all(|line| !shown.contains(line)));
}

#[test]
fn federated_needs_no_other_field_but_must_be_named() {
    let secret = read(with(base(), json!({"auth": "federated"}))).unwrap();
    assert_eq!((secret.credential.auth(), secret.credential.access()), ("federated", Access::AppOnly));
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
        json!({"client_secret": marked, "user_id": "MARKED-VALUE\nx"}),
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
