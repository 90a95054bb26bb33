//! Expiry dates of an account: how they are looked up daily and when to notify.

use std::collections::BTreeMap;

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::secret::{AccountSecret, Credential};

/// Days before an expiry at which a notice is due, once each; 0: expired.
const NOTICE_DAYS: [u8; 5] = [30, 14, 7, 1, 0];

/// A read of expiry dates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpiryQuery {
    /// Id of the catalogue's operation whose permissions allow the read.
    pub operation: &'static str,
    /// Path and query below the version.
    pub url: String,
}

const SUBSCRIPTIONS: &str = "subscriptions.commercial";
const REGISTRATION: &str = "applications.list";

/// Asks when the tenant's subscriptions end.
pub(crate) fn subscriptions() -> ExpiryQuery {
    let url = "/directory/subscriptions?$select=skuPartNumber,status,nextLifecycleDateTime".to_owned();
    ExpiryQuery { operation: SUBSCRIPTIONS, url }
}

/// Asks when the secrets and certificates of the app's registration expire.
pub(crate) fn registration(client_id: &str) -> ExpiryQuery {
    let url = format!("/applications?$filter=appId%20eq%20'{client_id}'&$select=passwordCredentials,keyCredentials");
    ExpiryQuery { operation: REGISTRATION, url }
}

/// The queries for the expiry dates of an account's subscription and credential.
pub(crate) fn queries(secret: &AccountSecret) -> Vec<ExpiryQuery> {
    let registered = own_secret(&secret.credential).map(|_| registration(&secret.client_id));
    [subscriptions()].into_iter().chain(registered).collect()
}

/// What expires.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expiring {
    /// The tenant's developer subscription, unless Microsoft renews it.
    Subscription,
    /// The client secret or certificate that the account signs in with.
    Credential,
}

/// A known expiry date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expiry {
    /// In whole seconds, as it is stored: a fraction of a second must not look like another date when it is read again.
    pub at: DateTime<Utc>,
    /// The last notice that was sent, as its days before the expiry.
    pub notified_days: Option<u8>,
}

impl Expiry {
    pub fn new(at: DateTime<Utc>) -> Self {
        Self { at: at.trunc_subsecs(0), notified_days: None }
    }

    /// Whole days that are left; 0 once it is over.
    pub fn days_left(&self, now: DateTime<Utc>) -> i64 {
        (self.at - now).num_days().max(0)
    }

    /// Whether a notice is due. Marks it as sent.
    fn take_due_notice(&mut self, now: DateTime<Utc>) -> bool {
        let reached = |days: &&u8| self.at - now <= TimeDelta::days(i64::from(**days));
        let Some(days) = NOTICE_DAYS.iter().filter(reached).min().copied() else { return false };
        let due = self.notified_days.is_none_or(|notified| days < notified);
        if due {
            self.notified_days = Some(days);
        }
        due
    }
}

/// The known expiry dates of an account, and when they were last looked up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Expiries {
    pub subscription: Option<Expiry>,
    pub credential: Option<Expiry>,
    pub watched_at: Option<DateTime<Utc>>,
}

impl Expiries {
    /// Whether expiries have not been checked yet today (UTC).
    pub fn check_due(&self, now: DateTime<Utc>) -> bool {
        self.watched_at.is_none_or(|at| at.date_naive() != now.date_naive())
    }

    /// Updates the credential's expiry from the credential itself. A client secret does not hold its expiry: that one
    /// comes from Graph.
    pub fn update_from_credential(&mut self, credential: &Credential) {
        if own_secret(credential).is_none() {
            let at = match credential {
                Credential::Certificate { certificate, .. } => Some(certificate.not_after),
                _ => None,
            };
            set(&mut self.credential, at);
        }
    }

    /// Updates the expiries from a run's answers, by operation; a refused query has `None`. A date that may no longer be
    /// asked for is removed, since it might have changed unnoticed.
    pub fn update_from_graph(
        &mut self,
        secret: &AccountSecret,
        askable: &[ExpiryQuery],
        answers: &BTreeMap<&'static str, Option<Value>>,
        now: DateTime<Utc>,
    ) {
        let may_ask = |operation: &str| askable.iter().any(|query| query.operation == operation);
        let own = own_secret(&secret.credential);
        if !may_ask(SUBSCRIPTIONS) {
            self.subscription = None;
        }
        if own.is_some() && !may_ask(REGISTRATION) {
            self.credential = None;
        }
        if !answers.is_empty() {
            self.watched_at = Some(now.trunc_subsecs(0));
        }
        if let Some(Some(answer)) = answers.get(SUBSCRIPTIONS) {
            let ended = self.subscription.map(|known| known.at).filter(|at| *at <= now).unwrap_or(now);
            let end = match Subscription::of(answer).filter(|found| found.developer) {
                Some(found) if found.enabled => found.changes_at,
                Some(_) => Some(ended),
                None => None,
            };
            set(&mut self.subscription, end);
        }
        if let Some(Some(answer)) = answers.get(REGISTRATION) {
            set(&mut self.credential, registered_end(answer, own));
        }
    }

