//! A reply of Graph or of the login service, the same whether sent alone or inside a batch.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::wire::call::Body;

#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Body,
}

impl Reply {
    pub(crate) fn json(status: u16, value: impl Into<Value>) -> Self {
        Self {
            status,
            headers: vec![("Content-Type".into(), "application/json".into())],
            body: Body::Json(value.into()),
        }
    }

    pub(crate) fn ok(value: impl Into<Value>) -> Self {
        Self::json(200, value)
    }

    pub(crate) fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Body::None }
    }

    pub(crate) fn bytes(content_type: &str, bytes: Vec<u8>) -> Self {
        Self { status: 200, headers: vec![("Content-Type".into(), content_type.into())], body: Body::Bytes(bytes) }
    }

    pub(crate) fn redirect(location: &str) -> Self {
        Self::empty(302).with("Location", location)
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// An error in Graph's shape; dates and ids are filled in on the way out.
    pub(crate) fn error(status: u16, code: &str, message: &str) -> Self {
        Self::json(status, json!({"error": {"code": code, "message": message, "innerError": {}}}))
    }

    pub(crate) fn bad(message: &str) -> Self {
        Self::error(400, "BadRequest", message)
    }

    /// The message of an error.
    pub(crate) fn error_message(&self) -> &str {
        match &self.body {
            Body::Json(value) => value["error"]["message"].as_str().unwrap_or_default(),
            _ => "",
        }
    }

    pub(crate) fn succeeded(&self) -> bool {
        self.status < 400
    }

    /// Adds the `request-id` that every reply has, and an error's inner error. `headers` are those of the request.
    pub(crate) fn stamped(mut self, now: DateTime<Utc>, request_id: &str, headers: &BTreeMap<String, String>) -> Self {
        let client_request_id = headers.get("client-request-id").map_or(request_id, String::as_str);
        self.headers.push(("request-id".into(), request_id.into()));
        self.headers.push(("client-request-id".into(), client_request_id.into()));
        if let Body::Json(Value::Object(map)) = &mut self.body
            && let Some(inner) = map.get_mut("error").and_then(|e| e.get_mut("innerError"))
        {
            *inner = json!({
                "date": now.format("%Y-%m-%dT%H:%M:%S").to_string(),
                "request-id": request_id,
                "client-request-id": client_request_id,
            });
        }
        self
    }
}
