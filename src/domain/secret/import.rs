//! Reads many accounts from one text: CSV, JSON, or the one-line-per-account form of older programs.
//!
//! What is wrong with one record is told by its number and without a value; none of the others is lost by it.

use secrecy::SecretString;
use serde_json::{Map, Value, json};
use thiserror::Error;

use crate::domain::account_id::AccountId;
use crate::domain::secret::{SecretDocument, is_name_in_a_path};

/// Bounds on one import.
pub const MAX_BYTES: usize = 1_048_576;
pub const MAX_ACCOUNTS: usize = 1000;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    #[default]
    Auto,
    Csv,
    Json,
    AccountTxt,
}

/// One account of the text: `number` is its line, or in JSON its place, from 1.
#[derive(Debug)]
pub struct Record {
    pub number: usize,
    pub account: Result<(AccountId, SecretString), String>,
}

/// Why nothing at all could be read. Never holds a value.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ImportError {
    #[error("the text is larger than 1 MiB: import it in parts")]
    TooLarge,
    #[error("the text holds more than 1000 accounts: import it in parts")]
    TooMany,
    #[error("the text holds no account")]
    Empty,
    #[error("the text is not JSON (line {line}, column {column})")]
    NotJson { line: usize, column: usize },
    #[error("the JSON must be a list of accounts, or an object with `accounts` by id")]
    Shape,
    #[error("the first line must name the columns: `account` and fields of the secret, once each; column {0} is none")]
    Column(usize),
}

