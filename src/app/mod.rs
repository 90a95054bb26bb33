//! The house: the ports and settings that every story needs, and what stays warm between rounds.

pub mod mailbox_locks;
pub mod throttle;
pub mod token_cache;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rand::Rng;
use rand::rngs::ChaCha12Rng;
use tokio::sync::watch;

use crate::app::mailbox_locks::MailboxLocks;
use crate::app::throttle::Throttle;
use crate::app::token_cache::TokenCache;
use crate::domain::policy::Policy;
use crate::ports::{AccountStore, Alerts, Clock, Graph, Login, Queue, Secrets};

/// Everything that a story is told with. Built once, in `main`.
pub struct App {
    pub accounts: Arc<dyn AccountStore>,
    pub secrets: Arc<dyn Secrets>,
    pub tokens: Arc<dyn Login>,
    pub graph: Arc<dyn Graph>,
    pub clock: Arc<dyn Clock>,
    pub alerts: Option<Arc<dyn Alerts>>,
    pub queue: Option<Arc<dyn Queue>>,
    pub settings: Settings,
    pub token_cache: TokenCache,
    pub throttle: Throttle,
    pub mailbox_locks: MailboxLocks,
    chance: Mutex<ChaCha12Rng>,
    stopping: watch::Sender<bool>,
}

#[derive(Clone, Debug)]
pub struct Settings {
    pub secret_prefix: String,
    /// Partitions of the due index, 1 to 64.
    pub due_shards: u16,
    /// Accounts in flight in one round.
    pub concurrency: usize,
}

/// The ports of a house.
pub struct Ports {
    pub accounts: Arc<dyn AccountStore>,
    pub secrets: Arc<dyn Secrets>,
    pub tokens: Arc<dyn Login>,
    pub graph: Arc<dyn Graph>,
    pub clock: Arc<dyn Clock>,
    /// Who is told of changes, where anybody is.
    pub alerts: Option<Arc<dyn Alerts>>,
    /// Where a tick sends claimed accounts, where it does not run them itself.
    pub queue: Option<Arc<dyn Queue>>,
}

impl App {
    /// `chance` seeds rounds and names runs; production takes it from the system.
    pub fn new(ports: Ports, settings: Settings, chance: ChaCha12Rng) -> Self {
        let Ports { accounts, secrets, tokens, graph, clock, alerts, queue } = ports;
        Self {
            accounts,
            secrets,
            tokens,
            graph,
            clock,
            alerts,
            queue,
            settings,
            token_cache: TokenCache::default(),
            throttle: Throttle::default(),
            mailbox_locks: MailboxLocks::default(),
            chance: Mutex::new(chance),
            stopping: watch::Sender::new(false),
        }
    }

    /// What stands under every account's own policy, as it was read last.
    pub fn default_policy(&self) -> Arc<Policy> {
        self.token_cache.defaults().unwrap_or_default().policy
    }

    /// A number that nobody can foresee.
    pub fn random_u64(&self) -> u64 {
        self.chance.lock().unwrap_or_else(PoisonError::into_inner).next_u64()
    }

    /// Asks what is under way to come to an end: nothing more is claimed, runs clean up and are recorded.
    pub fn stop(&self) {
        self.stopping.send_replace(true);
    }

    pub fn stopping(&self) -> bool {
        *self.stopping.borrow()
    }

    /// Sleeps, but wakes up when the house is asked to stop.
    pub async fn sleep(&self, duration: Duration) {
        let mut stopping = self.stopping.subscribe();
        tokio::select! {
            () = self.clock.sleep(duration) => {}
            _ = stopping.wait_for(|stop| *stop) => {}
        }
    }
}
