//! Microsoft Graph: one `$batch` request and its replies.
//!
//! Source: learn.microsoft.com/graph/json-batching.

use std::collections::BTreeMap;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::{Client, Url};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use tracing::{Level, enabled};

use crate::adapters::http::{join, read_bounded};
use crate::adapters::microsoft::retry_after::{self, retry_after};
use crate::adapters::transport::host_and_cause;
use crate::domain::cause::{NO_DRIVE, NO_SHAREPOINT_LICENCE, NOT_APPLICABLE_TO_TENANT};
use crate::domain::cloud::Cloud;
use crate::domain::plan::Payload;
use crate::ports::{BatchItem, BatchReply, Caller, Graph, GraphError, RawBody};

/// Answers of twenty small pages lie far below.
const MAX_RESPONSE_BYTES: usize = 8 * 1024 * 1024;

pub struct GraphClient {
    client: Client,
    /// Used instead of the clouds' own hosts.
    endpoint: Option<Url>,
}

impl GraphClient {
    pub fn new(client: Client, endpoint: Option<Url>) -> Self {
        Self { client, endpoint }
    }

    fn url(&self, cloud: Cloud) -> Result<Url, GraphError> {
        let base = self.endpoint.as_ref().map_or(cloud.graph(), Url::as_str);
        join(base, "/v1.0/$batch").map_err(|_| transient("Graph's address is malformed"))
    }
}

fn transient(what: &str) -> GraphError {
    GraphError::Transient { what: what.to_owned(), retry_after: None }
}

#[async_trait]
impl Graph for GraphClient {
    async fn batch(&self, caller: &Caller<'_>, items: &[BatchItem]) -> Result<Vec<BatchReply>, GraphError> {
        let mut bearer = HeaderValue::from_str(&format!("Bearer {}", caller.access_token.expose_secret()))
            .map_err(|_| GraphError::Unauthorized)?;
        bearer.set_sensitive(true);
        let response = self
            .client
            .post(self.url(caller.cloud)?)
            .timeout(caller.timeout)
            .header(AUTHORIZATION, bearer)
            .header(CONTENT_TYPE, "application/json")
            .header(ACCEPT, "application/json")
            .body(encode(items).map_err(|_| transient("the batch cannot be written"))?)
            .send()
            .await
            .map_err(|error| transient(&unreachable(&error)))?;
        let status = response.status().as_u16();
        let wait = retry_after(response.headers());
        let body = read_bounded(response, MAX_RESPONSE_BYTES)
            .await
            .map_err(|_| transient("Graph's answer was interrupted or is too large"))?;
        match status {
            200 => decode(&body),
            429 => Err(GraphError::Throttled { retry_after: wait }),
            500..=599 => Err(GraphError::Transient { what: format!("Graph answered {status}"), retry_after: wait }),
            // A proxy or a portal may answer anything: only Graph's own error counts.
            _ => match (status, error_code(&serde_json::from_slice(&body).unwrap_or_default())) {
                (401, Some(_)) => Err(GraphError::Unauthorized),
                (_, Some(code)) => Err(GraphError::Refused { status, code }),
                (_, None) => Err(transient(&format!("another than Graph answered {status}"))),
            },
        }
    }
}

fn unreachable(error: &reqwest::Error) -> String {
    let why = if error.is_timeout() {
        "Graph did not answer in time"
    } else if error.is_connect() {
        "Graph could not be reached"
    } else {
        "the connection to Graph broke"
    };
    format!("{why} ({})", host_and_cause(error))
}

#[derive(Serialize)]
struct Batch<'a> {
    requests: Vec<Request<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Request<'a> {
    id: &'a str,
    method: &'a str,
    url: &'a str,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    headers: BTreeMap<&'a str, &'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<Written<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    depends_on: Option<[&'a str; 1]>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Written<'a> {
    Json(&'a Value),
    Base64(String),
}

/// The body of a `$batch` request.
pub fn encode(items: &[BatchItem]) -> serde_json::Result<Vec<u8>> {
    serde_json::to_vec(&Batch { requests: items.iter().map(request).collect() })
}

fn request(item: &BatchItem) -> Request<'_> {
    let (content_type, body) = match &item.payload {
        Payload::None => (None, None),
        Payload::Json(value) => (Some("application/json"), Some(Written::Json(value))),
        Payload::Bytes { content_type, bytes } => (Some(*content_type), Some(Written::Base64(URL_SAFE.encode(bytes)))),
    };
    Request {
        id: &item.id,
        method: item.method,
        url: &item.url,
        headers: item.headers.iter().copied().chain(content_type.map(|kind| ("Content-Type", kind))).collect(),
        body,
        depends_on: item.depends_on.as_deref().map(|after| [after]),
    }
}

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    responses: Vec<Reply<'a>>,
}

#[derive(Deserialize)]
struct Reply<'a> {
    id: String,
    status: u16,
    #[serde(default, borrow)]
    headers: Option<&'a RawValue>,
    #[serde(default, borrow)]
    body: Option<&'a RawValue>,
}

/// The replies of a `$batch`, in the order in which they came.
pub fn decode(body: &[u8]) -> Result<Vec<BatchReply>, GraphError> {
    let answer: Answer<'_> = serde_json::from_slice(body).map_err(|_| transient("Graph's answer is not a batch"))?;
    Ok(answer.responses.into_iter().map(reply).collect())
}

