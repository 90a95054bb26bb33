//! Infrastructure that failed.

use thiserror::Error;

/// Infrastructure that failed: not an account's fault.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{doing}: {what}")]
pub struct InfraError {
    /// What was attempted, e.g. `claiming account a`.
    pub doing: String,
    pub what: String,
    /// A table or an index is not as it should be: nothing can go well until somebody mends the deployment.
    pub misdeployed: bool,
}

impl InfraError {
    pub fn new(doing: impl Into<String>, what: impl Into<String>) -> Self {
        Self { doing: doing.into(), what: what.into(), misdeployed: false }
    }

    pub fn misdeployed(what: impl Into<String>) -> Self {
        Self { misdeployed: true, ..Self::new("looking at the tables", what) }
    }
}
