//! Secrets as files: `FOLDER/<account>.json`, readable only by their owner.

pub(super) mod unused;
pub(super) mod write;

use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};
use tokio::task::spawn_blocking;

use crate::domain::hash::fnv1a;
use crate::domain::lenient_json::lenient_json;
use crate::domain::secret::MAX_SECRET_BYTES;
use crate::local::secret_files::unused::is_used;
use crate::local::secret_files::write::{lock, write_private};
use crate::ports::{InfraError, SecretEntry, SecretFault, SecretText, Secrets};

/// Names are `secrets/<file without .json>`.
pub(super) const PREFIX: &str = "secrets/";

#[derive(Clone)]
pub(super) struct SecretFiles {
    folder: PathBuf,
    /// Reads files that other users of the machine can read: for file systems without modes.
    any_mode: bool,
}

impl SecretFiles {
    pub(super) fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into(), any_mode: false }
    }

    /// Reads files whatever their mode, where `any_mode` says so.
    pub(super) fn with_any_mode(self, any_mode: bool) -> Self {
        Self { any_mode, ..self }
    }

    /// The file of a secret; `None` for a name that points outside the folder.
    fn path(&self, name: &str) -> Option<PathBuf> {
        let stem = name.strip_prefix(PREFIX)?;
        let plain = !stem.is_empty() && !stem.starts_with('.') && !stem.contains(['/', '\\', '\0']);
        plain.then(|| self.folder.join(format!("{stem}.json")))
    }

    fn read(&self, name: &str) -> Result<SecretText, SecretFault> {
        let path = self.path(name).ok_or(SecretFault::Gone)?;
        let fault = |error: std::io::Error| match error.kind() {
            ErrorKind::NotFound => SecretFault::Gone,
            kind => SecretFault::Refused(kind.to_string().into()),
        };
        let file = open(&path).map_err(fault)?;
        let metadata = file.metadata().map_err(fault)?;
        if !metadata.is_file() {
            return Err(SecretFault::Refused("it is not a file".into()));
        }
        if readable_by_others(&metadata) && !self.any_mode {
            return Err(SecretFault::Refused(readable_advice(&path).into()));
        }
        let mut bytes = Vec::new();
        file.take(MAX_SECRET_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(fault)?;
        let text = lenient_json(&bytes).map_err(|error| SecretFault::Refused(format!("it {error}").into()))?;
        Ok(SecretText { version: version(&metadata), text: SecretString::from(text) })
    }

    fn replace_now(&self, name: &str, version: &str, text: &SecretString) -> Result<Option<String>, String> {
        let path = self.path(name).ok_or_else(outside)?;
        let _lock = lock(&self.folder).map_err(|error| error.to_string())?;
        match self.read(name) {
            Ok(now) if now.version == version => {}
            Ok(_) => return Ok(None),
            Err(fault) => return Err(fault.to_string()),
        }
        write_private(&path, text.expose_secret()).map_err(|error| error.to_string())?;
        self.version_now(name).map(Some)
    }

    fn create_now(&self, name: &str, text: &SecretString) -> Result<Option<String>, String> {
        let path = self.path(name).ok_or_else(outside)?;
        let _lock = lock(&self.folder).map_err(|error| error.to_string())?;
        if path.try_exists().map_err(|error| error.to_string())? {
            return Ok(None);
        }
        write_private(&path, text.expose_secret()).map_err(|error| error.to_string())?;
        self.version_now(name).map(Some)
    }

    fn version_now(&self, name: &str) -> Result<String, String> {
        self.read(name).map(|now| now.version).map_err(|fault| fault.to_string())
    }

    /// Runs what may wait for a lock or a disk off the runtime's threads.
    async fn off_thread<T: Send + 'static>(
        &self,
        doing: String,
        work: impl FnOnce(&Self) -> Result<T, String> + Send + 'static,
    ) -> Result<T, InfraError> {
        let files = self.clone();
        let done = spawn_blocking(move || work(&files)).await.map_err(|error| error.to_string());
        done.and_then(|done| done).map_err(|why| InfraError::unavailable(doing, why))
    }
}

fn outside() -> String {
    "the name points outside the folder".to_owned()
}

/// Opens without waiting: a FIFO, which nothing writes to, must not stop the program.
#[cfg(unix)]
fn open(path: &Path) -> std::io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    let flags = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap_or_default();
    fs::OpenOptions::new().read(true).custom_flags(flags).open(path)
}

#[cfg(not(unix))]
fn open(path: &Path) -> std::io::Result<File> {
    File::open(path)
}

fn readable_advice(path: &Path) -> String {
    format!(
        "other users of this computer can read it. Run: chmod 600 {}. Where modes cannot be changed (/mnt/c of WSL, a \
         mounted volume), EVERGREEN_ANY_MODE=1 accepts it, and every user of this computer can read your secrets",
        path.display()
    )
}

/// A version from modification time, inode and length: it changes with every write and reveals nothing of the content.
fn version(metadata: &fs::Metadata) -> String {
    let written = metadata.modified().ok().and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
    format!("{:x}-{:x}", written.map_or(0, |at| at.as_nanos()), fnv1a(inode(metadata)) ^ metadata.len())
}

#[cfg(unix)]
fn inode(metadata: &fs::Metadata) -> [u8; 8] {
    std::os::unix::fs::MetadataExt::ino(metadata).to_le_bytes()
}

#[cfg(not(unix))]
fn inode(_: &fs::Metadata) -> [u8; 8] {
    [0; 8]
}

#[cfg(unix)]
fn readable_by_others(metadata: &fs::Metadata) -> bool {
    std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o077 != 0
}

#[cfg(not(unix))]
fn readable_by_others(_: &fs::Metadata) -> bool {
    false
}

