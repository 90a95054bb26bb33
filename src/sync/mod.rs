//! Sync: makes the accounts match the secrets, secret by secret in the order of their names.

mod known_accounts;
mod report;

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use rand::rngs::ChaCha12Rng;
use serde_json::json;

use crate::access::default_policy;
use crate::app::App;
use crate::domain::account::{Account, AccountId, Status, StoppedBy};
use crate::domain::policy::Policy;
use crate::domain::policy::schedule;
use crate::domain::secret::SecretDocument;
use crate::domain::seed::{RngStream, Seed};
use crate::log::{Level, line};
use crate::ports::{InfraError, SecretEntry, SecretFault, SecretText};

use known_accounts::KnownAccounts;
use report::SyncResult;
pub use report::{Capped, SyncError, SyncReport};

/// Secrets that one `BatchGetSecretValue` brings.
const TOGETHER: usize = 20;

/// What a secret says of one account.
struct Definition<'a> {
    name: &'a str,
    version: &'a str,
    /// The default where the account's part is faulty: its runs will tell, and pause it.
    policy: Policy,
}

/// Makes the accounts match the secrets. A secret is read where it is new or has changed; of two that define one
/// account the first by name wins.
///
/// # Errors
/// Where secrets or accounts cannot be listed or written; what was done until then stands, and nobody is stopped.
pub async fn sync(app: &App) -> Result<SyncReport, InfraError> {
    let known = KnownAccounts::read(app).await?;
    let (seed, new, report) = (Seed::new(app.random_u64()), HashMap::new(), SyncReport::default());
    let mut sync = Sync { app, seed, known, new, all: false, report };
    let listed = sync.secrets().await?;
    // Who has lost its secret may be defined by another, which was of no use until now.
    sync.all = sync.known.orphaned(&listed);
    let mut rest = listed.as_slice();
    while !rest.is_empty() {
        rest = sync.some(rest).await?;
    }
    sync.stop_the_rest().await?;
    app.journal.write(&line(Level::Info, "sync", json!({"sync": sync.report})));
    Ok(sync.report)
}

struct Sync<'a> {
    app: &'a App,
    seed: Seed,
    known: KnownAccounts,
    /// Accounts that there were not, and the secrets that define them.
    new: HashMap<AccountId, Option<Arc<str>>>,
    /// Every secret is read, also one that is as it was.
    all: bool,
    report: SyncReport,
}

