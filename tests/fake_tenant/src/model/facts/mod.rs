//! Microsoft's own facts about Graph v1.0: its paths, the permissions that they ask for, and its types.
//!
//! The files beside this one are extracts of two public sources, both under the MIT licence (`LICENSE`):
//! `types.json`, `enums.json`, `calls.json` and the kinds of paths come from the CSDL model in
//! microsoftgraph/msgraph-metadata (`schemas/v1.0-Prod.csdl`); `permissions.json` and the permission sets of
//! `routes.json` from the permission table in microsoftgraph/microsoft-graph-devx-content
//! (`permissions/new/permissions.json`). Where the table does not list a served path (open extensions,
//! `/directory/subscriptions`, deleted objects, the default calendar) the reference page's permissions were added by hand.
//!
//! Notation of types: `s` string, `b` boolean, `i`/`l` integers, `d` number, `t` date-time with offset, `D` date,
//! `T` time of day, `P` duration, `g` GUID, `B` binary, `S` stream, `u` anything, `~name` a named type; a leading `*`
//! is a collection, a trailing `!` a required parameter.

use std::collections::{BTreeSet, HashMap};
use std::sync::LazyLock;

use serde_json::Value;

use crate::model::route::Route;
use crate::model::types::{Enum, Type, strings};

pub(crate) static FACTS: LazyLock<Facts> = LazyLock::new(Facts::load);

pub(crate) struct Facts {
    pub routes: Vec<Route>,
    /// Routes by number of segments, then by first segment.
    index: HashMap<(usize, String), Vec<usize>>,
    pub types: HashMap<String, Type>,
    pub enums: HashMap<String, Enum>,
    pub permissions: Vec<String>,
    sets: Vec<BTreeSet<u16>>,
}

/// Every application permission that a served path names.
pub fn application_permissions() -> BTreeSet<String> {
    FACTS.all(false)
}

/// Every delegated permission that a served path names.
pub fn delegated_permissions() -> BTreeSet<String> {
    FACTS.all(true)
}

impl Facts {
    fn load() -> Self {
        let types = object(include_str!("types.json")).into_iter().map(|(n, v)| (n, Type::read(&v))).collect();
        let enums = object(include_str!("enums.json")).into_iter().map(|(n, v)| (n, Enum::read(&v))).collect();
        let calls = object(include_str!("calls.json"));
        let permissions = object(include_str!("permissions.json"));
        let names = strings(&permissions["names"]);
        let sets =
            permissions["sets"].as_array().into_iter().flatten().map(|set| {
                set.as_array().into_iter().flatten().filter_map(|i| u16::try_from(i.as_u64()?).ok()).collect()
            });
        let rows: Vec<Value> = serde_json::from_str(include_str!("routes.json")).expect("routes.json is JSON");
        let routes: Vec<Route> = rows.iter().map(|row| Route::read(row, &calls)).collect();
        let mut index: HashMap<(usize, String), Vec<usize>> = HashMap::new();
        for (at, route) in routes.iter().enumerate() {
            index.entry((route.segments.len(), route.segments[0].clone())).or_default().push(at);
        }
        Self { sets: sets.collect(), permissions: names, index, routes, types, enums }
    }

    /// The routes that could match a path with this many segments and this first segment.
    pub(crate) fn candidates(&self, length: usize, first: &str) -> impl Iterator<Item = &Route> {
        let list = self.index.get(&(length, first.to_owned()));
        list.into_iter().flatten().map(|at| &self.routes[*at])
    }

    /// Whether the set has one of the `held` permissions.
    pub(crate) fn allows(&self, set: usize, held: &BTreeSet<String>) -> bool {
        self.sets[set].iter().any(|at| held.contains(&self.permissions[usize::from(*at)]))
    }

    /// The permissions of a set; empty where this kind of token is not supported.
    pub(crate) fn set(&self, set: usize) -> Vec<&str> {
        self.sets[set].iter().map(|at| self.permissions[usize::from(*at)].as_str()).collect()
    }

    /// Every permission that any served path names for users' tokens (`true`) or apps' (`false`).
    pub(crate) fn all(&self, delegated: bool) -> BTreeSet<String> {
        let allowed = self.routes.iter().flat_map(|r| r.methods.values());
        let sets =
            allowed.flat_map(|a| if delegated { vec![Some(a.delegated), a.me] } else { vec![Some(a.application)] });
        sets.flatten().flat_map(|s| self.set(s)).map(str::to_owned).collect()
    }

    /// The type and its bases, nearest first.
    pub(crate) fn lineage<'a>(&'a self, name: &str) -> impl Iterator<Item = (&'a str, &'a Type)> + use<'a> {
        let first = self.types.get_key_value(name);
        std::iter::successors(first, |(_, found)| self.types.get_key_value(found.base.as_deref()?))
            .map(|(n, t)| (n.as_str(), t))
    }

    pub(crate) fn property<'a>(&'a self, of: &str, name: &str) -> Option<&'a str> {
        self.lineage(of).find_map(|(_, t)| t.properties.get(name)).map(String::as_str)
    }

    pub(crate) fn navigation<'a>(&'a self, of: &str, name: &str) -> Option<&'a str> {
        self.lineage(of).find_map(|(_, t)| t.navigation.get(name)).map(String::as_str)
    }

    pub(crate) fn open(&self, of: &str) -> bool {
        self.lineage(of).any(|(_, t)| t.open)
    }
}

fn object(text: &str) -> serde_json::Map<String, Value> {
    serde_json::from_str(text).expect("the committed facts are JSON objects")
}
