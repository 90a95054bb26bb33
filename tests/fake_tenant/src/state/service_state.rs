//! All state of the fake, behind one lock.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use rand::rngs::ChaCha12Rng;
use rand::{RngExt, SeedableRng};
use serde_json::Value;

use super::fault::Faults;
use super::recorded::Recorded;
use super::store::{Object, Store};
use super::tenant::{App, Tenant, User};
use super::throttle::Throttles;
use super::wire::base64url;

pub struct World {
    pub endpoint: String,
    pub rng: ChaCha12Rng,
    pub tenants: BTreeMap<String, Held>,
    pub tokens: HashMap<String, Token>,
    pub refresh_tokens: HashMap<String, Refresh>,
    pub devices: HashMap<String, Device>,
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

/// A tenant with all that is in it.
pub struct Held {
    pub is: Tenant,
    pub store: Store,
    pub rng: ChaCha12Rng,
    /// Sent mail on its way: when it arrives, at whose mailbox, what.
    pub post: Vec<(DateTime<Utc>, String, Object)>,
}

#[derive(Clone, Debug)]
pub struct Token {
    pub tenant: String,
    pub app: String,
    /// User id; `None` for the app itself.
    pub user: Option<String>,
    pub permissions: BTreeSet<String>,
    pub expires: DateTime<Utc>,
}

#[derive(Clone, Debug)]
pub struct Refresh {
    pub tenant: String,
    pub app: String,
    pub user: String,
    pub scope: String,
    pub issued: DateTime<Utc>,
    pub revoked: bool,
    /// Got by a sign-in with a second factor.
    pub strong: bool,
}

#[derive(Clone, Debug)]
pub struct Device {
    pub user_code: String,
    pub tenant: String,
    pub app: String,
    pub scope: String,
    pub expires: DateTime<Utc>,
    pub polled: Option<DateTime<Utc>>,
    /// `Some(None)`: declined.
    pub answer: Option<Option<String>>,
    /// Answered with a second factor.
    pub strong: bool,
}

impl World {
    pub fn new(endpoint: String, seed: u64) -> Self {
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
    pub fn tenant(&self, name: &str) -> Option<&Held> {
        self.tenants.values().find(|held| held.is.named(name))
    }

    pub fn tenant_mut(&mut self, name: &str) -> Option<&mut Held> {
        self.tenants.values_mut().find(|held| held.is.named(name))
    }

    pub fn violate(&mut self, what: impl Into<String>) {
        self.violations.push(what.into());
    }

    pub fn secret(&mut self, bytes: usize) -> String {
        let bytes: Vec<u8> = (0..bytes).map(|_| self.rng.random()).collect();
        base64url(&bytes)
    }
}

impl Held {
    pub fn user(&self, name: &str) -> Option<&User> {
        self.is.users.iter().find(|u| u.id.eq_ignore_ascii_case(name) || u.upn.eq_ignore_ascii_case(name))
    }

    pub fn app(&self, client_id: &str) -> Option<&App> {
        self.is.apps.iter().find(|a| a.client_id.eq_ignore_ascii_case(client_id))
    }

    pub fn app_mut(&mut self, client_id: &str) -> Option<&mut App> {
        self.is.apps.iter_mut().find(|a| a.client_id.eq_ignore_ascii_case(client_id))
    }

    pub fn id(&mut self, style: Id) -> String {
        style.make(&mut self.rng)
    }

    pub fn snapshot(&self) -> Value {
        self.store.snapshot()
    }
}

impl Tenant {
    pub fn named(&self, name: &str) -> bool {
        self.id.eq_ignore_ascii_case(name) || self.domain.eq_ignore_ascii_case(name)
    }
}

/// How a service makes its ids; clients must take each as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Id {
    Guid,
    /// Exchange: base64url with padding.
    Outlook,
    /// OneDrive: `01` and base 32.
    Drive,
    /// OneNote: `0-<hex>!1-<hex>`.
    Onenote,
    /// Planner, Excel and others: letters and digits.
    Short,
}

impl Id {
    pub fn make(self, rng: &mut ChaCha12Rng) -> String {
        let mut from = |alphabet: &[u8], n: usize| -> String {
            (0..n).map(|_| char::from(alphabet[rng.random_range(0..alphabet.len())])).collect()
        };
        const HEX: &[u8] = b"0123456789abcdef";
        const BASE32: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        const BASE64URL: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        match self {
            Self::Guid => {
                format!("{}-{}-4{}-a{}-{}", from(HEX, 8), from(HEX, 4), from(HEX, 3), from(HEX, 3), from(HEX, 12))
            }
            Self::Outlook => format!("AAMkAG{}AAA=", from(BASE64URL, 60)),
            Self::Drive => format!("01{}", from(BASE32, 32)),
            Self::Onenote => format!("0-{}!1-{}", from(HEX, 32), from(HEX, 16)),
            Self::Short => from(&BASE64URL[..62], 24),
        }
    }
}
