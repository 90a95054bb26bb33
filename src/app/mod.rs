//! Shared state of one process: ports, settings and caches.
//!
//! `App` is a plain record. It is handed as far as the steps of a round, an action or a sync; what lies below them
//! takes the parts that it uses, so that its tests need no others.

pub mod default_policy;
pub mod mailbox_locks;
pub mod pending_sign_ins;
pub mod settings;
pub mod stop_signal;
pub mod throttle;
pub mod token_cache;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rand::Rng;
use rand::rngs::ChaCha12Rng;

use crate::app::default_policy::DefaultPolicy;
use crate::app::mailbox_locks::MailboxLocks;
use crate::app::pending_sign_ins::PendingSignIns;
use crate::app::settings::Settings;
use crate::app::stop_signal::StopSignal;
use crate::app::throttle::Throttle;
use crate::app::token_cache::TokenCache;
use crate::ports::{AccountStore, Alerts, Clock, Graph, Login, Queue, Secrets};

/// Ports, settings and caches of one process.
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
    pub default_policy: DefaultPolicy,
    pub pending_sign_ins: PendingSignIns,
    pub throttle: Throttle,
    pub mailbox_locks: MailboxLocks,
    pub stop: StopSignal,
    random: Mutex<ChaCha12Rng>,
}

/// The ports of an [`App`].
pub struct Ports {
    pub accounts: Arc<dyn AccountStore>,
    pub secrets: Arc<dyn Secrets>,
    pub tokens: Arc<dyn Login>,
    pub graph: Arc<dyn Graph>,
    pub clock: Arc<dyn Clock>,
    /// Where changes of accounts are published, if anywhere.
    pub alerts: Option<Arc<dyn Alerts>>,
    /// Where a tick sends claimed accounts; `None`: it runs them itself.
    pub queue: Option<Arc<dyn Queue>>,
}

impl App {
    /// An app with empty caches. `random` seeds rounds and names runs; in production it comes from the system.
    pub fn new(ports: Ports, settings: Settings, random: ChaCha12Rng) -> Self {
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
            default_policy: DefaultPolicy::default(),
            pending_sign_ins: PendingSignIns::default(),
            throttle: Throttle::default(),
            mailbox_locks: MailboxLocks::default(),
            stop: StopSignal::default(),
            random: Mutex::new(random),
        }
    }

    /// An unpredictable number.
    pub fn random_u64(&self) -> u64 {
        self.random.lock().unwrap_or_else(PoisonError::into_inner).next_u64()
    }

    /// Whether the process has been asked to stop.
    pub fn stopping(&self) -> bool {
        self.stop.is_set()
    }

    /// Sleeps, but wakes up when the process is asked to stop.
    pub async fn sleep(&self, duration: Duration) {
        self.stop.sleep(self.clock.as_ref(), duration).await;
    }
}
