//! Secrets as files: `FOLDER/<account>.json`, readable only by their owner.

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};

use crate::domain::hash::fnv1a;
use crate::domain::secret::MAX_SECRET_BYTES;
use crate::ports::{InfraError, SecretEntry, SecretFault, SecretText, Secrets};

/// Names are `secrets/<file without .json>`.
pub const PREFIX: &str = "secrets/";

pub struct SecretFiles {
    folder: PathBuf,
}

impl SecretFiles {
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
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
        let file = fs::File::open(&path).map_err(fault)?;
        let metadata = file.metadata().map_err(fault)?;
        if readable_by_others(&metadata) {
            return Err(SecretFault::Refused(format!("others can read it: run `chmod 600 {}`", path.display()).into()));
        }
        let mut text = String::new();
        file.take(MAX_SECRET_BYTES as u64 + 1).read_to_string(&mut text).map_err(fault)?;
        Ok(SecretText { version: version(&metadata), text: SecretString::from(text) })
    }
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
            if path.extension().is_none_or(|extension| extension != "json") || stem.starts_with('.') {
                continue;
            }
            let Ok(metadata) = fs::metadata(&path) else { continue };
            entries.push(SecretEntry { name: format!("{PREFIX}{stem}"), version: version(&metadata) });
        }
        Ok(entries)
    }

    async fn fetch(&self, names: &[String]) -> Result<Vec<(String, Result<SecretText, SecretFault>)>, InfraError> {
        Ok(names.iter().map(|name| (name.clone(), self.read(name))).collect())
    }

    async fn replace(&self, name: &str, version: &str, text: &SecretString) -> Result<Option<String>, InfraError> {
        let broken = |what: String| InfraError::unavailable(format!("writing secret {name}"), what);
        let path = self.path(name).ok_or_else(|| broken("the name points outside the folder".to_owned()))?;
        match self.read(name) {
            Ok(now) if now.version == version => {}
            Ok(_) => return Ok(None),
            Err(fault) => return Err(broken(fault.to_string())),
        }
        write_private(&path, text.expose_secret()).map_err(|error| broken(error.to_string()))?;
        self.read(name).map(|now| Some(now.version)).map_err(|fault| broken(fault.to_string()))
    }

    async fn create(&self, name: &str, text: &SecretString) -> Result<Option<String>, InfraError> {
        let broken = |what: String| InfraError::unavailable(format!("creating secret {name}"), what);
        let path = self.path(name).ok_or_else(|| broken("the name points outside the folder".to_owned()))?;
        if path.try_exists().map_err(|error| broken(error.to_string()))? {
            return Ok(None);
        }
        write_private(&path, text.expose_secret()).map_err(|error| broken(error.to_string()))?;
        self.read(name).map(|now| Some(now.version)).map_err(|fault| broken(fault.to_string()))
    }

    async fn delete(&self, name: &str) -> Result<(), InfraError> {
        let broken = |what: String| InfraError::unavailable(format!("deleting secret {name}"), what);
        let path = self.path(name).ok_or_else(|| broken("the name points outside the folder".to_owned()))?;
        match fs::remove_file(path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(broken(error.to_string())),
            _ => Ok(()),
        }
    }
}

/// Writes the whole file or nothing, readable only by its owner.
pub fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    let beside = path.with_extension("new");
    // Left by a crash.
    let _ = fs::remove_file(&beside);
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&beside)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&beside, path)
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
