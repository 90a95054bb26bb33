//! The world, spoken to in its own protocols. Adapters never use each other; all of them go through `http`.

pub mod dynamodb;
pub mod entra;
pub mod graph;
pub mod http;
pub mod retry_after;
pub mod sdk_error;
pub mod secrets_manager;
pub mod sns;
pub mod sqs;
pub mod sts;
