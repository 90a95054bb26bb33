//! Import over texts: every order, separator and subset of fields, and any text at all.

use proptest::prelude::*;
use proptest::sample::subsequence;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::*;
use crate::domain::secret::{AccountSecret, Credential, SecretDocument};

const CLIENT: &str = "5b1e7c52-7f0a-4d0c-8a86-6a0e4a1f0c01";
const TENANT: &str = "0f3c1d7e-8a54-4c7e-9b51-2f6f3f1f7a10";
const USER: &str = "megan@contoso.onmicrosoft.com";
const OLD_SECRET: &str = "Ab1.cD2-eF3_gH4iJ5kL6mN7oP8qR9sT0uV";
const SECRET: &str = "ab18Q~cdEFghijKLmnopQRstuvWXyz0123456789.";
const TOKEN: &str = "1.AXoAexampleexampleexample-example_example";

/// As people write them; white space may be part of a password.
const BETWEEN: [&str; 10] = ["\t", "----", "|", "｜", ";", "；", ",", "，", " | ", " , "];

fn one(text: &str) -> Result<ImportedAccount, String> {
    let mut records = parse(Format::Auto, text).map_err(|error| error.to_string())?;
    assert_eq!(records.len(), 1, "{text}");
    records.remove(0).account.map_err(|refusal| refusal.to_string())
}

fn fields(account: &ImportedAccount) -> Value {
    serde_json::from_str(account.secret.expose_secret()).unwrap()
}

fn read(account: &ImportedAccount) -> AccountSecret {
    SecretDocument::parse(&account.secret).unwrap().account(&account.id).unwrap()
}

/// All of an account that is shown anywhere.
fn shown(account: &ImportedAccount) -> String {
    let secret = read(account);
    let username = match &secret.credential {
        Credential::Password { username, .. } => username.clone(),
        _ => String::new(),
    };
    let ids = json!([account.id, secret.tenant_id, secret.client_id, secret.user_id, username, secret.cloud]);
    format!("{ids} {account:?} {secret:?} {:?}", secret.policy)
}

#[test]
fn each_documented_line_is_read_with_every_separator() {
    for between in BETWEEN {
        for (line, kind, expected) in [
            (
                [USER, "p w", CLIENT].join(between),
                "password",
                json!({"auth": "password", "tenant_id": "contoso.onmicrosoft.com", "client_id": CLIENT, "username": USER,
                    "password": "p w"}),
            ),
            (
                ["a@b.com", "p w", CLIENT].join(between),
                "password",
                json!({"auth": "password", "tenant_id": "b.com", "client_id": CLIENT, "username": "a@b.com",
                    "password": "p w"}),
            ),
            (
                [USER, SECRET, CLIENT].join(between),
                "client_secret",
                json!({"tenant_id": "contoso.onmicrosoft.com", "client_id": CLIENT, "user_id": USER,
                    "client_secret": SECRET}),
            ),
            (
                [CLIENT, "s~-_.x", TENANT].join(between),
                "client_secret",
                json!({"tenant_id": TENANT, "client_id": CLIENT, "client_secret": "s~-_.x"}),
            ),
            (
                [CLIENT, "right-secret", "b.com"].join(between),
                "client_secret",
                json!({"tenant_id": "b.com", "client_id": CLIENT, "client_secret": "right-secret"}),
            ),
            (
                [CLIENT, OLD_SECRET, TENANT, USER].join(between),
                "client_secret",
                json!({"tenant_id": TENANT, "client_id": CLIENT, "client_secret": OLD_SECRET, "user_id": USER}),
            ),
            (
                [USER, "pw", CLIENT, TOKEN].join(between),
                "refresh_token",
                json!({"auth": "refresh_token", "tenant_id": "contoso.onmicrosoft.com", "client_id": CLIENT,
                    "refresh_token": TOKEN}),
            ),
        ] {
            let account = one(&line).unwrap_or_else(|refusal| panic!("{line}: {refusal}"));
            assert_eq!((account.kind, fields(&account)), (kind, expected), "{line}");
            let name =
                if line.contains('@') { line.split(between).find(|part| part.contains('@')) } else { Some(CLIENT) };
            assert_eq!(Some(account.id.as_str()), name, "{line}");
        }
    }
    let account = one(&format!("{USER}  pw {CLIENT} ")).unwrap();
    assert_eq!(
        (account.kind, account.fields),
        ("password", vec!["tenant_id", "client_id", "auth", "username", "password"])
    );
    assert_eq!(one(&format!("{USER}----pw----{CLIENT}----{TOKEN}")).unwrap().ignored, ["password"]);
}

