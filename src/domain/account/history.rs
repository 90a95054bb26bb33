//! A row of history: one run of an account.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::domain::account_id::AccountId;
use crate::domain::seed::Seed;

/// One run, as the history table keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HistoryRow {
    pub account_id: AccountId,
    pub started_at: DateTime<Utc>,
    pub ended_at: DateTime<Utc>,
    pub run_id: String,
    pub seed: Seed,
    /// [`crate::domain::outcome::Outcome::as_str`].
    pub outcome: String,
    pub reason: Option<String>,
    pub calls_ok: u32,
    pub calls_failed: u32,
    pub calls_throttled: u32,
    pub calls: Vec<CallResult>,
    pub next_run_at: Option<DateTime<Utc>>,
}

/// One call of a run: its operation, and its final HTTP status (0: no answer).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CallResult {
    pub operation: String,
    /// Whether the status is a success for this operation.
    pub ok: bool,
    pub status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}
