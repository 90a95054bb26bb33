//! Sign-ins by device code that a person has not answered yet.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use secrecy::SecretString;

use crate::domain::account::AccountId;
use crate::ports::Client;

/// The pending sign-ins of a process, by account.
#[derive(Default)]
pub struct PendingSignIns(Mutex<HashMap<AccountId, PendingSignIn>>);

/// A sign-in that a person has not answered yet.
#[derive(Clone, Debug)]
pub struct PendingSignIn {
    pub client: Client,
    pub device_code: SecretString,
    pub user_code: String,
    pub verification_uri: String,
    pub expires_at: DateTime<Utc>,
    pub interval: Duration,
    /// The earliest time of the next poll.
    pub next_poll: DateTime<Utc>,
}

impl PendingSignIns {
    pub fn get(&self, id: &AccountId) -> Option<PendingSignIn> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    pub fn insert(&self, id: &AccountId, pending: PendingSignIn) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone(), pending);
    }

    pub fn remove(&self, id: &AccountId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
    }
}
