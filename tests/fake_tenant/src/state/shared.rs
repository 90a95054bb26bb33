//! The state behind its lock, with the clock: what all requests share.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::clock::Clock;
use crate::state::service_state::World;

pub(crate) struct Shared {
    pub world: Mutex<World>,
    pub clock: Arc<dyn Clock>,
}

impl Shared {
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
