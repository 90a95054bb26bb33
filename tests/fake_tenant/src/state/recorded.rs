//! The record of requests: one entry per HTTP exchange, with the requests of a batch inside.

use chrono::{DateTime, Utc};
use serde_json::Value;

#[derive(Clone, Debug)]
pub struct Recorded {
    /// Time at which the request arrived.
    pub at: DateTime<Utc>,
    pub method: String,
    /// With its query; for Graph with the version.
    pub path: String,
    /// Tenant id, once known.
    pub tenant: Option<String>,
    pub app: Option<String>,
    /// UPN of the user whose token it was; `None` for an app's token.
    pub account: Option<String>,
    /// Login: the grant type.
    pub grant: Option<String>,
    /// `None` without an answer.
    pub status: Option<u16>,
    /// Requests of a `$batch`.
    pub items: Vec<RecordedItem>,
}

#[derive(Clone, Debug)]
pub struct RecordedItem {
    pub id: String,
    pub method: String,
    pub url: String,
    pub headers: Value,
    pub body: Value,
    pub depends_on: Vec<String>,
    pub status: u16,
    /// Whether the request took effect, whatever the answer.
    pub executed: bool,
}

impl Recorded {
    /// Whether the request went to the login service.
    pub fn is_login(&self) -> bool {
        self.path.contains("/oauth2/")
    }
}
