//! Turns: runs that speak for one mailbox take turns, so that together they stay below its limits, and none takes
//! for a leftover what another is just using.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Mutex as Turn, OwnedMutexGuard};

/// Shared by all runs of a process. Another process knows nothing of them.
#[derive(Default)]
pub struct MailboxLocks(Mutex<HashMap<String, Arc<Turn<()>>>>);

/// Names that nobody waits for are forgotten beyond this many.
const MANY: usize = 1024;

impl MailboxLocks {
    /// Waits until no other run holds one of the names. A user may have several (id and UPN).
    pub async fn lock(&self, mut names: Vec<String>) -> Vec<OwnedMutexGuard<()>> {
        // In one order for everybody, or two runs could wait for each other.
        names.sort_unstable();
        names.dedup();
        let mut held = Vec::with_capacity(names.len());
        for name in names {
            held.push(self.turn(name).lock_owned().await);
        }
        held
    }

    fn turn(&self, name: String) -> Arc<Turn<()>> {
        let mut mailbox_locks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if mailbox_locks.len() >= MANY {
            mailbox_locks.retain(|_, turn| Arc::strong_count(turn) > 1);
        }
        Arc::clone(mailbox_locks.entry(name).or_default())
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[tokio::test]
    async fn who_shares_a_name_waits_and_nobody_else_does() {
        let mailbox_locks = MailboxLocks::default();
        let held = mailbox_locks.lock(names(&["id", "upn", "id"])).await;
        assert!(mailbox_locks.lock(names(&["upn"])).now_or_never().is_none());
        assert!(mailbox_locks.lock(names(&["another", "a"])).now_or_never().is_some());
        drop(held);
        assert!(mailbox_locks.lock(names(&["upn"])).now_or_never().is_some());
    }

    #[tokio::test]
    async fn two_with_the_same_names_in_another_order_never_wait_for_each_other() {
        let mailbox_locks = MailboxLocks::default();
        let both = async |order: &[&str]| {
            for _ in 0..100 {
                let held = mailbox_locks.lock(names(order)).await;
                tokio::task::yield_now().await;
                drop(held);
            }
        };
        tokio::join!(both(&["a", "b"]), both(&["b", "a"]));
    }

    #[tokio::test]
    async fn names_that_nobody_holds_are_forgotten() {
        let mailbox_locks = MailboxLocks::default();
        let held = mailbox_locks.lock(names(&["held"])).await;
        for number in 0..3 * MANY {
            drop(mailbox_locks.lock(vec![number.to_string()]).await);
        }
        assert!(mailbox_locks.0.lock().unwrap().len() <= MANY);
        assert!(mailbox_locks.lock(names(&["held"])).now_or_never().is_none());
        drop(held);
    }
}
