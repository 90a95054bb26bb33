//! The accounts as sync remembers them: so little of each that a million fit into a small function.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use tracing::warn;

use crate::app::App;
use crate::domain::account::{Account, AccountId, Status, StoppedBy};
use crate::ports::{InfraError, SecretEntry, StoredAccount};

/// The accounts that existed when the sync began, in the order of their ids.
pub(crate) struct KnownAccounts {
    accounts: Vec<Entry>,
    /// Indexes into `accounts`, by the name of the secret that defined each.
    by_secret: HashMap<Arc<str>, Vec<usize>>,
}

pub(crate) struct Entry {
    pub id: AccountId,
    secret: Option<Arc<str>>,
    version: Option<Arc<str>>,
    pub stopped: bool,
    secret_gone: bool,
    /// Has a next run, or needs none.
    scheduled: bool,
    /// Lies in a partition of the due index that no round reads any more.
    pub missing_from_index: bool,
    /// The secret that defines it now, once that is known.
    pub owner: Option<Arc<str>>,
}

impl KnownAccounts {
    pub async fn read(app: &App) -> Result<Self, InfraError> {
        let mut accounts = Vec::new();
        let mut texts = SharedTexts::default();
        let mut after = None;
        loop {
            let page = app.accounts.all(after).await?;
            for found in page.accounts {
                for warning in &found.warnings {
                    warn!(account = %found.account.id, "{warning}");
                }
                accounts.push(Entry::of(found, &mut texts));
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        accounts.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        let mut by_secret: HashMap<Arc<str>, Vec<usize>> = HashMap::new();
        for (index, entry) in accounts.iter().enumerate() {
            if let Some(secret) = &entry.secret {
                by_secret.entry(Arc::clone(secret)).or_default().push(index);
            }
        }
        Ok(Self { accounts, by_secret })
    }

    /// Whether the secret has accounts, and all of them have seen this version of it.
    pub fn is_unchanged(&self, secret: &SecretEntry) -> bool {
        let accounts = self.of(secret);
        !accounts.is_empty() && accounts.iter().all(|index| self.accounts[*index].is_unchanged(&secret.version))
    }

    /// Whether the secret of an account that is not stopped is missing from `listed`: all secrets, by name.
    pub fn any_orphaned(&self, listed: &[SecretEntry]) -> bool {
        let gone = |name: &str| listed.binary_search_by(|secret| secret.name.as_str().cmp(name)).is_err();
        self.accounts.iter().any(|entry| !entry.stopped && entry.secret.as_deref().is_some_and(gone))
    }

    /// Indexes of the accounts that the secret defined at the last sync.
    pub fn of(&self, secret: &SecretEntry) -> &[usize] {
        self.by_secret.get(secret.name.as_str()).map(Vec::as_slice).unwrap_or_default()
    }

    pub fn find(&self, id: &AccountId) -> Option<usize> {
        self.accounts.binary_search_by(|entry| entry.id.cmp(id)).ok()
    }

    pub fn at(&mut self, index: usize) -> &mut Entry {
        &mut self.accounts[index]
    }

    pub fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.accounts.iter()
    }
}

impl Entry {
    fn of(found: StoredAccount, texts: &mut SharedTexts) -> Self {
        let account = found.account;
        Self {
            secret: account.secret_name.as_deref().map(|text| texts.share(text)),
            version: account.secret_version.as_deref().map(|text| texts.share(text)),
            stopped: account.status == Status::Stopped,
            secret_gone: account.stopped_by == Some(StoppedBy::SecretGone),
            scheduled: account.status != Status::Active || account.next_run_at.is_some(),
            missing_from_index: missing_from_index(&account, found.in_due_index),
            id: account.id,
            owner: None,
        }
    }

    /// Whether an account whose secret has this version needs no change.
    pub fn is_unchanged(&self, version: &str) -> bool {
        self.version.as_deref() == Some(version) && !self.secret_gone && self.scheduled
    }
}

/// Whether no round would find the account when it is due; `in_due_index` comes from the store.
pub(crate) fn missing_from_index(account: &Account, in_due_index: bool) -> bool {
    !in_due_index && account.status != Status::Stopped && account.next_run_at.is_some()
}

/// Texts that many accounts share, each kept once.
#[derive(Default)]
struct SharedTexts(HashSet<Arc<str>>);

impl SharedTexts {
    fn share(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.0.get(text) {
            return Arc::clone(known);
        }
        let new: Arc<str> = text.into();
        self.0.insert(Arc::clone(&new));
        new
    }
}
