//! An account: one identity at one tenant, and its state between runs.

pub(crate) mod expiry;
pub mod history;
pub mod notice;
pub mod recent_calls;
pub mod refusals;
pub mod set_aside;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::domain::account::expiry::Expiries;
use crate::domain::account::notice::Notices;
use crate::domain::account::recent_calls::RecentCalls;
use crate::domain::account::refusals::Refusals;
use crate::domain::account::set_aside::SetAside;
pub use crate::domain::account_id::AccountId;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Called when due.
    Active,
    /// Its configuration is wrong: it is probed, not called.
    Paused,
    /// Stopped by a person, or because its secret is gone: never due.
    Stopped,
}

impl Status {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Stopped => "stopped",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::Active, Self::Paused, Self::Stopped].into_iter().find(|status| status.as_str() == text)
    }
}

/// Why an account is stopped. Only a person restarts what a person stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StoppedBy {
    Hand,
    SecretGone,
}

impl StoppedBy {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hand => "hand",
            Self::SecretGone => "secret_gone",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::Hand, Self::SecretGone].into_iter().find(|by| by.as_str() == text)
    }
}

/// Coming runs that sweep for objects that a crashed run left behind.
const SWEEPS_AFTER_CRASH: u32 = 3;

/// Why and since when an account is paused, and how often it was probed since.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Pause {
    pub cause: String,
    pub since: DateTime<Utc>,
    pub probes: u32,
}

/// The state of an account between runs. It never holds a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    pub id: AccountId,
    pub status: Status,
    /// While claimed, the end of the lease. `None`: never due until a person or a new secret restarts it.
    pub next_run_at: Option<DateTime<Utc>>,
    pub last_run_at: Option<DateTime<Utc>>,
    /// Failed runs since the last successful one.
    pub consecutive_failures: u32,
    /// Of those, runs that failed because of wrong configuration since the last token.
    pub misconfigured_runs: u32,
    pub pause: Option<Pause>,
    pub stopped_by: Option<StoppedBy>,
    /// What is left out of plans, and until when.
    pub set_aside: BTreeMap<SetAside, DateTime<Utc>>,
    /// What was refused lately, and how: also the reasons of what is set aside.
    pub refusals: Refusals,
    /// Recent calls of each operation.
    pub habits: RecentCalls,
    /// Coming runs that must sweep for objects that an earlier one left behind.
    pub sweeps: u32,
    /// When the subscription and the credential expire, where known.
    pub expiries: Expiries,
    /// Notices that are not published yet.
    pub untold: Notices,
    /// The secret that defines this account, and its version as last read.
    pub secret_name: Option<String>,
    pub secret_version: Option<String>,
    /// When the program itself last wrote a refresh token to this account's secret.
    pub refresh_token_saved_at: Option<DateTime<Utc>>,
    /// The run that holds the account, while claimed.
    pub run_id: Option<String>,
}

impl Account {
    /// A new account, due at `next_run_at`.
    pub fn new(id: AccountId, next_run_at: DateTime<Utc>) -> Self {
        Self {
            id,
            status: Status::Active,
            next_run_at: Some(next_run_at),
            last_run_at: None,
            consecutive_failures: 0,
            misconfigured_runs: 0,
            pause: None,
            stopped_by: None,
            set_aside: BTreeMap::new(),
            refusals: Refusals::default(),
            habits: RecentCalls::default(),
            sweeps: 0,
            expiries: Expiries::default(),
            untold: Notices::default(),
            secret_name: None,
            secret_version: None,
            refresh_token_saved_at: None,
            run_id: None,
        }
    }

    /// Whether a run holds this account at `now`: claimed, and the lease not over.
    pub fn claimed(&self, now: DateTime<Utc>) -> bool {
        self.run_id.is_some() && self.next_run_at.is_some_and(|end| end > now)
    }

    /// Makes the account active again with failures and pause cleared, due at `next_run_at`.
    pub fn reactivate(&mut self, next_run_at: DateTime<Utc>) {
        self.status = Status::Active;
        self.next_run_at = Some(next_run_at);
        self.consecutive_failures = 0;
        self.misconfigured_runs = 0;
        self.pause = None;
        self.stopped_by = None;
        self.release();
    }

    /// Makes the account never due until it is reactivated.
    pub fn stop(&mut self, by: StoppedBy) {
        self.status = Status::Stopped;
        self.next_run_at = None;
        self.pause = None;
        self.stopped_by = Some(by);
        self.release();
    }

    /// Marks that a run ended without a record: it may have left objects behind, also mail that is not delivered yet.
    pub fn mark_crashed(&mut self) {
        self.sweeps = self.sweeps.max(SWEEPS_AFTER_CRASH);
    }

    /// Ends the claim of the run that holds the account, if any. That run may have left objects behind.
    pub fn release(&mut self) {
        if self.run_id.take().is_some() {
            self.mark_crashed();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_parses_from_its_own_text() {
        for status in [Status::Active, Status::Paused, Status::Stopped] {
            assert_eq!(Status::parse(status.as_str()), Some(status));
        }
        assert_eq!(Status::parse("banana"), None);
    }
}
