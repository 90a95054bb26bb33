//! JSON: one account, a list of accounts, or `accounts` by id.

use serde_json::{Map, Value};

use super::account::account;
use super::columns::{field, misspelling};
use super::error::{ImportError, Refusal};
use super::record::{ImportedAccount, Record};

/// The accounts of a JSON text that begins on `first_line`.
///
/// # Errors
/// Where the text is not JSON, or of none of the shapes.
pub(super) fn records(text: &str, first_line: usize) -> Result<Vec<Record>, ImportError> {
    let value: Value = serde_json::from_str(text)
        .map_err(|error| ImportError::NotJson { line: error.line() + first_line - 1, column: error.column() })?;
    let unnamed = |list: Vec<Value>| list.into_iter().map(|element| (None, element)).collect();
    let named: Vec<(Option<String>, Value)> = match value {
        Value::Array(list) => unnamed(list),
        Value::Object(mut object) => match object.remove("accounts") {
            Some(Value::Object(accounts)) if object.is_empty() => {
                accounts.into_iter().map(|(id, element)| (Some(id), element)).collect()
            }
            Some(Value::Array(list)) if object.is_empty() => unnamed(list),
            None if object.keys().any(|key| field(key) == Some("client_id")) => unnamed(vec![Value::Object(object)]),
            _ => return Err(ImportError::Shape),
        },
        _ => return Err(ImportError::Shape),
    };
    let number = |(index, (name, element))| Record { number: index + 1, account: read(name, element) };
    Ok(named.into_iter().enumerate().map(number).collect())
}

fn read(name: Option<String>, element: Value) -> Result<ImportedAccount, Refusal> {
    let Value::Object(object) = element else { return Err(Refusal::NotAnObject) };
    let mut secret = Map::new();
    for (key, value) in object {
        let field = field(&key).ok_or_else(|| Refusal::UnknownField(misspelling(&key)))?;
        if secret.insert(field.to_owned(), value).is_some() {
            return Err(Refusal::FieldTwice(field));
        }
    }
    let name = match (name, secret.remove("account")) {
        (Some(name), _) | (None, Some(Value::String(name))) => Some(name),
        (None, None | Some(Value::Null)) => None,
        (None, Some(_)) => return Err(Refusal::NoAccount),
    };
    account(name.as_deref(), secret)
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;
    use serde_json::json;

    use super::*;

    const GUID: &str = "5b1e7c52-7f0a-4d0c-8a86-6a0e4a1f0c01";

    #[test]
    fn accounts_may_be_one_a_list_or_by_id() {
        let secret = json!({"client_id": GUID, "tenant_id": "b.com", "client_secret": "s"});
        let camel = json!({"account": "a", "clientId": GUID, "Tenant ID": "b.com", "clientSecret": "s"});
        for text in [
            json!([camel, 1, {"account": "_x"}]),
            json!({"accounts": {"a": secret}}),
            json!({"accounts": [camel]}),
            camel.clone(),
        ] {
            let records = records(&text.to_string(), 1).unwrap();
            let first = records[0].account.as_ref().unwrap();
            assert_eq!(first.id.as_str(), "a");
            assert_eq!(serde_json::from_str::<Value>(first.secret.expose_secret()).unwrap(), secret);
            assert!(records.iter().skip(1).all(|record| record.account.is_err()));
        }
    }

    #[test]
    fn what_is_not_an_account_is_refused_without_a_value() {
        assert_eq!(records("{", 3).unwrap_err(), ImportError::NotJson { line: 3, column: 1 });
        for text in ["{}", "1", "{\"accounts\": 1}", "{\"accounts\": [], \"x\": 1}"] {
            assert_eq!(records(text, 1).unwrap_err(), ImportError::Shape, "{text}");
        }
        let text = json!([
            {"client_secert": "MARKED"},
            {"MARKED": "MARKED"},
            {"client_id": GUID, "clientId": GUID},
            {"account": ["MARKED"], "client_id": GUID},
            {"client_id": ["MARKED"], "account": "a"},
        ]);
        let said: Vec<String> = records(&text.to_string(), 1)
            .unwrap()
            .into_iter()
            .map(|record| record.account.unwrap_err().to_string())
            .collect();
        assert_eq!(said[0], "`client_secert` is not a field; did you mean `client_secret`?");
        assert_eq!(said[2], "`client_id` is given twice");
        assert!(said.iter().all(|said| !said.contains("MARKED")), "{said:?}");
    }
}
