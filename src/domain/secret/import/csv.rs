//! Tables: a first line that names the columns, and an account a row.

use serde_json::{Map, Value, json};

use super::account::account;
use super::classify::{Kind, kind};
use super::columns::{field, header};
use super::error::{ImportError, Refusal};
use super::quotes::{Quoted, reader, strict};
use super::record::{ImportedAccount, MAX_ACCOUNTS, Record};
use super::separator::{SEPARATORS, Separator, is_blank, is_comment};
use crate::domain::invisible::clean;

/// The most columns that are looked at.
const MAX_COLUMNS: usize = 64;

/// The separator of a first line that names columns; `None` for a line that holds values.
pub(super) fn header_separator(line: &str, declared: Option<Separator>) -> Option<Separator> {
    let all = declared.map_or_else(|| [&SEPARATORS[..], &[Separator::Spaces]].concat(), |separator| vec![separator]);
    let named = all.into_iter().filter_map(|separator| {
        let cells = separator.split(line, MAX_COLUMNS);
        let holds_values = cells.iter().any(|cell| kind(cell) != Kind::Other);
        let fields: Vec<&str> = cells.iter().filter_map(|cell| field(cell)).collect();
        // One name alone may be a password that is called like a field.
        let is_header = !holds_values && (fields.len() > 1 || fields == ["client_id"]);
        is_header.then_some((separator, fields.len()))
    });
    // `Tenant ID` is one name, not two.
    named.max_by_key(|(separator, names)| (*names, *separator != Separator::Spaces)).map(|(separator, _)| separator)
}

/// The accounts of a table whose header is on `first_line`.
///
/// # Errors
/// Where the header names a column that is not a field.
pub(super) fn records(text: &str, first_line: usize, declared: Option<Separator>) -> Result<Vec<Record>, ImportError> {
    let head = text.lines().next().unwrap_or_default();
    let separator = declared.or_else(|| header_separator(head, None)).unwrap_or_else(|| most_frequent(head));
    let mut rows = rows(text, first_line, separator).into_iter();
    let Some(head) = rows.next() else { return Err(ImportError::Empty) };
    let mut columns = header(&head.cells)?;
    while columns.last() == Some(&None) {
        columns.pop();
    }
    let read = |row: Row| {
        let is_note = row.cells.first().is_some_and(|cell| is_comment(cell));
        let account = account_of(&columns, row.cells, row.open_quote);
        // A password may begin like a comment: what reads as an account is one.
        (account.is_ok() || !is_note).then_some(Record { number: row.line, account })
    };
    Ok(rows.filter_map(read).collect())
}

fn most_frequent(head: &str) -> Separator {
    let cells = |separator: &Separator| separator.split(head, MAX_COLUMNS).len();
    SEPARATORS.into_iter().max_by_key(cells).unwrap_or(Separator::Byte(b','))
}

