//! Placeholders: the values that later requests of a run take from earlier answers.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::domain::catalogue::contents::Contents;
use crate::domain::catalogue::{Need, Operation, OrphanQuery};
use crate::domain::plan::{Payload, Plan, encode, fill};

/// The value for a need: a property of the answer, or of one element of it if it is a list. With the same `dice`, every
/// need takes from the same element of an answer: a channel belongs to its team.
pub fn resolve(answer: &Value, need: &Need, dice: u64) -> Option<String> {
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
    let chosen = dice.checked_rem(fitting.len() as u64)?;
    fitting.get(usize::try_from(chosen).ok()?).map(|value| (*value).to_owned())
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
pub fn written_text(plan: &Plan) -> String {
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

/// The elements of a sweep's list that have a generated name, but none of this run's `own`, as the values for the
/// placeholders of their clean-up.
pub fn find_orphans(
    list: &Value,
    query: &OrphanQuery,
    undo: &Operation,
    own: &str,
) -> Vec<BTreeMap<&'static str, String>> {
    let elements = list.get("value").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let Some(need) = undo.needs.first() else { return Vec::new() };
    elements
        .iter()
        .filter(|element| {
            element
                .get(query.name)
                .and_then(Value::as_str)
                .is_some_and(|name| Contents::is_generated_name(name) && !own.contains(name))
        })
        .filter_map(|element| element.get(query.take)?.as_str())
        .map(|id| BTreeMap::from([(need.placeholder, id.to_owned())]))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_need_of_one_list_takes_from_the_same_element() {
        let answer = json!({"value": [{"id": "1", "name": "a"}, {"id": "2", "name": "b"}, {"id": "3", "name": "c"}]});
        let name = Need { take: "name", ..Need::id("name", "x") };
        for dice in 0..9 {
            let (id, name) =
                (resolve(&answer, &Need::id("id", "x"), dice).unwrap(), resolve(&answer, &name, dice).unwrap());
            assert!([("1", "a"), ("2", "b"), ("3", "c")].contains(&(id.as_str(), name.as_str())));
        }
    }

    #[test]
    fn an_element_that_does_not_match_is_not_taken_and_an_empty_list_resolves_nothing() {
        let answer = json!({"value": [{"id": "1", "groupTypes": []}, {"id": "2", "groupTypes": ["Unified"]}]});
        let unified = Need { only: Some(("groupTypes", "Unified")), ..Need::id("id", "x") };
        assert!((0..5).all(|dice| resolve(&answer, &unified, dice).as_deref() == Some("2")));
        assert_eq!(resolve(&json!({"value": []}), &Need::id("id", "x"), 0), None);
        assert_eq!(resolve(&json!({"id": ""}), &Need::id("id", "x"), 0), None);
    }

    #[test]
    fn a_value_is_encoded_in_a_path_and_not_in_a_body() {
        let values = BTreeMap::from([("id", "a/b?{c} d".to_owned())]);
        assert_eq!(fill_url("/x/{id}/{other}", &values), "/x/a%2Fb%3F%7Bc%7D%20d/{other}");
        let body = Payload::Json(json!({"a": ["{id}"], "n": 1}));
        assert_eq!(fill_payload(&body, &values), Payload::Json(json!({"a": ["a/b?{c} d"], "n": 1})));
    }
}