#[async_trait]
impl Secrets for SecretFiles {
    async fn list(&self) -> Result<Vec<SecretEntry>, InfraError> {
        let broken = |error: std::io::Error| {
            InfraError::unavailable(format!("listing {}", self.folder.display()), error.to_string())
        };
        let mut entries = Vec::new();
        for file in fs::read_dir(&self.folder).map_err(broken)? {
            let path = file.map_err(broken)?.path();
            let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
            let Ok(metadata) = fs::metadata(&path) else { continue };
            if !is_used(&format!("{stem}.json"), metadata.is_file())
                || path.extension().is_none_or(|ending| ending != "json")
            {
                continue;
            }
            entries.push(SecretEntry { name: format!("{PREFIX}{stem}"), version: version(&metadata) });
        }
        Ok(entries)
    }

    async fn fetch(&self, names: &[String]) -> Result<Vec<(String, Result<SecretText, SecretFault>)>, InfraError> {
        Ok(names.iter().map(|name| (name.clone(), self.read(name))).collect())
    }

    async fn replace(&self, name: &str, version: &str, text: &SecretString) -> Result<Option<String>, InfraError> {
        let (name, version, text) = (name.to_owned(), version.to_owned(), text.clone());
        let doing = format!("writing secret {name}");
        self.off_thread(doing, move |files| files.replace_now(&name, &version, &text)).await
    }

    async fn create(&self, name: &str, text: &SecretString) -> Result<Option<String>, InfraError> {
        let (name, text) = (name.to_owned(), text.clone());
        self.off_thread(format!("creating secret {name}"), move |files| files.create_now(&name, &text)).await
    }

    async fn delete(&self, name: &str) -> Result<(), InfraError> {
        let name = name.to_owned();
        let delete = move |files: &Self| {
            let path = files.path(&name).ok_or_else(outside)?;
            match fs::remove_file(path) {
                Err(error) if error.kind() != ErrorKind::NotFound => Err(error.to_string()),
                _ => Ok(()),
            }
        };
        self.off_thread("deleting a secret".to_owned(), delete).await
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn name(stem: &str) -> String {
        format!("{PREFIX}{stem}")
    }

    #[tokio::test]
    async fn secret_is_listed_read_and_replaced_with_a_new_version() {
        let folder = tempfile::tempdir().unwrap();
        let secrets = SecretFiles::new(folder.path());
        write_private(&folder.path().join("a.json"), "{}").unwrap();
        fs::write(folder.path().join("notes.txt"), "").unwrap();
        let listed = secrets.list().await.unwrap();
        let read = secrets.fetch(&[name("a")]).await.unwrap().remove(0).1.unwrap();
        assert_eq!(listed, [SecretEntry { name: name("a"), version: read.version.clone() }]);

        let new = secrets.replace(&name("a"), &read.version, &"{\"a\": 1}".to_owned().into()).await.unwrap().unwrap();
        assert_ne!(new, read.version);
        assert_eq!(secrets.list().await.unwrap()[0].version, new);
        assert_eq!(secrets.replace(&name("a"), &read.version, &"{}".to_owned().into()).await.unwrap(), None);
        let mode = fs::metadata(folder.path().join("a.json")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[tokio::test]
    async fn one_of_many_concurrent_writers_of_a_version_wins_and_nothing_is_left_behind() {
        let folder = tempfile::tempdir().unwrap();
        write_private(&folder.path().join("a.json"), "{}").unwrap();
        let read = SecretFiles::new(folder.path()).fetch(&[name("a")]).await.unwrap().remove(0).1.unwrap();
        let writers = (0..8).map(|number| {
            let (secrets, version) = (SecretFiles::new(folder.path()), read.version.clone());
            let text = format!("{{\"writer\": {number}, \"filling\": \"{}\"}}", "x".repeat(10_000));
            async move { secrets.replace(&name("a"), &version, &text.into()).await.unwrap().is_some() }
        });
        let won = futures_util::future::join_all(writers).await;
        assert_eq!(won.iter().filter(|won| **won).count(), 1);
        let text = fs::read_to_string(folder.path().join("a.json")).unwrap();
        assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok());
        let mut left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, [".lock", "a.json"]);
    }

    #[tokio::test]
    async fn secret_is_created_once_and_deleted() {
        let folder = tempfile::tempdir().unwrap();
        let secrets = SecretFiles::new(folder.path());
        let text = "{}".to_owned().into();
        assert!(secrets.create(&name("a"), &text).await.unwrap().is_some());
        assert_eq!(secrets.create(&name("a"), &text).await.unwrap(), None);
        assert!(secrets.create(&name("../a"), &text).await.is_err());
        secrets.delete(&name("a")).await.unwrap();
        secrets.delete(&name("a")).await.unwrap();
        assert!(secrets.list().await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn file_that_others_can_read_is_refused_with_a_remedy() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        write_private(&path, "{}").unwrap();
        for mode in [0o640, 0o604, 0o644, 0o660] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let fault = SecretFiles::new(folder.path()).fetch(&[name("a")]).await.unwrap().remove(0).1.unwrap_err();
            assert!(fault.to_string().contains("chmod 600"), "{fault}");
        }
    }

    #[tokio::test]
    async fn a_name_that_points_outside_the_folder_is_not_found() {
        let folder = tempfile::tempdir().unwrap();
        let secrets = SecretFiles::new(folder.path().join("inner"));
        write_private(&folder.path().join("a.json"), "{}").unwrap();
        for stem in ["../a", "/etc/passwd", ".a", "missing"] {
            assert_eq!(secrets.fetch(&[name(stem)]).await.unwrap().remove(0).1.unwrap_err(), SecretFault::Gone);
        }
    }
}
