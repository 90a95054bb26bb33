//! Texts that people write: secrets, imports, events.

use e5_evergreen::domain::account_id::AccountId;
use e5_evergreen::domain::secret::import::{Format, parse};
use e5_evergreen::domain::secret::{SecretDocument, with_refresh_token};
use e5_evergreen::event;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::{Corpus, PLANTED};

/// Whether the text is JSON whose planted value is only in secret fields: errors may repeat names and other fields.
fn is_planted_in_secrets(text: &str) -> bool {
    const SECRET_FIELDS: [&str; 4] = ["client_secret", "password", "private_key", "refresh_token"];
    fn only_in_secrets(name: &str, value: &Value) -> bool {
        match value {
            Value::Object(fields) => {
                fields.iter().all(|(name, value)| !name.contains("planted") && only_in_secrets(name, value))
            }
            Value::Array(values) => values.iter().all(|value| only_in_secrets(name, value)),
            Value::String(text) => SECRET_FIELDS.contains(&name) || !text.contains("planted"),
            _ => true,
        }
    }
    serde_json::from_str(text).is_ok_and(|value| only_in_secrets("", &value))
}

#[test]
fn secret_of_any_text_is_read_or_refused_without_its_values() {
    let corpus = Corpus::read("secret", 4000);
    let (mut read, mut refused) = (0, 0);
    for input in corpus.inputs() {
        let text = SecretString::from(input.text());
        let quiet = is_planted_in_secrets(text.expose_secret());
        let ids = match SecretDocument::parse(&text) {
            Ok(document) => document.ids("own"),
            Err(error) => {
                assert!(!quiet || !format!("{error} {error:?}").contains(PLANTED), "{error}");
                refused += 1;
                continue;
            }
        };
        for id in ids.into_iter().flatten() {
            match SecretDocument::parse(&text).unwrap().account(&id) {
                Ok(secret) => {
                    assert!(!format!("{secret:?}").contains(PLANTED) || !quiet, "{secret:?}");
                    read += 1;
                }
                Err(error) => {
                    assert!(!quiet || !format!("{error} {error:?}").contains(PLANTED), "{error}");
                    refused += 1;
                }
            }
        }
    }
    assert!(read > 50 && refused > 500, "{read} read, {refused} refused");
}

#[test]
fn refresh_token_can_be_replaced_in_any_secret_that_has_one() {
    let corpus = Corpus::read("secret", 2000);
    let (own, newer) = (AccountId::parse("own").unwrap(), SecretString::from("newer"));
    let mut replaced = 0;
    for input in corpus.inputs() {
        let text = SecretString::from(input.text());
        let Ok(new) = with_refresh_token(&text, &newer) else { continue };
        let account = |text| SecretDocument::parse(text).and_then(|document| document.account(&own));
        if account(&text).is_ok_and(|secret| secret.credential.auth() == "refresh_token") {
            assert!(account(&new).is_ok(), "the rewritten secret is still read");
            let fields: Value = serde_json::from_str(new.expose_secret()).unwrap();
            assert_eq!(fields["refresh_token"], "newer");
            replaced += 1;
        }
    }
    assert!(replaced > 10, "{replaced}");
}

#[test]
fn import_of_any_text_answers_each_line_or_refuses_without_values() {
    let corpus = Corpus::read("import", 3000);
    let (mut understood, mut refused) = (0, 0);
    for input in corpus.inputs() {
        let text = input.text();
        for format in [Format::Auto, Format::Csv, Format::Json] {
            match parse(format, &text) {
                Ok(records) => {
                    for record in records {
                        match record.account {
                            Ok(account) => {
                                let secret = SecretDocument::parse(&account.secret);
                                assert!(secret.is_ok_and(|secret| secret.account(&account.id).is_ok()));
                                understood += 1;
                            }
                            Err(refusal) => {
                                assert!(!refusal.to_string().contains(PLANTED), "{refusal}");
                                refused += 1;
                            }
                        }
                    }
                }
                Err(error) => {
                    assert!(!error.to_string().contains(PLANTED), "{error}");
                    refused += 1;
                }
            }
        }
    }
    assert!(understood > 500 && refused > 500, "{understood} understood, {refused} refused");
}

#[test]
fn any_json_is_an_event_or_is_refused_without_its_values() {
    let corpus = Corpus::read("event", 4000);
    let (mut accepted, mut refused) = (0, 0);
    for input in corpus.inputs() {
        let Ok(json) = serde_json::from_slice::<Value>(&input.bytes) else { continue };
        let mut rest = json.clone();
        rest.as_object_mut().and_then(|fields| fields.remove("text"));
        let only_in_text = !rest.to_string().contains(PLANTED);
        match event::parse(&json) {
            Ok(event) => {
                assert!(!only_in_text || !format!("{event:?}").contains(PLANTED), "an imported text is not printed");
                accepted += 1;
            }
            Err(error) => {
                assert!(!only_in_text || !error.to_string().contains(PLANTED), "{error}");
                refused += 1;
            }
        }
    }
    assert!(accepted > 100 && refused > 100, "{accepted} accepted, {refused} refused");
}
