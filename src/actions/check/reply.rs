//! Graph's answer to one read of `check`.

use serde_json::Value;

use crate::ports::BatchReply;

/// Status, Graph's error code where there is one, and the body.
pub(crate) struct Reply {
    pub status: u16,
    pub code: String,
    pub body: Value,
}

impl Reply {
    pub(super) fn of(reply: &BatchReply) -> Self {
        let code = reply.error_code.clone().unwrap_or_default();
        Self { status: reply.status, code, body: reply.body.read() }
    }

    pub(super) fn succeeded(&self) -> bool {
        self.status == 200
    }

    /// Whether Graph says that the user whose object was asked for does not exist.
    pub(super) fn names_no_user(&self) -> bool {
        self.status == 404 && ["Request_ResourceNotFound", "ErrorInvalidUser"].contains(&self.code.as_str())
    }

    /// What Graph answered, in words.
    pub(super) fn text(&self) -> String {
        match self.code.as_str() {
            "" => self.status.to_string(),
            code => format!("{} {code}", self.status),
        }
    }

    /// The elements of a list.
    pub(super) fn elements(&self) -> impl Iterator<Item = &Value> {
        self.body["value"].as_array().map(Vec::as_slice).unwrap_or_default().iter()
    }
}