fn account_of(
    columns: &[Option<&'static str>],
    cells: Vec<String>,
    open_quote: bool,
) -> Result<ImportedAccount, Refusal> {
    if open_quote {
        return Err(Refusal::OpenQuote);
    }
    if cells.len() < columns.len() {
        return Err(Refusal::ColumnCount { found: cells.len(), named: columns.len() });
    }
    let mut name = None;
    let mut secret = Map::new();
    for (index, cell) in cells.into_iter().enumerate().filter(|(_, cell)| !cell.is_empty()) {
        match columns.get(index).copied().flatten() {
            None => return Err(Refusal::UnnamedColumn(index + 1)),
            Some("account") => name = Some(cell),
            Some("policy") => {
                let policy = serde_json::from_str::<Value>(&cell).map_err(|_| Refusal::PolicyNotJson)?;
                secret.insert("policy".to_owned(), policy);
            }
            Some(field) => {
                secret.insert(field.to_owned(), json!(cell));
            }
        }
    }
    account(name.as_deref(), secret)
}

struct Row {
    line: usize,
    cells: Vec<String>,
    /// The text ends within a quoted cell, which has swallowed what follows its quote.
    open_quote: bool,
}

/// The rows that hold a value, no more than can be imported, each with the line on which it begins.
fn rows(text: &str, first_line: usize, separator: Separator) -> Vec<Row> {
    // One more than all accounts and the header, so that too many are noticed.
    const MAX_ROWS: usize = MAX_ACCOUNTS + 2;
    let Separator::Byte(delimiter) = separator else {
        let columns = separator.split(text.lines().next().unwrap_or_default(), MAX_COLUMNS).len();
        let lines = text.lines().enumerate().filter(|(_, line)| !is_blank(line));
        let row = |(index, line)| {
            let mut cells = separator.split(line, MAX_COLUMNS);
            // Empty columns at its end are split off.
            cells.resize(cells.len().max(columns), String::new());
            Row { line: first_line + index, cells, open_quote: false }
        };
        return lines.take(MAX_ROWS).map(row).collect();
    };
    let Quoted { text, is_open } = strict(text, delimiter);
    let mut reader = reader(&text, delimiter);
    let mut record = ::csv::StringRecord::new();
    let (mut rows, mut line, mut counted) = (Vec::new(), first_line, 0);
    while rows.len() < MAX_ROWS && matches!(reader.read_record(&mut record), Ok(true)) {
        if record.iter().all(|cell| clean(cell).is_empty()) {
            continue;
        }
        // The reader's position is before the empty lines that it has skipped.
        let at = record.position().map_or(0, |position| usize::try_from(position.byte()).unwrap_or_default());
        let rest = text.get(at..).unwrap_or_default();
        let begins = at + rest.len() - rest.trim_start_matches(['\r', '\n']).len();
        line += text.get(counted..begins).unwrap_or_default().matches('\n').count();
        counted = begins;
        let is_last = reader.position().byte() >= text.len() as u64;
        let open_quote = is_open && is_last;
        let cells = record.iter().map(|cell| clean(cell).to_owned()).collect();
        rows.push(Row { line, cells, open_quote });
    }
    rows
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use secrecy::ExposeSecret;

    use super::*;

    const GUID: &str = "5b1e7c52-7f0a-4d0c-8a86-6a0e4a1f0c01";

    type Read = Result<(String, Value), String>;

    fn read(text: &str) -> Vec<(usize, Read)> {
        let shown = |account: ImportedAccount| {
            (account.id.to_string(), serde_json::from_str(account.secret.expose_secret()).unwrap())
        };
        let records = records(text, 1, None).unwrap();
        let shown = |record: Record| (record.number, record.account.map(shown).map_err(|error| error.to_string()));
        records.into_iter().map(shown).collect()
    }

    #[test]
    fn a_cell_may_quote_delimiters_quotes_and_line_ends() {
        let text = format!(
            "account,client_id,tenant_id,client_secret,policy\r\na,{GUID},b.com,\"s,\"\"\nx\",\"{{\"\"writes\"\": false}}\"\r\n\r\nb,{GUID},b.com,s,\n c ,{GUID},b.com\n"
        );
        let records = read(&text);
        let (id, secret) = records[0].1.clone().unwrap();
        assert_eq!(
            (id.as_str(), &secret["client_secret"], &secret["policy"]["writes"]),
            ("a", &json!("s,\"\nx"), &json!(false))
        );
        assert_eq!((records[1].0, records[1].1.is_ok()), (5, true));
        assert_eq!(records[2], (6, Err("has 3 columns where the first line names 5".to_owned())));
    }

    #[test]
    fn a_quote_that_does_not_end_is_refused_and_hides_no_account() {
        for end in ["", "\n", "\r\n"] {
            let text =
                format!("client_id,tenant_id,client_secret\n{GUID},b.com,s\n{GUID},b.com,\"s\n{GUID},b.com,s{end}");
            let records = read(&text);
            assert_eq!(records.len(), 2);
            assert!(records[0].1.is_ok());
            assert_eq!(records[1], (3, Err("has a quote that does not end".to_owned())));
            let closed = format!("client_id,tenant_id,client_secret\n{GUID},b.com,\"s\"{end}");
            assert!(read(&closed)[0].1.is_ok());
        }
    }

    #[test]
    fn names_in_any_case_empty_columns_and_notes_are_read() {
        for (separator, line_end) in
            [(";", "\r\n"), (",", "\n"), ("\t", "\n"), ("，", "\n"), ("|", "\n"), ("----", "\n")]
        {
            let head = ["ACCOUNT", "Tenant ID", "clientId", "CLIENT_SECRET", "", ""].join(separator);
            let row = ["a", "b.com", GUID, "s", "", ""].join(separator);
            let note = format!("# {separator} a note");
            let text = [head, row.clone(), separator.repeat(5), note, "// note".to_owned(), row].join(line_end);
            let records = read(&text);
            let numbers: Vec<usize> = records.iter().map(|(number, _)| *number).collect();
            assert_eq!(numbers, [2, 6], "{separator}: {records:?}");
            assert!(records.iter().all(|(_, account)| account.is_ok()), "{records:?}");
        }
        let unnamed = read(&format!("client_id,tenant_id,client_secret,,\n{GUID},b.com,s,,MARKED"));
        assert_eq!(unnamed[0].1, Err("has a value in column 5, which the first line does not name".to_owned()));
        let password = read(&format!("password,username,tenant_id,client_id\n#1,a@b.com,b.com,{GUID}"));
        assert_eq!(password[0].1.clone().unwrap().1["password"], "#1");
    }

    #[test]
    fn a_first_line_of_values_is_not_a_header() {
        for line in [format!("a@b.com,password,{GUID}"), format!("{GUID},tenant,client"), "a,b,c".to_owned()] {
            assert_eq!(header_separator(&line, None), None, "{line}");
        }
        let found = header_separator("Tenant ID,Client ID,Client Secret", None);
        assert_eq!(found, Some(Separator::Byte(b',')));
        assert_eq!(header_separator("tenant_id client_id password", None), Some(Separator::Spaces));
    }

    proptest! {
        #[test]
        fn any_cell_survives(cell in "[ -~\n]{0,60}[!-~]") {
            let quoted = cell.replace('"', "\"\"");
            let rows = rows(&format!("x,\"{quoted}\"\ny,z"), 1, Separator::Byte(b','));
            prop_assert_eq!(&rows[0].cells, &vec!["x".to_owned(), cell.trim().to_owned()]);
            prop_assert_eq!(rows.len(), 2);
            prop_assert_eq!(rows[1].line, 2 + cell.matches('\n').count());
            prop_assert!(!rows[1].open_quote);
        }
    }
}
