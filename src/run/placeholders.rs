//! Placeholders: the values that later requests of a run take from earlier answers.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::domain::catalogue::generated_name::{self, NameOwner};
use crate::domain::catalogue::{Need, Operation, OrphanQuery};
use crate::domain::path_segment::{encode, is_dot_segment};
use crate::domain::plan::{Payload, Plan, fill};

/// The value for a need: a property of the answer, or of one element of it if it is a list. With the same `dice`, every
/// need takes from the same element of an answer: a channel belongs to its team. From a list, nothing is taken that this
/// run is about to remove (`removable`, by id), nor what bears a generated name: another run may be about to.
pub(super) fn resolve(answer: &Value, need: &Need, dice: u64, removable: impl Fn(&str) -> bool) -> Option<String> {
    let elements: Vec<&Value> = match answer.get("value") {
        Some(Value::Array(elements)) => elements.iter().filter(|element| !is_ours(element, &removable)).collect(),
        _ => vec![answer],
    };
    let fitting: Vec<&str> = elements
        .into_iter()
        .filter(|element| need.only.is_none_or(|(property, wanted)| is(element.get(property), wanted)))
        .filter_map(|element| element.get(need.take)?.as_str())
        .filter(|value| !is_dot_segment(value))
        .collect();
    let chosen = dice.checked_rem(fitting.len() as u64)?;
    fitting.get(usize::try_from(chosen).ok()?).map(|value| (*value).to_owned())
}

/// Whether a list's element was made by a run: by its id, or by a generated name in any of its properties.
fn is_ours(element: &Value, removable: impl Fn(&str) -> bool) -> bool {
    let Some(properties) = element.as_object() else { return false };
    let id = properties.get("id").and_then(Value::as_str);
    id.is_some_and(removable) || properties.values().filter_map(Value::as_str).any(generated_name::is_generated)
}

/// Adds all ids in the answer to a write.
pub(super) fn collect_ids(answer: &Value, ids: &mut BTreeSet<String>) {
    match answer {
        Value::Object(properties) => {
            ids.extend(properties.get("id").and_then(Value::as_str).map(str::to_owned));
            properties.values().for_each(|value| collect_ids(value, ids));
        }
        Value::Array(elements) => elements.iter().for_each(|element| collect_ids(element, ids)),
        _ => {}
    }
}

fn is(value: Option<&Value>, wanted: &str) -> bool {
    match value {
        Some(Value::String(text)) => text == wanted,
        Some(Value::Array(values)) => values.iter().any(|value| value == wanted),
        _ => false,
    }
}

pub(super) fn fill_url(url: &str, values: &BTreeMap<&str, String>) -> String {
    fill(url, |placeholder| values.get(placeholder).map(|value| encode(value)))
}

