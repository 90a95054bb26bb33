//! An account: one identity at one tenant, and what the house remembers of it between runs.

pub mod expiry;
pub mod history;
pub mod notice;
pub mod recent_calls;
pub mod refusals;
pub mod set_aside;

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, Utc};
use serde::Serialize;
use thiserror::Error;

use crate::domain::account::expiry::Expiries;
use crate::domain::account::notice::Notices;
use crate::domain::account::recent_calls::RecentCalls;
use crate::domain::account::refusals::Refusals;
use crate::domain::account::set_aside::SetAside;

/// The last part of the secret's name: `[A-Za-z0-9][A-Za-z0-9._@+-]{0,127}`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct AccountId(String);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("an account id is 1 to 128 letters, digits or `._@+-`, and begins with a letter or a digit")]
pub struct BadAccountId;

impl AccountId {
    pub fn parse(text: &str) -> Result<Self, BadAccountId> {
        let first = text.chars().next().ok_or(BadAccountId)?;
        let fits = text.len() <= 128
            && first.is_ascii_alphanumeric()
            && text.chars().all(|c| c.is_ascii_alphanumeric() || "._@+-".contains(c));
        if fits { Ok(Self(text.to_owned())) } else { Err(BadAccountId) }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Called when due.
    Active,
    /// Its configuration is wrong: probed, not called.
    Paused,
    /// By hand, or because its secret is gone: never due.
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

/// Who stopped an account: what a person stopped, only a person starts again.
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

/// Coming runs that look for what a run left behind that was cut off.
const SWEEPS_AFTER_CUT_OFF: u32 = 3;

/// Why and since when an account is set aside, and how often it was probed since.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Pause {
    pub cause: String,
    pub since: DateTime<Utc>,
    pub probes: u32,
}

/// What is kept of an account between runs. No secret is ever part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    pub id: AccountId,
    pub status: Status,
    /// While claimed, the end of the lease. `None`: not due until somebody acts.
    pub next_run_at: Option<DateTime<Utc>>,
    pub last_run_at: Option<DateTime<Utc>>,
    /// Runs without success since the last one with.
    pub consecutive_failures: u32,
    /// Of those, the ones since the last token that failed for wrong configuration.
    pub misconfigured_runs: u32,
    pub pause: Option<Pause>,
    pub stopped_by: Option<StoppedBy>,
    /// What is left out of plans, and until when.
    pub set_aside: BTreeMap<SetAside, DateTime<Utc>>,
    /// What was refused lately, and how: also the reasons of what is set aside.
    pub refusals: Refusals,
    /// What recent runs have shown of each operation.
    pub habits: RecentCalls,
    /// How many coming runs must look for what an earlier one left behind.
    pub sweeps: u32,
    /// When the subscription and the credential end, as far as that is known.
    pub expiries: Expiries,
    /// What a person has yet to be told.
    pub untold: Notices,
    /// The secret that defines this account, and the version that was read last.
    pub secret_name: Option<String>,
    pub secret_version: Option<String>,
    /// When the house itself last wrote this account's refresh token to its secret.
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

    /// Active again with a clean slate, due at `next_run_at`.
    pub fn reactivate(&mut self, next_run_at: DateTime<Utc>) {
        self.status = Status::Active;
        self.next_run_at = Some(next_run_at);
        self.consecutive_failures = 0;
        self.misconfigured_runs = 0;
        self.pause = None;
        self.stopped_by = None;
        self.release();
    }

    /// Never due again until revived.
    pub fn stop(&mut self, by: StoppedBy) {
        self.status = Status::Stopped;
        self.next_run_at = None;
        self.pause = None;
        self.stopped_by = Some(by);
        self.release();
    }

    /// A run ended without a record: it may have left something, also mail that is still on its way.
    pub fn mark_crashed(&mut self) {
        self.sweeps = self.sweeps.max(SWEEPS_AFTER_CUT_OFF);
    }

    /// No run holds the account any longer. One that did may have left something behind.
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
    fn an_id_is_what_the_contract_allows_and_nothing_else() {
        for good in ["a", "A9", "dev@contoso.onmicrosoft.com", "x._@+-", &"a".repeat(128)] {
            assert_eq!(AccountId::parse(good).map(|id| id.to_string()), Ok(good.to_owned()));
        }
        for bad in ["", "_defaults", ".a", "-a", "a/b", "a b", "é", "a\n", &"a".repeat(129)] {
            assert_eq!(AccountId::parse(bad), Err(BadAccountId), "{bad:?}");
        }
    }

    #[test]
    fn every_status_reads_back_as_it_was_written() {
        for status in [Status::Active, Status::Paused, Status::Stopped] {
            assert_eq!(Status::parse(status.as_str()), Some(status));
        }
        assert_eq!(Status::parse("banana"), None);
    }
}