fn reply(Reply { id, status, headers, body }: Reply<'_>) -> BatchReply {
    let body = body.map(RawBody::new).unwrap_or_default();
    // Headers of a success serve the debug line alone.
    if (200..300).contains(&status) && !enabled!(Level::DEBUG) {
        return BatchReply { id, status, retry_after: None, error_code: None, request_id: None, body };
    }
    let headers: Map<String, Value> =
        headers.and_then(|headers| serde_json::from_str(headers.get()).ok()).unwrap_or_default();
    let said = body.read();
    let header = |name: &str| {
        headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).and_then(|(_, value)| match value {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        })
    };
    let inner = said.pointer("/error/innerError/request-id").and_then(Value::as_str).map(str::to_owned);
    BatchReply {
        retry_after: header("Retry-After").and_then(|value| retry_after::parse(&value, header("Date").as_deref())),
        error_code: error_code(&said),
        request_id: header("request-id").or(inner).and_then(|id| clean(&id)),
        body,
        id,
        status,
    }
}

fn error_code(body: &Value) -> Option<String> {
    let error = body.get("error")?;
    let message = error.get("message").and_then(Value::as_str).unwrap_or_default().to_ascii_lowercase();
    if let Some((_, code)) = TOLD_BY_MESSAGE.iter().find(|(part, _)| message.contains(part)) {
        return Some((*code).to_owned());
    }
    let code = error.get("code")?.as_str()?;
    let is_clean = |c: &char| c.is_ascii_alphanumeric() || "._-, ".contains(*c);
    let clean: String = code.chars().take_while(is_clean).take(MAX_CODE).collect();
    let clean = clean.trim();
    (!clean.is_empty()).then(|| clean.to_owned())
}

/// What Graph says only in an error's message, by a part of it in lower case; the code is one of ours.
const TOLD_BY_MESSAGE: [(&str, &str); 3] = [
    ("mysite not found", NO_DRIVE),
    ("does not have a spo license", NO_SHAREPOINT_LICENCE),
    ("not applicable to target tenant", NOT_APPLICABLE_TO_TENANT),
];

/// Characters of an error code that are kept.
const MAX_CODE: usize = 64;

/// Only what an id can look like goes into logs.
fn clean(text: &str) -> Option<String> {
    let fits = (1..=64).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
    fits.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;

    fn encoded(item: BatchItem) -> Value {
        serde_json::from_slice(&encode(&[item]).unwrap()).unwrap()
    }

    fn item(payload: Payload) -> BatchItem {
        BatchItem {
            id: "7".to_owned(),
            method: "PUT",
            url: "/me/x".to_owned(),
            headers: &[("Prefer", "a")],
            payload,
            depends_on: Some("3".to_owned()),
        }
    }

    #[test]
    fn item_with_a_body_names_its_content_type_and_bytes_are_base64url() {
        assert_eq!(
            encoded(item(Payload::Bytes { content_type: "text/plain", bytes: vec![0xfb, 0xff] })),
            json!({"requests": [{"id": "7", "method": "PUT", "url": "/me/x", "body": "-_8=", "dependsOn": ["3"],
                "headers": {"Prefer": "a", "Content-Type": "text/plain"}}]})
        );
        assert_eq!(
            encoded(item(Payload::Json(json!({"a": 1}))))["requests"][0]["headers"]["Content-Type"],
            "application/json"
        );
        assert!(encoded(item(Payload::None))["requests"][0]["headers"].get("Content-Type").is_none());
    }

    #[test]
    fn replies_are_read_in_any_order_with_their_own_status_and_wait() {
        let body = json!({"responses": [
            {"id": "2", "status": 429, "headers": {"retry-after": "7", "request-id": "r-1"}, "body": {"error": {"code": "tooMany", "message": "m"}}},
            {"id": "1", "status": 204}
        ]});
        let replies = decode(body.to_string().as_bytes()).unwrap();
        assert_eq!((replies[0].id.as_str(), replies[0].status), ("2", 429));
        assert_eq!(replies[0].retry_after, Some(Duration::from_secs(7)));
        assert_eq!(replies[0].error_code.as_deref(), Some("tooMany"));
        assert_eq!(replies[0].request_id.as_deref(), Some("r-1"));
        assert_eq!((replies[1].status, replies[1].body.read()), (204, Value::Null));
    }

    #[test]
    fn answer_that_is_not_a_batch_is_transient() {
        for body in ["", "<html>", "{}", "{\"responses\": [{\"id\": 1}]}"] {
            assert!(matches!(decode(body.as_bytes()), Err(GraphError::Transient { .. })), "{body}");
        }
    }

    #[test]
    fn code_is_kept_as_far_as_it_is_clean() {
        for (code, kept) in [
            ("a b<script>", Some("a b")),
            (
                "-2147024891, System.UnauthorizedAccessException",
                Some("-2147024891, System.UnauthorizedAccessException"),
            ),
            ("\r\n", None),
            ("", None),
        ] {
            assert_eq!(error_code(&json!({"error": {"code": code}})).as_deref(), kept, "{code:?}");
        }
        assert_eq!(error_code(&json!({"error": "denied"})), None);
        for (message, code) in [
            ("Tenant does not have a SPO license.", NO_SHAREPOINT_LICENCE),
            ("Request not applicable to target tenant.", NOT_APPLICABLE_TO_TENANT),
        ] {
            assert_eq!(
                error_code(&json!({"error": {"code": "BadRequest", "message": message}})).as_deref(),
                Some(code)
            );
        }
        assert_eq!(
            error_code(&json!({"error": {"code": "x", "message": "User's mysite not found."}})).as_deref(),
            Some(NO_DRIVE)
        );
    }
}
