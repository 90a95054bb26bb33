//! Schema check: whether tables and index exist with the right keys, by the answers to queries that the code may make.
//!
//! It costs a start nothing: a round's own first query proves the index, one small query before the first claim or
//! action proves the runs' table. So the function needs no permission to describe tables.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::query::QueryError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::ports::{InfraError, TableProblem};

/// A query, by what it needs.
pub(super) enum SchemaCheck<'a> {
    DueIndex { table: &'a str },
    Runs { table: &'a str },
}

impl SchemaCheck<'_> {
    /// The problem that a failed query proves; `None` where it failed for another reason.
    pub(super) fn explain(&self, error: &SdkError<QueryError>) -> Option<InfraError> {
        let (Self::DueIndex { table } | Self::Runs { table }) = self;
        let variable = match self {
            Self::DueIndex { .. } => "ACCOUNTS_TABLE",
            Self::Runs { .. } => "RUNS_TABLE",
        };
        let SdkError::ServiceError(error) = error else { return None };
        let problem = match (error.err().code()?, self) {
            ("ResourceNotFoundException", _) => TableProblem::Missing,
            // The queries themselves are right, so the keys must be wrong.
            ("ValidationException", Self::DueIndex { .. }) => TableProblem::NoDueIndex,
            ("ValidationException", Self::Runs { .. }) => TableProblem::WrongRunsKeys,
            _ => return None,
        };
        Some(InfraError::Misdeployed { table: (*table).to_owned(), variable, problem })
    }
}
