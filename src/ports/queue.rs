//! The queue from a tick to its workers.

use crate::domain::run_request::RunRequest;
use crate::ports::error::InfraError;
use async_trait::async_trait;

/// The queue. Delivery is at least once, in any order, at any time.
#[async_trait]
pub trait Queue: Send + Sync {
    /// Sends at most 10 requests, and returns those that were not accepted. Where the whole call fails, any of them may
    /// have been accepted.
    async fn send(&self, requests: &[RunRequest]) -> Result<Vec<Unsent>, InfraError>;
}

/// A request that the queue did not accept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsent {
    /// Its place among the requests.
    pub index: usize,
    /// The queue's error code.
    pub code: String,
}
