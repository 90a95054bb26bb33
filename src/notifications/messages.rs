//! Messages about accounts that paused, resumed or have something that expires soon.

use std::ops::Range;

use chrono::{DateTime, Utc};

use crate::domain::account::AccountId;
use crate::domain::account::expiry::Expiring;
use crate::domain::account::notice::{Change, Notice, NoticeKind};
use crate::ports::Alert;

/// More changes than these in one round become one message.
const DIGEST_ABOVE: usize = 10;

/// Changes in one digest: a message holds 256 KiB.
const MAX_LISTED: usize = 200;

/// SNS cuts a longer subject.
const MAX_SUBJECT_CHARS: usize = 99;

/// A change of an account that a person has yet to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Untold {
    pub account: AccountId,
    pub notice: Notice,
}

/// A message, and the changes that it tells.
pub(crate) struct Message {
    pub alert: Alert,
    /// Indexes of the changes.
    pub tells: Range<usize>,
}

impl Untold {
    /// With the notice's id, by which a message that comes twice is recognised.
    fn text(&self) -> String {
        let text = match &self.notice.kind {
            NoticeKind::Status { change, reason } => self.status_text(*change, reason.as_deref()),
            NoticeKind::Expiry { expiring, ends_at } => self.expiry_text(*expiring, *ends_at),
        };
        let (first, rest) = text.split_once('\n').unwrap_or((&text, ""));
        let more = if rest.is_empty() { String::new() } else { format!("\n{rest}") };
        format!("{first} (message {}){more}", self.notice.id)
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

    fn expiry_text(&self, expiring: Expiring, ends_at: DateTime<Utc>) -> String {
        let (when, date) = (when(ends_at, self.notice.at), ends_at.format("%F"));
        let what = match expiring {
            Expiring::Subscription => "The developer subscription of its tenant",
            Expiring::Credential => "The client secret or certificate that it signs in with",
        };
        let remedy = match expiring {
            Expiring::Credential => "Create a new one in the app's registration, and put it into the account's secret.",
            Expiring::Subscription if ends_at > self.notice.at => {
                "Microsoft renews it, or does not, by its own judgement of development on it; no one can promise that. \
                 See the developer programme's dashboard, link a GitHub account there, and save what you would miss."
            }
            Expiring::Subscription => {
                "Its data can be read for 30 days, by administrators for 30 more, and is deleted on day 60: save what you \
                 would miss. If it was renewed since, there is nothing to do: it is checked once a day."
            }
        };
        format!("Account {}: {what} {when} ({date}).\n{remedy}", self.account)
    }

    /// The headline is never cut: a long account id is.
    fn subject(&self) -> String {
        let (start, headline) = ("E5 Evergreen: ", self.headline());
        let room = MAX_SUBJECT_CHARS.saturating_sub(start.len() + 1 + headline.len());
        let account = self.account.as_str();
        match account.len() > room {
            // An id is ASCII: it can be cut anywhere.
            true => format!("{start}{}... {headline}", &account[..room.saturating_sub(3)]),
            false => format!("{start}{account} {headline}"),
        }
    }

    fn headline(&self) -> String {
        match self.notice.kind {
            NoticeKind::Status { change: Change::Paused, .. } => "paused".to_owned(),
            NoticeKind::Status { change: Change::Resumed, .. } => "resumed".to_owned(),
            NoticeKind::Status { change: Change::NeedsPerson, .. } => "needs you".to_owned(),
            NoticeKind::Expiry { expiring, ends_at } => {
                let what = match expiring {
                    Expiring::Subscription => "subscription",
                    Expiring::Credential => "credential",
                };
                format!("{what} {}", when(ends_at, self.notice.at))
            }
        }
    }
}

fn when(ends_at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    match (ends_at - now).num_days() {
        _ if ends_at <= now => "has ended".to_owned(),
        0 => "ends within a day".to_owned(),
        1 => "ends in 1 day".to_owned(),
        days => format!("ends in {days} days"),
    }
}

/// One message for each change, or one digest where there are many.
pub(crate) fn messages(changes: &[Untold]) -> Vec<Message> {
    if changes.len() <= DIGEST_ABOVE {
        let single = |(index, change): (usize, &Untold)| Message {
            alert: Alert { subject: change.subject(), text: change.text() },
            tells: index..index + 1,
        };
        return changes.iter().enumerate().map(single).collect();
    }
    changes.chunks(MAX_LISTED).enumerate().map(|(index, listed)| digest(listed, index * MAX_LISTED)).collect()
}

fn digest(changes: &[Untold], first: usize) -> Message {
    let count = |wanted: Change| {
        let is = |change: &&Untold| matches!(change.notice.kind, NoticeKind::Status { change, .. } if change == wanted);
        changes.iter().filter(is).count()
    };
    let expiring = |change: &&Untold| matches!(change.notice.kind, NoticeKind::Expiry { .. });
    let expiring = match changes.iter().filter(expiring).count() {
        0 => String::new(),
        count => format!(", {count} expire"),
    };
    let alert = Alert {
        subject: format!(
            "E5 Evergreen: {} paused, {} resumed, {} need you{expiring}",
            count(Change::Paused),
            count(Change::Resumed),
            count(Change::NeedsPerson)
        ),
        text: changes.iter().map(Untold::text).collect::<Vec<_>>().join("\n\n"),
    };
    Message { alert, tells: first..first + changes.len() }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::domain::account::notice::Notices;

    fn now() -> DateTime<Utc> {
        "2026-03-02T10:00:00Z".parse().unwrap()
    }

    fn untold(account: &str, kind: NoticeKind) -> Untold {
        let mut notices = Notices::default();
        notices.add(account, now(), [kind]);
        Untold { account: AccountId::parse(account).unwrap(), notice: notices.iter().next().unwrap().clone() }
    }

    fn change(account: &str, change: Change) -> Untold {
        untold(account, NoticeKind::Status { change, reason: Some("because".to_owned()) })
    }

    fn end(account: &str, expiring: Expiring, days: i64) -> Untold {
        untold(account, NoticeKind::Expiry { expiring, ends_at: now() + TimeDelta::days(days) })
    }

    fn many(count: usize) -> Vec<Untold> {
        (0..count).map(|number| change(&format!("a{number}"), Change::Paused)).collect()
    }

    fn subjects(changes: &[Untold]) -> Vec<String> {
        messages(changes).into_iter().map(|message| message.alert.subject).collect()
    }

    #[test]
    fn up_to_ten_changes_are_one_message_each_and_more_are_one_digest() {
        assert!(messages(&[]).is_empty());
        assert_eq!(messages(&many(10)).len(), 10);
        let digest = messages(&many(11));
        assert_eq!(digest.len(), 1);
        assert_eq!(digest[0].alert.subject, "E5 Evergreen: 11 paused, 0 resumed, 0 need you");
        assert_eq!(digest[0].alert.text.matches("because").count(), 11);
    }

    #[test]
    fn each_change_is_told_by_just_one_message_that_names_its_id() {
        for count in [1, 10, 11, 200, 201, 1234] {
            let changes = many(count);
            let messages = messages(&changes);
            let told: Vec<usize> = messages.iter().flat_map(|message| message.tells.clone()).collect();
            assert_eq!(told, (0..count).collect::<Vec<_>>());
            for message in messages {
                assert!(changes[message.tells].iter().all(|change| message.alert.text.contains(&change.notice.id)));
            }
        }
    }

    #[test]
    fn digest_of_thousands_of_changes_fits_into_messages() {
        let reason = Some("x".repeat(100_000));
        let long = |number: usize| {
            untold(&format!("a{number}"), NoticeKind::Status { change: Change::Paused, reason: reason.clone() })
        };
        let digests = messages(&(0..1000).map(long).collect::<Vec<_>>());
        assert_eq!(digests.len(), 5);
        assert!(digests.iter().all(|digest| digest.alert.text.len() < 256 * 1024));
    }

    #[test]
    fn message_names_the_account_the_change_and_the_reason() {
        let changes = [change("a", Change::Paused), change("b", Change::Resumed), change("c", Change::NeedsPerson)];
        assert_eq!(
            subjects(&changes),
            ["E5 Evergreen: a paused", "E5 Evergreen: b resumed", "E5 Evergreen: c needs you"]
        );
        assert!(messages(&changes).iter().all(|message| message.alert.text.ends_with("\nbecause")));
    }

    #[test]
    fn long_account_id_is_cut_in_the_subject_and_the_headline_is_not() {
        let long = "a".repeat(128);
        let cases = [
            (change(&long, Change::NeedsPerson), "needs you"),
            (end(&long, Expiring::Subscription, 13), "ends in 13 days"),
        ];
        for (change, headline) in cases {
            let alert = messages(&[change]).remove(0).alert;
            assert_eq!(alert.subject.len(), MAX_SUBJECT_CHARS);
            assert!(alert.subject.contains("aaa... ") && alert.subject.ends_with(headline), "{}", alert.subject);
            assert!(alert.text.contains(&long), "the text names the whole id");
        }
    }

    #[test]
    fn expiry_message_says_when_and_what_to_do_and_promises_nothing() {
        let changes = [
            end("a", Expiring::Subscription, 13),
            end("a", Expiring::Subscription, -1),
            end("a", Expiring::Credential, 1),
        ];
        assert_eq!(
            subjects(&changes),
            [
                "E5 Evergreen: a subscription ends in 13 days",
                "E5 Evergreen: a subscription has ended",
                "E5 Evergreen: a credential ends in 1 day"
            ]
        );
        for (message, parts) in messages(&changes).iter().zip([
            ["2026-03-15", "no one can promise"],
            ["60", "save"],
            ["2026-03-03", "new one"],
        ]) {
            assert!(parts.iter().all(|part| message.alert.text.contains(part)), "{}", message.alert.text);
        }
    }

    #[test]
    fn digest_lists_expiries_beside_the_changes() {
        let mut changes = many(9);
        changes.extend([end("x", Expiring::Subscription, 7), end("x", Expiring::Credential, 7)]);
        let digest = messages(&changes);
        assert_eq!(digest.len(), 1);
        assert_eq!(digest[0].alert.subject, "E5 Evergreen: 9 paused, 0 resumed, 0 need you, 2 expire");
        assert_eq!(digest[0].alert.text.matches("Account x:").count(), 2);
    }
}
