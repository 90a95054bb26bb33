//! Answers: what later requests of a run take from earlier ones.

use std::collections::BTreeMap;

use rand::RngExt;
use rand::rngs::ChaCha12Rng;
use serde_json::Value;

use crate::domain::catalogue::{Leftover, Need, Operation};
use crate::domain::contents::Contents;
use crate::domain::plan::{Payload, Plan, encode, fill};

/// The value for a need: of the answer itself, or of one element of the list that it is.
pub fn take(answer: &Value, need: &Need, rng: &mut ChaCha12Rng) -> Option<String> {
    let elements: Vec<&Value> = match answer.get("value") {
        Some(Value::Array(elements)) => elements.iter().collect(),
        _ => vec![answer],
    };
    let fitting: Vec<&str> = elements
        .into_iter()
        .filter(|element| need.only.is_none_or(|(property, wanted)| is(element.get(property), wanted)))
        .filter_map(|element| element.get(need.take)?.as_str())
        .filter(|value| !value.is_empty())
        .collect();
    if fitting.is_empty() {
        return None;
    }
    Some(fitting[rng.random_range(0..fitting.len())].to_owned())
}

fn is(value: Option<&Value>, wanted: &str) -> bool {
    match value {
        Some(Value::String(text)) => text == wanted,
        Some(Value::Array(values)) => values.iter().any(|value| value == wanted),
        _ => false,
    }
}

pub fn fill_url(url: &str, values: &BTreeMap<&str, String>) -> String {
    fill(url, |placeholder| values.get(placeholder).map(|value| encode(value)))
}

pub fn fill_payload(payload: &Payload, values: &BTreeMap<&str, String>) -> Payload {
    match payload {
        Payload::Json(value) => Payload::Json(fill_json(value, values)),
        other => other.clone(),
    }
}

fn fill_json(value: &Value, values: &BTreeMap<&str, String>) -> Value {
    match value {
        Value::String(text) => Value::String(fill(text, |placeholder| values.get(placeholder).cloned())),
        Value::Array(elements) => elements.iter().map(|element| fill_json(element, values)).collect(),
        Value::Object(fields) => {
            Value::Object(fields.iter().map(|(name, value)| (name.clone(), fill_json(value, values))).collect())
        }
        other => other.clone(),
    }
}

/// Everything that a plan writes, as one text to search for names.
pub fn written(plan: &Plan) -> String {
    let mut text = String::new();
    for step in &plan.steps {
        match &step.payload {
            Payload::None => {}
            Payload::Json(value) => text.push_str(&value.to_string()),
            Payload::Bytes { bytes, .. } => text.push_str(&String::from_utf8_lossy(bytes)),
        }
        text.push('\n');
    }
    text
}

/// What a sweep's list shows that carries a name of ours, but none of this run's `own`, as the values for the
/// placeholders of its clean-up.
pub fn leftovers(
    list: &Value,
    leftover: &Leftover,
    undo: &Operation,
    own: &str,
) -> Vec<BTreeMap<&'static str, String>> {
    let elements = list.get("value").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let Some(need) = undo.needs.first() else { return Vec::new() };
    elements
        .iter()
        .filter(|element| {
            element
                .get(leftover.name)
                .and_then(Value::as_str)
                .is_some_and(|name| Contents::is_name(name) && !own.contains(name))
        })
        .filter_map(|element| element.get(leftover.take)?.as_str())
        .map(|id| BTreeMap::from([(need.placeholder, id.to_owned())]))
        .collect()
}
