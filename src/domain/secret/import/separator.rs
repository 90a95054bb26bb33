//! Separators: what separates the values of a line, and the values without what surrounds them.

use super::quotes::{reader, strict, unquoted};
use crate::domain::invisible::{clean, is_invisible};

/// What separates the values of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Separator {
    Byte(u8),
    Text(&'static str),
    /// One or more spaces or tabs.
    Spaces,
}

/// All but spaces, which only separate where nothing else does.
pub(super) const SEPARATORS: [Separator; 8] = [
    Separator::Byte(b'\t'),
    Separator::Text("----"),
    Separator::Byte(b'|'),
    Separator::Text("｜"),
    Separator::Byte(b';'),
    Separator::Text("；"),
    Separator::Byte(b','),
    Separator::Text("，"),
];

impl Separator {
    /// The separator that an Excel sheet's first line gives, such as `sep=;`.
    pub(super) fn declared(line: &str) -> Option<Self> {
        let line = line.trim_matches(|c| is_invisible(c) && c != '\t' || "\"\r\n".contains(c));
        let name = line.get(..4)?;
        let text = line.get(4..)?;
        if !name.eq_ignore_ascii_case("sep=") {
            return None;
        }
        let known = SEPARATORS.into_iter().find(|separator| separator.text() == text);
        known.or_else(|| match text.as_bytes() {
            b" " => Some(Self::Spaces),
            [byte] if byte.is_ascii_punctuation() && *byte != b'"' => Some(Self::Byte(*byte)),
            _ => None,
        })
    }

    /// The values of a line, without empty ones at its end; at most `most + 1`.
    pub(super) fn split(self, line: &str, most: usize) -> Vec<String> {
        let line = if self == Self::Byte(b'\t') { line.trim_end_matches(['\r', '\n']) } else { clean(line) };
        let mut values = match self {
            Self::Spaces => {
                line.split(is_invisible).filter(|part| !part.is_empty()).take(most + 1).map(str::to_owned).collect()
            }
            Self::Byte(byte) if line.contains('"') && (byte == b',' || byte == b';') => quoted(line, byte, most),
            _ => cleaned(line.split(self.text().as_str()), most),
        };
        while values.last().is_some_and(String::is_empty) {
            values.pop();
        }
        if !values.is_empty() && values.iter().all(|value| unquoted(value).is_some()) {
            values.iter_mut().for_each(|value| *value = unquoted(value).unwrap_or_default());
        }
        values
    }

    fn text(self) -> String {
        match self {
            Self::Byte(byte) => char::from(byte).to_string(),
            Self::Text(text) => text.to_owned(),
            Self::Spaces => " ".to_owned(),
        }
    }
}

fn cleaned<'a>(parts: impl Iterator<Item = &'a str>, most: usize) -> Vec<String> {
    let mut values: Vec<String> = Vec::new();
    let mut empty = 0;
    for part in parts.map(clean) {
        if part.is_empty() {
            empty += 1;
            continue;
        }
        // Empty columns count where a value follows them.
        values.extend(std::iter::repeat_n(String::new(), empty.min(most)));
        empty = 0;
        values.push(part.to_owned());
        if values.len() > most {
            break;
        }
    }
    values
}

fn quoted(line: &str, delimiter: u8, most: usize) -> Vec<String> {
    let line = strict(line, delimiter).text;
    let mut record = ::csv::StringRecord::new();
    match reader(&line, delimiter).read_record(&mut record) {
        Ok(true) => cleaned(record.iter(), most),
        _ => Vec::new(),
    }
}

/// Whether a line holds no value: nothing, or separators alone.
pub(super) fn is_blank(line: &str) -> bool {
    line.chars().all(|c| is_invisible(c) || "|｜;；,，-\"".contains(c))
}

/// Whether a line is for people alone.
pub(super) fn is_comment(line: &str) -> bool {
    let line = clean(line);
    line.starts_with('#') || line.starts_with("//")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_lose_what_surrounds_them_and_empty_columns_at_the_end() {
        for (separator, line, expected) in [
            (Separator::Byte(b','), "\u{feff} a ,\u{a0}b\u{200b},, ,\r", vec!["a", "b"]),
            (Separator::Byte(b'\t'), "\ta\tb\t\t", vec!["", "a", "b"]),
            (Separator::Byte(b','), "a,,b", vec!["a", "", "b"]),
            (Separator::Byte(b','), "a,\"b,\"\"c\",d", vec!["a", "b,\"c", "d"]),
            (Separator::Byte(b'|'), "\"a\"|\"b\"", vec!["a", "b"]),
            (Separator::Byte(b'|'), "a|\"b\"", vec!["a", "\"b\""]),
            (Separator::Text("，"), "a，b，", vec!["a", "b"]),
            (Separator::Text("----"), "a----b c----", vec!["a", "b c"]),
            (Separator::Spaces, " a \t b\u{a0}c", vec!["a", "b", "c"]),
        ] {
            assert_eq!(separator.split(line, 5), expected, "{line}");
        }
        assert_eq!(Separator::Byte(b',').split(&"a,".repeat(1000), 5).len(), 6);
    }

    #[test]
    fn a_line_of_separators_alone_is_blank() {
        for line in ["", " ", ",,,", ";;", "\t\t", "----", "|,;", "\"\",\"\"", "，；｜", "\u{feff}"] {
            assert!(is_blank(line), "{line:?}");
        }
        assert!(!is_blank(",,a"));
    }

    #[test]
    fn a_sheet_may_declare_its_separator() {
        for (line, expected) in [
            ("sep=;", Some(Separator::Byte(b';'))),
            ("\u{feff}SEP=,\r", Some(Separator::Byte(b','))),
            ("\"sep=|\"", Some(Separator::Byte(b'|'))),
            ("sep=\t", Some(Separator::Byte(b'\t'))),
            ("sep=----", Some(Separator::Text("----"))),
            ("sep=^", Some(Separator::Byte(b'^'))),
            ("sep=", None),
            ("sep=ab", None),
            ("sé=;", None),
            ("account", None),
        ] {
            assert_eq!(Separator::declared(line), expected, "{line:?}");
        }
    }
}
