//! Import circles: no file imports another that, however far around, imports it back.
//!
//! Read off the text: `use` lines and inline paths, each resolved to the file of the longest prefix that is a module. A
//! folder's `mod.rs` and its children count; a `mod` line alone is not an import. Tests are left out.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs;
use std::path::Path;

use super::source::{Kind, files, pieces, root};

/// A module's path below the crate's root, e.g. `["domain", "plan"]`.
type Module = Vec<String>;

#[test]
fn no_file_imports_another_that_imports_it_back() {
    for folder in ["src", "tests/fake_tenant/src"] {
        let circles = circles(&imports(folder));
        assert!(
            circles.is_empty(),
            "{folder}: files that import each other, however far around:\n{}",
            circles.join("\n")
        );
    }
}

#[test]
fn a_circle_through_a_mod_file_or_an_inline_path_is_found() {
    let modules: BTreeSet<Module> = ["", "a", "a::b", "c"].into_iter().map(module).collect();
    let edge = |from: &str, text: &str| {
        imported(&module(from), text, &modules).into_iter().map(|to| to.join("::")).collect::<Vec<_>>()
    };
    assert_eq!(edge("a", "mod b;\npub use b::{X, Y};"), ["a::b"]);
    assert_eq!(edge("a::b", "use super::Z;\n// use crate::c::D;"), ["a"]);
    assert_eq!(edge("a::b", "fn f() { crate::c::g(\"crate::a\") }"), ["c"]);
    assert_eq!(edge("c", "use crate::{a::{self, b::X}, other::Y};"), ["a", "a::b"]);
    let graph = BTreeMap::from([("a", "b"), ("b", "c"), ("c", "a"), ("d", "a")]);
    let graph = graph.into_iter().map(|(from, to)| (from.to_owned(), BTreeSet::from([to.to_owned()]))).collect();
    assert_eq!(circles(&graph), ["a -> b -> c -> a"]);
}

fn module(path: &str) -> Module {
    path.split("::").filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

/// Which file imports which.
fn imports(folder: &str) -> BTreeMap<String, BTreeSet<String>> {
    let paths: BTreeMap<Module, String> = files(folder, "rs")
        .into_iter()
        .filter_map(|path| {
            let below = path.strip_prefix(root().join(folder)).ok()?.with_extension("");
            let mut parts: Module = below.iter().map(|part| part.to_string_lossy().into_owned()).collect();
            let outside = parts[0] == "bin" || parts == ["main"] || parts.iter().any(|part| part == "tests");
            if matches!(parts.last().map(String::as_str), Some("mod" | "lib")) {
                parts.pop();
            }
            let shown = path.strip_prefix(root()).unwrap_or(&path).to_string_lossy().replace('\\', "/");
            (!outside).then_some((parts, shown))
        })
        .collect();
    let modules = paths.keys().cloned().collect();
    paths
        .iter()
        .map(|(module, path)| {
            let text = fs::read_to_string(root().join(Path::new(path))).unwrap();
            let to = imported(module, &text, &modules).into_iter().filter_map(|module| paths.get(&module).cloned());
            (path.clone(), to.collect())
        })
        .collect()
}

/// The other modules that a module's text names; the crate's root, which declares them all, is left out.
fn imported(module: &Module, text: &str, modules: &BTreeSet<Module>) -> BTreeSet<Module> {
    let code = code(&text[..text.find("\n#[cfg(test)]\nmod tests {").unwrap_or(text.len())]);
    let mut found = BTreeSet::new();
    let mut rest = String::new();
    let mut parts = code.split(';');
    for part in &mut parts {
        match part
            .rsplit_once("use ")
            .filter(|(before, _)| before.trim_end().is_empty() || before.ends_with(char::is_whitespace))
        {
            Some((before, tree)) if !tree.contains(['(', '=']) => {
                rest.push_str(before);
                let mut paths = Vec::new();
                flatten("", &tree.split_whitespace().collect::<Vec<_>>().join(" "), &mut paths);
                found.extend(paths.iter().filter_map(|path| resolve(module, path, modules)));
            }
            _ => rest.push_str(part),
        }
        rest.push(' ');
    }
    for path in rest.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')) {
        if path.contains("::") {
            found.extend(resolve(module, path.trim_matches(':'), modules));
        }
    }
    found.retain(|other| other != module && !other.is_empty());
    found
}

/// The paths of a `use` tree, each whole.
fn flatten(prefix: &str, tree: &str, paths: &mut Vec<String>) {
    let tree = tree.trim();
    match tree.find('{') {
        None => paths.push(format!("{prefix}{}", tree.split(" as ").next().unwrap_or(tree).trim())),
        Some(open) => {
            let prefix = format!("{prefix}{}", &tree[..open]);
            let (mut depth, mut start) = (0_usize, open + 1);
            for (at, c) in tree.char_indices().skip_while(|(at, _)| *at <= open) {
                match c {
                    '{' => depth += 1,
                    '}' if depth > 0 => depth -= 1,
                    ',' | '}' if depth == 0 => {
                        if !tree[start..at].trim().is_empty() {
                            flatten(&prefix, &tree[start..at], paths);
                        }
                        start = at + 1;
                    }
                    _ => {}
                }
            }
        }
    }
}

/// The module of the longest prefix of a path, as seen from inside `module`; `None` for another crate's.
fn resolve(module: &Module, path: &str, modules: &BTreeSet<Module>) -> Option<Module> {
    let mut parts = path.split("::").map(str::trim).peekable();
    let mut at = match *parts.peek()? {
        "crate" => {
            parts.next();
            Vec::new()
        }
        "self" => {
            parts.next();
            module.clone()
        }
        "super" => module.clone(),
        child => {
            let inside = [&module[..], &[child.to_owned()]].concat();
            modules.contains(&inside).then(|| module.clone())?
        }
    };
    while parts.next_if_eq(&"super").is_some() {
        at.pop();
    }
    for part in parts {
        at.push(part.to_owned());
        if !modules.contains(&at) {
            at.pop();
            break;
        }
    }
    Some(at)
}

/// The code, without comments, strings and the scopes of visibilities.
fn code(text: &str) -> String {
    let code = pieces(text).into_iter().filter(|piece| piece.kind == Kind::Code);
    let code = code.map(|piece| piece.text).collect::<Vec<_>>().join(" ");
    // The scope of a visibility is not an import.
    let mut parts = code.split("pub(in ");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |code, part| code + part.split_once(')').map_or(part, |(_, rest)| rest))
}

/// Each circle once, from its first file by name and back to it.
fn circles(imports: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    let mut found = BTreeSet::new();
    for start in imports.keys() {
        // The shortest way from the file back to itself.
        let mut from: BTreeMap<&str, &str> = BTreeMap::new();
        let mut open = VecDeque::from([start.as_str()]);
        'search: while let Some(at) = open.pop_front() {
            for next in imports.get(at).into_iter().flatten() {
                if next == start {
                    let mut way = vec![start.as_str(), at];
                    while way[way.len() - 1] != start {
                        way.push(from[way[way.len() - 1]]);
                    }
                    way.reverse();
                    if way.iter().all(|file| *file >= start.as_str()) {
                        found.insert(way.join(" -> "));
                    }
                    break 'search;
                }
                if !from.contains_key(next.as_str()) {
                    from.insert(next, at);
                    open.push_back(next);
                }
            }
        }
    }
    found.into_iter().collect()
}
