//! Secrets as people put them: each input with its exact outcome.

use proptest::prelude::*;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::domain::account_id::AccountId;
use crate::domain::secret::{AccountSecret, Credential, SecretDocument, SecretError};

const GUID: &str = "11111111-2222-3333-4444-555555555555";

fn read_text(text: &str) -> Result<AccountSecret, SecretError> {
    SecretDocument::parse(&text.to_owned().into())?.account(&AccountId::parse("a").unwrap())
}

/// An account with a client secret, and with the given fields in place of its own; `null` removes one.
fn with(changes: Value) -> Value {
    let mut secret = json!({"tenant_id": "contoso.onmicrosoft.com", "client_id": GUID, "client_secret": "s"});
    for (name, value) in changes.as_object().unwrap() {
        secret[name] = value.clone();
    }
    secret
}

fn read(changes: Value) -> Result<AccountSecret, SecretError> {
    read_text(&with(changes).to_string())
}

fn refused(changes: Value) -> String {
    read(changes).expect_err("must be refused").to_string()
}

fn fixture(name: &str) -> String {
    std::fs::read_to_string(format!("{}/tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn certified(certificate: Option<String>, private_key: Option<String>) -> Value {
    json!({"client_secret": null, "certificate": certificate, "private_key": private_key})
}

/// The thumbprint of the certificate that is used.
fn thumbprint(changes: Value) -> String {
    match read(changes).unwrap().credential {
        Credential::Certificate { certificate, .. } => certificate.thumbprint,
        other => panic!("{}", other.auth()),
    }
}

#[test]
fn padding_is_trimmed_around_every_value_and_the_text() {
    for padding in [" ", "\n", "\r\n", "\t", "\u{200b}", "\u{a0}", "\u{feff}"] {
        let padded = |text: &str| format!("{padding}{text}{padding}");
        let mut secret = with(json!({"user_id": "megan@contoso.com", "cloud": "china", "auth": "client_secret"}));
        for value in secret.as_object_mut().unwrap().values_mut() {
            *value = json!(padded(value.as_str().unwrap()));
        }
        let secret = read_text(&padded(&secret.to_string())).unwrap();
        assert_eq!((secret.tenant_id.as_str(), secret.client_id.as_str()), ("contoso.onmicrosoft.com", GUID));
        assert_eq!(secret.user_id.as_deref(), Some("megan@contoso.com"));
        let Credential::ClientSecret { client_secret } = secret.credential else { panic!("client_secret") };
        assert_eq!(client_secret.expose_secret(), "s");
    }
}

#[test]
fn flat_strings_of_a_form_are_read() {
    let policy = r#"{"writes": "false", "pause_after": "5", "operations": {"include": ["mail.*"]}}"#;
    let secret = read(json!({"policy": policy})).unwrap();
    assert_eq!((secret.policy.writes, secret.policy.pause_after), (false, 5));
    let many = json!({"accounts": json!({"a": with(json!({}))}).to_string()}).to_string();
    assert!(read_text(&many).is_ok());
    assert!(read_text(&json!(with(json!({})).to_string()).to_string()).is_ok(), "the JSON as a JSON string");
}

#[test]
fn line_breaks_of_pem_may_be_two_characters() {
    let (certificate, key) = (fixture("right.pem"), fixture("right_key_pkcs8.pem"));
    let expected = thumbprint(certified(Some(certificate.clone()), Some(key.clone())));
    for escape in ["\\n", "\\r\\n", "\\\\n", "\\n\n", " "] {
        let escaped = |text: &str| Some(text.replace('\n', escape));
        assert_eq!(thumbprint(certified(escaped(&certificate), escaped(&key))), expected, "{escape}");
    }
}

#[test]
fn the_certificate_that_the_key_belongs_to_is_taken_wherever_it_is() {
    let (right, ec, chain) = (fixture("right.pem"), fixture("ec.pem"), fixture("chain.pem"));
    let key = fixture("right_key_pkcs8.pem");
    let expected = thumbprint(certified(Some(right.clone()), Some(key.clone())));
    let blocks: Vec<&str> = chain.split_inclusive("-----END CERTIFICATE-----\n").collect();
    let leaf_last: String = blocks.iter().rev().copied().collect();
    assert!(blocks.len() > 1);
    for (certificate, private_key) in [
        (Some(leaf_last), Some(key.clone())),
        (Some(format!("{ec}{right}")), Some(key.clone())),
        (Some(format!("{key}{right}")), None),
        (Some(format!("{right}{key}")), None),
        (None, Some(format!("{key}{chain}"))),
        (Some(format!("{key}{right}")), Some(format!("{right}{key}"))),
    ] {
        assert_eq!(thumbprint(certified(certificate, private_key)), expected);
    }
}

#[test]
fn each_mistake_has_its_message() {
    let open_ssh = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaA==\n-----END OPENSSH PRIVATE KEY-----";
    for (changes, message) in [
        (
            json!({"client_secert": "s", "client_secret": null}),
            "`client_secert` is not a known field; did you mean `client_secret`?",
        ),
        (json!({"tenantId": "t", "tenant_id": null}), "`tenantId` is not a known field; did you mean `tenant_id`?"),
        (json!({"polcy": {}}), "`polcy` is not a known field; did you mean `policy`?"),
        (json!({"userid": "u"}), "`userid` is not a known field; did you mean `user_id`?"),
        (json!({"tenant_id": null}), "`tenant_id` is missing"),
        (
            json!({"client_secret": null}),
            "`auth` is missing, and there is no credential: add `client_secret`, or `certificate` and `private_key`, or `refresh_token`, or `username` and `password`, or `\"auth\": \"federated\"`",
        ),
        (
            json!({"client_secret": "01234567-89ab-cdef-0123-456789ABCDEF"}),
            "`client_secret` is a GUID: this is the secret's id; the value is what is needed: copy the column Value; it is shown only once, right after the secret is made",
        ),
        (
            json!({"auth": "client-secret"}),
            "`auth` must be one of client_secret, certificate, federated, refresh_token, password; did you mean `client_secret`?",
        ),
        (
            json!({"cloud": "Global"}),
            "`cloud` must be one of global, us_gov, us_gov_dod, china; did you mean `global`?",
        ),
        (json!({"tenant_id": "Common"}), "`tenant_id` must be the tenant's own id or domain"),
        (json!({"tenant_id": ".."}), "`tenant_id` must be a GUID or a domain name"),
        (json!({"client_id": "."}), "`client_id` must be the application's GUID"),
        (json!({"user_id": ".."}), "`user_id` must be an object id or a user principal name"),
        (json!({"user_id": "."}), "`user_id` must be an object id or a user principal name"),
        (json!({"user_id": " "}), "`user_id` must be a string that is not empty"),
        (
            certified(Some(fixture("right.pem")), Some(open_ssh.to_owned())),
            "`private_key` is in OpenSSH's own format; convert it: `ssh-keygen -p -m PEM -f the-key-file`",
        ),
        (
            certified(Some("/home/me/cert.pem".to_owned()), Some(fixture("right_key_pkcs8.pem"))),
            "`certificate` looks like a file name: paste the content of the file",
        ),
        (
            certified(Some(fixture("right.pem")), Some("key.pem".to_owned())),
            "`private_key` looks like a file name: paste the content of the file",
        ),
        (
            certified(Some(fixture("right.pem")), Some(fixture("other_key.pem"))),
            "`private_key` does not belong to any certificate in `certificate`",
        ),
        (
            json!({"policy": "{\"writes\": false,}"}),
            "`policy` is not JSON (line 1, column 17): a comma follows the last entry; remove it",
        ),
        (json!({"policy": {"wirtes": false}}), "`policy.wirtes` is not a known field; did you mean `writes`?"),
        (
            json!({"policy": {"timezone": "Beijing"}}),
            "`policy.timezone` must be an IANA time zone such as `Europe/Berlin`; did you mean `Asia/Shanghai`?",
        ),
        (
            json!({"policy": {"timezone": "China Standard Time"}}),
            "`policy.timezone` must be an IANA time zone such as `Europe/Berlin`; did you mean `Asia/Shanghai`?",
        ),
        (
            json!({"policy": {"timezone": "Mars"}}),
            "`policy.timezone` must be an IANA time zone such as `Europe/Berlin`",
        ),
        (
            json!({"policy": {"working_days": ["Monday"]}}),
            "`policy.working_days` names a day that is not known: write `mon`; the days are mon, tue, wed, thu, fri, sat, sun",
        ),
        (
            json!({"policy": {"working_hours": {"from": "9:00"}}}),
            "`policy.working_hours.from` must be HH:MM up to 23:59: write 09:00",
        ),
        (
            json!({"policy": {"working_hours": {"to": "6 pm"}}}),
            "`policy.working_hours.to` must be HH:MM up to 24:00: write 18:00",
        ),
        (
            json!({"policy": {"working_hours": "9-17"}}),
            "`policy.working_hours` must be like {\"from\": \"09:00\", \"to\": \"18:30\"}",
        ),
        (
            json!({"policy": {"interval_seconds": 3600}}),
            "`policy.interval_seconds` must be like {\"min\": 3600, \"max\": 14400}",
        ),
        (json!({"policy": {"calls_per_run": 3}}), "`policy.calls_per_run` must be like {\"min\": 3, \"max\": 12}"),
        (json!({"policy": {"pacing": 3}}), "`policy.pacing` must be like {\"min_ms\": 500, \"max_ms\": 5000}"),
        (
            json!({"policy": {"operations": ["mail.*"]}}),
            "`policy.operations` must be like {\"include\": [\"*\"], \"exclude\": [\"teams.*\"]}",
        ),
        (
            json!({"policy": {"operations": {"exclude": ["mail.*", "teems.*"]}}}),
            "`policy.operations.exclude` (entry 2) matches no operation; did you mean `teams.*`?",
        ),
        (
            json!({"policy": {"preset": "gentel"}}),
            "`policy.preset` must be one of gentle, balanced, full; did you mean `gentle`?",
        ),
        (json!({"policy": {"renew_credential": 1}}), "`policy.renew_credential` must be true or false"),
    ] {
        assert_eq!(refused(changes.clone()), message, "{changes}");
    }
    let shared = json!({"accounts": {"a": {"tenant_id": "t", "client_id": "c"}}}).to_string();
    let message = read_text(&shared).unwrap_err().to_string();
    assert!(
        message.starts_with("`accounts.a.auth` is missing, and there is no credential: add `client_secret`"),
        "{message}"
    );
}

#[test]
fn a_text_that_is_not_json_is_refused_with_its_mistake() {
    for (text, message) in [
        ("", "is empty, which is not JSON"),
        (
            "{\"tenant_id\": \"MARKED\", // MARKED\n}",
            "is not JSON (line 1, column 25): comments are not allowed here; remove them",
        ),
        (
            "{\n\"tenant_id\": \"MARKED\",\n}",
            "is not JSON (line 2, column 22): a comma follows the last entry; remove it",
        ),
        (
            "{“tenant_id”: “MARKED”}",
            "is not JSON (line 1, column 2): these are typographic quotes; write plain ones (\")",
        ),
    ] {
        assert_eq!(read_text(text).unwrap_err().to_string(), message);
    }
}

#[test]
fn the_login_of_any_tenant_is_for_users_only() {
    let user = json!({"tenant_id": "organizations", "client_secret": null, "username": "u", "password": "p"});
    assert!(read(user).is_ok());
}

/// Any JSON, with names that fields have.
fn any_json() -> impl Strategy<Value = Value> {
    let word = prop_oneof![
        prop::sample::select(vec![
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
            "accounts",
            "a",
            "timezone",
            "working_hours",
            "working_days",
            "from",
            "interval_seconds",
            "min",
            "max",
            "operations",
            "include",
            "exclude",
            "writes",
            "preset",
            "pacing",
        ])
        .prop_map(str::to_owned),
        "\\PC{0,8}",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        word.clone().prop_map(Value::from)
    ];
    leaf.prop_recursive(4, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((word.clone(), inner), 0..6)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_json_is_read_or_refused(value in any_json()) {
        let read = read_text(&value.to_string());
        prop_assert!(read.is_ok() || !read.unwrap_err().to_string().is_empty());
    }

    #[test]
    fn no_value_of_a_field_appears_in_a_message(
        field in prop::sample::select(vec![
            "tenant_id", "client_id", "auth", "client_secret", "certificate", "private_key", "refresh_token", "username",
            "password", "user_id", "cloud", "policy", "policy.timezone", "policy.preset", "policy.working_days",
            "policy.working_hours", "policy.working_hours.from", "policy.interval_seconds", "policy.interval_seconds.min",
            "policy.operations", "policy.operations.include", "policy.pause_after", "policy.writes", "policy.pacing",
        ]),
        form in 0..4,
        mark in "[A-Z]{5}[0-9]{5}",
        around in "[ /.~\\\\\"'*_-]{0,2}",
    ) {
        let text = format!("{around}{mark}{around}");
        let mut value = match form {
            0 => json!(text),
            1 => json!([text]),
            2 => json!({"min": text.clone(), "from": [text]}),
            _ => json!(format!("{{\"a\": \"{mark}\", {text}")),
        };
        let names: Vec<&str> = field.split('.').collect();
        for name in names[1..].iter().rev() {
            value = json!({*name: value});
        }
        let mut secret = with(json!({}));
        secret[names[0]] = value;
        if let Err(error) = read_text(&secret.to_string()) {
            let message = error.to_string();
            prop_assert!(!message.contains(&mark), "{message}");
            prop_assert!(message.contains('`'), "names no field: {message}");
        }
    }
}
