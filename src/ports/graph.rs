//! Microsoft Graph.

use crate::domain::cloud::Cloud;
use async_trait::async_trait;
use secrecy::SecretString;
use serde_json::Value;
use serde_json::value::RawValue;
use std::time::Duration;
use thiserror::Error;

/// Microsoft Graph.
#[async_trait]
pub trait Graph: Send + Sync {
    /// One `$batch` request of at most 20 items. Replies come in any order, and may lack some items.
    async fn batch(&self, caller: &Caller<'_>, items: &[BatchItem]) -> Result<Vec<BatchReply>, GraphError>;
}

/// Cloud and token of a request, and how long its answer may take.
#[derive(Clone, Copy, Debug)]
pub struct Caller<'a> {
    pub cloud: Cloud,
    pub access_token: &'a SecretString,
    pub timeout: Duration,
}

#[derive(Clone, Debug)]
pub struct BatchItem {
    pub id: String,
    pub method: &'static str,
    pub url: String,
    pub headers: &'static [(&'static str, &'static str)],
    pub payload: crate::domain::plan::Payload,
    pub depends_on: Option<String>,
}

#[derive(Clone, Debug)]
pub struct BatchReply {
    pub id: String,
    pub status: u16,
    pub retry_after: Option<Duration>,
    /// Graph's `error.code`, cleaned for logs, or one of ours where only its message says what is meant (see
    /// [`crate::domain::cause`]). `None`: the answer is not Graph's own.
    pub error_code: Option<String>,
    pub request_id: Option<String>,
    pub body: RawBody,
}

/// The JSON body of a reply. Most bodies are never parsed; parsing is lazy.
#[derive(Clone, Debug, Default)]
pub struct RawBody(Option<Box<RawValue>>);

impl RawBody {
    pub fn new(json: &RawValue) -> Self {
        Self(Some(json.to_owned()))
    }

    /// Parses a JSON object; anything else is `Null`.
    pub fn read(&self) -> Value {
        let value = self.0.as_deref().and_then(|json| serde_json::from_str(json.get()).ok());
        value.filter(Value::is_object).unwrap_or_default()
    }
}

/// Why a whole batch failed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum GraphError {
    #[error("Graph throttles the tenant")]
    Throttled { retry_after: Option<Duration> },
    #[error("Graph does not accept the token")]
    Unauthorized,
    #[error("{what}")]
    Transient { what: String, retry_after: Option<Duration> },
    #[error("Graph refused the batch ({status} {code})")]
    Refused { status: u16, code: String },
}
