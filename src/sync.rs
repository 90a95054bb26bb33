//! Sync: makes the accounts match the secrets. Reads the world, decides what differs, applies it.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, TimeDelta, Utc};
use rand::rngs::ChaCha12Rng;
use serde::Serialize;
use serde_json::json;

use crate::defaults;
use crate::domain::account::{Account, AccountId, Status, StoppedBy};
use crate::domain::credential::SecretDocument;
use crate::domain::policy::Policy;
use crate::domain::schedule;
use crate::domain::seed::Seed;
use crate::house::House;
use crate::log::{Level, line};
use crate::ports::{Broken, Found, SecretEntry, SecretFault, SecretText};

/// Secrets that one `BatchGetSecretValue` brings.
const TOGETHER: usize = 20;

/// What sync did, by account; `errors` are secrets that define nothing usable.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SyncReport {
    pub created: Vec<AccountId>,
    /// Due again: the secret is new, or changed while the account was paused or failing.
    pub resumed: Vec<AccountId>,
    /// The secret changed, and the account goes on.
    pub changed: Vec<AccountId>,
    /// Stood in a partition of the due index that no round looks in any more.
    pub moved: Vec<AccountId>,
    /// The secret is gone.
    pub stopped: Vec<AccountId>,
    pub unchanged: u32,
    /// Claimed by a run just now: looked at again by the next sync.
    pub busy: Vec<AccountId>,
    pub errors: Vec<SyncError>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SyncError {
    pub secret: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    pub error: String,
}

/// What is to be of one account.
enum Wanted {
    /// Its secret is as it was, or cannot be read just now.
    AsItWas,
    Read(Part),
}

/// What a secret says of one account.
struct Part {
    secret_name: String,
    version: String,
    /// The default where the account's part is faulty: its runs will tell, and pause it.
    policy: Policy,
}

/// Makes the accounts match the secrets.
///
/// # Errors
/// Where secrets or accounts cannot be listed or written; what was done until then stands.
pub async fn sync(house: &House) -> Result<SyncReport, Broken> {
    let mut report = SyncReport::default();
    let known = accounts(house).await?;
    let listed = secrets(house, &mut report).await?;
    let wanted = wanted(house, &known, &listed, &mut report).await?;
    let seed = Seed::new(house.chance());
    for (id, wanted) in &wanted {
        match (wanted, known.get(id)) {
            (Wanted::AsItWas, Some(found)) => keep(house, found, &mut report).await?,
            (Wanted::AsItWas, None) => report.unchanged += 1,
            (Wanted::Read(part), Some(found)) if as_it_was(found, &part.version) => {
                keep(house, found, &mut report).await?;
            }
            (Wanted::Read(part), None) => create(house, id, part, seed, &mut report).await?,
            (Wanted::Read(part), Some(found)) => refresh(house, found, part, seed, &mut report).await?,
        }
    }
    for (id, found) in &known {
        if !wanted.contains_key(id) {
            stop(house, &found.account, &mut report).await?;
        }
    }
    house.journal.write(&line(Level::Info, "sync", json!({"sync": report})));
    Ok(report)
}

async fn accounts(house: &House) -> Result<BTreeMap<AccountId, Found>, Broken> {
    let mut known = BTreeMap::new();
    let mut after = None;
    loop {
        let page = house.accounts.all(after).await?;
        for found in page.accounts {
            for warning in &found.warnings {
                house.journal.write(&line(Level::Warn, warning, json!({"account": found.account.id})));
            }
            known.insert(found.account.id.clone(), found);
        }
        after = page.next;
        if after.is_none() {
            return Ok(known);
        }
    }
}

/// The secrets under the prefix, by name, without the reserved ones.
async fn secrets(house: &House, report: &mut SyncReport) -> Result<Vec<SecretEntry>, Broken> {
    let mut listed = house.secrets.list().await?;
    listed.sort_by(|a, b| a.name.cmp(&b.name));
    defaults(house, &listed, report).await?;
    listed.retain(|entry| {
        let own = own_part(house, &entry.name);
        if own.is_empty() {
            report.errors.push(SyncError {
                secret: entry.name.clone(),
                account: None,
                error: "the name ends with the prefix: an account id must follow".to_owned(),
            });
        }
        !own.is_empty() && !own.starts_with('_')
    });
    Ok(listed)
}

