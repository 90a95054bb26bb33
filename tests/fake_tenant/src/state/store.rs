//! The objects of one tenant, by collection and id. Knows nothing of Graph.
//!
//! A collection is named by the path that holds it, e.g. `users/<id>/todo/lists`; an object that is the only one of
//! its kind is the object `""` of the collection of its own path. Properties that begin with `_` are internal and
//! never answered: `_seq` (order of creation), `_made` (created by a request), `_in` (container), `_content` (base64).

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

pub(crate) type Object = Map<String, Value>;

#[derive(Default)]
pub(crate) struct Store {
    collections: BTreeMap<String, BTreeMap<String, Object>>,
    sequence: u64,
}

impl Store {
    pub(crate) fn put(&mut self, collection: &str, id: &str, mut object: Object) {
        if !object.contains_key("_seq") {
            self.sequence += 1;
            object.insert("_seq".into(), json!(self.sequence));
        }
        self.collections.entry(collection.to_owned()).or_default().insert(id.to_owned(), object);
    }

    pub(crate) fn get(&self, collection: &str, id: &str) -> Option<&Object> {
        self.collections.get(collection)?.get(id)
    }

    pub(crate) fn get_mut(&mut self, collection: &str, id: &str) -> Option<&mut Object> {
        self.collections.get_mut(collection)?.get_mut(id)
    }

    /// In order of creation.
    pub(crate) fn list(&self, collection: &str) -> Vec<(&String, &Object)> {
        let mut all: Vec<_> = self.collections.get(collection).into_iter().flatten().collect();
        all.sort_by_key(|(_, object)| object.get("_seq").and_then(Value::as_u64));
        all
    }

    /// Removes an object and everything below it.
    pub(crate) fn remove(&mut self, collection: &str, id: &str) -> Option<Object> {
        let held = self.collections.get_mut(collection)?;
        let gone = held.remove(id)?;
        if held.is_empty() {
            self.collections.remove(collection);
        }
        let below = if id.is_empty() { format!("{collection}/") } else { format!("{collection}/{id}/") };
        self.collections.retain(|name, _| !name.starts_with(&below));
        Some(gone)
    }

    /// Gives an object another id; everything below it moves with it.
    pub(crate) fn rename(&mut self, collection: &str, id: &str, new: &str) {
        let (old, fresh) = (format!("{collection}/{id}/"), format!("{collection}/{new}/"));
        let below: Vec<String> = self.collections.keys().filter(|name| name.starts_with(&old)).cloned().collect();
        for name in below {
            let objects = self.collections.remove(&name).unwrap_or_default();
            self.collections.insert(name.replacen(&old, &fresh, 1), objects);
        }
        if let Some(object) = self.remove(collection, id) {
            self.put(collection, new, object);
        }
    }

    /// Everything, in canonical order, without the order of creation.
    pub(crate) fn snapshot(&self) -> Value {
        let all = self.collections.iter().map(|(name, objects)| {
            let objects = objects.iter().map(|(id, object)| {
                let mut object = object.clone();
                object.remove("_seq");
                (id.clone(), Value::Object(object))
            });
            (name.clone(), Value::Object(objects.collect()))
        });
        Value::Object(all.collect())
    }
}

/// The string property, or nothing.
pub(crate) fn text<'a>(object: &'a Object, name: &str) -> &'a str {
    object.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// The object without internal properties.
pub(crate) fn visible(object: &Object) -> Object {
    object.iter().filter(|(k, _)| !k.starts_with('_')).map(|(k, v)| (k.clone(), v.clone())).collect()
}

/// The map inside `json!({...})`.
pub(crate) fn object(value: Value) -> Object {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
