//! What sync keeps of every account: so little of each that a million fit into a small function.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use tracing::warn;

use crate::app::App;
use crate::domain::account::{Account, AccountId, Status, StoppedBy};
use crate::ports::{InfraError, SecretEntry, StoredAccount};

/// The accounts that there were when the sync began, in the order of their ids.
pub struct KnownAccounts {
    accounts: Vec<Entry>,
    /// By the name of the secret that each was defined by.
    by_secret: HashMap<Arc<str>, Vec<usize>>,
}

pub struct Entry {
    pub id: AccountId,
    secret: Option<Arc<str>>,
    version: Option<Arc<str>>,
    pub stopped: bool,
    secret_gone: bool,
    /// It is not called, or has a next time.
    scheduled: bool,
    /// Stands in a partition of the due index that no round looks in any more.
    pub missing_from_index: bool,
    /// The secret that defines it now, once that is known.
    pub owner: Option<Arc<str>>,
}

impl KnownAccounts {
    pub async fn read(app: &App) -> Result<Self, InfraError> {
        let mut accounts = Vec::new();
        let mut texts = Texts::default();
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
        for (at, entry) in accounts.iter().enumerate() {
            if let Some(secret) = &entry.secret {
                by_secret.entry(Arc::clone(secret)).or_default().push(at);
            }
        }
        Ok(Self { accounts, by_secret })
    }

    /// Whether every account of the secret has seen this version of it, and there is one.
    pub fn as_it_was(&self, secret: &SecretEntry) -> bool {
        let accounts = self.of(secret);
        !accounts.is_empty() && accounts.iter().all(|at| self.accounts[*at].as_it_was(&secret.version))
    }

    /// Whether the secret of an account that goes on is gone; `listed` are all that there are, by name.
    pub fn orphaned(&self, listed: &[SecretEntry]) -> bool {
        let gone = |name: &str| listed.binary_search_by(|secret| secret.name.as_str().cmp(name)).is_err();
        self.accounts.iter().any(|entry| !entry.stopped && entry.secret.as_deref().is_some_and(gone))
    }

    /// Where the accounts stand that the secret defined when they were last looked at.
    pub fn of(&self, secret: &SecretEntry) -> &[usize] {
        self.by_secret.get(secret.name.as_str()).map(Vec::as_slice).unwrap_or_default()
    }

    pub fn find(&self, id: &AccountId) -> Option<usize> {
        self.accounts.binary_search_by(|entry| entry.id.cmp(id)).ok()
    }

    pub fn at(&mut self, at: usize) -> &mut Entry {
        &mut self.accounts[at]
    }

    pub fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.accounts.iter()
    }
}

impl Entry {
    fn of(found: StoredAccount, texts: &mut Texts) -> Self {
        let account = found.account;
        Self {
            secret: account.secret_name.as_deref().map(|text| texts.one(text)),
            version: account.secret_version.as_deref().map(|text| texts.one(text)),
            stopped: account.status == Status::Stopped,
            secret_gone: account.stopped_by == Some(StoppedBy::SecretGone),
            scheduled: account.status != Status::Active || account.next_run_at.is_some(),
            missing_from_index: missing_from_index(&account, found.in_due_index),
            id: account.id,
            owner: None,
        }
    }

    /// Whether nothing is to be done for an account whose secret has this version.
    pub fn as_it_was(&self, version: &str) -> bool {
        self.version.as_deref() == Some(version) && !self.secret_gone && self.scheduled
    }
}

/// Whether no round would find the account when its time has come; `in_due_index` is what the store says of it.
pub fn missing_from_index(account: &Account, in_due_index: bool) -> bool {
    !in_due_index && account.status != Status::Stopped && account.next_run_at.is_some()
}

/// Texts that many accounts share, each once.
#[derive(Default)]
struct Texts(HashSet<Arc<str>>);

impl Texts {
    fn one(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.0.get(text) {
            return Arc::clone(known);
        }
        let new: Arc<str> = text.into();
        self.0.insert(Arc::clone(&new));
        new
    }
}
