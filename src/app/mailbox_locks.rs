//! Mailbox locks: runs that act for one mailbox run one after another, so that together they stay below its limits, and
//! no run's sweep takes another's objects for orphans.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

/// A mutex for each name of a mailbox, shared by all runs of a process. Other processes have their own.
#[derive(Default)]
pub struct MailboxLocks(Mutex<HashMap<String, Arc<AsyncMutex<()>>>>);

/// Beyond this many names, those without a holder are removed.
const MAX_ENTRIES: usize = 1024;

impl MailboxLocks {
    /// Waits until no other run holds one of the names. A user may have several (object id and UPN).
    pub async fn lock(&self, mut names: Vec<String>) -> Vec<OwnedMutexGuard<()>> {
        // In one order for all runs, or two of them could wait for each other.
        names.sort_unstable();
        names.dedup();
        let mut held = Vec::with_capacity(names.len());
        for name in names {
            held.push(self.mutex(name).lock_owned().await);
        }
        held
    }

    fn mutex(&self, name: String) -> Arc<AsyncMutex<()>> {
        let mut mutexes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if mutexes.len() >= MAX_ENTRIES {
            mutexes.retain(|_, mutex| Arc::strong_count(mutex) > 1);
        }
        Arc::clone(mutexes.entry(name).or_default())
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
    async fn a_run_that_shares_a_name_waits_and_no_other_does() {
        let locks = MailboxLocks::default();
        let held = locks.lock(names(&["id", "upn", "id"])).await;
        assert!(locks.lock(names(&["upn"])).now_or_never().is_none());
        assert!(locks.lock(names(&["another", "a"])).now_or_never().is_some());
        drop(held);
        assert!(locks.lock(names(&["upn"])).now_or_never().is_some());
    }

    #[tokio::test]
    async fn two_runs_with_the_same_names_in_different_order_never_deadlock() {
        let locks = MailboxLocks::default();
        let both = async |order: &[&str]| {
            for _ in 0..100 {
                let held = locks.lock(names(order)).await;
                tokio::task::yield_now().await;
                drop(held);
            }
        };
        tokio::join!(both(&["a", "b"]), both(&["b", "a"]));
    }

    #[tokio::test]
    async fn names_without_a_holder_are_removed() {
        let locks = MailboxLocks::default();
        let held = locks.lock(names(&["held"])).await;
        for number in 0..3 * MAX_ENTRIES {
            drop(locks.lock(vec![number.to_string()]).await);
        }
        assert!(locks.0.lock().unwrap().len() <= MAX_ENTRIES);
        assert!(locks.lock(names(&["held"])).now_or_never().is_none());
        drop(held);
    }
}