#[test]
fn a_line_that_is_not_sure_is_refused_and_says_why() {
    for (values, why) in [
        (vec![TENANT, CLIENT, OLD_SECRET], "has two GUIDs, and nothing says"),
        (vec![CLIENT, TENANT, SECRET], "has two GUIDs, and nothing says"),
        (vec![SECRET, CLIENT, TENANT], "has two GUIDs, and nothing says"),
        (vec![USER, "pw", CLIENT, TENANT], "has two GUIDs, and nothing says"),
        (vec![CLIENT, CLIENT, TENANT], "has more than two GUIDs"),
        (vec!["contoso.com", CLIENT, SECRET], "has a user or a domain that does not end with"),
        (vec![CLIENT, "pw", "megan@contoso.com"], "has a user or a domain that does not end with"),
        (vec![CLIENT, "contoso.com", "correct.horse"], "has a user or a domain that does not end with"),
        (vec!["P@ss.word", "megan@contoso.com", CLIENT], "has a user or a domain that does not end with"),
        (vec![USER, "pw", "other", CLIENT], "has several values that may be the secret"),
        (vec![CLIENT, "pw", SECRET, "contoso.onmicrosoft.com"], "has several values that may be the secret"),
        (vec![USER, "lee@contoso.onmicrosoft.com", "pw", CLIENT], "has two users"),
        (vec![USER, "contoso.onmicrosoft.com", CLIENT], "has no password, client secret or refresh token"),
        (vec![CLIENT, SECRET, "x"], "has neither a tenant nor a user"),
        (vec![CLIENT, "x", "MARKED"], "has several values that may be the secret"),
        (vec![SECRET, CLIENT, TOKEN], "has neither a tenant nor a user"),
        (vec![USER, "pw", "x"], "has several values that may be the secret"),
        (vec![USER, "pw"], "has 2 values"),
        (vec!["a", "b", "c", "d", "e", "f", "g"], "has too many values"),
    ] {
        let said = one(&values.join("|")).unwrap_err();
        assert!(said.starts_with(why), "{values:?}: {said}");
        assert!(said.contains("`----`") && said.contains("user, password, client id"), "{said}");
    }
    assert!(one("MARKED").unwrap_err().starts_with("has 1 values"));
}

#[test]
fn notes_declared_separators_and_rows_of_separators_are_no_accounts() {
    let rows = ";;;;\n".repeat(1000);
    let text = format!("\u{feff}sep=;\r\n# a note\n{rows}// another\n{USER};pw;{CLIENT};;\n\n# {USER};pw;{CLIENT}\n");
    let records = parse(Format::Auto, &text).unwrap();
    assert_eq!(records.iter().map(|record| record.number).collect::<Vec<_>>(), [1004]);
    assert_eq!(records[0].account.as_ref().unwrap().kind, "password");

    let table = format!("sep=;\n{rows}TENANT ID;Client Id;CLIENT_SECRET;;\n{rows}b.com;{CLIENT};\"s;1\";;\n{rows}");
    let records = parse(Format::Auto, &table).unwrap();
    assert_eq!(records.iter().map(|record| record.number).collect::<Vec<_>>(), [2003]);
    assert_eq!(fields(records[0].account.as_ref().unwrap())["client_secret"], "s;1");

    let note = format!("// {{\n[{{\"tenant_id\": \"b.com\", \"client_id\": \"{CLIENT}\", \"client_secret\": \"s\"}}]");
    assert!(one(&note).is_ok());
}

