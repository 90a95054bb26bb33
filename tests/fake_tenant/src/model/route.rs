//! A route of Graph: a path of the model, its methods, and the permissions that each asks for.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// What the last segment of a path addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Collection,
    Entity,
    Property,
    Stream,
    Action,
    Function,
    Count,
    Reference,
}

pub(crate) struct Route {
    /// `/users/{}/messages/{}`; `/me` is the same as `/users/{}`.
    pub template: String,
    pub segments: Vec<String>,
    pub kind: Kind,
    /// Notation of the type answered.
    pub answers: String,
    pub methods: BTreeMap<String, Allowed>,
    /// Parameters of an action or function.
    pub parameters: Vec<(String, String)>,
}

/// Indices of permission sets; any one permission of a set suffices.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Allowed {
    /// Delegated, addressed through `/me`; `None` where `/me` makes no sense.
    pub me: Option<usize>,
    pub delegated: usize,
    pub application: usize,
}

impl Route {
    pub(crate) fn read(row: &Value, calls: &Map<String, Value>) -> Self {
        let template = row[0].as_str().expect("a template").to_owned();
        let kind = match row[1].as_str() {
            Some("C") => Kind::Collection,
            Some("E") => Kind::Entity,
            Some("P") => Kind::Property,
            Some("V") => Kind::Stream,
            Some("A") => Kind::Action,
            Some("F") => Kind::Function,
            Some("N") => Kind::Count,
            _ => Kind::Reference,
        };
        let methods = row[3].as_object().expect("methods").iter().map(|(method, sets)| {
            let sets: Vec<usize> = sets.as_array().expect("sets").iter().map(index_of).collect();
            let (me, rest) = if sets.len() == 3 { (Some(sets[0]), &sets[1..]) } else { (None, &sets[..]) };
            (method.clone(), Allowed { me, delegated: rest[0], application: rest[1] })
        });
        let parameters = calls.get(&template).and_then(|c| c["p"].as_object()).into_iter().flatten();
        Self {
            segments: template.trim_start_matches('/').split('/').map(str::to_owned).collect(),
            kind,
            answers: row[2].as_str().unwrap_or_default().to_owned(),
            methods: methods.collect(),
            parameters: parameters.map(|(n, t)| (n.clone(), t.as_str().unwrap_or("u").to_owned())).collect(),
            template,
        }
    }

    /// The named type answered, without the collection mark.
    pub(crate) fn type_name(&self) -> &str {
        self.answers.trim_start_matches('*').trim_start_matches('~')
    }
}

fn index_of(value: &Value) -> usize {
    value.as_u64().and_then(|n| usize::try_from(n).ok()).expect("an index")
}
