//! Why a secret cannot be used.

use thiserror::Error;

use crate::domain::account_id::AccountId;
use crate::domain::fields::FieldError;
use crate::domain::json::JsonError;

/// Why a secret cannot be used. It never holds a value.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SecretError {
    #[error("is larger than 64 KiB")]
    TooLarge,
    #[error("{0}")]
    NotJson(#[from] JsonError),
    #[error("{0}")]
    Field(#[from] FieldError),
    #[error("does not define the account {0}")]
    Absent(AccountId),
}
