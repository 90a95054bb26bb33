//! The store of the secrets that define the accounts.

use crate::ports::error::{FailureCode, InfraError};
use async_trait::async_trait;
use secrecy::SecretString;
use thiserror::Error;

/// The secrets that define the accounts.
#[async_trait]
pub trait Secrets: Send + Sync {
    /// Names (under the prefix) and current versions, without values.
    async fn list(&self) -> Result<Vec<SecretEntry>, InfraError>;
    /// Values by name, at most 20 names a call. Each name is answered, with a value or a fault of its own.
    async fn fetch(&self, names: &[String]) -> Result<Vec<(String, Result<SecretText, SecretFault>)>, InfraError>;
    /// Writes a new version and returns its id; `None`, and nothing is written, where the current version is no longer
    /// `version`.
    async fn replace(&self, name: &str, version: &str, text: &SecretString) -> Result<Option<String>, InfraError>;
    /// Creates a secret and returns its version; `None` where there is one of that name.
    async fn create(&self, name: &str, text: &SecretString) -> Result<Option<String>, InfraError>;
    /// Deletes a secret without recovery; a missing one is not an error.
    async fn delete(&self, name: &str) -> Result<(), InfraError>;
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretEntry {
    pub name: String,
    pub version: String,
}

#[derive(Clone, Debug)]
pub struct SecretText {
    pub text: SecretString,
    pub version: String,
}

/// Why the value of one secret was not read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SecretFault {
    #[error("is gone")]
    Gone,
    /// Access is denied, or it cannot be decrypted, or its form is refused; the code says which.
    #[error("cannot be read ({0})")]
    Refused(FailureCode),
    #[error("could not be read just now ({0})")]
    Transient(FailureCode),
}
