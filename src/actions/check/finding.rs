//! A finding of `check`: one subject, whether it is in order, and a sentence with what to do.

use serde::Serialize;

/// What `check` found out about one subject.
#[derive(Debug, Serialize)]
pub(crate) struct Finding {
    pub about: &'static str,
    /// `None`: it could not be found out.
    pub good: Option<bool>,
    pub verdict: String,
}

impl Finding {
    pub fn good(about: &'static str, verdict: impl Into<String>) -> Self {
        Self { about, good: Some(true), verdict: verdict.into() }
    }

    pub fn bad(about: &'static str, verdict: impl Into<String>) -> Self {
        Self { about, good: Some(false), verdict: verdict.into() }
    }

    pub fn unknown(about: &'static str, verdict: impl Into<String>) -> Self {
        Self { about, good: None, verdict: verdict.into() }
    }
}
