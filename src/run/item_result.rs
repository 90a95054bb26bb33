//! Item results: what Graph answered to one item of a batch.

use std::time::Duration;

use crate::domain::catalogue::Operation;
use crate::domain::outcome::calls::Answer;
use crate::ports::{BatchReply, RawBody};

/// The result of one item.
#[derive(Clone, Debug)]
pub(super) struct ItemResult {
    pub answer: Answer,
    /// 0 where there was no answer.
    pub status: u16,
    pub code: Option<String>,
    pub request_id: Option<String>,
    pub retry_after: Option<Duration>,
    pub body: RawBody,
    /// The batch as a whole failed or was refused: this says nothing about the item's operation.
    pub whole_batch: bool,
}

impl ItemResult {
    pub(super) fn of(reply: BatchReply, operation: &Operation) -> Self {
        let BatchReply { status, retry_after, error_code, request_id, body, .. } = reply;
        let answer = Answer::of(status, error_code.as_deref(), operation);
        // The body of a refusal that is expected is not what was asked for.
        let body = if (200..300).contains(&status) { body } else { RawBody::default() };
        Self { answer, status, code: error_code, request_id, retry_after, body, whole_batch: false }
    }

    /// The result of an item that its batch left unanswered.
    pub(super) fn without_reply() -> Self {
        Self { whole_batch: false, ..Self::of_whole_batch(Answer::Transient, 0, None) }
    }

    /// The result of every item of a batch that failed as a whole.
    pub(super) fn of_whole_batch(answer: Answer, status: u16, retry_after: Option<Duration>) -> Self {
        let body = RawBody::default();
        Self { answer, status, code: None, request_id: None, retry_after, body, whole_batch: true }
    }

    /// Whether a write may have taken effect all the same.
    pub(super) fn may_have_applied(&self) -> bool {
        matches!(self.answer, Answer::Throttled | Answer::Transient)
    }
}
