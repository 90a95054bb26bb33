//! Files of the secrets folder that are not used, each with what to do about it.

use std::fs;
use std::path::Path;

use crate::domain::account::AccountId;

/// What `init` writes beside the secrets.
const EXAMPLE: &str = "_example.jsonc";
const RESERVED: [&str; 2] = ["_defaults", "_notify"];
const RESERVED_PREFIXES: [&str; 2] = ["_sign_in_", "_register_"];

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct UnusedFile {
    pub name: String,
    pub advice: String,
    /// The account that the file may be meant for.
    pub account: String,
}

/// Every entry of the folder that no account is read from, sorted by name. Hidden files are left out.
pub(crate) fn unused_files(folder: &Path) -> Vec<UnusedFile> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let unused = entries.flatten().filter_map(|entry| {
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_file = fs::metadata(entry.path()).is_ok_and(|metadata| metadata.is_file());
        advice(&name, is_file).map(|advice| UnusedFile { account: suggested(&name), name, advice })
    });
    let mut unused: Vec<UnusedFile> = unused.collect();
    unused.sort();
    unused
}

/// Whether an entry of the folder is a secret.
pub(crate) fn is_used(name: &str, is_file: bool) -> bool {
    name.ends_with(".json") && !name.starts_with('.') && advice(name, is_file).is_none()
}

/// What to do about an entry; `None` for one that is used or hidden.
fn advice(name: &str, is_file: bool) -> Option<String> {
    if name.starts_with('.') || name == EXAMPLE {
        return None;
    }
    if !is_file {
        return Some("not a file: put secret files directly into this folder".to_owned());
    }
    let Some(stem) = name.strip_suffix(".json") else {
        return Some(format!("not used: rename it to {}.json, or delete it", suggested(name)));
    };
    if RESERVED.contains(&stem) || RESERVED_PREFIXES.iter().any(|prefix| stem.starts_with(prefix)) {
        return None;
    }
    match AccountId::parse(stem) {
        Ok(_) => None,
        Err(_) if stem.starts_with('_') => {
            Some(format!("not used: names with `_` first are reserved; rename it to {}.json", suggested(stem)))
        }
        Err(_) => Some(format!(
            "not used: an account's name has letters, digits and . _ @ + - only; rename it to {}.json",
            suggested(stem)
        )),
    }
}

/// The account that a file's name means.
fn suggested(name: &str) -> String {
    const ENDINGS: [&str; 7] = [".txt", ".bak", ".jsonc", ".json5", ".json", ".old", "~"];
    let mut stem = name.to_owned();
    while let Some(ending) = ENDINGS.iter().find(|ending| stem.to_ascii_lowercase().ends_with(**ending)) {
        stem.truncate(stem.len() - ending.len());
    }
    let allowed = |character: char| character.is_ascii_alphanumeric() || "._@+-".contains(character);
    let stem: String = stem.chars().map(|character| if allowed(character) { character } else { '-' }).collect();
    let stem = stem.trim_start_matches(|character: char| !character.is_ascii_alphanumeric());
    if stem.is_empty() { "mine".to_owned() } else { stem.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unused_file_is_named_with_what_to_do() {
        for (name, renamed) in [
            ("mine.txt", "mine.json"),
            ("mine", "mine.json"),
            ("mine.jsonc", "mine.json"),
            ("mine.json.txt", "mine.json"),
            ("Mine.JSON", "Mine.json"),
            ("mine.json~", "mine.json"),
            ("_mine.json", "mine.json"),
            ("my tenant.json", "my-tenant.json"),
        ] {
            let advice = advice(name, true).unwrap();
            assert!(advice.contains(&format!("rename it to {renamed}")), "{name}: {advice}");
        }
        assert!(advice("folder.json", false).unwrap().contains("not a file"));
    }

    #[test]
    fn used_reserved_and_hidden_files_are_not_named() {
        for name in ["mine.json", "a@b.example.json", "_defaults.json", "_sign_in_mine.json", EXAMPLE, ".mine.json.0f"]
        {
            assert_eq!(advice(name, true), None, "{name}");
        }
    }
}
