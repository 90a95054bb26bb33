//! Resource paths: where the store keeps what an address names. Aliases (`/me/drive/root`, `inbox`, a UPN) are resolved.

use serde_json::Value;

use crate::state::store::{Object, Store, text};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ResourcePath {
    pub collection: String,
    /// `None`: the collection itself; `""`: the only thing of its kind.
    pub id: Option<String>,
    /// The id of the container that the address names.
    pub within: Option<String>,
}

/// Collections whose objects lie in a container (`_in`), each with the collection of its containers, which is a sibling.
const CONTAINED: &[(&str, &str)] = &[
    ("messages", "mailFolders"),
    ("mailFolders", "mailFolders"),
    ("events", "calendars"),
    ("calendars", "calendarGroups"),
    ("contacts", "contactFolders"),
    ("contactFolders", "contactFolders"),
    ("items", "items"),
    ("sections", "notebooks"),
    ("pages", "sections"),
];

impl ResourcePath {
    fn new(collection: String, id: Option<&String>, within: Option<String>) -> Self {
        Self { collection, id: id.cloned(), within }
    }
}

/// Resolves an address whose user is already an id.
pub(super) fn locate(store: &Store, segments: &[String]) -> ResourcePath {
    let path = canonical(store, segments);
    let s: Vec<&str> = path.iter().map(String::as_str).collect();
    let at = |n: usize| path.get(n);
    match s.as_slice() {
        ["users", u, list @ ("mailFolders" | "contactFolders"), f, "childFolders", ..] => {
            ResourcePath::new(format!("users/{u}/{list}"), at(5), Some((*f).into()))
        }
        ["users", u, "mailFolders", f, "messages", ..] => {
            ResourcePath::new(format!("users/{u}/messages"), at(5), Some((*f).into()))
        }
        ["users", u, "contactFolders", f, "contacts", ..] => {
            ResourcePath::new(format!("users/{u}/contacts"), at(5), Some((*f).into()))
        }
        ["users", u, "calendars", c, "events" | "calendarView", ..] => {
            ResourcePath::new(format!("users/{u}/events"), at(5), Some((*c).into()))
        }
        ["users", u, "calendarGroups", g, "calendars", ..] => {
            ResourcePath::new(format!("users/{u}/calendars"), at(5), Some((*g).into()))
        }
        ["users", u, list @ ("mailFolders" | "contactFolders")] => {
            ResourcePath::new(format!("users/{u}/{list}"), None, Some("root".into()))
        }
        ["users", u, "events" | "calendarView"] => {
            let calendars = format!("users/{u}/calendars");
            ResourcePath::new(format!("users/{u}/events"), None, named(store, &calendars, "calendar"))
        }
        ["users", u, "contacts"] => {
            let folders = format!("users/{u}/contactFolders");
            ResourcePath::new(format!("users/{u}/contacts"), None, named(store, &folders, "contacts"))
        }
        ["users", u, "onenote", "notebooks" | "sectionGroups", n, "sections", ..] => {
            ResourcePath::new(format!("users/{u}/onenote/sections"), at(6), Some((*n).into()))
        }
        ["users", u, "onenote", "sections", n, "pages", ..] => {
            ResourcePath::new(format!("users/{u}/onenote/pages"), at(6), Some((*n).into()))
        }
        ["drives", d, "items", i, "children"] => {
            ResourcePath::new(format!("drives/{d}/items"), None, Some((*i).into()))
        }
        _ => plain(&path),
    }
}

/// A path without containers and aliases is the name of its collection.
fn plain(path: &[String]) -> ResourcePath {
    ResourcePath { collection: path.join("/"), id: None, within: None }
}

/// Resolves an address whose last segment is a key.
pub(super) fn keyed(store: &Store, segments: &[String]) -> ResourcePath {
    let mut found = locate(store, segments);
    if found.id.is_none()
        && let Some((collection, id)) = found.collection.rsplit_once('/')
    {
        let (collection, id) = (collection.to_owned(), id.to_owned());
        found = ResourcePath { collection, id: Some(id), within: None };
    }
    found
}

