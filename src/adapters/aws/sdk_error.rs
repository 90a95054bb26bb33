//! What may be printed of an AWS error: its kind and code. Never the answer's body: that may hold a secret.

use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::ports::FailureCode;

pub(super) fn describe<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> FailureCode {
    match error {
        SdkError::ServiceError(error) => {
            FailureCode::Service(error.err().code().unwrap_or("an error without a code").to_owned())
        }
        SdkError::TimeoutError(_) => FailureCode::Timeout,
        SdkError::DispatchFailure(failure) if failure.is_timeout() => FailureCode::Timeout,
        SdkError::DispatchFailure(failure) if failure.is_io() => FailureCode::Connection,
        SdkError::DispatchFailure(_) => FailureCode::Dispatch,
        SdkError::ResponseError(_) => FailureCode::UnreadableAnswer,
        _ => FailureCode::UnbuildableRequest,
    }
}
