//! Infrastructure that failed: not an account's fault.

use thiserror::Error;

/// Infrastructure that failed. Holds no secret and no text of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum InfraError {
    /// A service or the system did not do what was asked; later it may.
    #[error("{doing}: {code}")]
    Unavailable {
        /// What was attempted, e.g. `claiming account a`.
        doing: String,
        code: FailureCode,
    },
    /// A table or index is missing or has the wrong keys; every event fails until the deployment is fixed.
    #[error("looking at the tables: the table `{table}`, named by {variable}, {problem}")]
    Misdeployed { table: String, variable: &'static str, problem: TableProblem },
}

impl InfraError {
    pub fn unavailable(doing: impl Into<String>, code: impl Into<FailureCode>) -> Self {
        Self::Unavailable { doing: doing.into(), code: code.into() }
    }

    /// Why, without what was attempted.
    pub fn into_code(self) -> FailureCode {
        match self {
            Self::Unavailable { code, .. } => code,
            misdeployed @ Self::Misdeployed { .. } => FailureCode::Other(misdeployed.to_string()),
        }
    }

    pub const fn is_misdeployed(&self) -> bool {
        matches!(self, Self::Misdeployed { .. })
    }
}

/// Why something was not done, as far as that may be printed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FailureCode {
    /// A service's own code, e.g. `ThrottlingException`.
    #[error("{0}")]
    Service(String),
    #[error("no answer in time")]
    Timeout,
    #[error("the connection failed")]
    Connection,
    #[error("the request could not be sent (are region and credentials set?)")]
    Dispatch,
    #[error("the answer could not be read")]
    UnreadableAnswer,
    #[error("the request could not be built")]
    UnbuildableRequest,
    /// Not a service's: the program's own words, or the system's.
    #[error("{0}")]
    Other(String),
}

impl From<&str> for FailureCode {
    fn from(words: &str) -> Self {
        Self::Other(words.to_owned())
    }
}

impl From<String> for FailureCode {
    fn from(words: String) -> Self {
        Self::Other(words)
    }
}

/// What a table lacks, and what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TableProblem {
    #[error("does not exist in this region: deploy the stack again, or name another table")]
    Missing,
    #[error(
        "has no index `due` with the keys due_shard (HASH) and next_run_at (RANGE), both strings: deploy the stack again, \
         or add the index"
    )]
    NoDueIndex,
    #[error(
        "does not have the keys account_id (HASH) and started_at (RANGE), both strings: deploy the stack again, or name the \
         right table"
    )]
    WrongRunsKeys,
}
