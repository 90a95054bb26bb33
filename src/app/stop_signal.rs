//! The stop signal: asks everything under way in a process to come to an end.

use std::time::Duration;

use tokio::sync::watch;

use crate::ports::Clock;

/// Once set, nothing more is claimed, and runs clean up and are recorded. It is never unset.
#[derive(Debug)]
pub struct StopSignal(watch::Sender<bool>);

impl Default for StopSignal {
    fn default() -> Self {
        Self(watch::Sender::new(false))
    }
}

impl StopSignal {
    pub fn set(&self) {
        self.0.send_replace(true);
    }

    pub fn is_set(&self) -> bool {
        *self.0.borrow()
    }

    /// Returns once the signal is set.
    pub async fn wait(&self) {
        let mut stopping = self.0.subscribe();
        // The sender lives as long as `self`, so that there is always a value to wait for.
        let _ = stopping.wait_for(|stop| *stop).await;
    }

    /// Sleeps, but wakes up when the signal is set.
    pub async fn sleep(&self, clock: &dyn Clock, duration: Duration) {
        tokio::select! {
            () = clock.sleep(duration) => {}
            () = self.wait() => {}
        }
    }
}
