//! Expiry: what of an account ends some day, how that is asked once a day, and when a person is told.

use std::collections::BTreeMap;

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::secret::{AccountSecret, Credential};

/// Days before an end at which a person is told, once each; 0: it is there.
const TOLD_BEFORE: [u8; 5] = [30, 14, 7, 1, 0];

/// A read that tells when something ends, and the row of the catalogue whose permissions allow it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpiryQuery {
    pub row: &'static str,
    pub url: String,
}

const SUBSCRIPTIONS: &str = "subscriptions.commercial";
const REGISTRATION: &str = "applications.list";

/// When the tenant's subscriptions end.
pub fn subscriptions() -> ExpiryQuery {
    let url = "/directory/subscriptions?$select=skuPartNumber,status,nextLifecycleDateTime".to_owned();
    ExpiryQuery { row: SUBSCRIPTIONS, url }
}

/// When the secrets and certificates of the app's registration end.
pub fn registration(client_id: &str) -> ExpiryQuery {
    let url = format!("/applications?$filter=appId%20eq%20'{client_id}'&$select=passwordCredentials,keyCredentials");
    ExpiryQuery { row: REGISTRATION, url }
}

/// What is to be asked to know when an account's subscription and its credential end.
pub fn questions(secret: &AccountSecret) -> Vec<ExpiryQuery> {
    let registered = own_secret(&secret.credential).map(|_| registration(&secret.client_id));
    [subscriptions()].into_iter().chain(registered).collect()
}

/// What ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expiring {
    /// The tenant's developer subscription, unless Microsoft renews it.
    Subscription,
    /// The client secret or certificate that the account signs in with.
    Credential,
}

/// An end that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expiry {
    /// In whole seconds, as it is stored: a fraction must not look like another day when it is read again.
    pub at: DateTime<Utc>,
    /// The fewest days before the end at which a person was told.
    pub told: Option<u8>,
}

impl Expiry {
    pub fn new(at: DateTime<Utc>) -> Self {
        Self { at: at.trunc_subsecs(0), told: None }
    }

    /// Whole days that are left, 0 once it is over.
    pub fn days_left(&self, now: DateTime<Utc>) -> i64 {
        (self.at - now).num_days().max(0)
    }

    /// Whether a day has come on which a person is to be told, and nobody was. Takes note that it is done.
    fn crosses(&mut self, now: DateTime<Utc>) -> bool {
        let reached = |days: &&u8| self.at - now <= TimeDelta::days(i64::from(**days));
        let Some(days) = TOLD_BEFORE.iter().filter(reached).min().copied() else { return false };
        let news = self.told.is_none_or(|told| days < told);
        if news {
            self.told = Some(days);
        }
        news
    }
}

/// What is known of an account's ends, and when it was looked up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Expiries {
    pub subscription: Option<Expiry>,
    pub credential: Option<Expiry>,
    pub watched_at: Option<DateTime<Utc>>,
}

impl Expiries {
    /// Whether the first run of this day (UTC) is still to come.
    pub fn check_due(&self, now: DateTime<Utc>) -> bool {
        self.watched_at.is_none_or(|at| at.date_naive() != now.date_naive())
    }

    /// Takes in what the credential says of itself: only that of a client secret must be asked for.
    pub fn update_from_credential(&mut self, credential: &Credential) {
        if own_secret(credential).is_none() {
            let end = match credential {
                Credential::Certificate { certificate, .. } => Some(certificate.not_after),
                _ => None,
            };
            set(&mut self.credential, end);
        }
    }

    /// Takes in a run's answers, by row; one that was refused is `None`. What may be asked no longer is forgotten: it
    /// might have changed unseen.
    pub fn update_from_graph(
        &mut self,
        secret: &AccountSecret,
        askable: &[ExpiryQuery],
        answers: &BTreeMap<&'static str, Option<Value>>,
        now: DateTime<Utc>,
    ) {
        let may_ask = |row: &str| askable.iter().any(|question| question.row == row);
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
                Some(found) if found.runs => found.changes_at,
                Some(_) => Some(ended),
                None => None,
            };
            set(&mut self.subscription, end);
        }
        if let Some(Some(answer)) = answers.get(REGISTRATION) {
            set(&mut self.credential, registered_end(answer, own));
        }
    }

    /// What a person is to be told of now. Each threshold is told of once, until the end is another.
    pub fn take_due_notices(&mut self, now: DateTime<Utc>) -> Vec<(Expiring, Expiry)> {
        let known =
            [(Expiring::Subscription, self.subscription.as_mut()), (Expiring::Credential, self.credential.as_mut())];
        let news = |(matter, expiry): (Expiring, Option<&mut Expiry>)| {
            let expiry = expiry?;
            expiry.crosses(now).then_some((matter, *expiry))
        };
        known.into_iter().filter_map(news).collect()
    }
}

