//! The store of accounts and of the history of their runs.

use crate::domain::account::Account;
use crate::domain::account::AccountId;
use crate::domain::account::history::HistoryRow;
use crate::ports::error::InfraError;
use async_trait::async_trait;
use chrono::{DateTime, Utc};

/// The store of accounts and of the history of their runs.
#[async_trait]
pub trait AccountStore: Send + Sync {
    /// Fails where a table or index is proven to be missing or wrong; asks until all are proven to be there. Claims check
    /// the same.
    async fn ready(&self) -> Result<(), InfraError>;
    /// One page of one shard's accounts that are due at `now`, oldest first; `after` is the `next` of the page before.
    async fn due(&self, shard: u16, now: DateTime<Utc>, after: Option<Cursor>) -> Result<DuePage, InfraError>;
    /// Takes the account for one run, unless another run holds it: decided by one conditional write.
    async fn claim(&self, id: &AccountId, claim: &ClaimRequest) -> Result<Claim, InfraError>;
    /// Writes the account back and ends the claim, if this run still holds it.
    async fn record(&self, account: &Account, run_id: &str) -> Result<RecordResult, InfraError>;
    /// Adds an account; `false` where there is one of this id.
    async fn create(&self, account: &Account) -> Result<bool, InfraError>;
    /// Overwrites an account that no run holds at `now`; `false` where one does.
    async fn update(&self, account: &Account, now: DateTime<Utc>) -> Result<bool, InfraError>;
    /// Overwrites an account even while a run holds its claim: that run loses it.
    async fn overwrite(&self, account: &Account) -> Result<(), InfraError>;
    async fn get(&self, id: &AccountId) -> Result<Option<StoredAccount>, InfraError>;
    /// One page of all accounts.
    async fn all(&self, after: Option<Cursor>) -> Result<AccountPage, InfraError>;
    async fn add_history(&self, row: &HistoryRow) -> Result<(), InfraError>;
    /// At most `limit` rows, newest first, none older than the retention.
    async fn history(&self, id: &AccountId, limit: u32, now: DateTime<Utc>) -> Result<Vec<HistoryRow>, InfraError>;
}

/// The place in a listing after which its next page begins; opaque outside the store.
#[derive(Clone, Debug)]
pub struct Cursor(pub Vec<(String, String)>);

impl Cursor {
    /// The place after this account in a listing of all accounts.
    pub fn after(id: &AccountId) -> Self {
        Self(vec![("account_id".to_owned(), id.to_string())])
    }
}

#[derive(Clone, Debug, Default)]
pub struct DuePage {
    pub accounts: Vec<Due>,
    pub next: Option<Cursor>,
}

/// An account that the index lists as due; the index may lag behind, so the claim decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    pub id: AccountId,
    pub next_run_at: String,
}

/// An account as it was read.
#[derive(Clone, Debug)]
pub struct StoredAccount {
    pub account: Account,
    /// Name attributes that were malformed and read as their defaults.
    pub warnings: Vec<String>,
    /// Whether rounds find it once it is due: it has a next time, and a shard that they query.
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
    pub kind: ClaimKind,
}

/// Which accounts a claim may take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClaimKind {
    /// One that is due.
    Due,
    /// Any that is not stopped, due or not: a person asked for one run.
    Manual,
    /// Takes over the claim of this run; only the first take-over succeeds.
    Handover(String),
}

#[derive(Clone, Debug)]
pub enum Claim {
    Taken {
        found: Box<StoredAccount>,
        /// The earlier claim ran out without a record: its run crashed, and may have left objects behind.
        previous_run_crashed: bool,
    },
    /// Another run holds it, or it is no longer due, or it is gone.
    Lost,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordResult {
    Written,
    /// The claim ran out, or a person stopped the account: nothing was written.
    ClaimLost,
}