const COLUMNS: [&str; 13] = [
    "account",
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

/// Reads the records of a text, in their order.
///
/// # Errors
/// Where the text as a whole is none of the forms, or too large.
pub fn parse(format: Format, text: &str) -> Result<Vec<Record>, ImportError> {
    if text.len() > MAX_BYTES {
        return Err(ImportError::TooLarge);
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let records = match if format == Format::Auto { guess(text) } else { format } {
        Format::Json => json_records(text)?,
        Format::Csv => csv_records(text)?,
        Format::AccountTxt | Format::Auto => lines(text),
    };
    match records.len() {
        0 => Err(ImportError::Empty),
        count if count > MAX_ACCOUNTS => Err(ImportError::TooMany),
        _ => Ok(records),
    }
}

fn guess(text: &str) -> Format {
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default().trim_start();
    if first.starts_with(['{', '[']) {
        Format::Json
    } else if first.split([',', ';', '\t']).any(|name| name.trim().trim_matches('"') == "client_id") {
        Format::Csv
    } else {
        Format::AccountTxt
    }
}

/// Checks an account's fields as a secret of its own.
fn account(id: Option<&str>, secret: Map<String, Value>) -> Result<(AccountId, SecretString), String> {
    let id = id.ok_or("`account` is missing")?;
    let id = AccountId::parse(id).map_err(|error| format!("`account` is not allowed: {error}"))?;
    let text = SecretString::from(Value::Object(secret).to_string());
    let read = SecretDocument::parse(&text).and_then(|document| match document {
        one @ SecretDocument::One(_) => one.account(&id),
        // It was not the name of an account, but of many.
        SecretDocument::Many(_) => SecretDocument::One(json!({"accounts": null})).account(&id),
    });
    read.map_err(|error| error.to_string())?;
    Ok((id, text))
}

fn json_records(text: &str) -> Result<Vec<Record>, ImportError> {
    let value: Value = serde_json::from_str(text)
        .map_err(|error| ImportError::NotJson { line: error.line(), column: error.column() })?;
    let named: Vec<(Option<String>, Value)> = match value {
        Value::Array(elements) => elements.into_iter().map(|element| (None, element)).collect(),
        Value::Object(mut object) => match object.remove("accounts") {
            Some(Value::Object(accounts)) if object.is_empty() => {
                accounts.into_iter().map(|(id, element)| (Some(id), element)).collect()
            }
            _ => return Err(ImportError::Shape),
        },
        _ => return Err(ImportError::Shape),
    };
    let read = |(name, element): (Option<String>, Value)| {
        let Value::Object(mut secret) = element else { return Err("must be a JSON object".to_owned()) };
        let own = secret.remove("account");
        let name = name.or_else(|| own.as_ref().and_then(Value::as_str).map(str::to_owned));
        account(name.as_deref(), secret)
    };
    let number = |(index, element)| Record { number: index + 1, account: read(element) };
    Ok(named.into_iter().enumerate().map(number).collect())
}

fn csv_records(text: &str) -> Result<Vec<Record>, ImportError> {
    let head = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let delimiter = [',', ';', '\t'].into_iter().max_by_key(|delimiter| head.matches(*delimiter).count());
    let mut rows = rows(text, delimiter.unwrap_or(',')).into_iter();
    let Some((_, head)) = rows.next() else { return Err(ImportError::Empty) };
    let mut columns = Vec::new();
    for (index, name) in head.unwrap_or_default().into_iter().enumerate() {
        let name = name.trim().to_ascii_lowercase();
        if !COLUMNS.contains(&name.as_str()) || columns.contains(&name) {
            // Without a head, the first line holds values: only its place is told.
            return Err(ImportError::Column(index + 1));
        }
        columns.push(name);
    }
    let read = |cells: Result<Vec<String>, String>| {
        let cells = cells?;
        if cells.len() != columns.len() {
            return Err(format!("has {} columns where the first line names {}", cells.len(), columns.len()));
        }
        let mut id = None;
        let mut secret = Map::new();
        for (column, cell) in columns.iter().zip(cells).filter(|(_, cell)| !cell.trim().is_empty()) {
            match column.as_str() {
                "account" => id = Some(cell.trim().to_owned()),
                "policy" => {
                    let policy = serde_json::from_str(&cell).map_err(|_| "`policy` is not JSON".to_owned())?;
                    secret.insert(column.clone(), policy);
                }
                _ => {
                    secret.insert(column.clone(), json!(cell.trim()));
                }
            }
        }
        account(id.as_deref(), secret)
    };
    Ok(rows.map(|(number, cells)| Record { number, account: read(cells) }).collect())
}

type Row = (usize, Result<Vec<String>, String>);

/// Rows with the lines on which they begin (RFC 4180: a quoted cell may hold delimiters, quotes and line ends).
fn rows(text: &str, delimiter: char) -> Vec<Row> {
    let mut rows = Vec::new();
    let (mut cells, mut cell, mut quoted, mut was_quoted) = (Vec::new(), String::new(), false, false);
    let (mut line, mut began) = (1, 1);
    let mut characters = text.chars().peekable();
    loop {
        let next = characters.next();
        if next == Some('\n') {
            line += 1;
        }
        match next {
            Some('"') if quoted && characters.peek() == Some(&'"') => {
                characters.next();
                cell.push('"');
            }
            Some('"') if quoted => quoted = false,
            Some('"') if cell.is_empty() && !was_quoted => (quoted, was_quoted) = (true, true),
            Some(character) if quoted => cell.push(character),
            Some(character) if character == delimiter => {
                cells.push(std::mem::take(&mut cell));
                was_quoted = false;
            }
            Some('\n') | None => {
                if cell.ends_with('\r') {
                    cell.pop();
                }
                cells.push(std::mem::take(&mut cell));
                let row = std::mem::take(&mut cells);
                if quoted {
                    rows.push((began, Err("has a quote that does not end".to_owned())));
                } else if row.len() > 1 || row.iter().any(|cell| !cell.trim().is_empty()) {
                    rows.push((began, Ok(row)));
                }
                (was_quoted, began) = (false, line);
                if next.is_none() {
                    return rows;
                }
            }
            Some(character) => cell.push(character),
        }
    }
}

/// One account a line: user, password and client id; or client id, secret and tenant.
fn lines(text: &str) -> Vec<Record> {
    let lines = text.lines().enumerate().map(|(index, line)| (index + 1, line.trim()));
    let lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    lines.map(|(number, line)| Record { number, account: line_account(line) }).collect()
}

const SEPARATORS: [&str; 4] = ["\t", "----", "|", ","];

fn line_account(line: &str) -> Result<(AccountId, SecretString), String> {
    let shapes = SEPARATORS.into_iter().filter_map(|separator| {
        let parts: Vec<&str> = line.split(separator).map(str::trim).collect();
        let &[first, second, third] = parts.as_slice() else { return None };
        if second.is_empty() {
            return None;
        }
        by_user(first, second, third).or_else(|| by_app(first, second, third))
    });
    let mut shapes = shapes.collect::<Vec<_>>();
    match (shapes.pop(), shapes.is_empty()) {
        (Some((id, Value::Object(secret))), true) => account(Some(&id), secret),
        (Some(_), false) => Err("can be read in two ways: use CSV".to_owned()),
        _ => Err("is neither user, password and client id nor client id, secret and tenant".to_owned()),
    }
}

/// The tenant is that of the user's domain.
fn by_user(user: &str, password: &str, client_id: &str) -> Option<(String, Value)> {
    let (_, domain) = user.rsplit_once('@')?;
    let fits = AccountId::parse(user).is_ok() && is_domain(domain) && is_guid(client_id);
    let secret = json!({"tenant_id": domain, "client_id": client_id, "username": user, "password": password});
    fits.then(|| (user.to_owned(), secret))
}

fn by_app(client_id: &str, client_secret: &str, tenant_id: &str) -> Option<(String, Value)> {
    let fits = is_guid(client_id) && (is_guid(tenant_id) || is_domain(tenant_id));
    let secret = json!({"tenant_id": tenant_id, "client_id": client_id, "client_secret": client_secret});
    fits.then(|| (client_id.to_owned(), secret))
}

fn is_domain(text: &str) -> bool {
    text.contains('.') && is_name_in_a_path(text)
}

fn is_guid(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    parts.iter().map(|part| part.len()).eq([8, 4, 4, 4, 12])
        && parts.iter().all(|part| part.chars().all(|c| c.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use secrecy::ExposeSecret;

    use super::*;

    const GUID: &str = "5b1e7c52-7f0a-4d0c-8a86-6a0e4a1f0c01";

    type Shown = Result<(String, Value), String>;

    fn read(text: &str) -> Vec<(usize, Shown)> {
        let records = parse(Format::Auto, text).unwrap();
        let shown = |(id, text): (AccountId, SecretString)| {
            (id.to_string(), serde_json::from_str(text.expose_secret()).unwrap())
        };
        records.into_iter().map(|record| (record.number, record.account.map(shown))).collect()
    }

    #[test]
    fn both_shapes_of_a_line_are_known_by_any_separator() {
        for separator in SEPARATORS {
            let text = format!("a@b.com{separator}p w{separator}{GUID}\n\n{GUID}{separator}s~-_.x{separator}b.com\r\n");
            let records = read(&text);
            let (id, secret) = records[0].1.clone().unwrap();
            assert_eq!(
                (id.as_str(), &secret["password"], &secret["tenant_id"]),
                ("a@b.com", &json!("p w"), &json!("b.com"))
            );
            let (id, secret) = records[1].1.clone().unwrap();
            assert_eq!((records[1].0, id.as_str(), &secret["client_secret"]), (3, GUID, &json!("s~-_.x")));
        }
    }

    #[test]
    fn a_line_that_fails_is_told_by_number_and_loses_nothing_else() {
        let records = read(&format!("a@b.com|MARKED\nMARKED\na@b.com,MARKED,{GUID}\nMARKED@b.com,a@b.com,{GUID}x"));
        let failed: Vec<_> =
            records.iter().filter(|(_, account)| account.is_err()).map(|(number, _)| *number).collect();
        assert_eq!(failed, [1, 2, 4]);
        assert!(
            !format!("{:?}", records.iter().filter_map(|(_, account)| account.clone().err()).collect::<Vec<_>>())
                .contains("MARKED")
        );
    }

    #[test]
    fn csv_may_quote_delimiters_quotes_and_line_ends() {
        let text = format!(
            "\u{feff}account,client_id,tenant_id,client_secret,policy\r\na,{GUID},b.com,\"s,\"\"\nx\",\"{{\"\"writes\"\": false}}\"\r\nb,{GUID},b.com,s,\n c ,{GUID},b.com\n"
        );
        let records = read(&text);
        let (id, secret) = records[0].1.clone().unwrap();
        assert_eq!(
            (id.as_str(), &secret["client_secret"], &secret["policy"]["writes"]),
            ("a", &json!("s,\"\nx"), &json!(false))
        );
        assert_eq!((records[1].0, records[1].1.is_ok()), (4, true));
        assert_eq!(
            (records[2].0, records[2].1.clone().unwrap_err()),
            (5, "has 3 columns where the first line names 5".to_owned())
        );
        assert_eq!(parse(Format::Csv, "account,MARKED!").unwrap_err(), ImportError::Column(2));
    }

    #[test]
    fn json_may_be_a_list_or_accounts_by_id() {
        let secret = json!({"client_id": GUID, "tenant_id": "b.com", "client_secret": "s"});
        let mut named = secret.clone();
        named["account"] = json!("a");
        for text in [json!([named, 1, {"account": "_x"}]), json!({"accounts": {"a": secret}})] {
            let records = read(&text.to_string());
            assert_eq!(records[0].1.clone().unwrap(), ("a".to_owned(), secret.clone()));
            assert!(records.iter().skip(1).all(|(_, account)| account.is_err()));
        }
        assert_eq!(parse(Format::Json, "{").unwrap_err(), ImportError::NotJson { line: 1, column: 1 });
        assert_eq!(parse(Format::Json, "{}").unwrap_err(), ImportError::Shape);
    }

    #[test]
    fn the_size_is_bounded() {
        assert_eq!(parse(Format::Auto, &"x".repeat(MAX_BYTES + 1)).unwrap_err(), ImportError::TooLarge);
        assert_eq!(parse(Format::Auto, &"x\n".repeat(MAX_ACCOUNTS + 1)).unwrap_err(), ImportError::TooMany);
        assert_eq!(parse(Format::Auto, " \n").unwrap_err(), ImportError::Empty);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic_and_every_number_is_a_line(text in "[ -~\t\n\"é]{0,300}") {
            for format in [Format::Auto, Format::Csv, Format::Json, Format::AccountTxt] {
                for record in parse(format, &text).unwrap_or_default() {
                    prop_assert!(record.number >= 1 && record.number <= text.lines().count().max(1));
                }
            }
        }

        #[test]
        fn any_password_without_the_separator_survives_a_line(password in "[!-~]{1,40}") {
            prop_assume!(!password.contains('\t'));
            let records = read(&format!("a@b.com\t{password}\t{GUID}"));
            let ambiguous = password.contains("----") || password.contains([',', '|']);
            match &records[0].1 {
                Ok((_, secret)) => prop_assert_eq!(secret["password"].as_str(), Some(password.as_str())),
                Err(_) => prop_assert!(ambiguous),
            }
        }

        #[test]
        fn any_cell_survives_csv(cell in "[ -~\n]{1,60}") {
            let quoted = cell.replace('"', "\"\"");
            let rows = rows(&format!("x,\"{quoted}\"\ny,z"), ',');
            prop_assert_eq!(rows[0].1.clone().unwrap(), vec!["x".to_owned(), cell]);
            prop_assert_eq!(rows.len(), 2);
        }
    }
}
