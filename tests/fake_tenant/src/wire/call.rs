//! A Graph request, the same whether sent alone or inside a batch.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub method: String,
    /// Below the version, still percent-encoded, without the query.
    pub path: String,
    pub query: String,
    /// Names in lower case.
    pub headers: BTreeMap<String, String>,
    pub body: Body,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Body {
    None,
    Json(Value),
    Bytes(Vec<u8>),
}

impl Call {
    pub(crate) fn content_type(&self) -> &str {
        self.headers.get("content-type").map_or("", String::as_str)
    }

    pub(crate) fn json(&self) -> Map<String, Value> {
        match &self.body {
            Body::Json(Value::Object(map)) => map.clone(),
            _ => Map::new(),
        }
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        match &self.body {
            Body::Bytes(bytes) => bytes.clone(),
            Body::Json(value) => value.to_string().into_bytes(),
            Body::None => Vec::new(),
        }
    }

    pub(crate) fn url(&self) -> String {
        if self.query.is_empty() { self.path.clone() } else { format!("{}?{}", self.path, self.query) }
    }
}
