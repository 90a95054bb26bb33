//! The report of a run: for its round, for the answer to `run`, and as a log line.

use serde_json::{Value, json};
use tracing::{info, warn};

use crate::domain::account::Status;
use crate::domain::account::history::{CallResult, HistoryRow};
use crate::domain::account::notice::Notices;
use crate::domain::cause::graph_cause;
use crate::domain::outcome::Outcome;
use crate::telemetry::as_fields;

/// How a run ended.
#[derive(Clone, Debug)]
pub(crate) struct RunReport {
    pub row: HistoryRow,
    pub status: Status,
    /// What a person has yet to hear about the account, from this run and earlier ones; none where it was not recorded.
    pub untold: Notices,
    /// Days until the subscription and until the credential ends, where that is known.
    pub days_to_renewal: Option<i64>,
    pub credential_days_left: Option<i64>,
    pub skipped: u32,
    /// Why the result could not be written; the claim then ends with its lease.
    pub unrecorded: Option<String>,
    pub outcome: Outcome,
}

impl RunReport {
    /// The answer to `run`, and the body of the log line.
    pub(crate) fn value(&self) -> Value {
        let row = &self.row;
        let failures: Vec<Value> = row
            .calls
            .iter()
            .filter(|call| !call.ok)
            .map(|call| failure(call, self.outcome == Outcome::Succeeded))
            .collect();
        json!({
            "account": row.account_id,
            "run_id": row.run_id,
            "seed": row.seed,
            "outcome": row.outcome,
            "reason": row.reason,
            "status": self.status,
            "calls_ok": row.calls_ok,
            "calls_failed": row.calls_failed,
            "calls_throttled": row.calls_throttled,
            "calls_skipped": self.skipped,
            "operations": row.calls.iter().map(|call| call.operation.as_str()).collect::<Vec<_>>(),
            "failures": failures,
            "next_run_at": row.next_run_at.map(|at| at.format("%FT%TZ").to_string()),
            "unrecorded": self.unrecorded,
        })
    }

    pub(crate) fn log(&self) {
        match self.outcome {
            Outcome::Succeeded | Outcome::Probed => info!(fields = as_fields(&self.value()), "run"),
            _ => warn!(fields = as_fields(&self.value()), "run"),
        }
    }
}

/// A call that failed, and what that means for the account, where it means something.
fn failure(call: &CallResult, succeeded: bool) -> Value {
    let mut failure = json!(call);
    // Where another call succeeded, it is not the token that is refused, but the operation.
    let status = if call.status == 401 && succeeded { 403 } else { call.status };
    if let Some(cause) = graph_cause(status, call.error_code.as_deref().unwrap_or_default()) {
        failure["means"] = json!(cause.to_string());
    }
    failure
}