/// Reads the default policy, where there is one, and tells what is wrong with it.
async fn defaults(house: &House, listed: &[SecretEntry], report: &mut SyncReport) -> Result<(), Broken> {
    let name = defaults::name(house);
    match listed.iter().find(|entry| entry.name == name) {
        Some(_) => {
            defaults::fetch(house, &[]).await?;
        }
        None => defaults::note(house, Err(SecretFault::Gone))?,
    }
    if let Some(error) = house.warm.defaults().and_then(|defaults| defaults.fault) {
        report.errors.push(SyncError { secret: name, account: None, error });
    }
    Ok(())
}

fn own_part<'a>(house: &House, name: &'a str) -> &'a str {
    name.strip_prefix(&house.settings.secret_prefix).unwrap_or(name)
}

/// What the secrets want, by account. Only secrets that are new or changed are read. The secrets come in the
/// order of their names: where two define one account, the first wins.
async fn wanted(
    house: &House,
    known: &BTreeMap<AccountId, Found>,
    listed: &[SecretEntry],
    report: &mut SyncReport,
) -> Result<BTreeMap<AccountId, Wanted>, Broken> {
    let mut by_secret: HashMap<&str, Vec<&Found>> = HashMap::new();
    for found in known.values() {
        if let Some(name) = &found.account.secret_name {
            by_secret.entry(name).or_default().push(found);
        }
    }
    let accounts_of = |name: &str| by_secret.get(name).map(Vec::as_slice).unwrap_or_default();
    let changed = |entry: &SecretEntry| {
        let accounts = accounts_of(&entry.name);
        accounts.is_empty() || accounts.iter().any(|found| !as_it_was(found, &entry.version))
    };
    let to_read: Vec<String> = listed.iter().filter(|entry| changed(entry)).map(|entry| entry.name.clone()).collect();
    let mut read: HashMap<String, Result<SecretText, SecretFault>> = HashMap::new();
    for names in to_read.chunks(TOGETHER) {
        read.extend(house.secrets.fetch(names).await?);
    }

    let mut wanted = BTreeMap::new();
    let mut owners: BTreeMap<AccountId, &str> = BTreeMap::new();
    for entry in listed {
        let parts = match read.remove(&entry.name) {
            None => accounts_of(&entry.name).iter().map(|found| (found.account.id.clone(), Wanted::AsItWas)).collect(),
            Some(Err(SecretFault::Gone)) => Vec::new(),
            Some(Err(fault)) => {
                // Not to be read is not gone: what is known of its accounts stays.
                report.errors.push(SyncError::of(entry, None, fault.to_string()));
                accounts_of(&entry.name).iter().map(|found| (found.account.id.clone(), Wanted::AsItWas)).collect()
            }
            Some(Ok(text)) => parts(house, entry, &text, report),
        };
        for (id, part) in parts {
            match owners.get(&id) {
                Some(owner) => {
                    let error = format!("the account is defined by secret `{owner}` already, and that one wins");
                    report.errors.push(SyncError::of(entry, Some(id), error));
                }
                None => {
                    owners.insert(id.clone(), &entry.name);
                    wanted.insert(id, part);
                }
            }
        }
    }
    Ok(wanted)
}

/// Whether nothing is to be done for an account whose secret has this version.
fn as_it_was(found: &Found, version: &str) -> bool {
    let account = &found.account;
    account.secret_version.as_deref() == Some(version)
        && account.stopped_by != Some(StoppedBy::SecretGone)
        && (account.status != Status::Active || account.next_run_at.is_some())
}

