//! An account as DynamoDB attributes, and back.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, Utc};

use crate::domain::account::expiry::{Expiries, Expiry};
use crate::domain::account::notice::Notices;
use crate::domain::account::recent_calls::RecentCalls;
use crate::domain::account::refusals::{Refusal, Refusals};
use crate::domain::account::set_aside::SetAside;
use crate::domain::account::{Account, AccountId, Pause, Status, StoppedBy};
use crate::domain::hash::fnv1a;
use crate::ports::StoredAccount;

pub(super) type Item = HashMap<String, AttributeValue>;

/// Whole seconds, `Z`: sorts as text in the order of time.
pub(super) fn time(at: DateTime<Utc>) -> AttributeValue {
    AttributeValue::S(at.format("%FT%TZ").to_string())
}

pub(super) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

pub(super) fn number(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// The partition of the due index of an account.
pub(super) fn due_shard(id: &AccountId, shards: u16) -> String {
    (fnv1a(id.as_str().bytes()) % u64::from(shards.max(1))).to_string()
}

/// Every attribute but the key: what it is to be, or `None` where it is to be removed.
pub(super) fn attributes(account: &Account, shards: u16) -> Vec<(&'static str, Option<AttributeValue>)> {
    let due = account.next_run_at.filter(|_| account.status != Status::Stopped);
    let pause = account.pause.as_ref();
    let set_aside: Item = account.set_aside.iter().map(|(key, until)| (key.to_string(), time(*until))).collect();
    let refusals: Item =
        account.refusals.iter().map(|(key, refusal)| (key.to_string(), text(refusal.to_string()))).collect();
    let positive = |count: u32| (count > 0).then(|| number(count));
    let Expiries { subscription, credential, watched_at } = account.expiries;
    let told = |expiry: Option<Expiry>| expiry.and_then(|expiry| expiry.notified_days).map(number);
    vec![
        ("status", Some(text(account.status.as_str()))),
        ("next_run_at", due.map(time)),
        ("due_shard", due.map(|_| text(due_shard(&account.id, shards)))),
        ("last_run_at", account.last_run_at.map(time)),
        ("consecutive_failures", Some(number(account.consecutive_failures))),
        ("misconfigured_runs", positive(account.misconfigured_runs)),
        ("pause_cause", pause.map(|pause| text(&pause.cause))),
        ("paused_since", pause.map(|pause| time(pause.since))),
        ("probes", pause.map(|pause| number(pause.probes))),
        ("stopped_by", account.stopped_by.map(|by| text(by.as_str()))),
        ("set_aside", (!set_aside.is_empty()).then_some(AttributeValue::M(set_aside))),
        ("refusals", (!refusals.is_empty()).then_some(AttributeValue::M(refusals))),
        (
            "habits",
            (account.habits != RecentCalls::default()).then(|| AttributeValue::B(Blob::new(account.habits.encode()))),
        ),
        ("sweeps", positive(account.sweeps)),
        ("renewal_at", subscription.map(|expiry| time(expiry.at))),
        ("renewal_told", told(subscription)),
        ("credential_expires_at", credential.map(|expiry| time(expiry.at))),
        ("credential_told", told(credential)),
        ("watched_at", watched_at.map(time)),
        ("untold", untold(&account.untold)),
        ("secret_name", account.secret_name.as_ref().map(text)),
        ("secret_version", account.secret_version.as_ref().map(text)),
        ("refresh_token_saved_at", account.refresh_token_saved_at.map(time)),
        ("run_id", account.run_id.as_ref().map(text)),
        ("cut_off_run", None),
    ]
}

/// JSON, in one attribute: nothing is asked of its parts.
fn untold(notices: &Notices) -> Option<AttributeValue> {
    if notices.is_empty() { None } else { serde_json::to_string(notices).ok().map(text) }
}

/// Reads an item. Missing attributes have their defaults; malformed ones too, with a warning that names them.
/// `None` where the key itself is not an account id.
pub(super) fn found(item: &Item, shards: u16) -> Option<StoredAccount> {
    let id = AccountId::parse(item.get("account_id")?.as_s().ok()?).ok()?;
    let mut reader = Reader { item, id: &id, warnings: Vec::new() };
    let status = reader.read("status", |value| Status::parse(value.as_s().ok()?)).unwrap_or(Status::Active);
    let next_run_at = reader.read("next_run_at", as_time);
    let cause = reader.read("pause_cause", |value| value.as_s().ok().cloned());
    let since = reader.read("paused_since", as_time);
    let probes = reader.count("probes");
    let pause = (status == Status::Paused).then(|| Pause {
        cause: cause.unwrap_or_else(|| "unknown: the cause was lost. `resume` the account.".to_owned()),
        since: since.unwrap_or(DateTime::UNIX_EPOCH),
        probes,
    });
    let account = Account {
        id: id.clone(),
        status,
        next_run_at,
        last_run_at: reader.read("last_run_at", as_time),
        consecutive_failures: reader.count("consecutive_failures"),
        misconfigured_runs: reader.count("misconfigured_runs"),
        pause,
        stopped_by: reader.read("stopped_by", |value| StoppedBy::parse(value.as_s().ok()?)),
        set_aside: reader.read("set_aside", as_set_asides).unwrap_or_default(),
        refusals: reader.read("refusals", as_refusals).unwrap_or_default(),
        habits: reader.read("habits", |value| RecentCalls::decode(value.as_b().ok()?.as_ref())).unwrap_or_default(),
        sweeps: reader.count("sweeps"),
        expiries: Expiries {
            subscription: reader.expiry("renewal_at", "renewal_told"),
            credential: reader.expiry("credential_expires_at", "credential_told"),
            watched_at: reader.read("watched_at", as_time),
        },
        untold: reader.read("untold", |value| serde_json::from_str(value.as_s().ok()?).ok()).unwrap_or_default(),
        secret_name: reader.read("secret_name", |value| value.as_s().ok().cloned()),
        secret_version: reader.read("secret_version", |value| value.as_s().ok().cloned()),
        refresh_token_saved_at: reader.read("refresh_token_saved_at", as_time),
        run_id: reader.read("run_id", |value| value.as_s().ok().cloned()),
    };
    let shard = reader.read("due_shard", |value| value.as_s().ok().cloned());
    // An account moves to its own shard as it is claimed or recorded; until then, any that rounds look in will do.
    let number = shard.and_then(|shard| shard.parse().ok());
    let in_due_index = next_run_at.is_some() && number.is_some_and(|number: u16| number < shards);
    let warnings = reader.warnings;
    Some(StoredAccount { account, warnings, in_due_index })
}

struct Reader<'a> {
    item: &'a Item,
    id: &'a AccountId,
    warnings: Vec<String>,
}

