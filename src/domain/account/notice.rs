//! Notices: changes of an account that a person has yet to be told, kept with the record that caused them.

use chrono::{DateTime, SubsecRound, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::account::expiry::Expiring;
use crate::domain::hash::fnv1a;

/// Notices that an account keeps: the newest. Of a topic that is down for days, older ones tell nothing more.
const MAX_NOTICES: usize = 8;

/// A reason longer than this is cut.
const MAX_REASON_CHARS: usize = 600;

/// How an account's status changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    Paused,
    Resumed,
    /// Paused, and no longer probed: only a changed secret or a person helps.
    NeedsPerson,
}

/// A change that a person is to be told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// The same for each attempt to tell it, and no other's.
    pub id: String,
    pub at: DateTime<Utc>,
    #[serde(flatten)]
    pub kind: NoticeKind,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum NoticeKind {
    Status {
        change: Change,
        reason: Option<String>,
    },
    /// Something ends soon, or has ended, as of the notice's time.
    Expiry {
        expiring: Expiring,
        ends_at: DateTime<Utc>,
    },
}

/// The notices of an account that have not been told, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Notices(Vec<Notice>);

impl Notices {
    /// Adds what the run with this id has changed.
    pub fn add(&mut self, run_id: &str, at: DateTime<Utc>, kinds: impl IntoIterator<Item = NoticeKind>) {
        for (index, kind) in kinds.into_iter().enumerate() {
            let id = format!("{:016x}", fnv1a(format!("{run_id} {index}").bytes()));
            self.0.push(Notice { id, at: at.trunc_subsecs(0), kind: shortened(kind) });
        }
        self.0.drain(..self.0.len().saturating_sub(MAX_NOTICES));
    }

    /// Removes those that have been told; whether there were any.
    pub fn remove(&mut self, ids: &[String]) -> bool {
        let before = self.0.len();
        self.0.retain(|notice| !ids.contains(&notice.id));
        self.0.len() < before
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn iter(&self) -> std::slice::Iter<'_, Notice> {
        self.0.iter()
    }
}

fn shortened(kind: NoticeKind) -> NoticeKind {
    match kind {
        NoticeKind::Status { change, reason: Some(reason) } => {
            NoticeKind::Status { change, reason: Some(reason.chars().take(MAX_REASON_CHARS).collect()) }
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> DateTime<Utc> {
        "2026-03-02T10:00:00.7Z".parse().unwrap()
    }

    fn paused(reason: &str) -> NoticeKind {
        NoticeKind::Status { change: Change::Paused, reason: Some(reason.to_owned()) }
    }

    #[test]
    fn notices_of_one_run_have_ids_of_their_own_that_do_not_change() {
        let expiry = || NoticeKind::Expiry { expiring: Expiring::Subscription, ends_at: now() };
        let (mut notices, mut again) = (Notices::default(), Notices::default());
        notices.add("run", now(), [paused("r"), expiry()]);
        again.add("run", now(), [paused("r"), expiry()]);
        assert_eq!(notices, again);
        again.add("other run", now(), [paused("r")]);
        let ids: std::collections::BTreeSet<_> = again.iter().map(|notice| notice.id.clone()).collect();
        assert_eq!(ids.len(), 3);
    }

    #[test]
    fn only_told_notices_are_removed() {
        let mut notices = Notices::default();
        notices.add("a", now(), [paused("first")]);
        let told: Vec<String> = notices.iter().map(|notice| notice.id.clone()).collect();
        notices.add("b", now(), [paused("second")]);
        assert!(notices.remove(&told) && !notices.remove(&told));
        assert_eq!(notices.iter().map(|notice| notice.kind.clone()).collect::<Vec<_>>(), [paused("second")]);
    }

    #[test]
    fn notices_stay_small_whatever_happens() {
        let mut notices = Notices::default();
        for run in 0..1000 {
            notices.add(&run.to_string(), now(), [paused(&"ü".repeat(100_000))]);
        }
        assert_eq!(notices.iter().count(), MAX_NOTICES);
        assert!(serde_json::to_string(&notices).unwrap().len() < 16 * 1024);
        let mut newest = Notices::default();
        newest.add("999", now(), [paused("")]);
        assert_eq!(notices.iter().last().unwrap().id, newest.iter().last().unwrap().id);
    }

    #[test]
    fn notices_read_back_as_they_were_written() {
        let mut notices = Notices::default();
        let expiry = NoticeKind::Expiry { expiring: Expiring::Credential, ends_at: now().trunc_subsecs(0) };
        notices.add("run", now(), [paused("r"), NoticeKind::Status { change: Change::Resumed, reason: None }, expiry]);
        let text = serde_json::to_string(&notices).unwrap();
        assert_eq!(serde_json::from_str::<Notices>(&text).unwrap(), notices);
    }
}
