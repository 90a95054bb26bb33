//! `repair`: sets a damaged database aside and creates a new one. The accounts come back from the secret files.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use chrono::Utc;

use crate::adapters::aws::dynamodb::DynamoAccounts;
use crate::local::app::{secrets_folder, state_file};
use crate::local::dynamodb::{ACCOUNTS, LocalDynamoDb, RUNS};
use crate::ports::AccountStore;

/// The files of a database beside the database itself.
const COMPANIONS: [&str; 3] = ["-wal", "-shm", "-journal"];

/// Sets the database aside if it cannot be read, or with `force`. Returns its new name; `None`: it is sound.
///
/// # Errors
/// If the folder is not a data folder, or files cannot be renamed.
pub(super) async fn repair(data: &Path, force: bool) -> anyhow::Result<Option<PathBuf>> {
    ensure!(secrets_folder(data).is_dir(), "{} is not a data folder: it has no secrets/", data.display());
    let state = state_file(data);
    if !state.exists() || (!force && is_sound(&state).await) {
        return Ok(None);
    }
    let aside = data.join(format!("state.db.damaged-{}", Utc::now().format("%Y%m%dT%H%M%SZ")));
    fs::rename(&state, &aside).with_context(|| format!("renaming {}", state.display()))?;
    for companion in COMPANIONS {
        let old = with_ending(&state, companion);
        if old.exists() {
            fs::rename(&old, with_ending(&aside, companion)).with_context(|| format!("renaming {}", old.display()))?;
        }
    }
    Ok(Some(aside))
}

/// Whether every account can be read.
async fn is_sound(state: &Path) -> bool {
    let Ok(database) = LocalDynamoDb::open(state).await else { return false };
    let retention = chrono::TimeDelta::days(1);
    let accounts = DynamoAccounts::new(database.client, ACCOUNTS.to_owned(), RUNS.to_owned(), 1, retention);
    let mut cursor = None;
    loop {
        match accounts.all(cursor).await {
            Ok(page) if page.next.is_none() => return true,
            Ok(page) => cursor = page.next,
            Err(_) => return false,
        }
    }
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut path = path.as_os_str().to_owned();
    path.push(ending);
    path.into()
}
