//! Sync: makes the accounts match the secrets. Reads the world, decides what differs, applies it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Serialize;
use serde_json::json;

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

/// What a secret says of one account.
struct Wanted {
    secret_name: String,
    version: String,
    /// `None`: the account's part is faulty; its runs will tell, and pause it.
    policy: Option<Policy>,
}

/// Makes the accounts match the secrets.
///
/// # Errors
/// Where secrets or accounts cannot be listed or written; what was done until then stands.
pub async fn sync(house: &House) -> Result<SyncReport, Broken> {
    let mut report = SyncReport::default();
    let known = accounts(house).await?;
    let listed = secrets(house, &mut report).await?;
    let (wanted, untouched) = wanted(house, &known, listed, &mut report).await?;
    let seed = Seed::new(house.chance());
    for (id, wanted) in &wanted {
        match known.get(id) {
            None => create(house, id, wanted, seed, &mut report).await?,
            Some(found) => refresh(house, found, wanted, seed, &mut report).await?,
        }
    }
    for (id, found) in &known {
        if !wanted.contains_key(id) && !untouched.contains(id) {
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

fn own_part<'a>(house: &House, name: &'a str) -> &'a str {
    name.strip_prefix(&house.settings.secret_prefix).unwrap_or(name)
}

/// Reads the secrets that are new or changed. The second part are accounts whose secret is as it was, or
/// could not be read just now.
async fn wanted(
    house: &House,
    known: &BTreeMap<AccountId, Found>,
    listed: Vec<SecretEntry>,
    report: &mut SyncReport,
) -> Result<(BTreeMap<AccountId, Wanted>, BTreeSet<AccountId>), Broken> {
    let mut by_secret: HashMap<&str, Vec<&Account>> = HashMap::new();
    for found in known.values() {
        if let Some(name) = &found.account.secret_name {
            by_secret.entry(name).or_default().push(&found.account);
        }
    }
    let mut owners: BTreeMap<AccountId, String> = BTreeMap::new();
    let mut untouched = BTreeSet::new();
    let mut to_read = Vec::new();
    for entry in &listed {
        let accounts = by_secret.get(entry.name.as_str()).map(Vec::as_slice).unwrap_or_default();
        let as_it_was = !accounts.is_empty()
            && accounts.iter().all(|account| {
                account.secret_version.as_deref() == Some(entry.version.as_str())
                    && account.stopped_by != Some(StoppedBy::SecretGone)
                    && well(house, account)
            });
        if as_it_was {
            for account in accounts {
                owners.insert(account.id.clone(), entry.name.clone());
                untouched.insert(account.id.clone());
                report.unchanged += 1;
            }
        } else {
            to_read.push(entry.name.clone());
        }
    }
    let mut wanted: BTreeMap<AccountId, Wanted> = BTreeMap::new();
    for chunk in to_read.chunks(TOGETHER) {
        let mut fetched = house.secrets.fetch(chunk).await?;
        fetched.sort_by(|a, b| a.0.cmp(&b.0));
        for (name, secret) in fetched {
            match secret {
                Ok(text) => define(house, &name, text, &mut owners, &mut wanted, &untouched, report),
                Err(fault) => {
                    // Not to be read is not gone: what is known of its accounts stays.
                    let accounts = by_secret.get(name.as_str()).map(Vec::as_slice).unwrap_or_default();
                    if fault != SecretFault::Gone {
                        untouched.extend(accounts.iter().map(|account| account.id.clone()));
                        let error = fault.to_string();
                        report.errors.push(SyncError { secret: name, account: None, error });
                    }
                }
            }
        }
    }
    Ok((wanted, untouched))
}

/// Whether the account's own record is one that rounds can find: an active account has a time and a shard.
fn well(house: &House, account: &Account) -> bool {
    account.status != Status::Active || (account.next_run_at.is_some() && account.shards == Some(house.settings.due_shards))
}

/// Adds the accounts that a secret defines. Where two secrets define one, the first by name wins.
fn define(
    house: &House,
    name: &str,
    text: SecretText,
    owners: &mut BTreeMap<AccountId, String>,
    wanted: &mut BTreeMap<AccountId, Wanted>,
    untouched: &BTreeSet<AccountId>,
    report: &mut SyncReport,
) {
    let mut fail = |account: Option<AccountId>, error: String| {
        report.errors.push(SyncError { secret: name.to_owned(), account, error });
    };
    let own = own_part(house, name);
    let ids = match SecretDocument::parse(&text.text) {
        Ok(document) => document.ids(own),
        Err(error) => {
            // The account exists all the same, so that its owner sees why it does not run.
            fail(AccountId::parse(own).ok(), error.to_string());
            AccountId::parse(own).into_iter().map(Ok).collect()
        }
    };
    for id in ids {
        let id = match id {
            Ok(id) => id,
            Err(error) => {
                fail(None, error.to_string());
                continue;
            }
        };
        if let Some(owner) = owners.get(&id).filter(|owner| owner.as_str() != name) {
            if owner.as_str() < name || untouched.contains(&id) {
                fail(Some(id), format!("the account is defined by secret `{owner}` already, and that one wins"));
                continue;
            }
            let error = format!("the account is defined by secret `{name}` already, and that one wins");
            report.errors.push(SyncError { secret: owner.clone(), account: Some(id.clone()), error });
            fail = |account, error| report.errors.push(SyncError { secret: name.to_owned(), account, error });
        }
        let policy = match SecretDocument::parse(&text.text).and_then(|document| document.account(&id)) {
            Ok(secret) => Some(secret.policy),
            Err(error) => {
                if !matches!(error, crate::domain::credential::SecretError::NotJson { .. } | crate::domain::credential::SecretError::TooLarge) {
                    fail(Some(id.clone()), error.to_string());
                }
                None
            }
        };
        owners.insert(id.clone(), name.to_owned());
        wanted.insert(id, Wanted { secret_name: name.to_owned(), version: text.version.clone(), policy });
    }
}
