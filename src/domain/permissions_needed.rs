//! Permissions needed: the fewest that let a policy draw everything that it selects.

use std::collections::{BTreeMap, BTreeSet};

use chrono::DateTime;

use crate::domain::catalogue::{Operation, Subject};
use crate::domain::granted::Granted;
use crate::domain::plan::{self, Scope};
use crate::domain::policy::Policy;

/// The least permission of each request that a run may send, prerequisites, clean-up and the search for
/// leftovers included; without those that another of them makes superfluous.
///
/// `user`: whether the account has a mailbox and a drive of its own. A signed-in user has; app-only it takes a
/// `user_id` in the secret.
pub fn permissions_needed(policy: &Policy, subject: Subject, user: bool) -> BTreeSet<&'static str> {
    fewest(&requests(policy, subject, user), subject)
}

/// The least permission of each request, without those that another of them makes superfluous.
pub fn fewest(requests: &[&'static Operation], subject: Subject) -> BTreeSet<&'static str> {
    let mut needed: BTreeSet<&str> = requests.iter().filter_map(|request| request.permission(subject)).collect();
    for permission in needed.clone() {
        let covered = |request: &&Operation| {
            let mut accepted = request.accepted(subject).iter();
            accepted.any(|other| *other != permission && needed.contains(other))
        };
        if requests.iter().all(covered) {
            needed.remove(permission);
        }
    }
    needed
}

/// Every request that a run of the policy may send.
fn requests(policy: &Policy, subject: Subject, user: bool) -> Vec<&'static Operation> {
    let user_id = user.then_some("user");
    let (granted, set_aside) = (&Granted::Unknown, &BTreeMap::new());
    let now = DateTime::UNIX_EPOCH;
    let scope = Scope { policy, subject, user_id, granted, set_aside, sweep: false, now };
    let drawn = plan::drawable(&scope);
    let all: BTreeMap<_, _> = drawn.into_iter().flat_map(plan::whole).map(|request| (request.id, *request)).collect();
    all.into_values().collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn needed(operations: Value, subject: Subject) -> Vec<&'static str> {
        let policy = Policy::parse(json!({"operations": operations})).unwrap();
        permissions_needed(&policy, subject, true).into_iter().collect()
    }

    fn drawable(policy: &Policy, subject: Subject, granted: &Granted) -> usize {
        let (set_aside, now) = (&BTreeMap::new(), DateTime::UNIX_EPOCH);
        let scope = Scope { policy, subject, user_id: Some("u"), granted, set_aside, sweep: false, now };
        plan::drawable(&scope).len()
    }

    #[test]
    fn a_read_needs_its_least_permission_alone() {
        for (subject, least) in [(Subject::User, "Mail.ReadBasic"), (Subject::App, "Mail.ReadBasic.All")] {
            assert_eq!(needed(json!({"include": ["mail.folders.list"]}), subject), [least]);
        }
    }

    #[test]
    fn what_an_operation_brings_along_counts_too() {
        // The folder is removed again, and found by a list after a crash; the mail's address is asked for.
        assert_eq!(needed(json!({"include": ["mail.folder.create"]}), Subject::User), ["Mail.ReadWrite"]);
        let sending = needed(json!({"include": ["mail.send_self"]}), Subject::User);
        assert!(["Mail.ReadWrite", "Mail.Send", "User.Read"].iter().all(|name| sending.contains(name)), "{sending:?}");
    }

    #[test]
    fn what_the_policy_does_not_draw_asks_for_nothing() {
        assert_eq!(needed(json!({"exclude": ["*"]}), Subject::User), Vec::<&str>::new());
        let reading = Policy::parse(json!({"writes": false, "operations": {"include": ["mail.*"]}})).unwrap();
        let reading = permissions_needed(&reading, Subject::User, true);
        assert!(reading.iter().all(|name| !name.contains("Write") && !name.contains("Send")), "{reading:?}");
    }

    #[test]
    fn without_a_user_an_app_needs_only_what_is_tenant_wide() {
        let all = Policy::default();
        let (with, without) = [true, false].map(|user| permissions_needed(&all, Subject::App, user)).into();
        assert!(with.contains("Mail.ReadWrite") && without.contains("Reports.Read.All"));
        assert!(without.iter().all(|name| !name.starts_with("Mail")), "{without:?}");
    }

    #[test]
    fn they_are_enough_and_none_is_superfluous() {
        for subject in [Subject::User, Subject::App] {
            for operations in [json!({}), json!({"include": ["mail.*", "files.*"]}), json!({"exclude": ["teams.*"]})] {
                let policy = Policy::parse(json!({"operations": operations})).unwrap();
                let needed = permissions_needed(&policy, subject, true);
                let all = drawable(&policy, subject, &Granted::Unknown);
                let granted =
                    |names: &BTreeSet<&str>| Granted::Known(names.iter().map(|name| (*name).to_owned()).collect());
                assert_eq!(drawable(&policy, subject, &granted(&needed)), all);
                for permission in &needed {
                    let mut fewer = needed.clone();
                    fewer.remove(permission);
                    assert!(drawable(&policy, subject, &granted(&fewer)) < all, "{permission} is superfluous");
                }
            }
        }
    }
}
