//! Why the embedded database cannot be used, and what to do.

use std::fmt::Display;
use std::path::{Path, PathBuf};

use thiserror::Error;

#[derive(Debug, Error)]
pub(crate) enum LocalDynamoDbError {
    #[error(
        "{} is damaged. It holds only times and history: stop every evergreen on this folder, then `evergreen repair` sets \
         the file aside and creates it again from your secret files",
        path.display()
    )]
    Damaged { path: PathBuf },
    #[error("{} cannot be written ({why}): check the disk's space, and who owns the folder", path.display())]
    Unwritable { path: PathBuf, why: String },
    #[error("the local database {doing}: {why}")]
    Failed { doing: &'static str, why: String },
}

/// The error of an operation on an open database.
pub(crate) fn failed<E: Display>(doing: &'static str) -> impl Fn(E) -> LocalDynamoDbError {
    move |error| LocalDynamoDbError::Failed { doing, why: error.to_string() }
}

/// The error of opening the file. The database only gives texts, which are those of SQLite.
pub(crate) fn cannot_open(path: &Path, why: &str) -> LocalDynamoDbError {
    const DAMAGED: [&str; 4] = ["not a database", "malformed", "encryption", "corrupt"];
    const UNWRITABLE: [&str; 5] = ["readonly", "read-only", "full", "unable to open", "disk I/O error"];
    let (path, says) = (path.to_owned(), |parts: &[&str]| parts.iter().any(|part| why.contains(part)));
    if says(&DAMAGED) {
        LocalDynamoDbError::Damaged { path }
    } else if says(&UNWRITABLE) {
        LocalDynamoDbError::Unwritable { path, why: why.to_owned() }
    } else {
        LocalDynamoDbError::Failed { doing: "cannot be opened", why: why.to_owned() }
    }
}
