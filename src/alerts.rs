//! Alerts: what a person is told of: one message for each change of an account, one digest where many change at once.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;

use crate::domain::account::AccountId;
use crate::domain::outcome::Change;
use crate::house::House;
use crate::log::{Level, line};
use crate::ports::{Alert, Alerts, Broken, Journal};
use crate::run::RunReport;

/// More changes than these in one round are one message.
const SINGLE: usize = 10;

/// Changes that a digest spells out: a message holds 256 KiB.
const SPELT_OUT: usize = 200;

/// All messages of a round together may take this long; a round has more important things to do.
const PATIENCE: Duration = Duration::from_secs(5);

/// A change of an account that stands written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountChange {
    account: AccountId,
    change: Change,
    reason: Option<String>,
}

impl AccountChange {
    /// `None` where nothing changed, or the change was not recorded: then it comes again.
    pub fn of(run: &RunReport) -> Option<Self> {
        let change = run.change.filter(|_| run.unrecorded.is_none())?;
        Some(Self { account: run.row.account_id.clone(), change, reason: run.row.reason.clone() })
    }

    fn says(&self) -> String {
        let what = match self.change {
            Change::Paused => {
                "is paused: its configuration is wrong. It is probed, and goes on by itself once it works."
            }
            Change::Resumed => "works again, and goes on.",
            Change::NeedsPerson => {
                "is given up: it was probed for two weeks. Mend its secret, or send the event `resume`."
            }
        };
        let reason = self.reason.as_ref().map(|reason| format!("\n{reason}")).unwrap_or_default();
        format!("Account {} {what}{reason}", self.account)
    }

    const fn word(&self) -> &'static str {
        match self.change {
            Change::Paused => "paused",
            Change::Resumed => "resumed",
            Change::NeedsPerson => "needs you",
        }
    }
}

/// Tells of the changes, where somebody listens. What cannot be told is logged, and disturbs nothing.
pub async fn tell(house: &House, changes: &[AccountChange]) {
    if let Some(alerts) = &house.alerts {
        send(alerts.as_ref(), house.journal.as_ref(), messages(changes)).await;
    }
}

async fn send(alerts: &dyn Alerts, journal: &dyn Journal, messages: Vec<Alert>) {
    if messages.is_empty() {
        return;
    }
    let count = messages.len();
    let sending = join_all(messages.iter().map(|message| alerts.publish(message)));
    let failed = match tokio::time::timeout(PATIENCE, sending).await {
        Ok(sent) => sent.into_iter().filter_map(Result::err).next(),
        Err(_) => Some(Broken::new("telling of changes", "no answer in time")),
    };
    if let Some(broken) = failed {
        let fields = json!({"error": broken.to_string(), "messages": count});
        journal.write(&line(Level::Error, "not every alert could be sent", fields));
    }
}

fn messages(changes: &[AccountChange]) -> Vec<Alert> {
    if changes.len() <= SINGLE {
        let single = |change: &AccountChange| Alert {
            subject: format!("E5 Evergreen: {} {}", change.account, change.word()),
            text: change.says(),
        };
        return changes.iter().map(single).collect();
    }
    let count = |wanted: Change| changes.iter().filter(|change| change.change == wanted).count();
    let mut lines: Vec<String> = changes.iter().take(SPELT_OUT).map(AccountChange::says).collect();
    if changes.len() > SPELT_OUT {
        lines.push(format!("And {} more: see the dashboard.", changes.len() - SPELT_OUT));
    }
    vec![Alert {
        subject: format!(
            "E5 Evergreen: {} paused, {} resumed, {} need you",
            count(Change::Paused),
            count(Change::Resumed),
            count(Change::NeedsPerson)
        ),
        text: lines.join("\n\n"),
    }]
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use async_trait::async_trait;
    use serde_json::Value;

    use super::*;

    fn change(account: &str, change: Change) -> AccountChange {
        AccountChange { account: AccountId::parse(account).unwrap(), change, reason: Some("because".to_owned()) }
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
        async fn publish(&self, alert: &Alert) -> Result<(), Broken> {
            if self.fails.is_some_and(|fails| alert.subject.contains(fails)) {
                return Err(Broken::new("telling", "AuthorizationError"));
            }
            self.told.lock().unwrap().push(alert.clone());
            Ok(())
        }
    }

    #[derive(Default)]
    struct Lines(Mutex<Vec<Value>>);

    impl Journal for Lines {
        fn write(&self, line: &Value) {
            self.0.lock().unwrap().push(line.clone());
        }
    }

    #[test]
    fn up_to_ten_changes_are_a_message_each_and_more_are_one_digest() {
        assert!(messages(&[]).is_empty());
        assert_eq!(messages(&many(10)).len(), 10);
        let digest = messages(&many(11));
        assert_eq!(digest.len(), 1);
        assert_eq!(digest[0].subject, "E5 Evergreen: 11 paused, 0 resumed, 0 need you");
        assert_eq!(digest[0].text.matches("because").count(), 11);
    }

    #[test]
    fn a_digest_of_very_many_changes_still_fits_a_message() {
        let mut changes = many(5000);
        for change in &mut changes {
            change.reason = Some("x".repeat(800));
        }
        let digest = messages(&changes);
        assert!(digest[0].text.len() < 256 * 1024, "{}", digest[0].text.len());
        assert!(digest[0].text.ends_with("And 4800 more: see the dashboard."));
    }

    #[test]
    fn a_message_says_which_account_what_and_why() {
        let told =
            messages(&[change("a", Change::Paused), change("b", Change::Resumed), change("c", Change::NeedsPerson)]);
        let subjects: Vec<&str> = told.iter().map(|alert| alert.subject.as_str()).collect();
        assert_eq!(subjects, ["E5 Evergreen: a paused", "E5 Evergreen: b resumed", "E5 Evergreen: c needs you"]);
        assert!(told.iter().all(|alert| alert.text.ends_with("because")));
    }

    #[tokio::test]
    async fn a_topic_that_fails_is_logged_once_and_the_other_messages_are_sent() {
        let topic = Topic { fails: Some("a3"), ..Topic::default() };
        let lines = Lines::default();
        send(&topic, &lines, messages(&many(5))).await;
        assert_eq!(topic.told.lock().unwrap().len(), 4);
        let lines = lines.0.lock().unwrap();
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0]["error"], "telling: AuthorizationError");
    }
}
