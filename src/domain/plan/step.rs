//! Step: one request of a plan.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use crate::domain::catalogue::{Need, Operation, OrphanQuery};

/// Requests that one `$batch` may hold.
/// Source: learn.microsoft.com/graph/json-batching.
pub const ITEMS_PER_BATCH: usize = 20;

/// Why a plan holds an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// It was drawn.
    Drawn,
    /// A drawn operation needs its answer.
    Prerequisite,
    /// It removes an object that another operation of the plan creates.
    CleanUp,
    /// It finds objects that an earlier run left behind.
    Sweep,
    /// It reads when the subscription and the credential expire.
    Watch,
}

/// One request of a plan. It may hold placeholders that only an earlier answer can fill.
#[derive(Clone, Debug)]
pub struct Step {
    pub operation: &'static Operation,
    pub role: Role,
    /// Number of the wave, from 0: the inputs are known once all earlier waves are answered.
    pub wave: usize,
    /// Path and query below the version.
    pub url: String,
    pub payload: Payload,
    pub inputs: Vec<Input>,
    /// Of a sweep: the objects to find, and the operation that removes them.
    pub orphans: Option<(OrphanQuery, &'static Operation)>,
}

/// The body of a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Payload {
    None,
    Json(Value),
    Bytes { content_type: &'static str, bytes: Vec<u8> },
}

/// A placeholder, and the index of the step whose answer fills it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Input {
    pub need: Need,
    pub step: usize,
}

impl PartialEq for Step {
    fn eq(&self, other: &Self) -> bool {
        self.operation.id == other.operation.id
            && (self.role, self.wave, &self.url, &self.payload, &self.inputs)
                == (other.role, other.wave, &other.url, &other.payload, &other.inputs)
    }
}

impl Serialize for Step {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Step", 6)?;
        fields.serialize_field("operation", self.operation.id)?;
        fields.serialize_field("role", &self.role)?;
        fields.serialize_field("wave", &self.wave)?;
        fields.serialize_field("method", self.operation.method.as_str())?;
        fields.serialize_field("url", &self.url)?;
        let body = match &self.payload {
            Payload::None => None,
            Payload::Json(value) => Some(value.clone()),
            Payload::Bytes { content_type, bytes } => {
                Some(json!({"content_type": content_type, "base64url": URL_SAFE.encode(bytes)}))
            }
        };
        fields.serialize_field("body", &body)?;
        fields.end()
    }
}