pub(super) fn fill_payload(payload: &Payload, values: &BTreeMap<&str, String>) -> Payload {
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
pub(super) fn written_text(plan: &Plan) -> String {
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

/// The orphans in one page of a sweep's list.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Found {
    /// Of each its id, and the values for the placeholders of its clean-up.
    pub orphans: Vec<(String, BTreeMap<&'static str, String>)>,
    /// There is something that a run under way may have made.
    pub too_young: bool,
}

/// Which objects of a generated name no run still uses.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Orphans {
    /// Those made before this: no run is as old that is still under way.
    pub before: DateTime<Utc>,
    /// Those of this account, which has one run at a time, also if they are younger.
    pub owner: NameOwner,
}

/// The elements of a sweep's list that are orphans: of a generated name, but none of this run's `own`.
pub(super) fn find_orphans(list: &Value, query: &OrphanQuery, undo: &Operation, own: &str, orphans: Orphans) -> Found {
    let elements = list.get("value").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let mut found = Found::default();
    let Some(need) = undo.needs.first() else { return found };
    for element in elements {
        let name = element.get(query.name).and_then(Value::as_str).unwrap_or_default();
        let id = element.get(query.take).and_then(Value::as_str).filter(|id| !is_dot_segment(id));
        let (Some(id), true) = (id, generated_name::is_generated(name) && !own.contains(name)) else { continue };
        if generated_name::may_be_made_since(name, orphans.before) && !orphans.owner.made(name) {
            found.too_young = true;
        } else {
            found.orphans.push((id.to_owned(), BTreeMap::from([(need.placeholder, id.to_owned())])));
        }
    }
    found
}

/// Where a list continues.
#[derive(Debug, PartialEq)]
pub(super) enum NextPage {
    /// The list has ended.
    None,
    /// The path and query below the version.
    At(String),
    /// It may continue, but the answer does not say where.
    Unknown,
}

/// Where the list of this answer to `url` continues: it has ended only if there is no link, and fewer elements than asked.
pub(super) fn next_page(list: &Value, url: &str) -> NextPage {
    if let Some(link) = list.get("@odata.nextLink") {
        let (path, _) = url.split_once('?').unwrap_or((url, ""));
        let next = link.as_str().and_then(|link| link.split_once("/v1.0")).map(|(_, next)| next);
        // A link to anything but the same list is not followed.
        return match next.filter(|next| next.split_once('?').is_some_and(|(other, _)| other.eq_ignore_ascii_case(path)))
        {
            Some(next) => NextPage::At(next.to_owned()),
            None => NextPage::Unknown,
        };
    }
    let asked = url.split(['?', '&']).find_map(|option| option.strip_prefix("$top=")?.parse().ok());
    let count = list.get("value").and_then(Value::as_array).map_or(0, Vec::len);
    if asked.is_some_and(|asked: usize| count >= asked) { NextPage::Unknown } else { NextPage::None }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use rand::SeedableRng;
    use rand::rngs::ChaCha12Rng;
    use serde_json::json;

    use super::*;
    use crate::domain::catalogue::Effect;
    use crate::domain::catalogue::contents::Contents;

    fn none(_: &str) -> bool {
        false
    }

    #[test]
    fn every_need_of_one_list_takes_from_the_same_element() {
        let answer = json!({"value": [{"id": "1", "name": "a"}, {"id": "2", "name": "b"}, {"id": "3", "name": "c"}]});
        let name = Need { take: "name", ..Need::id("name", "x") };
        for dice in 0..9 {
            let (id, name) = (
                resolve(&answer, &Need::id("id", "x"), dice, none).unwrap(),
                resolve(&answer, &name, dice, none).unwrap(),
            );
            assert!([("1", "a"), ("2", "b"), ("3", "c")].contains(&(id.as_str(), name.as_str())));
        }
    }

    #[test]
    fn an_element_that_does_not_match_is_not_taken_and_an_empty_list_resolves_nothing() {
        let answer = json!({"value": [{"id": "1", "groupTypes": []}, {"id": "2", "groupTypes": ["Unified"]}]});
        let unified = Need { only: Some(("groupTypes", "Unified")), ..Need::id("id", "x") };
        assert!((0..5).all(|dice| resolve(&answer, &unified, dice, none).as_deref() == Some("2")));
        assert_eq!(resolve(&json!({"value": []}), &Need::id("id", "x"), 0, none), None);
        for id in ["", ".", ".."] {
            assert_eq!(resolve(&json!({"id": id}), &Need::id("id", "x"), 0, none), None, "{id:?}");
        }
    }

    #[test]
    fn nothing_is_taken_from_a_list_that_this_run_or_another_has_made() {
        let list = json!({"value": [
            {"id": "own"}, {"id": "theirs", "displayName": "Evergreen quiet harbour 1abf2c3e"}, {"id": "owners", "displayName": "x"}
        ]});
        let taken = |list: &Value| resolve(list, &Need::id("id", "x"), 7, |id| id == "own");
        for dice in 0..9 {
            let id = resolve(&list, &Need::id("id", "x"), dice, |id| id == "own");
            assert_eq!(id.as_deref(), Some("owners"));
        }
        assert_eq!(taken(&json!({"value": [{"id": "own"}]})), None);
        assert_eq!(taken(&json!({"id": "own"})).as_deref(), Some("own"), "the answer to its creation is no list");
    }

    #[test]
    fn the_ids_of_all_that_a_write_answers_are_known() {
        let mut ids = BTreeSet::new();
        collect_ids(&json!({"id": "1", "parts": [{"id": "2"}, {"inner": {"id": "3"}}], "other": 4}), &mut ids);
        assert_eq!(ids.into_iter().collect::<Vec<_>>(), ["1", "2", "3"]);
    }

    fn named(before: DateTime<Utc>, names: &[&str]) -> Found {
        let row = crate::domain::catalogue::find("contactFolder.create").unwrap();
        let Effect::Create { undo, orphans } = row.effect else { panic!("it creates") };
        let element = |name: &&str| json!({orphans.take: format!("id of {name}"), orphans.name: name});
        let list = json!({"value": names.iter().map(element).collect::<Vec<_>>()});
        let undo = crate::domain::catalogue::find(undo).unwrap();
        let rule = Orphans { before, owner: NameOwner::of("a") };
        find_orphans(&list, &orphans, undo, "Evergreen own thing 00000001", rule)
    }

    #[test]
    fn an_orphan_bears_a_generated_name_that_is_not_this_runs_and_is_older_than_a_lease() {
        let now: DateTime<Utc> = "2026-03-02T10:00:00Z".parse().unwrap();
        let name = |of: &str, made: DateTime<Utc>| {
            Contents::new(ChaCha12Rng::seed_from_u64(1), made, NameOwner::of(of)).name()
        };
        let old = name("another", now - TimeDelta::hours(1));
        let (young, own) = (name("another", now - TimeDelta::minutes(5)), name("a", now));
        let found =
            named(now - TimeDelta::minutes(15), &[&old, "Evergreen trees", "Evergreen own thing 00000001", "x"]);
        let ids: Vec<&str> = found.orphans.iter().map(|(id, _)| id.as_str()).collect();
        assert_eq!((ids, found.too_young), (vec![format!("id of {old}").as_str()], false));
        let found = named(now - TimeDelta::minutes(15), &[&young]);
        assert_eq!((found.orphans.len(), found.too_young), (0, true));
        let found = named(now - TimeDelta::minutes(15), &[&own]);
        assert_eq!((found.orphans.len(), found.too_young), (1, false), "an account has one run at a time");
    }

    #[test]
    fn a_list_has_ended_only_without_a_link_and_with_fewer_elements_than_asked() {
        let url = "/me/calendars?$select=id,name&$top=2";
        let list = |count: usize| json!({"value": vec![json!({}); count]});
        assert_eq!(next_page(&list(1), url), NextPage::None);
        assert_eq!(next_page(&list(2), url), NextPage::Unknown);
        assert_eq!(next_page(&list(50), "/me/calendars"), NextPage::None);
        let linked = |link: &str| {
            let mut list = list(2);
            list["@odata.nextLink"] = json!(link);
            next_page(&list, url)
        };
        let next = "/me/calendars?$skip=2";
        assert_eq!(linked(&format!("https://graph.microsoft.com/v1.0{next}")), NextPage::At(next.to_owned()));
        for other in [
            "https://graph.microsoft.com/v1.0/users?$skip=2",
            "https://graph.microsoft.com/beta/me/calendars?$skip=2",
            "",
        ] {
            assert_eq!(linked(other), NextPage::Unknown, "{other}");
        }
    }

    #[test]
    fn a_value_is_encoded_in_a_path_and_not_in_a_body() {
        let values = BTreeMap::from([("id", "a/b?{c} d".to_owned())]);
        assert_eq!(fill_url("/x/{id}/{other}", &values), "/x/a%2Fb%3F%7Bc%7D%20d/{other}");
        let body = Payload::Json(json!({"a": ["{id}"], "n": 1}));
        assert_eq!(fill_payload(&body, &values), Payload::Json(json!({"a": ["a/b?{c} d"], "n": 1})));
    }
}
