//! An explanation: the code of a failure, what it means and what to do, in every language.

use std::fmt;

use serde::Serialize;

use super::kind::CauseKind;
use crate::domain::language::{Language, Text};

/// Why an account fails. Printed as `code: what. What to do.`; never holds a secret or an answer's text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cause {
    pub code: String,
    pub what: String,
    pub remedy: String,
    /// Boxed, since a cause is the error of many functions.
    #[serde(skip)]
    catalogue: Option<Box<Entry>>,
}

/// What the catalogue says besides the English words.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    kind: Option<CauseKind>,
    what_zh: String,
    remedy_zh: String,
}

impl Cause {
    /// A cause with English words only.
    pub fn new(code: impl Into<String>, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { code: code.into(), what: what.into(), remedy: remedy.into(), catalogue: None }
    }

    /// A cause of the catalogue.
    pub(super) fn known(code: String, kind: CauseKind, what: Text, remedy: Text) -> Self {
        let words = |language: Language| (what.get(language).to_owned(), remedy.get(language).to_owned());
        Self::in_words(code, Some(kind), words)
    }

    /// The same with words that are put together for each language: what, and its remedy.
    pub(super) fn in_words(
        code: String,
        kind: Option<CauseKind>,
        words: impl Fn(Language) -> (String, String),
    ) -> Self {
        let (what, remedy) = words(Language::En);
        let (what_zh, remedy_zh) = words(Language::Zh);
        Self { code, what, remedy, catalogue: Some(Box::new(Entry { kind, what_zh, remedy_zh })) }
    }

    /// Who has to act; `None` where the catalogue does not say.
    pub fn kind(&self) -> Option<CauseKind> {
        self.catalogue.as_ref()?.kind
    }

    /// The sentence in this language; in English where there is no other.
    pub fn text(&self, language: Language) -> String {
        match (language, &self.catalogue) {
            (Language::Zh, Some(entry)) => format!("{}：{}。{}。", self.code, entry.what_zh, entry.remedy_zh),
            _ => self.to_string(),
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}. {}.", self.code, self.what, self.remedy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_a_sentence_in_each_language_and_english_where_there_is_no_other() {
        let known =
            Cause::known("c".into(), CauseKind::App, Text::new("x is wrong", "x 错误"), Text::new("Fix", "请改"));
        assert_eq!(known.text(Language::En), "c: x is wrong. Fix.");
        assert_eq!(known.text(Language::Zh), "c：x 错误。请改。");
        assert_eq!(Cause::new("c", "x is wrong", "Fix").text(Language::Zh), "c: x is wrong. Fix.");
        assert_eq!(known.kind(), Some(CauseKind::App));
    }

    #[test]
    fn only_the_words_are_serialised() {
        let known = Cause::known("c".into(), CauseKind::App, Text::new("w", "错"), Text::new("r", "改"));
        assert_eq!(serde_json::json!(known), serde_json::json!({"code": "c", "what": "w", "remedy": "r"}));
    }
}