    /// The notices that are due now, each once until the expiry date changes.
    pub fn take_due_notices(&mut self, now: DateTime<Utc>) -> Vec<(Expiring, Expiry)> {
        let known =
            [(Expiring::Subscription, self.subscription.as_mut()), (Expiring::Credential, self.credential.as_mut())];
        let due = |(expiring, expiry): (Expiring, Option<&mut Expiry>)| {
            let expiry = expiry?;
            expiry.take_due_notice(now).then_some((expiring, *expiry))
        };
        known.into_iter().filter_map(due).collect()
    }
}

/// Sets an expiry date; the notices that were sent are kept while the date stays the same.
fn set(known: &mut Option<Expiry>, at: Option<DateTime<Utc>>) {
    let new = at.map(Expiry::new);
    if known.map(|known| known.at) != new.map(|new| new.at) {
        *known = new;
    }
}

/// The most relevant subscription of a tenant: a developer pack before others, an enabled one before one that has
/// ended, then the one that lasts longest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Subscription {
    pub developer: bool,
    pub enabled: bool,
    /// Of an enabled one: its end, unless it is renewed. Of one that has ended: its next stage.
    pub changes_at: Option<DateTime<Utc>>,
}

impl Subscription {
    /// From the answer to [`subscriptions`].
    ///
    /// Source: learn.microsoft.com, "companySubscription resource type": `nextLifecycleDateTime` is when the
    /// subscription will move to its next `status`; the first one is `Enabled`.
    pub(crate) fn of(answer: &Value) -> Option<Self> {
        let read = |one: &Value| Self {
            developer: one["skuPartNumber"].as_str().is_some_and(|sku| sku.starts_with("DEVELOPERPACK")),
            enabled: one["status"].as_str().is_none_or(|status| status.eq_ignore_ascii_case("Enabled")),
            changes_at: time(&one["nextLifecycleDateTime"]),
        };
        elements(answer, "value").map(read).max()
    }
}

/// The client secret that the account itself uses, if any.
pub(crate) const fn own_secret(credential: &Credential) -> Option<&SecretString> {
    match credential {
        Credential::ClientSecret { client_secret } => Some(client_secret),
        Credential::RefreshToken { client_secret, .. } | Credential::Password { client_secret, .. } => {
            client_secret.as_ref()
        }
        Credential::Certificate { .. } | Credential::Federated => None,
    }
}

/// When the account's own client secret expires, from the answer to [`registration`]; where it cannot be told from the
/// app's other secrets, the latest date of all.
pub(crate) fn registered_end(answer: &Value, own: Option<&SecretString>) -> Option<DateTime<Utc>> {
    let app = elements(answer, "value").next()?;
    // Graph returns the first three characters of a secret, enough to recognise our own.
    let hint = own.and_then(|own| own.expose_secret().get(..3));
    let end = |one: &Value| time(&one["endDateTime"]);
    let is_own = |password: &&Value| hint.is_some() && password["hint"].as_str() == hint;
    let matching = elements(app, "passwordCredentials").filter(is_own).filter_map(end).max();
    matching
        .or_else(|| elements(app, "passwordCredentials").chain(elements(app, "keyCredentials")).filter_map(end).max())
}

/// Whether the app is registered in the tenant, from the answer to [`registration`].
pub(crate) fn registered_here(answer: &Value) -> bool {
    elements(answer, "value").next().is_some()
}

fn elements<'a>(answer: &'a Value, list: &str) -> impl Iterator<Item = &'a Value> {
    answer[list].as_array().map(Vec::as_slice).unwrap_or_default().iter()
}

