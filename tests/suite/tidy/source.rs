//! Source files for the tidy tests: paths, lines of code, and the pieces of a text.

use std::fs;
use std::path::{Path, PathBuf};

/// A source file.
pub(super) struct Source {
    /// From the root, e.g. `src/domain/plan/mod.rs`.
    pub path: String,
    pub text: String,
}

impl Source {
    /// The text without the tests at its end; empty for a file of tests.
    pub(super) fn without_tests(&self) -> &str {
        if self.path.ends_with("/tests.rs") || self.path.contains("/tests/") {
            return "";
        }
        let end =
            self.text.find("\n#[cfg(test)]\nmod tests {").or(self.text.find("\n#[cfg(all(test, unix))]\nmod tests {"));
        &self.text[..end.unwrap_or(self.text.len())]
    }

    /// The code, line by line, without lines of comment and without tests.
    pub(super) fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.without_tests().lines().enumerate().map(|(index, line)| (index + 1, line));
        lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
    }

    pub(super) fn within(&self, folder: &str) -> bool {
        self.path.starts_with(folder)
    }
}

pub(super) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The files of a folder and its subfolders with this extension, sorted by name, without build output.
pub(super) fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![root().join(folder)];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.ends_with("target") {
                open.push(path);
            } else if path.extension().is_some_and(|found| found == extension) {
                found.push(path);
            }
        }
    }
    found.sort();
    assert!(!found.is_empty(), "{folder} has files");
    found
}

pub(super) fn sources(folder: &str) -> Vec<Source> {
    let source = |path: PathBuf| {
        let text = fs::read_to_string(&path).unwrap();
        Source { path: path.strip_prefix(root()).unwrap().to_str().unwrap().replace('\\', "/"), text }
    };
    files(folder, "rs").into_iter().map(source).collect()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Code,
    Comment,
    Text,
}

/// A piece of a source text: code, the text of a comment, or the content of a string.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub kind: Kind,
    /// Its first line, from 1.
    pub line: usize,
    pub text: String,
}

/// Splits a source text into pieces. Consecutive comment lines are one piece.
pub(super) fn pieces(text: &str) -> Vec<Piece> {
    let mut found: Vec<Piece> = Vec::new();
    let mut add = |kind: Kind, at: usize, part: &str| match found.last_mut() {
        Some(last) if last.kind == kind && kind != Kind::Text => last.text.push_str(part),
        _ => found.push(Piece { kind, line: text[..at].matches('\n').count() + 1, text: part.to_owned() }),
    };
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        let length = if rest.starts_with("//") {
            let length = rest.find('\n').map_or(rest.len(), |end| end + 1);
            add(Kind::Comment, at, rest[..length].trim_start_matches(['/', '!']));
            // The indentation of the next comment line belongs to neither piece.
            let next = &rest[length..];
            let indent = next.len() - next.trim_start_matches(' ').len();
            length + if next[indent..].starts_with("//") { indent } else { 0 }
        } else if let Some(hashes) = raw_string(rest).filter(|_| !text[..at].ends_with(part_of_a_name)) {
            let open = hashes + 2;
            let close = format!("\"{}", "#".repeat(hashes));
            let length = rest[open..].find(&close).map_or(rest.len() - open, |end| end);
            add(Kind::Text, at, &rest[open..open + length]);
            (open + length + close.len()).min(rest.len())
        } else if first == '"' {
            let mut escaped = false;
            let end = rest[1..].find(|c| {
                let ends = c == '"' && !escaped;
                escaped = c == '\\' && !escaped;
                ends
            });
            let end = end.map_or(rest.len() - 1, |end| end);
            add(Kind::Text, at, &rest[1..=end]);
            (end + 2).min(rest.len())
        } else if let Some(length) = character(rest) {
            length
        } else {
            add(Kind::Code, at, &rest[..first.len_utf8()]);
            first.len_utf8()
        };
        at += length;
    }
    found
}

fn part_of_a_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The number of `#` that open a raw string here.
fn raw_string(text: &str) -> Option<usize> {
    let rest = text.strip_prefix('r')?;
    let hashes = rest.len() - rest.trim_start_matches('#').len();
    rest[hashes..].starts_with('"').then_some(hashes)
}

/// The length of a character literal; `None` for a lifetime.
fn character(text: &str) -> Option<usize> {
    let rest = text.strip_prefix('\'')?;
    if rest.starts_with('\\') {
        return rest.char_indices().skip(2).find(|(_, c)| *c == '\'').map(|(at, _)| at + 2);
    }
    let first = rest.chars().next()?;
    rest[first.len_utf8()..].starts_with('\'').then_some(first.len_utf8() + 2)
}

#[test]
fn source_text_is_split_into_code_comments_and_strings() {
    let text = "//! One.\n//! Two.\nfn f<'a>(x: &'a str) -> char { g(\"// \\\"no\", r#\"raw \"x\"\"#, '\"') } // end\n";
    let pieces: Vec<_> = pieces(text).into_iter().map(|piece| (piece.kind, piece.line, piece.text)).collect();
    assert_eq!(
        pieces,
        [
            (Kind::Comment, 1, " One.\n Two.\n".to_owned()),
            (Kind::Code, 3, "fn f<'a>(x: &'a str) -> char { g(".to_owned()),
            (Kind::Text, 3, "// \\\"no".to_owned()),
            (Kind::Code, 3, ", ".to_owned()),
            (Kind::Text, 3, "raw \"x\"".to_owned()),
            (Kind::Code, 3, ", ) } ".to_owned()),
            (Kind::Comment, 3, " end\n".to_owned()),
        ]
    );
}
