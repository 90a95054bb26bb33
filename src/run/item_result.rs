//! Verdicts: what became of one item of a batch.

use std::time::Duration;

use crate::domain::catalogue::Operation;
use crate::ports::{BatchReply, RawBody};

/// What became of one item.
#[derive(Clone, Debug)]
pub enum ItemResult {
    Ok {
        status: u16,
        body: RawBody,
    },
    Failed {
        status: u16,
        code: Option<String>,
        request_id: Option<String>,
    },
    Throttled {
        status: u16,
        code: Option<String>,
        request_id: Option<String>,
        retry_after: Option<Duration>,
    },
    Transient {
        status: u16,
        code: Option<String>,
        request_id: Option<String>,
        retry_after: Option<Duration>,
    },
    /// Not carried out, since the item before it in its lane failed (424).
    DependencyFailed,
    Unauthorized,
}

impl ItemResult {
    pub fn of(reply: BatchReply, operation: &Operation) -> Self {
        let BatchReply { status, retry_after, error_code: code, request_id, body, .. } = reply;
        match status {
            200..=299 => Self::Ok { status, body },
            _ if operation.expected.contains(&status) => Self::Ok { status, body: RawBody::default() },
            401 => Self::Unauthorized,
            424 => Self::DependencyFailed,
            429 => Self::Throttled { status, code, request_id, retry_after },
            500 | 502..=504 | 509 => Self::Transient { status, code, request_id, retry_after },
            _ => Self::Failed { status, code, request_id },
        }
    }

    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Throttled { retry_after, .. } | Self::Transient { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}
