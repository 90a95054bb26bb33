//! The default policy, as last read from its reserved secret.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};

use crate::domain::policy::Policy;

/// The default policy of a process; empty before it is first read.
#[derive(Default)]
pub struct DefaultPolicy(Mutex<Option<Defaults>>);

/// The reserved secret, as last read.
///
/// A policy that cannot be read counts as its safe side. The last valid one stays in force; where this process has read
/// none, no account writes, whatever its own policy says: the faulty text may forbid more than is known.
#[derive(Clone, Debug, Default)]
pub struct Defaults {
    /// `None` where the secret does not exist.
    pub version: Option<String>,
    pub read_at: DateTime<Utc>,
    /// The last valid text of the secret; `None` where it does not exist, or this process has read no valid one.
    pub last_valid: Option<Arc<Policy>>,
    /// Why the secret's current text is not in force. Never holds a value.
    pub fault: Option<String>,
}

impl Defaults {
    /// The policy beneath every account's own.
    pub fn policy(&self) -> Arc<Policy> {
        match &self.last_valid {
            Some(policy) => Arc::clone(policy),
            None => Arc::new(Policy { writes: !self.read_only(), ..Policy::default() }),
        }
    }

    /// Whether accounts may only read, whatever their own policies say.
    pub fn read_only(&self) -> bool {
        self.fault.is_some() && self.last_valid.is_none()
    }

    /// What is wrong with the secret, and what applies until it is fixed.
    pub fn fault_text(&self) -> Option<String> {
        let applies = if self.read_only() { "all accounts only read" } else { "its last valid text applies" };
        self.fault.as_ref().map(|fault| format!("{fault}. Until it is fixed, {applies}"))
    }
}

impl DefaultPolicy {
    /// What was last read; `None` before the first time.
    pub fn get(&self) -> Option<Defaults> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn set(&self, defaults: Defaults) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(defaults);
    }

    /// What was last read; an absent secret before that.
    pub fn current(&self) -> Defaults {
        self.get().unwrap_or_default()
    }
}
