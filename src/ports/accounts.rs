//! The store of accounts and of the history of their runs.

use crate::domain::account::Account;
use crate::domain::account::AccountId;
use crate::domain::account::history::HistoryRow;
use crate::ports::error::InfraError;
use async_trait::async_trait;
use chrono::{DateTime, Utc};

/// What is remembered of accounts and runs.
#[async_trait]
pub trait AccountStore: Send + Sync {
    /// Fails where something that the store needs is proven to be missing; asks until it is known to be there. A claim,
    /// too, is only taken where it is.
    async fn ready(&self) -> Result<(), InfraError>;
    /// One page of one shard's accounts that are due at `now`, oldest first; `after` is the `next` of the page before.
    async fn due(&self, shard: u16, now: DateTime<Utc>, after: Option<Cursor>) -> Result<DuePage, InfraError>;
    /// Takes the account for one run, if nobody else did: the decision is the store's alone.
    async fn claim(&self, id: &AccountId, claim: &ClaimRequest) -> Result<Claim, InfraError>;
    /// Writes the account back and ends the claim; only for the run that holds it.
    async fn record(&self, account: &Account, run_id: &str) -> Result<RecordResult, InfraError>;
    /// Adds an account that is not there yet; `false` where it is.
    async fn create(&self, account: &Account) -> Result<bool, InfraError>;
    /// Overwrites an account that no run holds at `now`; `false` where one does.
    async fn update(&self, account: &Account, now: DateTime<Utc>) -> Result<bool, InfraError>;
    /// Overwrites an account, taking it away from a run that may hold it.
    async fn overwrite(&self, account: &Account) -> Result<(), InfraError>;
    async fn get(&self, id: &AccountId) -> Result<Option<StoredAccount>, InfraError>;
    /// One page of all accounts.
    async fn all(&self, after: Option<Cursor>) -> Result<AccountPage, InfraError>;
    async fn add_history(&self, row: &HistoryRow) -> Result<(), InfraError>;
    /// The newest rows first, none older than the retention.
    async fn history(&self, id: &AccountId, limit: u32, now: DateTime<Utc>) -> Result<Vec<HistoryRow>, InfraError>;
}

/// Where a listing goes on; opaque outside the store.
#[derive(Clone, Debug)]
pub struct Cursor(pub Vec<(String, String)>);

impl Cursor {
    /// Where a listing of all accounts goes on that has come as far as this one.
    pub fn after(id: &AccountId) -> Self {
        Self(vec![("account_id".to_owned(), id.to_string())])
    }
}

#[derive(Clone, Debug, Default)]
pub struct DuePage {
    pub accounts: Vec<Due>,
    pub next: Option<Cursor>,
}

/// An account that the index shows as due; the claim decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    pub id: AccountId,
    pub next_run_at: String,
}

/// An account as it was read. `warnings` name attributes that were malformed and read as their defaults.
#[derive(Clone, Debug)]
pub struct StoredAccount {
    pub account: Account,
    pub warnings: Vec<String>,
    /// Whether rounds find it once its time has come: it has a time, and a shard that they look in.
    pub in_due_index: bool,
}

#[derive(Clone, Debug, Default)]
pub struct AccountPage {
    pub accounts: Vec<StoredAccount>,
    pub next: Option<Cursor>,
}

#[derive(Clone, Debug)]
pub struct ClaimRequest {
    pub run_id: String,
    pub now: DateTime<Utc>,
    pub lease_ends_at: DateTime<Utc>,
    pub right: ClaimKind,
}

/// By what right an account is claimed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClaimKind {
    /// Its time has come.
    Due,
    /// A person asked for one run: also of an account that is not due, or paused.
    Manual,
    /// The run of this id gives its claim away: whoever takes it over first has it, and nobody a second time.
    Handover(String),
}

#[derive(Clone, Debug)]
pub enum Claim {
    Taken {
        found: Box<StoredAccount>,
        /// An earlier claim ran out without a record: its run was cut off, and may have left something.
        previous_run_crashed: bool,
    },
    /// Another run has it, or it is no longer due, or it is gone.
    Lost,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordResult {
    Written,
    /// The claim ran out, or somebody stopped the account: what is there now stays.
    ClaimLost,
}
