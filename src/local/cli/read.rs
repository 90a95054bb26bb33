//! Arguments that are text, `@FILE`, or `-` for standard input.

use std::io::{Read, stdin};
use std::path::Path;

use anyhow::{Context, anyhow, ensure};
use serde_json::Value;

use crate::domain::lenient_json::{decode, lenient_json};
use crate::domain::secret::import::MAX_BYTES;

/// Reads JSON: the argument itself, a file, or standard input.
///
/// # Errors
/// If it is not JSON; the message shows how it is written, never what was given.
pub(super) fn json(argument: &str) -> anyhow::Result<Value> {
    let text = match argument {
        "-" => standard_input()?,
        _ => match argument.strip_prefix('@') {
            Some(path) => file(Path::new(path))?,
            None => argument.to_owned(),
        },
    };
    let strict = lenient_json(text.as_bytes())?;
    serde_json::from_str(&strict).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        anyhow!(
            "not JSON (line {line}, column {column}). Write it like '{{\"action\": \"run\", \"account\": \"mine\"}}'; name \
             a file with @FILE, and standard input with -"
        )
    })
}

/// Reads a file, or `-` for standard input, as text.
///
/// # Errors
/// If it cannot be read, is too large, or is neither UTF-8 nor UTF-16.
pub(super) fn text(argument: &str) -> anyhow::Result<String> {
    if argument == "-" { standard_input() } else { file(Path::new(argument)) }
}

fn file(path: &Path) -> anyhow::Result<String> {
    let opened = std::fs::File::open(path).with_context(|| format!("reading {}", path.display()))?;
    bounded(opened, &path.display().to_string())
}

fn standard_input() -> anyhow::Result<String> {
    bounded(stdin(), "standard input")
}

fn bounded(source: impl Read, name: &str) -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    source.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes).with_context(|| format!("reading {name}"))?;
    ensure!(bytes.len() <= MAX_BYTES, "{name} is larger than 1 MiB");
    decode(&bytes).map_err(|error| anyhow!("{name} {error}"))
}
