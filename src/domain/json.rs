//! JSON as people write it: a reader whose errors name the mistake and its place, and never print a value.

use serde_json::Value;
use thiserror::Error;

use crate::domain::invisible::is_invisible;

/// Why a text is not JSON. Lines and columns are counted from 1, in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum JsonError {
    #[error("is empty, which is not JSON")]
    Empty,
    #[error("is not JSON (line {line}, column {column}){}", Mistake::advice(*mistake))]
    Syntax { line: usize, column: usize, mistake: Option<Mistake> },
}

/// A mistake that is recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mistake {
    Comment,
    TrailingComma,
    SmartQuote,
    SingleQuote,
    /// Punctuation of a Chinese or Japanese keyboard.
    FullWidth,
    /// The text ends inside a value.
    Unfinished,
}

impl Mistake {
    fn advice(mistake: Option<Self>) -> &'static str {
        match mistake {
            None => "",
            Some(Self::Comment) => ": comments are not allowed here; remove them",
            Some(Self::TrailingComma) => ": a comma follows the last entry; remove it",
            Some(Self::SmartQuote) => ": these are typographic quotes; write plain ones (\")",
            Some(Self::SingleQuote) => ": these are single quotes; write double ones (\")",
            Some(Self::FullWidth) => ": this is full-width punctuation; write plain `:`, `,`, `{` and `}`",
            Some(Self::Unfinished) => ": it ends too early; a quote or a brace is missing",
        }
    }
}

/// Reads a JSON text. White space and invisible characters around it are ignored.
///
/// # Errors
/// The place of the first mistake, and its kind where that is recognised.
pub(crate) fn parse(text: &str) -> Result<Value, JsonError> {
    let start = text.trim_start_matches(is_invisible);
    let json = start.trim_end_matches(is_invisible);
    if json.is_empty() {
        return Err(JsonError::Empty);
    }
    serde_json::from_str(json).map_err(|error| {
        let at = offset(json, error.line(), error.column());
        let mistake = first_mistake(json).filter(|(found, _)| *found <= at);
        let unfinished = error.is_eof().then_some(Mistake::Unfinished);
        let (at, mistake) = mistake.map_or((at, unfinished), |(at, mistake)| (at, Some(mistake)));
        let (line, column) = position(text, text.len() - start.len() + at);
        JsonError::Syntax { line, column, mistake }
    })
}

/// The byte at the parser's line and column, both from 1; its columns are bytes.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let mut at = (start + column.saturating_sub(1)).min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// Line and column of a byte, from 1, as an editor shows them.
fn position(text: &str, at: usize) -> (usize, usize) {
    let before = &text[..at];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let shown = before[line_start..].chars().filter(|c| *c != '\u{feff}').count();
    (before.matches('\n').count() + 1, shown + 1)
}

/// The first character outside strings that JSON does not have, with the mistake that it shows.
fn first_mistake(text: &str) -> Option<(usize, Mistake)> {
    let (mut in_string, mut escaped) = (false, false);
    let mut comma = None;
    for (at, c) in text.char_indices() {
        if in_string {
            (in_string, escaped) = (escaped || c != '"', !escaped && c == '\\');
            continue;
        }
        match c {
            '/' | '#' => return Some((at, Mistake::Comment)),
            '“' | '”' | '„' | '«' | '»' | '＂' => return Some((at, Mistake::SmartQuote)),
            '\'' | '‘' | '’' => return Some((at, Mistake::SingleQuote)),
            '：' | '，' | '｛' | '｝' => return Some((at, Mistake::FullWidth)),
            '}' | ']' if comma.is_some() => return comma.map(|at| (at, Mistake::TrailingComma)),
            ',' => comma = Some(at),
            c if is_invisible(c) => {}
            c => (in_string, comma) = (c == '"', None),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_mistake_is_named_with_its_place() {
        for (text, message) in [
            ("", "is empty, which is not JSON"),
            (" \n\u{feff}\u{200b}", "is empty, which is not JSON"),
            ("{\"a\": MARKED", "is not JSON (line 1, column 7)"),
            (
                "{\n  \"a\": 1 // MARKED\n}",
                "is not JSON (line 2, column 10): comments are not allowed here; remove them",
            ),
            ("// MARKED\n{}", "is not JSON (line 1, column 1): comments are not allowed here; remove them"),
            ("{\"a\": /* MARKED */ 1}", "is not JSON (line 1, column 7): comments are not allowed here; remove them"),
            ("# MARKED\n{}", "is not JSON (line 1, column 1): comments are not allowed here; remove them"),
            ("{\n\"a\": 1,\n}", "is not JSON (line 2, column 7): a comma follows the last entry; remove it"),
            ("[1, ]", "is not JSON (line 1, column 3): a comma follows the last entry; remove it"),
            ("{“a”: 1}", "is not JSON (line 1, column 2): these are typographic quotes; write plain ones (\")"),
            (
                "{\"é\": “MARKED”}",
                "is not JSON (line 1, column 7): these are typographic quotes; write plain ones (\")",
            ),
            ("{'a': 1}", "is not JSON (line 1, column 2): these are single quotes; write double ones (\")"),
            (
                "{\"a\"：\"MARKED\"}",
                "is not JSON (line 1, column 5): this is full-width punctuation; write plain `:`, `,`, `{` and `}`",
            ),
            ("{\"a\": \"MARKED", "is not JSON (line 1, column 13): it ends too early; a quote or a brace is missing"),
            ("\n\n \u{feff}{\"a\" 1}", "is not JSON (line 3, column 7)"),
        ] {
            assert_eq!(parse(text).unwrap_err().to_string(), message, "{text}");
        }
    }

    #[test]
    fn padding_around_the_text_is_ignored_and_marks_inside_strings_are_text() {
        let text = "\u{feff}\u{200b} \u{a0}{\"a\": \"// “x” '#' \\\\\", \"b\": \"\\\"//,}\"}\r\n\u{200b}";
        assert_eq!(parse(text).unwrap(), serde_json::json!({"a": "// “x” '#' \\", "b": "\"//,}"}));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused_at_a_place_inside_it(text in "[ \\n{}\\[\\]\":,/#'“é\u{feff}\\\\a1]{0,40}|\\PC{0,40}") {
            match parse(&text) {
                Ok(value) => prop_assert_eq!(Some(value), serde_json::from_str(text.trim_matches(is_invisible)).ok()),
                Err(JsonError::Empty) => prop_assert!(text.chars().all(is_invisible)),
                Err(JsonError::Syntax { line, column, .. }) => {
                    let lines: Vec<&str> = text.split('\n').collect();
                    prop_assert!((1..=lines.len()).contains(&line), "{line}");
                    prop_assert!((1..=lines[line - 1].chars().count() + 1).contains(&column), "{column}");
                }
            }
        }
    }
}
