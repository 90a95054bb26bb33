//! The accounts as sync remembers them: so little of each that a million fit into a small function.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use tracing::warn;

use crate::app::App;
use crate::domain::account::{Account, AccountId, Status, StoppedBy};
use crate::notifications::Outbox;
use crate::ports::{InfraError, SecretEntry, StoredAccount};

/// The accounts that existed when the sync began, in the order of their ids.
pub(crate) struct KnownAccounts {
    accounts: Vec<Entry>,
    /// Indexes into `accounts`, by the name of the secret that defined each.
    by_secret: HashMap<Arc<str>, Vec<usize>>,
    /// What earlier runs have left untold.
    pub outbox: Outbox,
}

pub(crate) struct Entry {
    pub id: AccountId,
    secret: Option<Arc<str>>,
    version: Option<Arc<str>>,
    pub stopped: bool,
    secret_gone: bool,
    /// Has a next run, or needs none.
    scheduled: bool,
    /// As [`is_too_far_ahead`].
    too_far_ahead: bool,
    /// Lies in a partition of the due index that no round reads any more.
    pub missing_from_index: bool,
    /// The secret that defines it now, once that is known.
    pub owner: Option<Arc<str>>,
}

impl KnownAccounts {
    pub(super) async fn read(app: &App) -> Result<Self, InfraError> {
        let now = app.clock.now();
        let mut accounts = Vec::new();
        let (mut texts, mut outbox) = (SharedTexts::default(), Outbox::default());
        let mut after = None;
        loop {
            let page = app.accounts.all(after).await?;
            for found in page.accounts {
                for warning in &found.warnings {
                    warn!(account = %found.account.id, "{warning}");
                }
                outbox.add(&found.account.id, &found.account.untold);
                accounts.push(Entry::of(found, &mut texts, now));
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
        Ok(Self { accounts, by_secret, outbox })
    }

    /// Whether the secret has accounts, and all of them have seen this version of it.
    pub(super) fn is_unchanged(&self, secret: &SecretEntry) -> bool {
        let accounts = self.of(secret);
        !accounts.is_empty() && accounts.iter().all(|index| self.accounts[*index].is_unchanged(&secret.version))
    }

    /// Names of secrets that define accounts which are not stopped, and are missing from `listed`: all secrets, by
    /// name.
    pub(super) fn unlisted(&self, listed: &[SecretEntry]) -> Vec<String> {
        let is_listed = |name: &str| listed.binary_search_by(|secret| secret.name.as_str().cmp(name)).is_ok();
        let active = self.accounts.iter().filter(|entry| !entry.stopped).filter_map(|entry| entry.secret.as_deref());
        let names: BTreeSet<&str> = active.filter(|name| !is_listed(name)).collect();
        names.into_iter().map(str::to_owned).collect()
    }

    /// Indexes of the accounts that the secret defined at the last sync.
    pub(super) fn of(&self, secret: &SecretEntry) -> &[usize] {
        self.by_secret.get(secret.name.as_str()).map(Vec::as_slice).unwrap_or_default()
    }

    pub(super) fn find(&self, id: &AccountId) -> Option<usize> {
        self.accounts.binary_search_by(|entry| entry.id.cmp(id)).ok()
    }

    pub(super) fn at(&mut self, index: usize) -> &mut Entry {
        &mut self.accounts[index]
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.accounts.iter()
    }
}

impl Entry {
    fn of(found: StoredAccount, texts: &mut SharedTexts, now: DateTime<Utc>) -> Self {
        let account = found.account;
        Self {
            secret: account.secret_name.as_deref().map(|text| texts.share(text)),
            version: account.secret_version.as_deref().map(|text| texts.share(text)),
            stopped: account.status == Status::Stopped,
            secret_gone: account.stopped_by == Some(StoppedBy::SecretGone),
            scheduled: account.status != Status::Active || account.next_run_at.is_some(),
            too_far_ahead: is_too_far_ahead(&account, now),
            missing_from_index: missing_from_index(&account, found.in_due_index),
            id: account.id,
            owner: None,
        }
    }

    /// Whether an account whose secret has this version needs no change.
    pub(super) fn is_unchanged(&self, version: &str) -> bool {
        self.version.as_deref() == Some(version) && !self.secret_gone && self.scheduled && !self.too_far_ahead
    }
}

/// The longest time that a schedule gives: a day's interval, moved into the next working hours.
const MAX_AHEAD: TimeDelta = TimeDelta::days(17);

/// Whether the next run is later than any schedule would have it: a clock was wrong when it was drawn.
pub(crate) fn is_too_far_ahead(account: &Account, now: DateTime<Utc>) -> bool {
    account.status != Status::Stopped && account.next_run_at.is_some_and(|next| next - now > MAX_AHEAD)
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
