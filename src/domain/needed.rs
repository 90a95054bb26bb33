//! What a policy needs: its operations with all that they bring along, and the least permission of each.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::catalogue::{Operation, Subject};
use crate::domain::granted::Granted;
use crate::domain::permissions_needed::fewest;
use crate::domain::plan::{Scope, drawable, whole};
use crate::domain::policy::Policy;

/// The scope of a draw in which no run has shown anything yet.
fn drawn(policy: &Policy, subject: Subject, user_id: Option<&str>, granted: &Granted) -> Vec<&'static Operation> {
    let scope = Scope {
        policy,
        subject,
        user_id,
        granted,
        set_aside: &BTreeMap::new(),
        sweep: false,
        now: chrono::DateTime::UNIX_EPOCH,
    };
    drawable(&scope)
}

/// The operations that the policy would draw if everything were granted.
pub fn wanted(policy: &Policy, subject: Subject, user_id: Option<&str>) -> Vec<&'static Operation> {
    drawn(policy, subject, user_id, &Granted::Unknown)
}

/// Those of them that these permissions will never let be drawn.
pub fn never_drawn(
    policy: &Policy,
    subject: Subject,
    user_id: Option<&str>,
    granted: &Granted,
) -> Vec<&'static Operation> {
    let can: BTreeSet<_> = drawn(policy, subject, user_id, granted).iter().map(|operation| operation.id).collect();
    wanted(policy, subject, user_id).into_iter().filter(|operation| !can.contains(operation.id)).collect()
}

/// The fewest permissions that allow each operation and all that it brings along: what it needs, what undoes it, and the
/// lists in which a later run finds what a crash left.
pub fn permissions(operations: &[&'static Operation], subject: Subject) -> BTreeSet<&'static str> {
    fewest(&closure(operations), subject)
}

/// The fewest permissions for those of the requests that nothing that is granted allows.
pub fn missing(operations: &[&'static Operation], subject: Subject, granted: &Granted) -> BTreeSet<&'static str> {
    let mut lacking = closure(operations);
    lacking.retain(|operation| !granted.allow(operation, subject));
    fewest(&lacking, subject)
}

fn closure(operations: &[&'static Operation]) -> Vec<&'static Operation> {
    let parts = operations.iter().flat_map(|operation| whole(operation));
    let all: BTreeMap<&str, &'static Operation> = parts.map(|part| (part.id, *part)).collect();
    all.into_values().collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn policy(include: &[&str]) -> Policy {
        Policy::parse(json!({"operations": {"include": include}})).unwrap()
    }

    #[test]
    fn what_is_needed_is_enough_and_nothing_can_be_left_out() {
        for subject in [Subject::User, Subject::App] {
            for include in [&["*"][..], &["mail.*"], &["event.*", "drive.*"], &["users.list"]] {
                let policy = policy(include);
                let wanted = wanted(&policy, subject, Some("u"));
                let needed = permissions(&wanted, subject);
                let granted =
                    |names: &BTreeSet<&str>| Granted::Known(names.iter().map(|name| (*name).to_owned()).collect());
                assert!(!needed.is_empty());
                let all = granted(&needed);
                assert!(never_drawn(&policy, subject, Some("u"), &all).is_empty(), "{include:?}");
                assert!(missing(&wanted, subject, &all).is_empty());
                let none = granted(&BTreeSet::new());
                assert_eq!(never_drawn(&policy, subject, Some("u"), &none).len(), wanted.len());
                assert_eq!(missing(&wanted, subject, &none), needed);
            }
        }
    }

    #[test]
    fn a_narrow_policy_needs_little() {
        let wanted = wanted(&policy(&["users.list"]), Subject::User, None);
        assert_eq!(permissions(&wanted, Subject::User), BTreeSet::from(["User.ReadBasic.All"]));
    }
}