/// Notes an end; what was told of it stands as long as it is the same.
fn set(known: &mut Option<Expiry>, end: Option<DateTime<Utc>>) {
    let new = end.map(Expiry::new);
    if known.map(|known| known.at) != new.map(|new| new.at) {
        *known = new;
    }
}

/// The subscription of a tenant that matters most: a developer pack before others, one that runs before one that is
/// over, the one that lasts longest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Subscription {
    pub developer: bool,
    pub runs: bool,
    /// While it runs its end, unless it is renewed; after that the next stage of its end.
    pub changes_at: Option<DateTime<Utc>>,
}

impl Subscription {
    /// From the answer to [`subscriptions`].
    ///
    /// Source: learn.microsoft.com, "companySubscription resource type": `nextLifecycleDateTime` is when the
    /// subscription will move to its next `status`, which is `Enabled` while it runs.
    pub fn of(answer: &Value) -> Option<Self> {
        let one = |one: &Value| Self {
            developer: one["skuPartNumber"].as_str().is_some_and(|sku| sku.starts_with("DEVELOPERPACK")),
            runs: one["status"].as_str().is_none_or(|status| status.eq_ignore_ascii_case("Enabled")),
            changes_at: time(&one["nextLifecycleDateTime"]),
        };
        elements(answer, "value").map(one).max()
    }
}

/// The client secret that the account itself uses, if any.
pub const fn own_secret(credential: &Credential) -> Option<&SecretString> {
    match credential {
        Credential::ClientSecret { client_secret } => Some(client_secret),
        Credential::RefreshToken { client_secret, .. } | Credential::Password { client_secret, .. } => {
            client_secret.as_ref()
        }
        Credential::Certificate { .. } | Credential::Federated => None,
    }
}

/// When the secret that is used ends, by the answer to [`registration`]; where it cannot be told from others, the
/// last of all.
pub fn registered_end(answer: &Value, own: Option<&SecretString>) -> Option<DateTime<Utc>> {
    let app = elements(answer, "value").next()?;
    // Of a secret Graph tells its first three characters: enough to know which one is used here.
    let hint = own.and_then(|own| own.expose_secret().get(..3));
    let end = |one: &Value| time(&one["endDateTime"]);
    let is_own = |password: &&Value| hint.is_some() && password["hint"].as_str() == hint;
    let matching = elements(app, "passwordCredentials").filter(is_own).filter_map(end).max();
    matching
        .or_else(|| elements(app, "passwordCredentials").chain(elements(app, "keyCredentials")).filter_map(end).max())
}