impl Reader<'_> {
    fn read<T>(&mut self, name: &str, parse: impl FnOnce(&AttributeValue) -> Option<T>) -> Option<T> {
        let value = self.item.get(name)?;
        let parsed = parse(value);
        if parsed.is_none() {
            self.warnings.push(format!(
                "account {}: the attribute `{name}` in the table is malformed; it counts as absent and is written again",
                self.id
            ));
        }
        parsed
    }

    fn expiry(&mut self, at: &str, told: &str) -> Option<Expiry> {
        let told = self.read(told, |value| value.as_n().ok()?.parse().ok());
        let at = self.read(at, as_time)?;
        Some(Expiry { notified_days: told, ..Expiry::new(at) })
    }

    fn count(&mut self, name: &str) -> u32 {
        self.read(name, |value| value.as_n().ok()?.parse().ok()).unwrap_or(0)
    }
}

fn as_time(value: &AttributeValue) -> Option<DateTime<Utc>> {
    value.as_s().ok()?.parse().ok()
}

fn as_refusals(value: &AttributeValue) -> Option<Refusals> {
    let refusal = |text: &AttributeValue| Refusal::parse(text.as_s().ok()?);
    value.as_m().ok()?.iter().map(|(key, text)| Some((SetAside::parse(key), refusal(text)?))).collect()
}

