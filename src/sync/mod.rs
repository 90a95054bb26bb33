//! Sync: makes the accounts match the secrets, secret by secret in the order of their names.

pub(crate) mod account_writes;
mod expired_sign_ins;
mod known_accounts;
mod report;

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::json;
use tracing::info;

use crate::access::default_policy;
use crate::app::App;
use crate::domain::account::AccountId;
use crate::domain::secret::SecretDocument;
use crate::domain::seed::Seed;
use crate::notifications;
use crate::ports::{InfraError, SecretEntry, SecretFault, SecretText};
use crate::sync::account_writes::Definition;
use crate::sync::expired_sign_ins::remove_expired_sign_ins;
use crate::sync::known_accounts::KnownAccounts;
pub(crate) use crate::sync::report::SyncReport;
use crate::sync::report::SyncResult;
use crate::telemetry::as_fields;

/// Secrets that one `BatchGetSecretValue` reads.
const SECRETS_PER_REQUEST: usize = 20;

/// Makes the accounts match the secrets. A secret is read where it is new or has changed; of two that define one
/// account the first by name wins. An account is stopped only where reading its own secret says that it is gone, or that
/// it does not define the account any more.
///
/// # Errors
/// Where secrets or accounts cannot be listed or written; what was done until then stays, and no account is stopped.
pub(crate) async fn sync(app: &App) -> Result<SyncReport, InfraError> {
    sync_written(app, HashMap::new()).await
}

/// The same after these secrets were written, by name: they count as listed and read, since a list may lag behind by
/// minutes.
///
/// # Errors
/// As [`sync`].
pub(crate) async fn sync_written(app: &App, written: HashMap<String, SecretText>) -> Result<SyncReport, InfraError> {
    let known = KnownAccounts::read(app).await?;
    notifications::notify(app, &known.outbox).await;
    let (seed, new, report) = (Seed::new(app.random_u64()), HashMap::new(), SyncReport::default());
    let mut sync = Sync { app, written, seed, known, new, read_all: false, report };
    let listed = sync.secrets().await?;
    let mut rest = listed.as_slice();
    while !rest.is_empty() {
        rest = sync.sync_chunk(rest).await?;
    }
    sync.stop_the_rest().await?;
    info!(fields = as_fields(&json!({"sync": sync.report})), "sync");
    Ok(sync.report)
}

struct Sync<'a> {
    app: &'a App,
    /// Secrets that were written a moment ago.
    written: HashMap<String, SecretText>,
    seed: Seed,
    known: KnownAccounts,
    /// Accounts that did not exist when the sync began, and the secrets that define them.
    new: HashMap<AccountId, Option<Arc<str>>>,
    /// Whether every secret is read, unchanged ones too.
    read_all: bool,
    report: SyncReport,
}

