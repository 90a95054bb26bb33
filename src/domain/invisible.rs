//! Invisible characters: white space, and what copied texts bring along.

/// White space, and characters that show nothing: copied texts bring them along.
pub(crate) fn is_invisible(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}')
}

/// The value without white space and invisible characters around it.
pub(crate) fn clean(value: &str) -> &str {
    value.trim_matches(is_invisible)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_loses_what_cannot_be_seen_around_it_and_keeps_what_is_within() {
        for value in
            [" a b\t", "\u{feff}a b\r\n", "\u{200b}\u{a0}a b\u{a0}\u{200b}", "\u{200e}a b\u{2060}", "\u{3000}a b"]
        {
            assert_eq!(clean(value), "a b", "{value:?}");
        }
    }
}
