//! A Graph request and its answer, the same whether sent alone or inside a batch.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value, json};

#[derive(Clone, Debug)]
pub struct Call {
    pub method: String,
    /// Below the version, still percent-encoded, without the query.
    pub path: String,
    pub query: String,
    /// Names in lower case.
    pub headers: BTreeMap<String, String>,
    pub body: Body,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    None,
    Json(Value),
    Bytes(Vec<u8>),
}

#[derive(Clone, Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Body,
}

impl Call {
    pub fn content_type(&self) -> &str {
        self.headers.get("content-type").map_or("", String::as_str)
    }

    pub fn json(&self) -> Map<String, Value> {
        match &self.body {
            Body::Json(Value::Object(map)) => map.clone(),
            _ => Map::new(),
        }
    }

    pub fn bytes(&self) -> Vec<u8> {
        match &self.body {
            Body::Bytes(bytes) => bytes.clone(),
            Body::Json(value) => value.to_string().into_bytes(),
            Body::None => Vec::new(),
        }
    }

    pub fn url(&self) -> String {
        if self.query.is_empty() { self.path.clone() } else { format!("{}?{}", self.path, self.query) }
    }
}

impl Reply {
    pub fn json(status: u16, value: impl Into<Value>) -> Self {
        Self {
            status,
            headers: vec![("Content-Type".into(), "application/json".into())],
            body: Body::Json(value.into()),
        }
    }

    pub fn ok(value: impl Into<Value>) -> Self {
        Self::json(200, value)
    }

    pub fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Body::None }
    }

    pub fn bytes(content_type: &str, bytes: Vec<u8>) -> Self {
        Self { status: 200, headers: vec![("Content-Type".into(), content_type.into())], body: Body::Bytes(bytes) }
    }

    pub fn redirect(location: &str) -> Self {
        Self::empty(302).with("Location", location)
    }

    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// An error in Graph's shape; dates and ids are filled in on the way out.
    pub fn error(status: u16, code: &str, message: &str) -> Self {
        Self::json(status, json!({"error": {"code": code, "message": message, "innerError": {}}}))
    }

    pub fn bad(message: &str) -> Self {
        Self::error(400, "BadRequest", message)
    }

    pub fn succeeded(&self) -> bool {
        self.status < 400
    }

    /// Gives every answer its `request-id`, and an error its inner error.
    pub fn stamped(mut self, now: DateTime<Utc>, request_id: &str, client_request_id: Option<&str>) -> Self {
        self.headers.push(("request-id".into(), request_id.into()));
        self.headers.push(("client-request-id".into(), client_request_id.unwrap_or(request_id).into()));
        if let Body::Json(Value::Object(map)) = &mut self.body
            && let Some(inner) = map.get_mut("error").and_then(|e| e.get_mut("innerError"))
        {
            *inner = json!({
                "date": now.format("%Y-%m-%dT%H:%M:%S").to_string(),
                "request-id": request_id,
                "client-request-id": client_request_id.unwrap_or(request_id),
            });
        }
        self
    }
}

pub fn stamp(at: DateTime<Utc>) -> Value {
    Value::String(at.to_rfc3339_opts(SecondsFormat::Secs, true))
}

pub fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

pub fn unbase64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// base64url; padding is taken or left out.
pub fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub fn unbase64url(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok()
}
