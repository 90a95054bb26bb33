//! How many requests of one app a mailbox serves at once, over all connections.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::server::Shared;

/// Outlook serves so many requests of one app to one mailbox at once.
pub const AT_ONCE: usize = 4;

/// Places in mailboxes held while a request is served; given back on drop, even when the client gives up.
pub struct Places {
    shared: Arc<Shared>,
    taken: BTreeMap<String, usize>,
    /// Held by other requests when this one came.
    before: BTreeMap<String, usize>,
}

impl Places {
    pub fn take(shared: &Arc<Shared>, taken: BTreeMap<String, usize>) -> Self {
        let world = &mut *shared.world();
        let before = taken.keys().map(|m| (m.clone(), world.in_flight.get(m).copied().unwrap_or(0))).collect();
        for (mailbox, n) in &taken {
            *world.in_flight.entry(mailbox.clone()).or_default() += n;
        }
        Self { shared: Arc::clone(shared), taken, before }
    }

    pub fn others(&self, mailbox: &str) -> usize {
        self.before.get(mailbox).copied().unwrap_or(0)
    }

    pub fn crowded(&self, mailbox: &Option<String>) -> bool {
        mailbox.as_ref().is_some_and(|m| self.others(m) + 1 > AT_ONCE)
    }
}

impl Drop for Places {
    fn drop(&mut self) {
        let world = &mut *self.shared.world();
        for (mailbox, n) in &self.taken {
            if let Some(held) = world.in_flight.get_mut(mailbox) {
                *held = held.saturating_sub(*n);
            }
        }
    }
}