fn as_set_asides(value: &AttributeValue) -> Option<BTreeMap<SetAside, DateTime<Utc>>> {
    value.as_m().ok()?.iter().map(|(key, until)| Some((SetAside::parse(key), as_time(until)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::account::notice::{Change, NoticeKind};

    fn at() -> DateTime<Utc> {
        "2026-03-02T10:00:00Z".parse().unwrap()
    }

    fn full() -> Account {
        let mut account = Account::new(AccountId::parse("a").unwrap(), at());
        account.status = Status::Paused;
        account.last_run_at = Some(at());
        account.consecutive_failures = 3;
        account.misconfigured_runs = 2;
        account.pause = Some(Pause { cause: "c".to_owned(), since: at(), probes: 1 });
        account.set_aside.insert(SetAside::parse("mail.sendSelf"), at());
        account.refusals.record(SetAside::parse("mail.sendSelf"), 403, Some("accessDenied"));
        account.habits.record(&[]);
        account.sweeps = 1;
        account.expiries = Expiries {
            subscription: Some(Expiry { at: at(), notified_days: Some(30) }),
            credential: Some(Expiry { at: at(), notified_days: Some(0) }),
            watched_at: Some(at()),
        };
        let kind = NoticeKind::Status { change: Change::Paused, reason: Some("r".to_owned()) };
        account.untold.add("r", at(), [kind]);
        account.secret_name = Some("evergreen/a".to_owned());
        account.secret_version = Some("v".to_owned());
        account.refresh_token_saved_at = Some(at());
        account.run_id = Some("r".to_owned());
        account
    }

    fn item(account: &Account) -> Item {
        let mut item: Item =
            attributes(account, 4).into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
        item.insert("account_id".to_owned(), text(account.id.as_str()));
        item
    }

    #[test]
    fn an_account_reads_back_as_it_was_written() {
        for account in [full(), Account::new(AccountId::parse("b").unwrap(), at())] {
            let found = found(&item(&account), 4).unwrap();
            assert_eq!(found.account, account);
            assert!(found.warnings.is_empty() && found.in_due_index);
        }
    }

    #[test]
    fn a_stopped_account_stands_in_no_index() {
        let mut account = full();
        account.stop(StoppedBy::Hand);
        let item = item(&account);
        assert!(!item.contains_key("due_shard") && !item.contains_key("next_run_at"));
    }

    #[test]
    fn a_malformed_attribute_is_named_and_counts_as_absent() {
        for name in item(&full()).keys().filter(|name| *name != "account_id") {
            let mut item = item(&full());
            item.insert(name.clone(), AttributeValue::Bool(true));
            let found = found(&item, 4).unwrap();
            assert_eq!(found.warnings.len(), 1, "{name}");
            assert!(found.warnings[0].contains(&format!("`{name}`")) && found.warnings[0].contains("account a"));
        }
    }

    #[test]
    fn an_item_with_nothing_but_its_key_is_a_new_account() {
        let found = found(&Item::from([("account_id".to_owned(), text("a"))]), 1).unwrap();
        assert_eq!((found.account.status, found.account.consecutive_failures), (Status::Active, 0));
        assert!(!found.in_due_index && found.warnings.is_empty());
    }

    #[test]
    fn rounds_find_an_account_in_any_shard_that_they_look_in_and_in_no_other() {
        let account = Account::new(AccountId::parse("a").unwrap(), at());
        let mut item = item(&account);
        for (shard, in_due_index) in
            [("0", true), ("3", true), ("4", false), ("63", false), ("-1", false), ("x", false)]
        {
            item.insert("due_shard".to_owned(), text(shard));
            assert_eq!(found(&item, 4).unwrap().in_due_index, in_due_index, "{shard}");
        }
    }
}
