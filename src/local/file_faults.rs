//! Faulty and unused files of a data folder, for people.

use std::path::Path;

use crate::domain::account::AccountId;
use crate::local::app::secrets_folder;
use crate::local::output::answer::Sync;
use crate::local::output::style::Style;
use crate::local::output::sync::fault;
use crate::local::secret_files::PREFIX;
use crate::local::secret_files::unused::unused_files;

/// Faulty and unused files with what to do, a line each: all of them, or those of one account.
pub(super) fn file_faults(style: &Style, data: &Path, sync: &Sync, only: Option<&AccountId>) -> Vec<String> {
    let folder = secrets_folder(data);
    let concerns = |name: &str| only.is_none_or(|account| account.as_str() == name);
    let path = |name: &str| folder.join(name).display().to_string();
    let errors = sync.errors.iter().filter_map(|error| {
        let stem = error.secret.strip_prefix(PREFIX).unwrap_or(&error.secret);
        concerns(stem).then(|| fault(style, &path(&format!("{stem}.json")), &error.error))
    });
    let unused = unused_files(&folder).into_iter().filter(|file| concerns(&file.account));
    errors.chain(unused.map(|file| fault(style, &path(&file.name), &file.advice))).collect()
}
