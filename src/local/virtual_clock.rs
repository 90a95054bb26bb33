//! A clock that is turned by hand: a simulated week passes in seconds.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::ports::Clock;

/// Clones share one time. Whoever sleeps moves it forward to the end of the sleep and goes on at once; those
/// who sleep side by side sleep through the same time.
#[derive(Clone, Debug)]
pub struct VirtualClock(Arc<Mutex<DateTime<Utc>>>);

impl VirtualClock {
    pub fn new(now: DateTime<Utc>) -> Self {
        Self(Arc::new(Mutex::new(now)))
    }

    pub fn set(&self, now: DateTime<Utc>) {
        *self.time() = now;
    }

    pub fn advance(&self, duration: Duration) {
        *self.time() += duration;
    }

    fn time(&self) -> MutexGuard<'_, DateTime<Utc>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Clock for VirtualClock {
    fn now(&self) -> DateTime<Utc> {
        *self.time()
    }

    async fn sleep(&self, duration: Duration) {
        let until = self.now() + duration;
        // Whoever else is about to sleep begins now, not after this sleep.
        tokio::task::yield_now().await;
        let mut time = self.time();
        *time = until.max(*time);
    }
}

/// The fake tenant has a clock of its own kind.
#[async_trait]
impl fake_tenant::Clock for VirtualClock {
    fn now(&self) -> DateTime<Utc> {
        Clock::now(self)
    }

    async fn sleep(&self, duration: Duration) {
        Clock::sleep(self, duration).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_sleep_takes_virtual_time_only() {
        let start = DateTime::UNIX_EPOCH;
        let clock = VirtualClock::new(start);
        clock.clone().sleep(Duration::from_secs(3600)).await;
        assert_eq!(clock.now(), start + Duration::from_secs(3600));
        clock.set(start);
        clock.advance(Duration::from_millis(1));
        assert_eq!(clock.now(), start + Duration::from_millis(1));
    }
}
