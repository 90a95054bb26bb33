//! The time.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use std::time::Duration;

/// The time. Tests and the demonstration set it.
#[async_trait]
pub trait Clock: Send + Sync {
    fn now(&self) -> DateTime<Utc>;
    /// Returns when `now` has grown by at least `duration`.
    async fn sleep(&self, duration: Duration);
}
