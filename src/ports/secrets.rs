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
    /// Values by name, at most 20 names a call; each name's fault is its own.
    async fn fetch(&self, names: &[String]) -> Result<Vec<(String, Result<SecretText, SecretFault>)>, InfraError>;
    /// Writes a new version, unless the secret has changed since `version` was read (then `None`).
    async fn replace(&self, name: &str, version: &str, text: &SecretString) -> Result<Option<String>, InfraError>;
    /// Makes a secret and gives its version; `None` where there is one of that name.
    async fn create(&self, name: &str, text: &SecretString) -> Result<Option<String>, InfraError>;
    /// Removes a secret for good; one that is not there is no error.
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

/// Why one secret's value was not had.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SecretFault {
    #[error("is gone")]
    Gone,
    /// Not ours to read, or not to be decrypted, or refused for its form; the code says which.
    #[error("cannot be read ({0})")]
    Refused(FailureCode),
    #[error("could not be read just now ({0})")]
    Transient(FailureCode),
}