/// Resolves the address of an object that is the only one of its kind.
pub(super) fn single(store: &Store, segments: &[String]) -> ResourcePath {
    let path = canonical(store, segments);
    let names: Vec<&str> = path.iter().map(String::as_str).collect();
    let keyed = matches!(names[..], ["drives", _] | ["drives", _, "items", _] | ["users", _, "calendars", _]);
    if keyed {
        let (id, rest) = path.split_last().expect("two segments");
        return ResourcePath { collection: rest.join("/"), id: Some(id.clone()), within: None };
    }
    ResourcePath { collection: path.join("/"), id: Some(String::new()), within: None }
}

/// Replaces aliases by ids.
fn canonical(store: &Store, segments: &[String]) -> Vec<String> {
    let mut path = segments.to_vec();
    if path.len() > 1 && path[0] == "sites" {
        resolve(store, &mut path, 1);
    }
    if path.len() > 2 && matches!(path[0].as_str(), "users" | "groups" | "sites") && path[2] == "drive" {
        let owner = format!("{}/{}", path[0], path[1]);
        let drive = drive_of(store, &owner).unwrap_or_else(|| "none".into());
        path.splice(0..3, ["drives".to_owned(), drive]);
    }
    if path.len() > 2 && path[0] == "drives" && path[2] == "root" {
        path[2] = "items".into();
        path.insert(3, "root".into());
    }
    if path.len() > 3 && path[0] == "drives" && path[2] == "special" {
        path[2] = "items".into();
    }
    if path.len() > 3 && path[0] == "drives" && path[2] == "items" {
        resolve(store, &mut path, 3);
    }
    if path.len() > 2 && path[0] == "users" && path[2] == "calendar" {
        path[2] = "calendars".into();
        path.insert(3, "calendar".into());
    }
    if path.len() > 3
        && path[0] == "users"
        && matches!(path[2].as_str(), "mailFolders" | "calendars" | "contactFolders")
    {
        resolve(store, &mut path, 3);
    }
    if path.len() > 5 && path[4] == "childFolders" {
        // A child is kept in the same flat collection as its parent.
        let flat = path[..3].join("/");
        if let Some(id) = named(store, &flat, &path[5]) {
            path[5] = id;
        }
    }
    path
}

fn resolve(store: &Store, path: &mut [String], at: usize) {
    let collection = path[..at].join("/");
    if store.get(&collection, &path[at]).is_none()
        && let Some(id) = named(store, &collection, &path[at])
    {
        path[at] = id;
    }
}

/// The id behind a well-known name.
pub(super) fn named(store: &Store, collection: &str, name: &str) -> Option<String> {
    let same = |object: &Object| text(object, "_known").eq_ignore_ascii_case(name);
    store.list(collection).into_iter().find(|(_, o)| same(o)).map(|(id, _)| id.clone())
}

/// The first drive of a user, group or site.
pub(super) fn drive_of(store: &Store, owner: &str) -> Option<String> {
    store.list("drives").into_iter().find(|(_, d)| text(d, "_owner") == owner).map(|(id, _)| id.clone())
}

/// The collections whose objects may lie in an object of this one.
pub(super) fn contents_of(collection: &str) -> Vec<String> {
    let Some((head, last)) = collection.rsplit_once('/') else { return Vec::new() };
    CONTAINED.iter().filter(|(_, container)| *container == last).map(|(inner, _)| format!("{head}/{inner}")).collect()
}

/// The parent of an object: its container, else the object whose path leads to it.
pub(super) fn parent_of(store: &Store, collection: &str, id: &str) -> Option<(String, String)> {
    let (head, last) = collection.rsplit_once('/')?;
    let container = store.get(collection, id).and_then(|o| o.get("_in")).and_then(Value::as_str);
    if let Some(container) = container {
        let (_, of) = CONTAINED.iter().find(|(inner, _)| *inner == last)?;
        return Some((format!("{head}/{of}"), container.to_owned()));
    }
    above(store, collection)
}

/// The object whose path leads to this collection.
pub(super) fn above(store: &Store, collection: &str) -> Option<(String, String)> {
    let mut rest = collection;
    while let Some((head, _)) = rest.rsplit_once('/') {
        if let Some((outer, id)) = head.rsplit_once('/')
            && store.get(outer, id).is_some()
        {
            return Some((outer.to_owned(), id.to_owned()));
        }
        rest = head;
    }
    None
}
