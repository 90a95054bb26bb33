//! A finding of `check`: one subject, whether it is in order, and a sentence with what to do.

use serde::Serialize;

use crate::domain::cause::Cause;

/// What `check` found out about one subject.
#[derive(Debug, Serialize)]
pub(crate) struct Finding {
    pub about: &'static str,
    /// `None`: it could not be found out.
    pub good: Option<bool>,
    pub verdict: String,
}

impl Finding {
    pub(super) fn good(about: &'static str, verdict: impl Into<String>) -> Self {
        Self { about, good: Some(true), verdict: verdict.into() }
    }

    pub(super) fn bad(about: &'static str, verdict: impl Into<String>) -> Self {
        Self { about, good: Some(false), verdict: verdict.into() }
    }

    /// What is wrong and what to do, without the cause's code.
    pub(super) fn of_cause(about: &'static str, cause: &Cause) -> Self {
        Self::bad(about, format!("{}. {}.", sentence(&cause.what), cause.remedy))
    }

    pub(super) fn unknown(about: &'static str, verdict: impl Into<String>) -> Self {
        Self { about, good: None, verdict: verdict.into() }
    }
}

/// The text with a capital letter first.
pub(crate) fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
