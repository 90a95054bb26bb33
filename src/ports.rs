//! The few traits that a test fakes, in the vocabulary of the house.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

/// The time. Tests and the demonstration turn it by hand.
#[async_trait]
pub trait Clock: Send + Sync {
    fn now(&self) -> DateTime<Utc>;
    /// Returns when `now` has grown by at least `duration`.
    async fn sleep(&self, duration: Duration);
}