/// The accounts that a secret defines. An account whose part is faulty exists all the same, so that its
/// owner sees why it does not run.
fn parts(house: &House, entry: &SecretEntry, text: &SecretText, report: &mut SyncReport) -> Vec<(AccountId, Wanted)> {
    let own = own_part(house, &entry.name);
    let ids = match SecretDocument::parse(&text.text) {
        Ok(document) => document.ids(own),
        Err(_) => SecretDocument::One(serde_json::Value::Null).ids(own),
    };
    let mut parts = Vec::new();
    for id in ids {
        let id = match id {
            Ok(id) => id,
            Err(error) => {
                report.errors.push(SyncError::of(entry, None, error.to_string()));
                continue;
            }
        };
        let policy = match SecretDocument::parse(&text.text)
            .and_then(|document| document.account_under(&id, &house.default_policy()))
        {
            Ok(secret) => secret.policy,
            Err(error) => {
                report.errors.push(SyncError::of(entry, Some(id.clone()), error.to_string()));
                house.default_policy().as_ref().clone()
            }
        };
        let part = Part { secret_name: entry.name.clone(), version: text.version.clone(), policy };
        parts.push((id, Wanted::Read(part)));
    }
    parts
}

async fn create(house: &House, id: &AccountId, part: &Part, seed: Seed, report: &mut SyncReport) -> Result<(), Broken> {
    let due = schedule::first_run(house.clock.now(), &part.policy, &mut seed.rng(id, "first"));
    let mut account = Account::new(id.clone(), due);
    account.secret_name = Some(part.secret_name.clone());
    account.secret_version = Some(part.version.clone());
    if house.accounts.create(&account).await? {
        report.created.push(id.clone());
    } else {
        report.busy.push(id.clone());
    }
    Ok(())
}

async fn refresh(house: &House, found: &Found, part: &Part, seed: Seed, report: &mut SyncReport) -> Result<(), Broken> {
    let now = house.clock.now();
    let mut account = found.account.clone();
    let id = account.id.clone();
    let rng = &mut seed.rng(&id, "first");
    account.secret_name = Some(part.secret_name.clone());
    account.secret_version = Some(part.version.clone());
    let stopped_by_hand = account.status == Status::Stopped && account.stopped_by != Some(StoppedBy::SecretGone);
    let troubled = account.status != Status::Active || account.consecutive_failures > 0;
    let mut resumed = false;
    if stopped_by_hand {
        // What a person stopped, only a person starts again.
    } else if troubled || account.next_run_at.is_none() {
        account.revive(schedule::first_run(now, &part.policy, rng));
        resumed = true;
    } else {
        reschedule(&mut account, &part.policy, now, rng);
    }
    if !house.accounts.update(&account, now).await? {
        report.busy.push(id);
    } else if resumed {
        report.resumed.push(id);
    } else {
        report.changed.push(id);
    }
    Ok(())
}

/// Leaves an account as it is, but where rounds find it: the number of shards may have become smaller.
async fn keep(house: &House, found: &Found, report: &mut SyncReport) -> Result<(), Broken> {
    let (account, now) = (&found.account, house.clock.now());
    if found.indexed || account.status == Status::Stopped || account.next_run_at.is_none() {
        report.unchanged += 1;
    } else if !account.claimed(now) && house.accounts.update(account, now).await? {
        report.moved.push(account.id.clone());
    } else {
        report.busy.push(account.id.clone());
    }
    Ok(())
}

/// The next time of an active account whose policy may have changed: another interval, other hours.
pub fn reschedule(account: &mut Account, policy: &Policy, now: DateTime<Utc>, rng: &mut ChaCha12Rng) {
    if let Some(next) = account.next_run_at {
        let latest = now + TimeDelta::seconds(policy.interval_seconds.max.into());
        let next = if next > latest { schedule::next_run(now, policy, rng) } else { next };
        account.next_run_at = Some(schedule::fit(next, policy, rng));
    }
}

async fn stop(house: &House, account: &Account, report: &mut SyncReport) -> Result<(), Broken> {
    if account.status == Status::Stopped {
        report.unchanged += 1;
        return Ok(());
    }
    let mut account = account.clone();
    account.stop(StoppedBy::SecretGone);
    house.accounts.seize(&account).await?;
    report.stopped.push(account.id);
    Ok(())
}

impl SyncError {
    fn of(entry: &SecretEntry, account: Option<AccountId>, error: String) -> Self {
        Self { secret: entry.name.clone(), account, error }
    }
}
