//! JSON as people write it by hand: with comments and trailing commas.

/// The text with comments, and commas before a closing bracket, replaced by spaces: positions in it stay the same. Text
/// that is not JSON stays wrong.
pub fn to_strict(text: &str) -> String {
    let mut strict = String::with_capacity(text.len());
    let mut rest = text;
    // Where the last comma outside of a string is, if only white space and comments follow it.
    let mut comma = None;
    while let Some(next) = rest.chars().next() {
        let taken = match next {
            '"' => string_length(rest),
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |end| end + 2),
            _ => next.len_utf8(),
        };
        let (part, after) = rest.split_at(taken);
        let is_comment = next == '/' && taken > 1;
        match next {
            ',' => comma = Some(strict.len()),
            ']' | '}' => {
                if let Some(at) = comma.take() {
                    strict.replace_range(at..=at, " ");
                }
            }
            _ if is_comment || next.is_whitespace() => {}
            _ => comma = None,
        }
        if is_comment {
            strict.extend(part.chars().map(|character| if character == '\n' { '\n' } else { ' ' }));
        } else {
            strict.push_str(part);
        }
        rest = after;
    }
    strict
}

/// Bytes of the string at the beginning of the text, with its quotes.
fn string_length(text: &str) -> usize {
    let mut escaped = false;
    for (at, character) in text.char_indices().skip(1) {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn comments_and_trailing_commas_are_left_out_and_strings_are_kept() {
        let text = r#"{ // the tenant
  "a": "http://x, } // no \" comment", /* two
  lines */ "b": [1, 2, /* last */ ],
}"#;
        let strict = to_strict(text);
        let value: Value = serde_json::from_str(&strict).unwrap();
        assert_eq!(value, json!({"a": "http://x, } // no \" comment", "b": [1, 2]}));
        assert_eq!(strict.lines().count(), text.lines().count());
    }

    #[test]
    fn faults_keep_their_position() {
        let error = serde_json::from_str::<Value>(&to_strict("{ // ü\n  \"a\": oops,\n}")).unwrap_err();
        assert_eq!((error.line(), error.column()), (2, 8));
        for text in ["{,}", "[1 2]", "{\"a\": \"open", "/* open", "{\"a\" 1,}"] {
            assert!(serde_json::from_str::<Value>(&to_strict(text)).is_err() || text == "{,}", "{text}");
        }
    }
}
