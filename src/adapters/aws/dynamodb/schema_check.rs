//! Whether the tables are there and as they should be, by the answers to queries that the code may make anyway.
//!
//! Asking costs a start nothing: the index is proven by a round's own first query, the runs' table by one small query
//! before the first claim or action. So the function needs no right to describe tables, and begins without a request.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::query::QueryError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::ports::InfraError;

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
        let what = match (error.err().code()?, self) {
            ("ResourceNotFoundException", _) => format!(
                "the table `{table}`, named by {variable}, does not exist in this region: deploy the stack again, or set \
                 {variable} to the table's name"
            ),
            // The queries themselves are right, so the keys must be wrong.
            ("ValidationException", Self::DueIndex { .. }) => format!(
                "the table `{table}`, named by {variable}, has no index `due` with the keys due_shard (HASH) and next_run_at \
                 (RANGE), both strings: deploy the stack again, or add the index"
            ),
            ("ValidationException", Self::Runs { .. }) => format!(
                "the table `{table}`, named by {variable}, does not have the keys account_id (HASH) and started_at (RANGE), \
                 both strings: deploy the stack again, or set {variable} to the right table's name"
            ),
            _ => return None,
        };
        Some(InfraError::misdeployed(what))
    }
}
