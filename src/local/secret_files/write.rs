//! Writing secret files: whole or not at all, readable only by their owner, one writer at a time.

use std::fs::{self, File, OpenOptions};
use std::io::{Error, ErrorKind, Result, Write};
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use rand::TryRng;
use rand::rngs::SysRng;

/// The file in the folder that writers lock. Its name begins with a dot: it is never read as a secret.
const LOCK: &str = ".lock";
const LOCK_ATTEMPTS: u32 = 100;
const LOCK_RETRY: Duration = Duration::from_millis(50);

/// Holds the folder's lock until dropped. `None` where the folder is read-only: single files in it may be writable.
pub(crate) struct FolderLock(#[expect(dead_code, reason = "dropping it unlocks")] Option<File>);

/// Waits for the folder's lock, some seconds at most.
///
/// # Errors
/// If another process holds it all that time.
pub(crate) fn lock(folder: &Path) -> Result<FolderLock> {
    let Ok(file) = private().create(true).truncate(false).open(folder.join(LOCK)) else { return Ok(FolderLock(None)) };
    for _ in 0..LOCK_ATTEMPTS {
        match file.try_lock() {
            Ok(()) => return Ok(FolderLock(Some(file))),
            Err(fs::TryLockError::WouldBlock) => sleep(LOCK_RETRY),
            // A file system without locks.
            Err(fs::TryLockError::Error(_)) => return Ok(FolderLock(None)),
        }
    }
    Err(Error::new(ErrorKind::TimedOut, "another evergreen process keeps writing secrets"))
}

/// Writes the whole file or nothing. Where its folder takes no other file (a single file mounted into a container, a
/// read-only folder), an existing file is overwritten in place.
pub(crate) fn write_private(path: &Path, text: &str) -> Result<()> {
    match replace(path, text) {
        Err(error) if cannot_rename(&error) && path.exists() => overwrite(path, text),
        written => written,
    }
}

/// Creates the file with its text; fails if it exists.
fn create(path: &Path, text: &str) -> Result<()> {
    let mut file = private().create_new(true).open(path)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).inspect_err(|_| {
        // Half a file would be a faulty secret.
        let _ = fs::remove_file(path);
    })
}

fn replace(path: &Path, text: &str) -> Result<()> {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let random = SysRng.try_next_u64().map_err(|error| Error::other(error.to_string()))?;
    let new = path.with_file_name(format!(".{name}.{random:016x}"));
    create(&new, text)?;
    fs::rename(&new, path).inspect_err(|_| {
        let _ = fs::remove_file(&new);
    })
}

fn overwrite(path: &Path, text: &str) -> Result<()> {
    let mut file = OpenOptions::new().write(true).truncate(true).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn cannot_rename(error: &Error) -> bool {
    use ErrorKind::{CrossesDevices, PermissionDenied, ReadOnlyFilesystem, ResourceBusy};
    matches!(error.kind(), PermissionDenied | ReadOnlyFilesystem | ResourceBusy | CrossesDevices)
}

/// Options that make a new file readable only by its owner.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}
