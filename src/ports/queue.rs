//! The queue from a tick to its workers.

use crate::domain::run_request::RunRequest;
use crate::ports::error::InfraError;
use async_trait::async_trait;

/// Accounts on their way to workers. Delivery is at least once, in any order, at any time.
#[async_trait]
pub trait Queue: Send + Sync {
    /// Sends at most 10 orders, and gives back which of them were not taken. Where the whole request failed, any of
    /// them may still have been.
    async fn send(&self, orders: &[RunRequest]) -> Result<Vec<Unsent>, InfraError>;
}

/// An order that the queue did not take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsent {
    /// Its place among the orders.
    pub index: usize,
    /// The queue's code.
    pub code: String,
}
