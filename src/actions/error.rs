//! Errors of actions, each with what to do about it.

use thiserror::Error;

use crate::domain::account::AccountId;
use crate::ports::InfraError;

/// Why an action was not carried out. Never holds a value of a secret.
#[derive(Debug, Error)]
pub enum ActionError {
    #[error("there is no account {0}; `sync` makes accounts from secrets, `list` shows them")]
    NoAccount(AccountId),
    #[error("account {0} is being run just now; try again when that run is over")]
    Busy(AccountId),
    #[error("account {0} is stopped; `resume` it first")]
    Stopped(AccountId),
    #[error("account {account} cannot be planned for: {why}")]
    NoPlan { account: AccountId, why: String },
    #[error("secret `{secret}`: {why}; nothing was written")]
    Secret { secret: String, why: String },
    #[error("account {account} cannot be signed in to: {why}")]
    SignIn { account: AccountId, why: String },
    #[error("the secret of account {account} cannot be used: {why}")]
    Unusable { account: AccountId, why: String },
    #[error("{0}; nothing was imported")]
    Import(String),
    #[error("the secret of account {0} keeps changing; nothing was written, try again")]
    Racing(AccountId),
    #[error(transparent)]
    Infra(#[from] InfraError),
}