impl Sync<'_> {
    /// The secrets under the prefix, by name, without the reserved ones.
    async fn secrets(&mut self) -> Result<Vec<SecretEntry>, InfraError> {
        let mut listed = self.app.secrets.list().await?;
        listed.retain(|secret| !self.written.contains_key(&secret.name));
        let entry =
            |(name, text): (&String, &SecretText)| SecretEntry { name: name.clone(), version: text.version.clone() };
        listed.extend(self.written.iter().map(entry));
        listed.sort_by(|a, b| a.name.cmp(&b.name));
        self.read_default_policy(&listed).await?;
        remove_expired_sign_ins(self.app, &listed, &mut self.report).await?;
        let (app, report) = (self.app, &mut self.report);
        listed.retain(|secret| {
            let suffix = suffix(app, &secret.name);
            if suffix.is_empty() {
                report.error(&secret.name, None, "the name ends with the prefix: an account id must follow");
            }
            !suffix.is_empty() && !suffix.starts_with('_')
        });
        self.add_unlisted(&mut listed).await?;
        Ok(listed)
    }

    /// Adds secrets that define accounts and are not listed, unless reading them says that they are gone: a listing
    /// may be minutes old.
    async fn add_unlisted(&mut self, listed: &mut Vec<SecretEntry>) -> Result<(), InfraError> {
        let mut found = Vec::new();
        for names in self.known.unlisted(listed).chunks(SECRETS_PER_REQUEST) {
            for (name, text) in self.app.secrets.fetch(names).await? {
                match text {
                    Ok(text) => found.push(SecretEntry { name, version: text.version }),
                    // Another secret, which lost the account to this one, may define it now.
                    Err(SecretFault::Gone) => self.read_all = true,
                    // Of an unknown version: it is read again in its turn, and its fault reported.
                    Err(_) => found.push(SecretEntry { name, version: String::new() }),
                }
            }
        }
        listed.append(&mut found);
        listed.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(())
    }

    /// Reads the default policy and reports what is wrong with it. One that is not listed is gone only where reading it
    /// says so, if this process has read it before.
    async fn read_default_policy(&mut self, listed: &[SecretEntry]) -> Result<(), InfraError> {
        let name = self.app.settings.default_policy_name();
        let known = self.app.default_policy.current();
        if known.version.is_none() && known.fault.is_none() && !listed.iter().any(|secret| secret.name == name) {
            return default_policy::note(self.app, Err(SecretFault::Gone));
        }
        default_policy::fetch(self.app, &[]).await?;
        if let Some(fault) = self.app.default_policy.current().fault_text() {
            self.report.error(&name, None, fault);
        }
        Ok(())
    }

    /// Handles as many changed secrets as one request reads, and the unchanged ones between them; returns the rest.
    async fn sync_chunk<'s>(&mut self, listed: &'s [SecretEntry]) -> Result<&'s [SecretEntry], InfraError> {
        let changed = |(_, secret): &(usize, &SecretEntry)| self.read_all || !self.known.is_unchanged(secret);
        let to_read: Vec<usize> =
            listed.iter().enumerate().filter(changed).map(|(index, _)| index).take(SECRETS_PER_REQUEST).collect();
        let full = to_read.len() == SECRETS_PER_REQUEST;
        let end = if full { to_read[SECRETS_PER_REQUEST - 1] + 1 } else { listed.len() };
        let mut read = self.read(to_read.iter().map(|index| &listed[*index])).await?;
        for secret in &listed[..end] {
            match read.remove(&secret.name) {
                None => self.keep_accounts(secret).await?,
                Some(Err(SecretFault::Gone)) => {}
                Some(Err(fault)) => {
                    // A secret that cannot be read is not gone: its accounts stay as they are.
                    self.report.error(&secret.name, None, fault.to_string());
                    self.keep_accounts(secret).await?;
                }
                Some(Ok(text)) => self.apply_secret(secret, &text).await?,
            }
        }
        Ok(&listed[end..])
    }

    async fn read(
        &self,
        secrets: impl Iterator<Item = &SecretEntry>,
    ) -> Result<HashMap<String, Result<SecretText, SecretFault>>, InfraError> {
        let (mut read, mut names) = (HashMap::new(), Vec::new());
        for secret in secrets {
            match self.written.get(&secret.name) {
                Some(text) => drop(read.insert(secret.name.clone(), Ok(text.clone()))),
                None => names.push(secret.name.clone()),
            }
        }
        if !names.is_empty() {
            read.extend(self.app.secrets.fetch(&names).await?);
        }
        Ok(read)
    }

    /// Leaves the accounts of an unchanged secret to it, and moves those that rounds would not find.
    async fn keep_accounts(&mut self, secret: &SecretEntry) -> Result<(), InfraError> {
        let name: Arc<str> = secret.name.as_str().into();
        for index in self.known.of(secret).to_vec() {
            let entry = self.known.at(index);
            let id = entry.id.clone();
            if let Some(owner) = &entry.owner {
                let error = conflict_message(owner);
                self.report.error(&secret.name, Some(id), error);
                continue;
            }
            entry.owner = Some(Arc::clone(&name));
            let result = match entry.missing_from_index {
                true => account_writes::reindex(self.app, &id).await?,
                false => SyncResult::Unchanged,
            };
            self.report.add(&id, result);
        }
        Ok(())
    }

    /// Makes and changes the accounts that a secret defines. An account whose part is faulty exists all the same,
    /// so that its owner sees why it does not run.
    async fn apply_secret(&mut self, secret: &SecretEntry, text: &SecretText) -> Result<(), InfraError> {
        let mut document = SecretDocument::parse(&text.text);
        let suffix = suffix(self.app, &secret.name);
        let ids = match &document {
            Ok(document) => document.ids(suffix),
            Err(_) => SecretDocument::One(serde_json::Value::Null).ids(suffix),
        };
        let default = self.app.default_policy.current().policy();
        let name: Arc<str> = secret.name.as_str().into();
        for id in ids {
            let id = match id {
                Ok(id) => id,
                Err(error) => {
                    self.report.error(&secret.name, None, error.to_string());
                    continue;
                }
            };
            let part = document.as_mut().map_err(|error| error.clone());
            let part = part.and_then(|document| document.take_account_with_defaults(&id, &default));
            let checked = part.as_ref().map_err(Clone::clone).and_then(|secret| Ok(secret.policy.check()?));
            if let Err(error) = checked {
                self.report.error(&secret.name, Some(id.clone()), error.to_string());
            }
            let owner = self.owner(&id);
            if let Some(owner) = owner {
                let error = conflict_message(owner);
                self.report.error(&secret.name, Some(id), error);
                continue;
            }
            *owner = Some(Arc::clone(&name));
            let policy = part.map_or_else(|_| default.as_ref().clone(), |secret| secret.policy);
            self.apply(&id, &Definition { secret_name: &secret.name, version: &text.version, policy }).await?;
        }
        Ok(())
    }

    /// The secret that defines the account, as far as this sync has come.
    fn owner(&mut self, id: &AccountId) -> &mut Option<Arc<str>> {
        match self.known.find(id) {
            Some(index) => &mut self.known.at(index).owner,
            None => self.new.entry(id.clone()).or_default(),
        }
    }

    async fn apply(&mut self, id: &AccountId, definition: &Definition<'_>) -> Result<(), InfraError> {
        let (app, seed) = (self.app, self.seed);
        let result = match self.known.find(id).map(|index| self.known.at(index)) {
            None => account_writes::create(app, id, definition, seed).await?,
            Some(entry) if !entry.is_unchanged(definition.version) => {
                account_writes::update(app, id, definition, seed).await?
            }
            Some(entry) if entry.missing_from_index => account_writes::reindex(app, id).await?,
            Some(_) => SyncResult::Unchanged,
        };
        self.report.add(id, result);
        Ok(())
    }

    async fn stop_the_rest(&mut self) -> Result<(), InfraError> {
        for entry in self.known.iter().filter(|entry| entry.owner.is_none()) {
            let result = match entry.stopped {
                true => SyncResult::Unchanged,
                false => account_writes::stop(self.app, &entry.id).await?,
            };
            self.report.add(&entry.id, result);
        }
        Ok(())
    }
}

/// A secret's name without the prefix.
fn suffix<'a>(app: &App, name: &'a str) -> &'a str {
    name.strip_prefix(&app.settings.secret_prefix).unwrap_or(name)
}

fn conflict_message(owner: &str) -> String {
    format!("the account is defined by secret `{owner}` already, and that one wins")
}
