//! Quotes: cells that hold separators, quotes or line ends, as RFC 4180 writes them and people do.

use crate::domain::invisible::{clean, is_invisible};

/// A text of quoted cells in the form that RFC 4180 asks for.
pub(super) struct Quoted {
    pub text: String,
    /// The text ends within a quoted cell, which has swallowed all that follows its quote.
    pub is_open: bool,
}

enum State {
    CellStart,
    Bare,
    Quoted,
    /// After a quote within a quoted cell: its end, unless another quote follows.
    QuoteEnd,
}

/// Removes white space before cells, so that a quote after it begins a quoted cell. Line ends stay.
pub(super) fn strict(text: &str, delimiter: u8) -> Quoted {
    let delimiter = char::from(delimiter);
    let mut state = State::CellStart;
    let kept = text.chars().filter(|&c| {
        let ends_cell = c == delimiter || c == '\n' || c == '\r';
        let (next, keep) = match state {
            State::Quoted if c == '"' => (State::QuoteEnd, true),
            State::Quoted => (State::Quoted, true),
            _ if ends_cell => (State::CellStart, true),
            State::CellStart | State::QuoteEnd if c == '"' => (State::Quoted, true),
            State::CellStart if is_invisible(c) => (State::CellStart, false),
            _ => (State::Bare, true),
        };
        state = next;
        keep
    });
    let text = kept.collect();
    Quoted { text, is_open: matches!(state, State::Quoted) }
}

/// A reader of such a text, all of whose lines are rows of any length.
pub(super) fn reader(text: &str, delimiter: u8) -> ::csv::Reader<&[u8]> {
    ::csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(text.as_bytes())
}

/// What quotes enclose that enclose a whole value.
pub(super) fn unquoted(value: &str) -> Option<String> {
    let inner = value.strip_prefix('"')?.strip_suffix('"')?;
    Some(clean(inner).replace("\"\"", "\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_before_a_cell_goes_and_a_quote_that_does_not_end_is_seen() {
        for (text, expected, is_open) in [
            ("a,  b", "a,b", false),
            (" \"a,  b\" ,\u{a0}\"c\"", "\"a,  b\" ,\"c\"", false),
            ("a\"b, \"c,  d\"", "a\"b,\"c,  d\"", false),
            ("\"a\"\",  b\"", "\"a\"\",  b\"", false),
            ("a,\n \"b\n  c\"\r\n", "a,\n\"b\n  c\"\r\n", false),
            ("a,\"b\nc,d\n", "a,\"b\nc,d\n", true),
            ("a,\"b\"\"", "a,\"b\"\"", true),
            ("a,b\"", "a,b\"", false),
        ] {
            let quoted = strict(text, b',');
            assert_eq!((quoted.text.as_str(), quoted.is_open), (expected, is_open), "{text}");
        }
        assert_eq!(strict("a\t \"b\tc\"", b'\t').text, "a\t\"b\tc\"");
    }
}
