//! Notifications: a message for each account that pauses, resumes or has something that expires soon; one digest where
//! there are many at once.

use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::future::join_all;
use tracing::error;

use crate::app::App;
use crate::domain::account::AccountId;
use crate::domain::account::expiry::{Expiring, Expiry};
use crate::domain::outcome::Change;
use crate::ports::{Alert, Alerts, InfraError};
use crate::run::report::RunReport;

/// More changes than these in one round become one message.
const DIGEST_ABOVE: usize = 10;

/// Changes that a digest lists: a message holds 256 KiB.
const MAX_LISTED: usize = 200;

/// Time for sending all messages of a round.
const SEND_TIMEOUT: Duration = Duration::from_secs(5);

/// A change of an account that has been recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountChange {
    account: AccountId,
    kind: ChangeKind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum ChangeKind {
    Status {
        change: Change,
        reason: Option<String>,
    },
    /// Something ends soon, or has ended, as of `now`.
    Expiry {
        matter: Expiring,
        expiry: Expiry,
        now: DateTime<Utc>,
    },
}

impl AccountChange {
    /// The changes that a run made; none where it was not recorded: the next run makes them again.
    pub fn of(run: &RunReport) -> Vec<Self> {
        if run.unrecorded.is_some() {
            return Vec::new();
        }
        let status = run.change.map(|change| ChangeKind::Status { change, reason: run.row.reason.clone() });
        let now = run.row.ended_at;
        let ends =
            run.expiring.iter().map(|(matter, expiry)| ChangeKind::Expiry { matter: *matter, expiry: *expiry, now });
        let account = &run.row.account_id;
        status.into_iter().chain(ends).map(|kind| Self { account: account.clone(), kind }).collect()
    }

    fn text(&self) -> String {
        match &self.kind {
            ChangeKind::Status { change, reason } => self.status_text(*change, reason.as_deref()),
            ChangeKind::Expiry { matter, expiry, now } => self.expiry_text(*matter, *expiry, *now),
        }
    }

    fn status_text(&self, change: Change, reason: Option<&str>) -> String {
        let what = match change {
            Change::Paused => {
                "is paused: its configuration is wrong. It is checked periodically and resumes automatically once it works."
            }
            Change::Resumed => "works again and has resumed.",
            Change::NeedsPerson => {
                "is no longer checked: two weeks of checks failed. Fix its secret, or send the event `resume`."
            }
        };
        let reason = reason.map(|reason| format!("\n{reason}")).unwrap_or_default();
        format!("Account {} {what}{reason}", self.account)
    }

    fn expiry_text(&self, matter: Expiring, expiry: Expiry, now: DateTime<Utc>) -> String {
        let (when, date) = (when(expiry, now), expiry.at.format("%F"));
        let what = match matter {
            Expiring::Subscription => "The developer subscription of its tenant",
            Expiring::Credential => "The client secret or certificate that it signs in with",
        };
        let remedy = match matter {
            Expiring::Credential => "Create a new one in the app's registration, and put it into the account's secret.",
            Expiring::Subscription if expiry.at > now => {
                "Microsoft renews it, or does not, by its own judgement of development on it; nobody can promise that. \
                 See the developer programme's dashboard, link a GitHub account there, and save what you would miss."
            }
            Expiring::Subscription => {
                "Its data can be read for 30 days, by administrators for 30 more, and is deleted on day 60: save what you \
                 would miss. If it was renewed since, there is nothing to do: it is checked once a day."
            }
        };
        format!("Account {}: {what} {when} ({date}).\n{remedy}", self.account)
    }

    fn headline(&self) -> String {
        match &self.kind {
            ChangeKind::Status { change: Change::Paused, .. } => "paused".to_owned(),
            ChangeKind::Status { change: Change::Resumed, .. } => "resumed".to_owned(),
            ChangeKind::Status { change: Change::NeedsPerson, .. } => "needs you".to_owned(),
            ChangeKind::Expiry { matter: Expiring::Subscription, expiry, now } => {
                format!("subscription {}", when(*expiry, *now))
            }
            ChangeKind::Expiry { matter: Expiring::Credential, expiry, now } => {
                format!("credential {}", when(*expiry, *now))
            }
        }
    }
}

