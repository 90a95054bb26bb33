//! The state behind its lock, with the clock: what all requests share.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::clock::Clock;
use crate::state::service_state::ServiceState;

pub(crate) struct Shared {
    pub state: Mutex<ServiceState>,
    pub clock: Arc<dyn Clock>,
}

impl Shared {
    pub(crate) fn state(&self) -> MutexGuard<'_, ServiceState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