impl Sync<'_> {
    /// The secrets under the prefix, by name, without the reserved ones.
    async fn secrets(&mut self) -> Result<Vec<SecretEntry>, InfraError> {
        let mut listed = self.app.secrets.list().await?;
        listed.sort_by(|a, b| a.name.cmp(&b.name));
        self.defaults(&listed).await?;
        let (app, report) = (self.app, &mut self.report);
        listed.retain(|secret| {
            let own = own_part(app, &secret.name);
            if own.is_empty() {
                report.error(secret, None, "the name ends with the prefix: an account id must follow");
            }
            !own.is_empty() && !own.starts_with('_')
        });
        Ok(listed)
    }

    /// Reads the default policy, where there is one, and tells what is wrong with it.
    async fn defaults(&mut self, listed: &[SecretEntry]) -> Result<(), InfraError> {
        let name = self.app.settings.default_policy_name();
        let Some(secret) = listed.iter().find(|secret| secret.name == name) else {
            return default_policy::note(self.app, Err(SecretFault::Gone));
        };
        default_policy::fetch(self.app, &[]).await?;
        if let Some(fault) = self.app.default_policy.fault() {
            self.report.error(secret, None, fault);
        }
        Ok(())
    }

    /// Goes through as many secrets as one request reads, and what lies between them; gives what is left.
    async fn some<'s>(&mut self, listed: &'s [SecretEntry]) -> Result<&'s [SecretEntry], InfraError> {
        let changed = |(_, secret): &(usize, &SecretEntry)| self.all || !self.known.as_it_was(secret);
        let to_read: Vec<usize> = listed.iter().enumerate().filter(changed).map(|(at, _)| at).take(TOGETHER).collect();
        let end = if to_read.len() < TOGETHER { listed.len() } else { to_read[TOGETHER - 1] + 1 };
        let mut read = self.read(to_read.iter().map(|at| &listed[*at])).await?;
        for secret in &listed[..end] {
            match read.remove(&secret.name) {
                None => self.as_it_was(secret).await?,
                Some(Err(SecretFault::Gone)) => {}
                Some(Err(fault)) => {
                    // Not to be read is not gone: what is known of its accounts stays.
                    self.report.error(secret, None, fault.to_string());
                    self.as_it_was(secret).await?;
                }
                Some(Ok(text)) => self.follow(secret, &text).await?,
            }
        }
        Ok(&listed[end..])
    }

    async fn read(
        &self,
        secrets: impl Iterator<Item = &SecretEntry>,
    ) -> Result<HashMap<String, Result<SecretText, SecretFault>>, InfraError> {
        let names: Vec<String> = secrets.map(|secret| secret.name.clone()).collect();
        if names.is_empty() {
            return Ok(HashMap::new());
        }
        Ok(self.app.secrets.fetch(&names).await?.into_iter().collect())
    }

    async fn as_it_was(&mut self, secret: &SecretEntry) -> Result<(), InfraError> {
        let name: Arc<str> = secret.name.as_str().into();
        for at in self.known.of(secret).to_vec() {
            let entry = self.known.at(at);
            match &entry.owner {
                None => {
                    entry.owner = Some(Arc::clone(&name));
                    let (id, missing_from_index) = (entry.id.clone(), entry.missing_from_index);
                    self.report.add(
                        &id,
                        if missing_from_index { bring_back(self.app, &id).await? } else { SyncResult::Unchanged },
                    );
                }
                Some(owner) => {
                    let (id, error) = (entry.id.clone(), lost_to(owner));
                    self.report.error(secret, Some(id), error);
                }
            }
        }
        Ok(())
    }

    /// Makes and changes the accounts that a secret defines. An account whose part is faulty exists all the same,
    /// so that its owner sees why it does not run.
    async fn follow(&mut self, secret: &SecretEntry, text: &SecretText) -> Result<(), InfraError> {
        let mut document = SecretDocument::parse(&text.text);
        let own = own_part(self.app, &secret.name);
        let ids = match &document {
            Ok(document) => document.ids(own),
            Err(_) => SecretDocument::One(serde_json::Value::Null).ids(own),
        };
        let default = self.app.default_policy.policy();
        let name: Arc<str> = secret.name.as_str().into();
        for id in ids {
            let id = match id {
                Ok(id) => id,
                Err(error) => {
                    self.report.error(secret, None, error.to_string());
                    continue;
                }
            };
            let part = document.as_mut().map_err(|error| error.clone());
            let part = part.and_then(|document| document.take_account_with_defaults(&id, &default));
            if let Err(error) = &part {
                self.report.error(secret, Some(id.clone()), error.to_string());
            }
            let owner = self.owner(&id);
            if let Some(owner) = owner {
                let error = lost_to(owner);
                self.report.error(secret, Some(id), error);
                continue;
            }
            *owner = Some(Arc::clone(&name));
            let policy = part.map_or_else(|_| default.as_ref().clone(), |secret| secret.policy);
            self.apply(&id, &Definition { name: &secret.name, version: &text.version, policy }).await?;
        }
        Ok(())
    }

    /// The secret that defines the account, as far as this sync has come.
    fn owner(&mut self, id: &AccountId) -> &mut Option<Arc<str>> {
        match self.known.find(id) {
            Some(at) => &mut self.known.at(at).owner,
            None => self.new.entry(id.clone()).or_default(),
        }
    }

    async fn apply(&mut self, id: &AccountId, part: &Definition<'_>) -> Result<(), InfraError> {
        let done = match self.known.find(id) {
            None => create(self.app, id, part, self.seed).await?,
            Some(at) if !self.known.at(at).as_it_was(part.version) => refresh(self.app, id, part, self.seed).await?,
            Some(at) if self.known.at(at).missing_from_index => bring_back(self.app, id).await?,
            Some(_) => SyncResult::Unchanged,
        };
        self.report.add(id, done);
        Ok(())
    }

    async fn stop_the_rest(&mut self) -> Result<(), InfraError> {
        for entry in self.known.iter().filter(|entry| entry.owner.is_none()) {
            let done = if entry.stopped { SyncResult::Unchanged } else { stop(self.app, &entry.id).await? };
            self.report.add(&entry.id, done);
        }
        Ok(())
    }
}