fn when(expiry: Expiry, now: DateTime<Utc>) -> String {
    match expiry.days_left(now) {
        _ if expiry.at <= now => "has ended".to_owned(),
        0 => "ends within a day".to_owned(),
        1 => "ends in 1 day".to_owned(),
        days => format!("ends in {days} days"),
    }
}

/// Publishes the changes, where there is a topic. A failure is logged.
pub async fn notify(app: &App, changes: &[AccountChange]) {
    if let Some(alerts) = &app.alerts {
        send(alerts.as_ref(), messages(changes)).await;
    }
}

async fn send(alerts: &dyn Alerts, messages: Vec<Alert>) {
    if messages.is_empty() {
        return;
    }
    let count = messages.len();
    let sending = join_all(messages.iter().map(|message| alerts.publish(message)));
    let failure = match tokio::time::timeout(SEND_TIMEOUT, sending).await {
        Ok(sent) => sent.into_iter().filter_map(Result::err).next(),
        Err(_) => Some(InfraError::unavailable("publishing changes", "no answer in time")),
    };
    if let Some(error) = failure {
        error!(%error, messages = count, "not every alert could be sent");
    }
}

fn messages(changes: &[AccountChange]) -> Vec<Alert> {
    if changes.len() <= DIGEST_ABOVE {
        let single = |change: &AccountChange| Alert {
            subject: format!("E5 Evergreen: {} {}", change.account, change.headline()),
            text: change.text(),
        };
        return changes.iter().map(single).collect();
    }
    let count = |wanted: Change| {
        let is = |change: &&AccountChange| matches!(change.kind, ChangeKind::Status { change, .. } if change == wanted);
        changes.iter().filter(is).count()
    };
    let expiring = match changes.iter().filter(|change| matches!(change.kind, ChangeKind::Expiry { .. })).count() {
        0 => String::new(),
        count => format!(", {count} expire"),
    };
    let mut lines: Vec<String> = changes.iter().take(MAX_LISTED).map(AccountChange::text).collect();
    if changes.len() > MAX_LISTED {
        lines.push(format!("And {} more: see the dashboard.", changes.len() - MAX_LISTED));
    }
    vec![Alert {
        subject: format!(
            "E5 Evergreen: {} paused, {} resumed, {} need you{expiring}",
            count(Change::Paused),
            count(Change::Resumed),
            count(Change::NeedsPerson)
        ),
        text: lines.join("\n\n"),
    }]
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use async_trait::async_trait;
    use serde_json::Value;
    use tracing::instrument::WithSubscriber;
    use tracing::level_filters::LevelFilter;

    use crate::telemetry::{self, LogFormat};

    use super::*;

    fn change(account: &str, change: Change) -> AccountChange {
        let kind = ChangeKind::Status { change, reason: Some("because".to_owned()) };
        AccountChange { account: AccountId::parse(account).unwrap(), kind }
    }

    fn many(count: usize) -> Vec<AccountChange> {
        (0..count).map(|number| change(&format!("a{number}"), Change::Paused)).collect()
    }

    /// Keeps what it is told, and fails for subjects that hold `fails`.
    #[derive(Default)]
    struct Topic {
        told: Mutex<Vec<Alert>>,
        fails: Option<&'static str>,
    }

    #[async_trait]
    impl Alerts for Topic {
        async fn publish(&self, alert: &Alert) -> Result<(), InfraError> {
            if self.fails.is_some_and(|fails| alert.subject.contains(fails)) {
                return Err(InfraError::unavailable("publishing", "AuthorizationError"));
            }
            self.told.lock().unwrap().push(alert.clone());
            Ok(())
        }
    }

    #[test]
    fn up_to_ten_changes_are_one_message_each_and_more_are_one_digest() {
        assert!(messages(&[]).is_empty());
        assert_eq!(messages(&many(10)).len(), 10);
        let digest = messages(&many(11));
        assert_eq!(digest.len(), 1);
        assert_eq!(digest[0].subject, "E5 Evergreen: 11 paused, 0 resumed, 0 need you");
        assert_eq!(digest[0].text.matches("because").count(), 11);
    }

    #[test]
    fn digest_of_thousands_of_changes_fits_into_one_message() {
        let mut changes = many(5000);
        for change in &mut changes {
            change.kind = ChangeKind::Status { change: Change::Paused, reason: Some("x".repeat(800)) };
        }
        let digest = messages(&changes);
        assert!(digest[0].text.len() < 256 * 1024, "{}", digest[0].text.len());
        assert!(digest[0].text.ends_with("And 4800 more: see the dashboard."));
    }

    #[test]
    fn message_names_the_account_the_change_and_the_reason() {
        let told =
            messages(&[change("a", Change::Paused), change("b", Change::Resumed), change("c", Change::NeedsPerson)]);
        let subjects: Vec<&str> = told.iter().map(|alert| alert.subject.as_str()).collect();
        assert_eq!(subjects, ["E5 Evergreen: a paused", "E5 Evergreen: b resumed", "E5 Evergreen: c needs you"]);
        assert!(told.iter().all(|alert| alert.text.ends_with("because")));
    }

    #[tokio::test]
    async fn failing_topic_is_logged_once_and_other_messages_are_sent() {
        let topic = Topic { fails: Some("a3"), ..Topic::default() };
        let lines = Arc::new(Mutex::new(Vec::<Value>::new()));
        let kept = Arc::clone(&lines);
        let keep = move |line: &str| kept.lock().unwrap().push(serde_json::from_str(line).unwrap());
        let log = telemetry::dispatch(LevelFilter::INFO, LogFormat::Json, keep);
        send(&topic, messages(&many(5))).with_subscriber(log).await;
        assert_eq!(topic.told.lock().unwrap().len(), 4);
        let lines = lines.lock().unwrap();
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0]["error"], "publishing: AuthorizationError");
    }

    fn end(account: &str, matter: Expiring, days: i64) -> AccountChange {
        let now = "2026-03-02T10:00:00Z".parse::<DateTime<Utc>>().unwrap();
        let kind = ChangeKind::Expiry { matter, expiry: Expiry::new(now + chrono::TimeDelta::days(days)), now };
        AccountChange { account: AccountId::parse(account).unwrap(), kind }
    }

    #[test]
    fn expiry_message_says_when_and_what_to_do_and_promises_nothing() {
        let told = messages(&[
            end("a", Expiring::Subscription, 13),
            end("a", Expiring::Subscription, -1),
            end("a", Expiring::Credential, 1),
        ]);
        let subjects: Vec<&str> = told.iter().map(|alert| alert.subject.as_str()).collect();
        assert_eq!(
            subjects,
            [
                "E5 Evergreen: a subscription ends in 13 days",
                "E5 Evergreen: a subscription has ended",
                "E5 Evergreen: a credential ends in 1 day"
            ]
        );
        for (alert, parts) in
            told.iter().zip([["2026-03-15", "nobody can promise"], ["60", "save"], ["2026-03-03", "new one"]])
        {
            assert!(parts.iter().all(|part| alert.text.contains(part)), "{}", alert.text);
        }
    }

    #[test]
    fn digest_lists_expiries_beside_the_changes() {
        let mut changes = many(9);
        changes.extend([end("x", Expiring::Subscription, 7), end("x", Expiring::Credential, 7)]);
        let digest = messages(&changes);
        assert_eq!(digest.len(), 1);
        assert_eq!(digest[0].subject, "E5 Evergreen: 9 paused, 0 resumed, 0 need you, 2 expire");
        assert_eq!(digest[0].text.matches("Account x:").count(), 2);
    }
}
