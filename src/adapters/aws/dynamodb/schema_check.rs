//! Whether the tables are there and as they should be, by the answers to queries that the code may make anyway.
//!
//! Asking costs a start nothing: the index is proven by a round's own first query, the runs' table by one small query
//! before the first claim or action. So the function needs no right to describe tables, and begins without a request.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::query::QueryError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::ports::{InfraError, TableProblem};

/// What a query needs to be there.
pub enum SchemaCheck<'a> {
    DueIndex { table: &'a str },
    Runs { table: &'a str },
}

impl SchemaCheck<'_> {
    /// What the failed query proves to be missing; `None` where it failed for another reason.
    pub fn explain(&self, error: &SdkError<QueryError>) -> Option<InfraError> {
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