fn own_part<'a>(app: &App, name: &'a str) -> &'a str {
    name.strip_prefix(&app.settings.secret_prefix).unwrap_or(name)
}

fn lost_to(owner: &str) -> String {
    format!("the account is defined by secret `{owner}` already, and that one wins")
}

async fn create(app: &App, id: &AccountId, part: &Definition<'_>, seed: Seed) -> Result<SyncResult, InfraError> {
    let due = schedule::first_run(app.clock.now(), &part.policy, &mut seed.rng(id, RngStream::FirstRun));
    let mut account = Account::new(id.clone(), due);
    account.secret_name = Some(part.name.to_owned());
    account.secret_version = Some(part.version.to_owned());
    Ok(if app.accounts.create(&account).await? { SyncResult::Created } else { SyncResult::Busy })
}

async fn refresh(app: &App, id: &AccountId, part: &Definition<'_>, seed: Seed) -> Result<SyncResult, InfraError> {
    let Some(found) = app.accounts.get(id).await? else { return Ok(SyncResult::Busy) };
    let now = app.clock.now();
    let mut account = found.account;
    let rng = &mut seed.rng(id, RngStream::FirstRun);
    account.secret_name = Some(part.name.to_owned());
    account.secret_version = Some(part.version.to_owned());
    // What is new in the secret may end on another day.
    account.expiries.watched_at = None;
    let stopped_by_hand = account.status == Status::Stopped && account.stopped_by != Some(StoppedBy::SecretGone);
    let troubled = account.status != Status::Active || account.consecutive_failures > 0;
    let mut done = SyncResult::Changed;
    if stopped_by_hand {
        // What a person stopped, only a person starts again.
    } else if troubled || account.next_run_at.is_none() {
        account.reactivate(schedule::first_run(now, &part.policy, rng));
        done = SyncResult::Resumed;
    } else {
        reschedule(&mut account, &part.policy, now, rng);
    }
    Ok(if app.accounts.update(&account, now).await? { done } else { SyncResult::Busy })
}

/// Puts an account back where rounds look: the number of shards has become smaller.
async fn bring_back(app: &App, id: &AccountId) -> Result<SyncResult, InfraError> {
    let (Some(found), now) = (app.accounts.get(id).await?, app.clock.now()) else { return Ok(SyncResult::Busy) };
    if !known_accounts::missing_from_index(&found.account, found.in_due_index) {
        return Ok(SyncResult::Unchanged);
    }
    let moved = !found.account.claimed(now) && app.accounts.update(&found.account, now).await?;
    Ok(if moved { SyncResult::Moved } else { SyncResult::Busy })
}

/// The next time of an active account whose policy may have changed: another interval, other hours.
pub fn reschedule(account: &mut Account, policy: &Policy, now: DateTime<Utc>, rng: &mut ChaCha12Rng) {
    if let Some(next) = account.next_run_at {
        let latest = now + TimeDelta::seconds(policy.interval_seconds.max.into());
        let next = if next > latest { schedule::next_run(now, policy, rng) } else { next };
        account.next_run_at = Some(schedule::into_working_hours(next, policy, rng));
    }
}

async fn stop(app: &App, id: &AccountId) -> Result<SyncResult, InfraError> {
    let Some(found) = app.accounts.get(id).await? else { return Ok(SyncResult::Stopped) };
    let mut account = found.account;
    account.stop(StoppedBy::SecretGone);
    app.accounts.overwrite(&account).await?;
    Ok(SyncResult::Stopped)
}