#[test]
fn quotes_and_invisible_characters_around_values_are_not_part_of_them() {
    for line in [
        format!("\u{feff}\"{USER}\",\"p,\"\"w\",\"{CLIENT}\""),
        format!("\u{200b}{USER}\u{a0},\u{a0}\"p,\"\"w\"\u{200b},{CLIENT}\u{feff}\r"),
        format!("\"{USER}\"|\"p,\"\"w\"|\"{CLIENT}\""),
        format!(" {USER}\t\u{200b}p,\"w\t{CLIENT} "),
    ] {
        let account = one(&line).unwrap_or_else(|refusal| panic!("{line}: {refusal}"));
        assert_eq!(fields(&account)["password"], "p,\"w", "{line}");
    }
}

#[test]
fn an_unknown_column_refuses_the_text() {
    let said = one("account,tenant_id,client_id,client_secert\na,b,c,d").unwrap_err();
    assert!(said.starts_with("column 4, `client_secert`, is not a field; did you mean `client_secret`?"), "{said}");
    for text in ["MARKED,client_id", "client_id,MARKED\nx,y"] {
        assert!(!one(text).unwrap_err().contains("MARKED"));
    }
    assert!(parse(Format::Csv, "MARKED").is_err());
}

#[test]
fn the_size_is_bounded() {
    assert_eq!(parse(Format::Auto, &"x".repeat(MAX_BYTES + 1)).unwrap_err(), ImportError::TooLarge);
    for line in ["x\n".to_owned(), format!("{USER},pw,{CLIENT}\n")] {
        assert_eq!(parse(Format::Auto, &line.repeat(MAX_ACCOUNTS)).unwrap().len(), MAX_ACCOUNTS);
        assert_eq!(parse(Format::Auto, &line.repeat(MAX_ACCOUNTS + 1)).unwrap_err(), ImportError::TooMany);
    }
    let table = |rows| format!("client_id,tenant_id,client_secret\n{}", "a,b,c\n".repeat(rows));
    assert_eq!(parse(Format::Auto, &table(MAX_ACCOUNTS)).unwrap().len(), MAX_ACCOUNTS);
    assert_eq!(parse(Format::Auto, &table(MAX_ACCOUNTS + 1)).unwrap_err(), ImportError::TooMany);
    assert_eq!(parse(Format::Auto, " \n").unwrap_err(), ImportError::Empty);
}

/// Secrets of the forms that are known.
fn known_secret() -> impl Strategy<Value = String> {
    prop_oneof![
        "[A-Za-z0-9_.-]{3}[0-9]Q~[A-Za-z0-9_.~-]{34}",
        "[A-Za-z0-9_.~-]{34}",
        "[A-Za-z0-9.=:@*+?/_-]{32}",
        "[A-Za-z0-9+/]{43}=",
        "[01]\\.A[A-Za-z0-9_.-]{60,300}",
        "M\\.C[0-9]{3}_[A-Z]{3}\\.[A-Za-z0-9*!$.-]{60,300}",
    ]
}

/// The same, and passwords.
fn secret_value() -> impl Strategy<Value = String> {
    prop_oneof![known_secret(), "[!-~]{8,20}", "[A-Z][a-z]{3,8}[0-9]{1,4}!", "[0-9a-f]{32}"]
}

/// Separators by themselves, in spaces, and between quotes.
fn joined(values: &[String], between: &str, quotes: bool) -> String {
    let value = |value: &String| if quotes { format!("\"{}\"", value.replace('"', "\"\"")) } else { value.clone() };
    values.iter().map(value).collect::<Vec<_>>().join(between)
}

/// Asserts that no value of `secrets` is in anything that is shown of a text.
fn assert_hidden(text: &str, secrets: &[String]) -> Result<(), TestCaseError> {
    for format in [Format::Auto, Format::Csv, Format::Json, Format::AccountTxt] {
        let records = match parse(format, text) {
            Ok(records) => records,
            Err(error) => {
                for secret in secrets {
                    prop_assert!(!format!("{error} {error:?}").contains(secret.as_str()), "{text}: {error}");
                }
                continue;
            }
        };
        for record in records {
            let told = match &record.account {
                Ok(account) => shown(account),
                Err(refusal) => format!("{refusal} {refusal:?}"),
            };
            for secret in secrets {
                prop_assert!(!told.contains(secret.as_str()), "{text:?} as {format:?} shows {secret}: {told}");
            }
        }
    }
    Ok(())
}

