//! A virtual clock: a simulated week passes in seconds.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::ports::Clock;

/// Clones share one time. A sleep moves it forward to the end of the sleep and returns at once; concurrent sleeps overlap.
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
        // Concurrent sleeps begin now, not after this sleep.
        tokio::task::yield_now().await;
        let mut time = self.time();
        *time = until.max(*time);
    }
}

/// The fake tenant has its own clock trait.
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
    async fn sleep_takes_only_virtual_time() {
        let start = DateTime::UNIX_EPOCH;
        let clock = VirtualClock::new(start);
        clock.clone().sleep(Duration::from_secs(3600)).await;
        assert_eq!(clock.now(), start + Duration::from_secs(3600));
        clock.set(start);
        clock.advance(Duration::from_millis(1));
        assert_eq!(clock.now(), start + Duration::from_millis(1));
    }
}
