//! Lenient JSON: local files as editors save them, with comments, trailing commas, a byte order mark or in UTF-16.

use thiserror::Error;

use crate::domain::invisible::is_invisible;

/// Why the bytes of a file are not text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum EncodingError {
    #[error("is UTF-16, but damaged: save it as UTF-8")]
    Utf16,
    #[error("is not UTF-8: save it as UTF-8")]
    NotUtf8,
}

/// The text of a file as strict JSON, as far as it is JSON: comments (`//`, `/* */`) and trailing commas become spaces, so
/// that lines and columns stay the same. A byte order mark is removed.
///
/// # Errors
/// Bytes that are neither UTF-8 nor UTF-16.
pub fn lenient_json(bytes: &[u8]) -> Result<String, EncodingError> {
    let text = decode(bytes)?;
    Ok(strict(&text))
}

/// The text of a file, without a byte order mark. UTF-16 has one, or begins with an ASCII character: its other byte is zero.
///
/// # Errors
/// Bytes that are neither UTF-8 nor UTF-16.
pub fn decode(bytes: &[u8]) -> Result<String, EncodingError> {
    let utf16 = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let (pairs, []) = bytes.as_chunks::<2>() else { return Err(EncodingError::Utf16) };
        char::decode_utf16(pairs.iter().map(|pair| unit(*pair))).collect::<Result<_, _>>().or(Err(EncodingError::Utf16))
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [first, 0, ..] if *first > 0 => utf16(bytes, u16::from_le_bytes),
        [0, second, ..] if *second > 0 => utf16(bytes, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] | rest => {
            std::str::from_utf8(rest).map(str::to_owned).or(Err(EncodingError::NotUtf8))
        }
    }
}

fn strict(text: &str) -> String {
    let mut strict = String::with_capacity(text.len());
    // Where the last comma is, as long as only white space and comments follow it.
    let mut comma = None;
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let length = match c {
            '"' => string_length(rest),
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |end| end + 2),
            _ => c.len_utf8(),
        };
        let (token, after) = rest.split_at(length);
        if c == '/' && length > 1 {
            strict.extend(token.chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
        } else {
            if let ('}' | ']', Some(at)) = (c, comma) {
                strict.replace_range(at..=at, " ");
            }
            if c == ',' {
                comma = Some(strict.len());
            } else if !is_invisible(c) {
                comma = None;
            }
            strict.push_str(token);
        }
        rest = after;
    }
    strict
}

/// The length of the string that the text begins with, quotes included; an unfinished one goes to the end.
fn string_length(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        if !escaped && byte == b'"' {
            return at + 1;
        }
        escaped = !escaped && byte == b'\\';
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::domain::json;

    fn read(text: &str) -> Value {
        json::parse(&lenient_json(text.as_bytes()).unwrap()).unwrap()
    }

    fn utf16(text: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(unit).collect()
    }

    #[test]
    fn comments_and_trailing_commas_are_ignored_and_the_same_marks_in_strings_are_kept() {
        let text = "// head\n{\n  \"url\": \"https://x//\", /* a,\n } */ \"b\": [1, 2, // two\n  ],\n  \"c\": \"\\\"//,}\", // last\n}\n// foot";
        assert_eq!(read(text), json!({"url": "https://x//", "b": [1, 2], "c": "\"//,}"}));
        assert_eq!(json::parse(&lenient_json(b"{,}").unwrap()), Ok(json!({})));
    }

    #[test]
    fn every_encoding_of_an_editor_is_read() {
        let text = "{\"a\": \"é 安\"}";
        let bom = |text: &str| format!("\u{feff}{text}");
        for bytes in [
            bom(text).into_bytes(),
            utf16(&bom(text), u16::to_le_bytes),
            utf16(&bom(text), u16::to_be_bytes),
            utf16(text, u16::to_le_bytes),
            utf16(text, u16::to_be_bytes),
        ] {
            assert_eq!(lenient_json(&bytes).as_deref(), Ok(text));
        }
    }

    #[test]
    fn bytes_that_are_not_text_are_refused_with_advice() {
        let refused = |bytes: &[u8]| lenient_json(bytes).unwrap_err().to_string();
        assert_eq!(refused(b"{\"a\": \"\xc4\xe3\"}"), "is not UTF-8: save it as UTF-8");
        assert_eq!(refused(b"\xff\xfe{"), "is UTF-16, but damaged: save it as UTF-8");
        assert_eq!(refused(b"\xff\xfe\x00\xd8"), "is UTF-16, but damaged: save it as UTF-8");
    }

    #[test]
    fn lines_and_columns_stay_the_same() {
        let text = "{ // é\n  /* x\n y */ \"a\": MARKED}";
        let strict = lenient_json(text.as_bytes()).unwrap();
        assert_eq!(json::parse(&strict).unwrap_err().to_string(), "is not JSON (line 3, column 12)");
    }

    proptest! {
        #[test]
        fn strict_json_is_unchanged(text in "\\PC{0,20}", number: i64) {
            let value = json!({"a": text, "b": [number, {"c": text}], "//": "/*"}).to_string();
            prop_assert_eq!(lenient_json(value.as_bytes()), Ok(value));
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..60), text in "[/*\",}\\]\\\\\n a]{0,40}") {
            prop_assert!(lenient_json(&bytes).is_ok_and(|text| text.len() <= bytes.len() * 3) || std::str::from_utf8(&bytes).is_err());
            let strict = lenient_json(text.as_bytes()).unwrap();
            prop_assert_eq!(strict.chars().count(), text.chars().count());
            prop_assert_eq!(strict.matches('\n').count(), text.matches('\n').count());
        }
    }
}
