//! Import: reads many accounts from one text, a table, JSON, or a line an account.
//!
//! What is wrong with one account is told by its line and without a value, and loses none of the others. A value that may
//! be a secret never becomes a field that is shown: the tests assert it over every order, separator and subset of fields.

mod account;
mod classify;
mod columns;
mod csv;
mod error;
mod json;
mod lines;
mod quotes;
mod record;
mod separator;
#[cfg(test)]
mod tests;

use crate::domain::invisible::clean;
pub use error::ImportError;
pub use record::{ImportedAccount, MAX_ACCOUNTS, Record};
use separator::{Separator, is_blank, is_comment};

/// The longest text.
pub const MAX_BYTES: usize = 1_048_576;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    #[default]
    Auto,
    Csv,
    Json,
    AccountTxt,
}

/// Reads the accounts of a text, in their order.
///
/// # Errors
/// Where the text as a whole has none of the forms, or is too large.
pub fn parse(format: Format, text: &str) -> Result<Vec<Record>, ImportError> {
    if text.len() > MAX_BYTES {
        return Err(ImportError::TooLarge);
    }
    let body = Body::of(text);
    let records = match if format == Format::Auto { body.format() } else { format } {
        Format::Json => json::records(body.text, body.first_line)?,
        Format::Csv => csv::records(body.text, body.first_line, body.separator)?,
        Format::AccountTxt | Format::Auto => lines::records(body.text, body.first_line, body.separator),
    };
    match records.len() {
        0 => Err(ImportError::Empty),
        count if count > MAX_ACCOUNTS => Err(ImportError::TooMany),
        _ => Ok(records),
    }
}

/// A text from the first line that is neither empty nor a comment.
struct Body<'a> {
    text: &'a str,
    first_line: usize,
    /// What a line above it declares.
    separator: Option<Separator>,
}

impl<'a> Body<'a> {
    fn of(text: &'a str) -> Self {
        let text = text.trim_start_matches('\u{feff}');
        let (mut at, mut separator) = (0, None);
        for (index, line) in text.split_inclusive('\n').enumerate() {
            if separator.is_none() && Separator::declared(line).is_some() {
                separator = Separator::declared(line);
            } else if !is_blank(line) && !is_comment(line) {
                return Self { text: &text[at..], first_line: index + 1, separator };
            }
            at += line.len();
        }
        Self { text: "", first_line: 1, separator }
    }

    fn format(&self) -> Format {
        let first = clean(self.text.lines().next().unwrap_or_default());
        if first.starts_with(['{', '[']) {
            Format::Json
        } else if csv::header_separator(first, self.separator).is_some() {
            Format::Csv
        } else {
            Format::AccountTxt
        }
    }
}
