//! Settings of one process, and the names of secrets that follow from them.

use crate::domain::account::{Account, AccountId};

/// Settings of one process, from its environment.
#[derive(Clone, Debug)]
pub struct Settings {
    pub secret_prefix: String,
    /// Partitions of the due index, 1 to 64.
    pub due_shards: u16,
    /// Accounts in flight in one round.
    pub concurrency: usize,
}

impl Settings {
    /// The secret that defines the account: the one that `sync` noted, else the one named after the account's id.
    pub fn secret_name(&self, account: &Account) -> String {
        account.secret_name.clone().unwrap_or_else(|| self.secret_name_for(&account.id))
    }

    /// The secret named after an account's id.
    pub fn secret_name_for(&self, id: &AccountId) -> String {
        format!("{}{id}", self.secret_prefix)
    }

    /// The reserved secret that holds the default policy.
    pub fn default_policy_name(&self) -> String {
        format!("{}_defaults", self.secret_prefix)
    }
}
