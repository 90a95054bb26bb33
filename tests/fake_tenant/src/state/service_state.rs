//! All state of the fake, behind one lock.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rand::rngs::ChaCha12Rng;
use rand::{RngExt, SeedableRng};

use crate::state::fault::Faults;
use crate::state::ids::Id;
use crate::state::issued::{DeviceSignIn, RefreshToken, Token};
use crate::state::recorded::Recorded;
use crate::state::tenant_state::TenantState;
use crate::state::throttle::Throttles;
use crate::wire::encoding::base64url;

pub(crate) struct ServiceState {
    pub endpoint: String,
    pub rng: ChaCha12Rng,
    pub tenants: BTreeMap<String, TenantState>,
    pub tokens: HashMap<String, Token>,
    pub refresh_tokens: HashMap<String, RefreshToken>,
    pub devices: HashMap<String, DeviceSignIn>,
    pub assertions: BTreeSet<String>,
    pub faults: Faults,
    pub throttles: Throttles,
    pub recorded: Vec<Recorded>,
    pub recording: bool,
    pub violations: Vec<String>,
    /// Outlook requests being served, by mailbox, over all connections.
    pub in_flight: HashMap<String, usize>,
    pub depends_on_one_pattern: bool,
}

impl ServiceState {
    pub(crate) fn new(endpoint: String, seed: u64) -> Self {
        Self {
            endpoint,
            rng: ChaCha12Rng::seed_from_u64(seed),
            tenants: BTreeMap::new(),
            tokens: HashMap::new(),
            refresh_tokens: HashMap::new(),
            devices: HashMap::new(),
            assertions: BTreeSet::new(),
            faults: Faults::default(),
            throttles: Throttles::default(),
            recorded: Vec::new(),
            recording: true,
            violations: Vec::new(),
            in_flight: HashMap::new(),
            depends_on_one_pattern: false,
        }
    }

    /// By id or domain.
    pub(crate) fn tenant(&self, name: &str) -> Option<&TenantState> {
        self.tenants.values().find(|held| held.definition.named(name))
    }

    pub(crate) fn tenant_mut(&mut self, name: &str) -> Option<&mut TenantState> {
        self.tenants.values_mut().find(|held| held.definition.named(name))
    }

    pub(crate) fn report_violation(&mut self, what: impl Into<String>) {
        self.violations.push(what.into());
    }

    /// An id for a reply.
    pub(crate) fn guid(&mut self) -> String {
        Id::Guid.make(&mut self.rng)
    }

    pub(crate) fn secret(&mut self, bytes: usize) -> String {
        let bytes: Vec<u8> = (0..bytes).map(|_| self.rng.random()).collect();
        base64url(&bytes)
    }
}
