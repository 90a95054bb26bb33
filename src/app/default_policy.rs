//! The default policy, as last read from its reserved secret.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};

use crate::domain::policy::Policy;

/// The default policy of a process; empty before it is first read.
#[derive(Default)]
pub struct DefaultPolicy(Mutex<Option<Defaults>>);

/// The reserved secret, as last read.
#[derive(Clone, Debug, Default)]
pub struct Defaults {
    /// `None` where the secret does not exist.
    pub version: Option<String>,
    pub read_at: DateTime<Utc>,
    pub policy: Arc<Policy>,
    /// Why the secret is ignored. Never holds a value.
    pub fault: Option<String>,
}

impl DefaultPolicy {
    /// What was last read; `None` before the first time.
    pub fn get(&self) -> Option<Defaults> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn set(&self, defaults: Defaults) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(defaults);
    }

    /// The policy itself, as last read; every field's own default before that.
    pub fn policy(&self) -> Arc<Policy> {
        self.get().unwrap_or_default().policy
    }

    /// Why the reserved secret is ignored, if it is.
    pub fn fault(&self) -> Option<String> {
        self.get()?.fault
    }
}