fn ids() -> Vec<String> {
    let ids = [CLIENT, TENANT, USER, "contoso.onmicrosoft.com", "megan@contoso.com", "contoso.com"];
    ids.into_iter().map(str::to_owned).collect()
}

proptest! {
    #[test]
    fn no_order_separator_or_subset_shows_a_value_that_may_be_a_secret(
        ids in subsequence(ids(), 0..=4),
        secrets in prop::collection::vec(secret_value(), 1..=3),
        order: u64,
        between in prop::sample::select([&BETWEEN[..], &[" ", "  "]].concat()),
        quotes: bool,
    ) {
        let values = shuffled([ids, secrets.clone()].concat(), order);
        assert_hidden(&joined(&values, between, quotes), &secrets)?;
    }

    /// Domains and users of one's own are read where a documented form has them, and nowhere else.
    #[test]
    fn a_password_that_looks_like_a_domain_or_a_user_is_shown_nowhere_else(
        (password, documented) in prop_oneof![("[a-z]{4,8}\\.[a-z]{4,8}", Just(2)), ("P@[a-z]{4,8}\\.com", Just(0))],
        ids in subsequence(ids(), 1..=3),
        secrets in prop::collection::vec("[A-Za-z0-9]{8,34}", 0..=2),
        order: u64,
        between in prop::sample::select(&BETWEEN),
    ) {
        let mut values = shuffled([ids, secrets, vec![password.clone()]].concat(), order);
        if values.iter().position(|value| *value == password) == Some(documented) {
            values.rotate_left(1);
        }
        assert_hidden(&joined(&values, between, false), &[password])?;
    }

    #[test]
    fn a_table_with_its_values_in_any_column_shows_no_secret(
        values in subsequence(ids(), 1..=4),
        secrets in prop::collection::vec(secret_value(), 1..=4),
        order: u64,
        columns in subsequence(columns::FIELDS.to_vec(), 2..=8),
        column_order: u64,
        between in prop::sample::select(&[",", ";", "\t", "|", "，", "----"]),
    ) {
        let secrets: Vec<String> = secrets.into_iter().filter(|secret| secret.len() > 12).collect();
        let columns = shuffled(columns.into_iter().map(str::to_owned).collect(), column_order);
        let values = shuffled([values, secrets.clone()].concat(), order);
        let cells: Vec<String> = values.into_iter().chain(std::iter::repeat(String::new())).take(columns.len()).collect();
        let quotes = between.is_ascii() && between.len() == 1;
        let table = format!("{}\n{}", columns.join(between), joined(&cells, between, quotes));
        assert_hidden(&table, &secrets)?;

        let named: serde_json::Map<String, Value> =
            columns.iter().cloned().zip(cells.iter().map(|cell| json!(cell))).collect();
        assert_hidden(&json!([named]).to_string(), &secrets)?;
        let swapped: serde_json::Map<String, Value> =
            cells.iter().cloned().zip(columns.iter().map(|column| json!(column))).collect();
        assert_hidden(&json!({"accounts": [swapped]}).to_string(), &secrets)?;
        assert_hidden(&joined(&cells, between, quotes), &secrets)?;
    }

    #[test]
    fn a_secret_in_the_column_of_another_field_is_not_shown(
        secret in known_secret(),
        user: bool,
        wrong in 0_usize..5,
        order: u64,
        between in prop::sample::select(&[",", ";", "\t", "|"]),
    ) {
        let last = if user { ("username", USER) } else { ("user_id", USER) };
        let named = [("account", "mine"), ("tenant_id", TENANT), ("client_id", CLIENT), last];
        let mut cells: Vec<(String, String)> =
            named.into_iter().map(|(column, value)| (column.to_owned(), value.to_owned())).collect();
        cells.push((if user { "password" } else { "client_secret" }.to_owned(), secret.clone()));
        let swapped = std::mem::replace(&mut cells[wrong].1, secret.clone());
        cells[4].1 = swapped;
        let columns = shuffled(cells.iter().map(|(column, _)| column.clone()).collect(), order);
        let values = shuffled(cells.iter().map(|(_, value)| value.clone()).collect(), order);
        assert_hidden(&format!("{}\n{}", columns.join(between), joined(&values, between, true)), std::slice::from_ref(&secret))?;
        let object: serde_json::Map<String, Value> =
            cells.iter().map(|(column, value)| (column.clone(), json!(value))).collect();
        assert_hidden(&json!([object]).to_string(), &[secret])?;
    }

    #[test]
    fn a_line_of_sure_values_is_read_alike_in_any_order(
        secret in "[A-Za-z0-9_.]{3}[0-9]Q~[A-Za-z0-9_.~]{34}",
        password in "[A-Z][a-z]{3,8}[0-9]{1,4}!",
        token in "1\\.A[A-Za-z0-9_.]{60,300}",
        order: u64,
        between in prop::sample::select(&BETWEEN),
    ) {
        for (values, kind, field) in [
            (vec![USER, CLIENT, &secret], "client_secret", &secret),
            (vec!["contoso.onmicrosoft.com", CLIENT, &secret], "client_secret", &secret),
            (vec![USER, "contoso.onmicrosoft.com", CLIENT, &secret], "client_secret", &secret),
            (vec![USER, CLIENT, &password], "password", &password),
            (vec![USER, CLIENT, &token], "refresh_token", &token),
            (vec![USER, CLIENT, &password, &token], "refresh_token", &token),
        ] {
            let values = shuffled(values.into_iter().map(str::to_owned).collect(), order);
            let account = one(&values.join(between)).map_err(TestCaseError::fail)?;
            prop_assert_eq!(account.kind, kind);
            let fields = fields(&account);
            prop_assert_eq!(&fields[kind], field);
            prop_assert_eq!(&fields["client_id"], CLIENT);
            prop_assert_eq!(&fields["tenant_id"], "contoso.onmicrosoft.com");
        }
    }
}