/// Whether the app is registered in the tenant that was asked.
pub fn registered_here(answer: &Value) -> bool {
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
    use crate::domain::account::AccountId;
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

    /// Takes in the answers of a run that may ask everything.
    fn learn(known: &mut Expiries, answers: &[(&'static str, Value)], now: DateTime<Utc>) {
        let answers = answers.iter().map(|(row, answer)| (*row, Some(json!({"value": [answer]})))).collect();
        known.update_from_graph(&secret(), &questions(&secret()), &answers, now);
    }

    #[test]
    fn each_threshold_is_told_of_once_and_what_was_missed_is_not_told_later() {
        let mut known = Expiries { subscription: Some(Expiry::new(day(40))), ..Expiries::default() };
        let told: Vec<i64> =
            (0..50).filter(|at| !known.take_due_notices(day(*at)).is_empty()).map(|at| 40 - at).collect();
        assert_eq!(told, [30, 14, 7, 1, 0]);
        let mut late = Expiries { credential: Some(Expiry::new(day(5))), ..Expiries::default() };
        assert_eq!(late.take_due_notices(day(0)), [(Expiring::Credential, Expiry { at: day(5), told: Some(7) })]);
        assert!(late.take_due_notices(day(3)).is_empty());
    }

    #[test]
    fn another_end_is_told_of_anew_and_the_same_one_is_not() {
        let mut known = Expiries::default();
        let answer = |at: DateTime<Utc>| [(SUBSCRIPTIONS, pack("Enabled", at + TimeDelta::milliseconds(700)))];
        learn(&mut known, &answer(day(13)), day(0));
        assert_eq!(known.take_due_notices(day(0)).len(), 1);
        assert_eq!(known.subscription.unwrap().at, day(13), "as it will be read again");
        learn(&mut known, &answer(day(13)), day(1));
        assert!(known.take_due_notices(day(1)).is_empty(), "a fraction of a second is no other end");
        learn(&mut known, &answer(day(90)), day(2));
        assert!(known.take_due_notices(day(2)).is_empty());
        assert_eq!(known.take_due_notices(day(77)).len(), 1, "the new end has thresholds of its own");
    }

    #[test]
    fn of_several_subscriptions_the_developer_pack_that_runs_longest_counts() {
        let other = json!({"skuPartNumber": "SPE_E5", "status": "Enabled", "nextLifecycleDateTime": day(400)});
        let all =
            json!({"value": [other, pack("Warning", day(300)), pack("Enabled", day(20)), pack("Enabled", day(50))]});
        assert_eq!(Subscription::of(&all).unwrap().changes_at, Some(day(50)));
        let mut known = Expiries::default();
        learn(&mut known, &[(SUBSCRIPTIONS, other)], day(0));
        assert_eq!(known.subscription, None, "what is paid for is renewed by paying");
        assert_eq!(known.watched_at, Some(day(0)));
    }

    #[test]
    fn a_subscription_that_is_over_has_ended_whatever_date_comes_next() {
        let mut known = Expiries { subscription: Some(Expiry::new(day(1))), ..Expiries::default() };
        learn(&mut known, &[(SUBSCRIPTIONS, pack("Warning", day(31)))], day(2));
        assert_eq!(known.subscription.unwrap().at, day(1));
        let mut new = Expiries::default();
        learn(&mut new, &[(SUBSCRIPTIONS, pack("Suspended", day(31)))], day(2));
        learn(&mut new, &[(SUBSCRIPTIONS, pack("Suspended", day(31)))], day(3));
        assert_eq!(new.subscription.unwrap().at, day(2));
        learn(&mut new, &[(SUBSCRIPTIONS, pack("Enabled", day(99)))], day(4));
        assert_eq!(new.subscription.unwrap().at, day(99));
    }

    #[test]
    fn of_several_secrets_the_one_that_is_used_counts() {
        let one = |hint: &str, end| json!({"hint": hint, "endDateTime": end});
        let app = json!({"passwordCredentials": [one("own", day(9)), one("oth", day(99))], "keyCredentials": []});
        let mut known = Expiries::default();
        learn(&mut known, &[(REGISTRATION, app.clone())], day(0));
        assert_eq!(known.credential.unwrap().at, day(9));
        assert_eq!(registered_end(&json!({"value": [app]}), None), Some(day(99)));
        assert_eq!(registered_end(&json!({"value": []}), None), None);
    }

    #[test]
    fn what_may_be_asked_no_longer_is_forgotten_and_what_was_not_answered_stays() {
        let known = Expiries {
            subscription: Some(Expiry::new(day(9))),
            credential: Some(Expiry::new(day(9))),
            watched_at: Some(day(0)),
        };
        let mut kept = known;
        learn(&mut kept, &[], day(1));
        assert_eq!(kept, known);
        let mut forgotten = known;
        forgotten.update_from_graph(&secret(), &[subscriptions()], &BTreeMap::new(), day(1));
        assert_eq!((forgotten.subscription, forgotten.credential), (known.subscription, None));
        forgotten.update_from_graph(&secret(), &[], &BTreeMap::new(), day(1));
        assert_eq!(forgotten.subscription, None);
    }

    #[test]
    fn it_is_watched_once_a_day() {
        let known = Expiries { watched_at: Some(day(0)), ..Expiries::default() };
        assert!(Expiries::default().check_due(day(0)) && known.check_due(day(1)));
        assert!(!known.check_due(day(0) + TimeDelta::hours(13)));
        assert!(known.check_due(day(0) + TimeDelta::hours(14)), "a day is one of the calendar, in UTC");
    }
}
