//! Microsoft's own statements about Graph v1.0: which paths exist, who may call them, what their types hold.
//!
//! The files in `facts/` are extracts of two public sources, both under the MIT licence (`facts/LICENSE`):
//! `types.json`, `enums.json`, `calls.json` and the kinds of paths come from the CSDL model in
//! microsoftgraph/msgraph-metadata (`schemas/v1.0-Prod.csdl`); `permissions.json` and the permission sets of
//! `routes.json` from the permission table in microsoftgraph/microsoft-graph-devx-content
//! (`permissions/new/permissions.json`). Where the table is silent on a served path (open extensions,
//! `/directory/subscriptions`, deleted objects, the default calendar) the reference page's permissions were added by hand.
//!
//! Notation of types: `s` string, `b` boolean, `i`/`l` integers, `d` number, `t` date-time with offset, `D` date,
//! `T` time of day, `P` duration, `g` GUID, `B` binary, `S` stream, `u` anything, `~name` a named type; a leading `*`
//! is a collection, a trailing `!` a required parameter.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::LazyLock;

use serde_json::Value;

pub static FACTS: LazyLock<Facts> = LazyLock::new(Facts::load);

pub struct Facts {
    pub routes: Vec<Route>,
    /// Routes by number of segments, then by first segment.
    index: HashMap<(usize, String), Vec<usize>>,
    pub types: HashMap<String, Type>,
    pub enums: HashMap<String, Enum>,
    pub permissions: Vec<String>,
    sets: Vec<BTreeSet<u16>>,
}

/// What stands at the end of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Collection,
    Entity,
    Property,
    Stream,
    Action,
    Function,
    Count,
    Reference,
}

pub struct Route {
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
pub struct Allowed {
    /// Delegated, addressed through `/me`; `None` where `/me` makes no sense.
    pub me: Option<usize>,
    pub delegated: usize,
    pub application: usize,
}

#[derive(Default)]
pub struct Type {
    pub base: Option<String>,
    pub open: bool,
    pub properties: BTreeMap<String, String>,
    pub navigation: BTreeMap<String, String>,
}

pub struct Enum {
    pub flags: bool,
    pub members: Vec<String>,
}

impl Facts {
    fn load() -> Self {
        let types = object(include_str!("facts/types.json")).into_iter().map(|(n, v)| (n, Type::read(&v))).collect();
        let enums = object(include_str!("facts/enums.json")).into_iter().map(|(n, v)| (n, Enum::read(&v))).collect();
        let calls = object(include_str!("facts/calls.json"));
        let permissions = object(include_str!("facts/permissions.json"));
        let names = strings(&permissions["names"]);
        let sets =
            permissions["sets"].as_array().into_iter().flatten().map(|set| {
                set.as_array().into_iter().flatten().filter_map(|i| u16::try_from(i.as_u64()?).ok()).collect()
            });
        let rows: Vec<Value> = serde_json::from_str(include_str!("facts/routes.json")).expect("routes.json is JSON");
        let routes: Vec<Route> = rows.iter().map(|row| Route::read(row, &calls)).collect();
        let mut index: HashMap<(usize, String), Vec<usize>> = HashMap::new();
        for (at, route) in routes.iter().enumerate() {
            index.entry((route.segments.len(), route.segments[0].clone())).or_default().push(at);
        }
        Self { sets: sets.collect(), permissions: names, index, routes, types, enums }
    }

    /// The routes that could match a path with this many segments and this first segment.
    pub fn candidates(&self, length: usize, first: &str) -> impl Iterator<Item = &Route> {
        let list = self.index.get(&(length, first.to_owned()));
        list.into_iter().flatten().map(|at| &self.routes[*at])
    }

    /// Whether one of `held` is in the set.
    pub fn allows(&self, set: usize, held: &BTreeSet<String>) -> bool {
        self.sets[set].iter().any(|at| held.contains(&self.permissions[usize::from(*at)]))
    }

    /// The permissions of a set; empty where this kind of token is not supported.
    pub fn set(&self, set: usize) -> Vec<&str> {
        self.sets[set].iter().map(|at| self.permissions[usize::from(*at)].as_str()).collect()
    }

    /// Every permission that any served path names for users' tokens (`true`) or apps' (`false`).
    pub fn all(&self, delegated: bool) -> BTreeSet<String> {
        let allowed = self.routes.iter().flat_map(|r| r.methods.values());
        let sets =
            allowed.flat_map(|a| if delegated { vec![Some(a.delegated), a.me] } else { vec![Some(a.application)] });
        sets.flatten().flat_map(|s| self.set(s)).map(str::to_owned).collect()
    }

    /// The type and its bases, nearest first.
    pub fn lineage<'a>(&'a self, name: &str) -> impl Iterator<Item = (&'a str, &'a Type)> + use<'a> {
        let first = self.types.get_key_value(name);
        std::iter::successors(first, |(_, found)| self.types.get_key_value(found.base.as_deref()?))
            .map(|(n, t)| (n.as_str(), t))
    }

    pub fn property<'a>(&'a self, of: &str, name: &str) -> Option<&'a str> {
        self.lineage(of).find_map(|(_, t)| t.properties.get(name)).map(String::as_str)
    }

    pub fn navigation<'a>(&'a self, of: &str, name: &str) -> Option<&'a str> {
        self.lineage(of).find_map(|(_, t)| t.navigation.get(name)).map(String::as_str)
    }

    pub fn open(&self, of: &str) -> bool {
        self.lineage(of).any(|(_, t)| t.open)
    }
}

impl Route {
    fn read(row: &Value, calls: &serde_json::Map<String, Value>) -> Self {
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
    pub fn type_name(&self) -> &str {
        self.answers.trim_start_matches('*').trim_start_matches('~')
    }
}

impl Type {
    fn read(value: &Value) -> Self {
        let map = |key: &str| {
            let fields = value[key].as_object().into_iter().flatten();
            fields.map(|(n, t)| (n.clone(), t.as_str().unwrap_or("u").to_owned())).collect()
        };
        Self {
            base: value["b"].as_str().map(str::to_owned),
            open: value.get("o").is_some(),
            properties: map("p"),
            navigation: map("n"),
        }
    }
}

impl Enum {
    fn read(value: &Value) -> Self {
        Self {
            flags: value[0] == 1,
            members: value.as_array().map(|v| v[1..].to_vec()).map(|v| strings(&v.into())).unwrap_or_default(),
        }
    }

    /// Members are taken in any case; flags may be joined by commas.
    pub fn accepts(&self, text: &str) -> bool {
        let known = |part: &str| self.members.iter().any(|m| m.eq_ignore_ascii_case(part.trim()));
        if self.flags { text.split(',').all(known) } else { known(text) }
    }
}

fn index_of(value: &Value) -> usize {
    value.as_u64().and_then(|n| usize::try_from(n).ok()).expect("an index")
}

fn strings(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn object(text: &str) -> serde_json::Map<String, Value> {
    serde_json::from_str(text).expect("the committed facts are JSON objects")
}
