//! The report of a sync: what it did, account by account as far as a log line and an answer hold.

use serde::Serialize;

use crate::domain::account::AccountId;

/// Entries of one list in a report. An answer holds 6 MB, a log line 256 KB; a first sync may create a million
/// accounts.
const MAX_ENTRIES: usize = 1000;

/// What sync did, by account; `errors` are secrets that define nothing usable.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct SyncReport {
    pub created: Capped<AccountId>,
    /// Due again: the secret is back, or changed while the account was paused or failing.
    pub resumed: Capped<AccountId>,
    /// The secret changed, and the account stays active.
    pub changed: Capped<AccountId>,
    /// Was in a partition of the due index that no round reads any more.
    pub moved: Capped<AccountId>,
    /// The secret is gone.
    pub stopped: Capped<AccountId>,
    pub unchanged: u32,
    /// Claimed by a run just now: looked at again by the next sync.
    pub busy: Capped<AccountId>,
    pub errors: Capped<SyncError>,
    /// Entries that the lists had no room for.
    #[serde(skip_serializing_if = "is_zero")]
    pub untold: usize,
}

/// The first entries of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(crate) struct Capped<T>(Vec<T>);

impl<T> Default for Capped<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct SyncError {
    pub secret: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    pub error: String,
}

/// What sync did with one account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SyncResult {
    Created,
    Resumed,
    Changed,
    Moved,
    Stopped,
    Unchanged,
    Busy,
}

impl SyncReport {
    pub(crate) fn add(&mut self, id: &AccountId, result: SyncResult) {
        let list = match result {
            SyncResult::Created => &mut self.created,
            SyncResult::Resumed => &mut self.resumed,
            SyncResult::Changed => &mut self.changed,
            SyncResult::Moved => &mut self.moved,
            SyncResult::Stopped => &mut self.stopped,
            SyncResult::Busy => &mut self.busy,
            SyncResult::Unchanged => {
                self.unchanged += 1;
                return;
            }
        };
        if list.0.len() < MAX_ENTRIES {
            list.0.push(id.clone());
        } else {
            self.untold += 1;
        }
    }

    pub(crate) fn error(&mut self, secret: &str, account: Option<AccountId>, error: impl Into<String>) {
        if self.errors.0.len() < MAX_ENTRIES {
            self.errors.0.push(SyncError { secret: secret.to_owned(), account, error: error.into() });
        } else {
            self.untold += 1;
        }
    }
}

fn is_zero(count: &usize) -> bool {
    *count == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_beyond_the_limit_of_a_list_are_counted() {
        let mut report = SyncReport::default();
        for number in 0..MAX_ENTRIES + 7 {
            report.add(&AccountId::parse(&number.to_string()).unwrap(), SyncResult::Created);
        }
        assert_eq!((report.created.0.len(), report.untold), (MAX_ENTRIES, 7));
        assert_eq!(serde_json::json!(SyncReport::default()).get("untold"), None);
    }
}
