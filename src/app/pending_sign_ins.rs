//! Sign-ins by device code that a person has not answered yet.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::json;

use crate::domain::account::AccountId;
use crate::domain::cloud::Cloud;
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

impl PendingSignIn {
    pub fn text(&self) -> SecretString {
        json!({
            "cloud": self.client.cloud, "tenant_id": self.client.tenant_id, "client_id": self.client.client_id,
            "device_code": self.device_code.expose_secret(), "user_code": self.user_code,
            "verification_uri": self.verification_uri, "expires_at": self.expires_at,
            "interval": self.interval.as_secs(), "next_poll": self.next_poll,
        })
        .to_string()
        .into()
    }

    /// Parses what an earlier call has kept; `None` for anything else.
    pub fn read(text: &SecretString) -> Option<Self> {
        #[derive(Deserialize)]
        struct Kept {
            cloud: String,
            tenant_id: String,
            client_id: String,
            device_code: SecretString,
            user_code: String,
            verification_uri: String,
            expires_at: DateTime<Utc>,
            interval: u64,
            next_poll: DateTime<Utc>,
        }
        let kept: Kept = serde_json::from_str(text.expose_secret()).ok()?;
        let cloud = Cloud::parse(&kept.cloud)?;
        Some(Self {
            client: Client { cloud, tenant_id: kept.tenant_id, client_id: kept.client_id },
            device_code: kept.device_code,
            user_code: kept.user_code,
            verification_uri: kept.verification_uri,
            expires_at: kept.expires_at,
            interval: Duration::from_secs(kept.interval.clamp(1, 3600)),
            next_poll: kept.next_poll,
        })
    }
}
