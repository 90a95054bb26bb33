//! AWS services, one file a port. The names of their types say the service.

pub(crate) mod dynamodb;
mod sdk_error;
pub mod secrets_manager;
pub(crate) mod sns;
pub mod sqs;
pub mod sts;
