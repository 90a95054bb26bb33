//! Plain technical English: words that comments and strings do without.

use super::source::{Kind, pieces, sources};

/// A phrase, each of its words in its forms, and what to write in its place.
type Rule = (&'static [&'static [&'static str]], &'static str);

const RULES: &[Rule] = &[
    (&[&["mend", "mends", "mended", "mending"]], "fix"),
    (&[&["anew"]], "again"),
    (&[&["nobody", "somebody", "whoever"]], "the noun that is meant"),
    (&[&["go", "goes", "going", "went"], &["on"]], "resume, continue"),
    (&[&["by"], &["itself", "themselves"]], "automatically"),
    (&[&["tell", "tells", "told", "telling"], &["of"]], "log, notify, report"),
    (&[&["give", "gives", "gave", "given", "giving"], &["back"]], "return"),
    (&[&["be", "is", "was", "were", "been"], &["had"]], "obtain"),
    (&[&["is", "are", "was"], &["none"]], "not a"),
    (&[&["stand", "stands", "stood"]], "is, lies, exists"),
];

/// Where such a word is the right one: the file, some words around it, and why.
const EXCEPTIONS: &[(&str, &str, &str)] = &[
    ("src/domain/catalogue/contents.rs", "Nobody will", "a sentence of generated mail"),
    ("src/domain/catalogue/words.rs", "mend", "a verb of generated mail"),
];

#[test]
fn comments_and_strings_use_plain_technical_english() {
    let mut found = Vec::new();
    for folder in ["src", "tests/fake_tenant/src"] {
        for file in sources(folder) {
            for piece in pieces(file.without_tests()).into_iter().filter(|piece| piece.kind != Kind::Code) {
                for (phrase, better) in offences(&piece.text) {
                    let excused =
                        EXCEPTIONS.iter().any(|(path, words, _)| *path == file.path && piece.text.contains(words));
                    if !excused {
                        found.push(format!("{}:{}: `{phrase}`: write {better}", file.path, piece.line));
                    }
                }
            }
        }
    }
    assert!(found.is_empty(), "{} places:\n{}", found.len(), found.join("\n"));
}

#[test]
fn a_phrase_is_found_in_any_form_and_across_lines() {
    assert_eq!(offences("It is mended,\n  and goes\n on.").len(), 2);
    assert_eq!(offences("`goes_on` depends on itself; standing, amended").len(), 0);
}

/// The phrases of the rules that a text holds, each with what to write in its place.
fn offences(text: &str) -> Vec<(String, &'static str)> {
    let lower = text.to_lowercase();
    let mut found = Vec::new();
    for clause in lower.split(['.', ',', ';', ':', '(', ')', '`', '"']) {
        let inside = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '\'');
        let words: Vec<&str> = clause.split(|c| !inside(c)).filter(|word| !word.is_empty()).collect();
        for (phrase, better) in RULES {
            for part in words.windows(phrase.len()) {
                if part.iter().zip(*phrase).all(|(word, forms)| forms.contains(word)) {
                    found.push((part.join(" "), *better));
                }
            }
        }
    }
    found
}