fn time(value: &Value) -> Option<DateTime<Utc>> {
    value.as_str()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::account_id::AccountId;
    use crate::domain::secret::SecretDocument;

    fn day(days: i64) -> DateTime<Utc> {
        "2026-03-02T10:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::days(days)
    }

    fn secret() -> AccountSecret {
        let text = json!({"tenant_id": "t", "client_id": "c", "client_secret": "own secret"}).to_string();
        SecretDocument::parse(&text.into()).unwrap().account(&AccountId::parse("a").unwrap()).unwrap()
    }

    fn pack(status: &str, changes_at: DateTime<Utc>) -> Value {
        json!({"skuPartNumber": "DEVELOPERPACK_E5", "status": status, "nextLifecycleDateTime": changes_at})
    }

    /// Updates from the answers of a run that may ask everything.
    fn update(known: &mut Expiries, answers: &[(&'static str, Value)], now: DateTime<Utc>) {
        let answers =
            answers.iter().map(|(operation, answer)| (*operation, Some(json!({"value": [answer]})))).collect();
        known.update_from_graph(&secret(), &queries(&secret()), &answers, now);
    }

    #[test]
    fn each_notice_is_sent_once_and_a_missed_one_is_skipped() {
        let mut known = Expiries { subscription: Some(Expiry::new(day(40))), ..Expiries::default() };
        let notified: Vec<i64> =
            (0..50).filter(|at| !known.take_due_notices(day(*at)).is_empty()).map(|at| 40 - at).collect();
        assert_eq!(notified, [30, 14, 7, 1, 0]);
        let mut late = Expiries { credential: Some(Expiry::new(day(5))), ..Expiries::default() };
        assert_eq!(
            late.take_due_notices(day(0)),
            [(Expiring::Credential, Expiry { at: day(5), notified_days: Some(7) })]
        );
        assert!(late.take_due_notices(day(3)).is_empty());
    }

    #[test]
    fn a_new_expiry_date_is_notified_again_and_the_same_date_is_not() {
        let mut known = Expiries::default();
        let answer = |at: DateTime<Utc>| [(SUBSCRIPTIONS, pack("Enabled", at + TimeDelta::milliseconds(700)))];
        update(&mut known, &answer(day(13)), day(0));
        assert_eq!(known.take_due_notices(day(0)).len(), 1);
        assert_eq!(known.subscription.unwrap().at, day(13), "whole seconds, as it is stored");
        update(&mut known, &answer(day(13)), day(1));
        assert!(known.take_due_notices(day(1)).is_empty(), "a fraction of a second is not another date");
        update(&mut known, &answer(day(90)), day(2));
        assert!(known.take_due_notices(day(2)).is_empty());
        assert_eq!(known.take_due_notices(day(77)).len(), 1, "the new date has its own notices");
    }

    #[test]
    fn the_enabled_developer_pack_that_lasts_longest_counts() {
        let other = json!({"skuPartNumber": "SPE_E5", "status": "Enabled", "nextLifecycleDateTime": day(400)});
        let all =
            json!({"value": [other, pack("Warning", day(300)), pack("Enabled", day(20)), pack("Enabled", day(50))]});
        assert_eq!(Subscription::of(&all).unwrap().changes_at, Some(day(50)));
        let mut known = Expiries::default();
        update(&mut known, &[(SUBSCRIPTIONS, other)], day(0));
        assert_eq!(known.subscription, None, "a paid subscription is renewed by paying");
        assert_eq!(known.watched_at, Some(day(0)));
    }

    #[test]
    fn an_ended_subscription_keeps_its_end_date() {
        let mut known = Expiries { subscription: Some(Expiry::new(day(1))), ..Expiries::default() };
        update(&mut known, &[(SUBSCRIPTIONS, pack("Warning", day(31)))], day(2));
        assert_eq!(known.subscription.unwrap().at, day(1));
        let mut new = Expiries::default();
        update(&mut new, &[(SUBSCRIPTIONS, pack("Suspended", day(31)))], day(2));
        update(&mut new, &[(SUBSCRIPTIONS, pack("Suspended", day(31)))], day(3));
        assert_eq!(new.subscription.unwrap().at, day(2));
        update(&mut new, &[(SUBSCRIPTIONS, pack("Enabled", day(99)))], day(4));
        assert_eq!(new.subscription.unwrap().at, day(99));
    }

    #[test]
    fn the_expiry_of_the_accounts_own_secret_counts() {
        let one = |hint: &str, end| json!({"hint": hint, "endDateTime": end});
        let app = json!({"passwordCredentials": [one("own", day(9)), one("oth", day(99))], "keyCredentials": []});
        let mut known = Expiries::default();
        update(&mut known, &[(REGISTRATION, app.clone())], day(0));
        assert_eq!(known.credential.unwrap().at, day(9));
        assert_eq!(registered_end(&json!({"value": [app]}), None), Some(day(99)));
        assert_eq!(registered_end(&json!({"value": []}), None), None);
    }

    #[test]
    fn an_expiry_that_may_no_longer_be_asked_is_removed_and_an_unanswered_one_stays() {
        let known = Expiries {
            subscription: Some(Expiry::new(day(9))),
            credential: Some(Expiry::new(day(9))),
            watched_at: Some(day(0)),
        };
        let mut kept = known;
        update(&mut kept, &[], day(1));
        assert_eq!(kept, known);
        let mut forgotten = known;
        forgotten.update_from_graph(&secret(), &[subscriptions()], &BTreeMap::new(), day(1));
        assert_eq!((forgotten.subscription, forgotten.credential), (known.subscription, None));
        forgotten.update_from_graph(&secret(), &[], &BTreeMap::new(), day(1));
        assert_eq!(forgotten.subscription, None);
    }

    #[test]
    fn expiries_are_checked_once_a_day() {
        let known = Expiries { watched_at: Some(day(0)), ..Expiries::default() };
        assert!(Expiries::default().check_due(day(0)) && known.check_due(day(1)));
        assert!(!known.check_due(day(0) + TimeDelta::hours(13)));
        assert!(known.check_due(day(0) + TimeDelta::hours(14)), "a day is a calendar day in UTC");
    }
}
