//! Answers of the handler, read back as types: the fields of the contract that people are shown.

use std::collections::BTreeMap;

use anyhow::Context;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// Reads an answer.
///
/// # Errors
/// If the answer lacks a field: a fault of the program.
pub(crate) fn read<T: DeserializeOwned>(answer: Value) -> anyhow::Result<T> {
    serde_json::from_value(answer).context("reading the answer")
}

/// An account of `list`, `show` and `export`.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Account {
    pub account_id: String,
    pub status: String,
    pub next_run_at: Option<DateTime<Utc>>,
    pub last_run_at: Option<DateTime<Utc>>,
    #[serde(default)]
    pub consecutive_failures: u32,
    pub pause_cause: Option<String>,
    pub paused_since: Option<DateTime<Utc>>,
    pub stopped_by: Option<String>,
    pub renewal_at: Option<DateTime<Utc>>,
    pub credential_expires_at: Option<DateTime<Utc>>,
    pub run_id: Option<String>,
    pub secret: Option<String>,
    pub secret_error: Option<String>,
    pub defaults_error: Option<String>,
    pub auth: Option<String>,
    pub cloud: Option<String>,
    pub tenant_id: Option<String>,
    pub client_id: Option<String>,
    #[serde(default)]
    pub set_aside: BTreeMap<String, DateTime<Utc>>,
    #[serde(default)]
    pub warnings: Vec<String>,
    pub policy: Option<Map<String, Value>>,
}

/// The answer to `check`.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Check {
    pub verdicts: Vec<Verdict>,
    #[serde(default)]
    pub missing_permissions: Vec<String>,
    #[serde(default)]
    pub never_drawn: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Verdict {
    pub about: String,
    /// `None`: unknown.
    pub good: Option<bool>,
    pub verdict: String,
}

/// The answer to `history`.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct History {
    pub runs: Vec<PastRun>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct PastRun {
    pub started_at: DateTime<Utc>,
    pub ended_at: DateTime<Utc>,
    pub outcome: String,
    pub reason: Option<String>,
    pub calls_ok: u32,
    pub calls_failed: u32,
    pub calls_throttled: u32,
    pub calls: Vec<Call>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Call {
    pub operation: String,
}

/// The answer to `run`, and the log line of a run.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Run {
    pub account: String,
    pub outcome: String,
    pub reason: Option<String>,
    pub status: String,
    #[serde(default)]
    pub calls_ok: u32,
    #[serde(default)]
    pub calls_failed: u32,
    #[serde(default)]
    pub calls_throttled: u32,
    #[serde(default)]
    pub operations: Vec<String>,
    #[serde(default)]
    pub failures: Vec<Failure>,
    pub next_run_at: Option<DateTime<Utc>>,
    pub unrecorded: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Failure {
    pub operation: String,
    pub status: u16,
    pub error_code: Option<String>,
    pub means: Option<String>,
}

/// The answer to `run` with `dry_run`.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Plan {
    pub account: String,
    pub seed: u64,
    pub waves: usize,
    pub plan: Vec<PlannedCall>,
    pub message: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct PlannedCall {
    pub operation: String,
    pub wave: usize,
    pub method: String,
    pub url: String,
}

/// The answer to `tick`.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Round {
    pub due: u32,
    pub succeeded: u32,
    pub failed: u32,
    pub paused: u32,
    pub deferred: u32,
}

/// The answer to `sync`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Sync {
    pub created: Vec<String>,
    pub resumed: Vec<String>,
    pub changed: Vec<String>,
    pub stopped: Vec<String>,
    pub busy: Vec<String>,
    pub unchanged: u32,
    pub errors: Vec<SyncError>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct SyncError {
    pub secret: String,
    pub error: String,
}

/// The answers to `sign_in`, `consent_url` and `grant`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Consent {
    pub state: Option<String>,
    pub message: String,
    #[serde(rename = "for")]
    pub permission_kind: String,
    pub verification_uri: Option<String>,
    pub user_code: Option<String>,
    pub admin_consent_url: Option<String>,
    pub user_consent_url: Option<String>,
    pub redirect_uri: Option<String>,
    pub permissions: Vec<String>,
    pub add_to_registration: Vec<String>,
    pub consent_to: Vec<String>,
    pub not_offered: Vec<String>,
    pub lacking: Vec<String>,
    pub done: Vec<String>,
    pub not_done: Vec<String>,
    pub never: Option<String>,
}

/// The answer to `import`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Import {
    pub created: Vec<String>,
    pub replaced: Vec<String>,
    pub existing: Vec<ImportedLine>,
    pub failed: Vec<ImportedLine>,
    pub understood: Vec<ImportedLine>,
    pub not_reached: usize,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ImportedLine {
    pub line: usize,
    pub account: Option<String>,
    pub reason: Option<String>,
    pub kind: Option<String>,
}
