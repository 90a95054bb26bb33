//! AWS services. The names of their types say the service.

pub mod dynamodb;
pub mod sdk_error;
pub mod secrets_manager;
pub mod sns;
pub mod sqs;
pub mod sts;
