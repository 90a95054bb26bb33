//! Text for terminals: nothing in it controls the terminal, and lines break between words.

use console::measure_text_width;

/// The text with every control character escaped, so that no value moves the cursor or starts a line.
pub(crate) fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if is_harmful(character) {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    shown
}

/// Control characters, and those that reorder or hide what follows.
fn is_harmful(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// Columns that the text takes.
pub(crate) fn width(text: &str) -> usize {
    measure_text_width(text)
}

/// Breaks the text between words into lines of at most `columns`; a word that is longer stays whole.
pub(crate) fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let line = lines.last_mut().map(|line| (width(line), line));
        match line {
            Some((0, line)) => line.push_str(word),
            Some((taken, line)) if taken + 1 + width(word) <= columns => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// A paragraph: the first line after `first`, the others indented by as many columns. Unwrapped without a width.
pub(crate) fn hanging(first: &str, text: &str, columns: Option<usize>) -> String {
    let indent = width(first);
    let Some(columns) = columns else { return format!("{first}{text}") };
    let lines = wrap(text, columns.saturating_sub(indent).max(20));
    let separator = format!("\n{}", " ".repeat(indent));
    format!("{first}{}", lines.join(&separator))
}

/// The text, filled up with spaces.
pub(crate) fn pad(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(width(text))))
}

/// `1 call`, `2 calls`.
pub(crate) fn count(number: usize, one: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {one}s") }
}

/// The services of operations, in order of first appearance: `mail, calendar, files`.
pub(crate) fn services<'a>(operations: impl IntoIterator<Item = &'a str>) -> String {
    let mut services: Vec<&str> = Vec::new();
    for operation in operations {
        let service = operation.split('.').next().unwrap_or_default();
        if !services.contains(&service) {
            services.push(service);
        }
    }
    printable(&services.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_escaped_and_other_text_is_kept() {
        assert_eq!(printable("a\u{1b}[31m\r\nb\u{9b}\u{202e}"), r"a\u{1b}[31m\r\nb\u{9b}\u{202e}");
        assert_eq!(printable("Müller 你好 ✓"), "Müller 你好 ✓");
    }

    #[test]
    fn lines_break_between_words_and_long_words_stay_whole() {
        assert_eq!(wrap("one two three", 8), ["one two", "three"]);
        assert_eq!(wrap("a mail.messages.list b", 10), ["a", "mail.messages.list", "b"]);
        assert_eq!(hanging("- ", "one two three four five six", Some(22)), "- one two three four\n  five six");
        assert_eq!(hanging("- ", "one two", None), "- one two");
    }

    #[test]
    fn services_are_named_once_in_order() {
        assert_eq!(services(["mail.list", "drive.get", "mail.send"]), "mail, drive");
    }
}