/// The values in an order that a number gives.
fn shuffled(mut values: Vec<String>, mut order: u64) -> Vec<String> {
    let mut shuffled = Vec::with_capacity(values.len());
    while !values.is_empty() {
        let count = values.len() as u64;
        shuffled.push(values.swap_remove(usize::try_from(order % count).unwrap()));
        order /= count;
    }
    shuffled
}

proptest! {
    #[test]
    fn no_text_makes_it_panic_and_every_number_is_a_line(text in "[ -~\t\n\r\"é，；｜\u{feff}]{0,300}") {
        for format in [Format::Auto, Format::Csv, Format::Json, Format::AccountTxt] {
            for record in parse(format, &text).unwrap_or_default() {
                prop_assert!(record.number >= 1 && record.number <= text.lines().count().max(1));
            }
        }
    }

    #[test]
    fn texts_of_its_own_vocabulary_make_it_panic_neither(
        words in prop::collection::vec(prop::sample::select(&[
            "client_id", "tenant_id", "password", USER, CLIENT, SECRET, ",", ";", "\t", "----", "\n", "\n\n", "\"", "#", "//",
            "sep=;\n", "{", "}", "[", "]", ":", "，", "é", "",
        ]), 0..60),
    ) {
        let text = words.concat();
        for format in [Format::Auto, Format::Csv, Format::Json, Format::AccountTxt] {
            for record in parse(format, &text).unwrap_or_default() {
                prop_assert!(format == Format::Json || record.number <= text.lines().count().max(1));
            }
        }
    }

    #[test]
    fn any_password_without_the_separator_survives_a_line(password in "[!-~]{1,40}") {
        let records = one(&format!("a@b.com\t{password}\t{CLIENT}"));
        let ambiguous = password.contains("----") || password.contains([',', '|', ';']);
        match records {
            Ok(account) => prop_assert_eq!(&fields(&account)[account.kind], &password),
            Err(said) => prop_assert!(ambiguous, "{said}"),
        }
    }
}

#[test]
fn a_text_of_separators_alone_is_read_in_one_pass() {
    for unit in [",", "\t", "----", "，", " ", "\"", "\",", ";\n", "\n", "#\n", "a,", "a,\n", "\"a\","] {
        for head in ["", "client_id,tenant_id\n"] {
            let text = format!("{head}{}", unit.repeat((MAX_BYTES - head.len()) / unit.len()));
            let records = parse(Format::Auto, &text).unwrap_or_default();
            assert!(records.iter().all(|record| record.account.is_err()), "{unit:?}");
        }
    }
}
