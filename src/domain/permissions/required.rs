//! Required permissions of a policy: the fewest that allow its operations with their prerequisites and clean-up.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::catalogue::generated_name::NameOwner;
use crate::domain::catalogue::granted::GrantedPermissions;
use crate::domain::catalogue::{Access, Operation};
use crate::domain::plan::{Scope, closure, drawable};
use crate::domain::policy::Policy;

/// The operations that a run without any history could draw.
fn drawn(
    policy: &Policy,
    access: Access,
    user_id: Option<&str>,
    granted: &GrantedPermissions,
) -> Vec<&'static Operation> {
    let scope = Scope {
        policy,
        access,
        user_id,
        granted,
        set_aside: &BTreeMap::new(),
        sweep: false,
        watch: None,
        now: chrono::DateTime::UNIX_EPOCH,
        owner: NameOwner::default(),
    };
    drawable(&scope)
}

/// The operations that the policy could draw if every permission were granted.
pub(crate) fn wanted(policy: &Policy, access: Access, user_id: Option<&str>) -> Vec<&'static Operation> {
    drawn(policy, access, user_id, &GrantedPermissions::Unknown)
}

/// The wanted operations that cannot be drawn with these permissions.
pub(crate) fn never_drawn(
    policy: &Policy,
    access: Access,
    user_id: Option<&str>,
    granted: &GrantedPermissions,
) -> Vec<&'static Operation> {
    let can: BTreeSet<_> = drawn(policy, access, user_id, granted).iter().map(|operation| operation.id).collect();
    wanted(policy, access, user_id).into_iter().filter(|operation| !can.contains(operation.id)).collect()
}

/// The fewest permissions that allow the operations and their closures.
pub(crate) fn permissions(operations: &[&'static Operation], access: Access) -> BTreeSet<&'static str> {
    fewest(&closure_of_all(operations), access)
}

/// The fewest permissions that allow those of the requests that no granted permission allows.
pub(crate) fn missing(
    operations: &[&'static Operation],
    access: Access,
    granted: &GrantedPermissions,
) -> BTreeSet<&'static str> {
    let mut not_allowed = closure_of_all(operations);
    not_allowed.retain(|operation| !granted.allow(operation, access));
    fewest(&not_allowed, access)
}

/// The least permission of each request, without those that another one makes redundant.
fn fewest(requests: &[&'static Operation], access: Access) -> BTreeSet<&'static str> {
    let mut needed: BTreeSet<&str> = requests.iter().filter_map(|request| request.permission(access)).collect();
    for permission in needed.clone() {
        let covered = |request: &&Operation| {
            let mut accepted = request.accepted(access).iter();
            accepted.any(|other| *other != permission && needed.contains(other))
        };
        if requests.iter().all(covered) {
            needed.remove(permission);
        }
    }
    needed
}

fn closure_of_all(operations: &[&'static Operation]) -> Vec<&'static Operation> {
    let parts = operations.iter().flat_map(|operation| closure(operation));
    let all: BTreeMap<&str, &'static Operation> = parts.map(|part| (part.id, *part)).collect();
    all.into_values().collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn policy(include: &[&str]) -> Policy {
        Policy::parse(json!({"operations": {"include": include}})).unwrap()
    }

    #[test]
    fn the_required_permissions_are_sufficient_and_all_are_missing_without_a_grant() {
        for access in [Access::Delegated, Access::AppOnly] {
            for include in [&["*"][..], &["mail.*"], &["event.*", "drive.*"], &["users.list"]] {
                let policy = policy(include);
                let wanted = wanted(&policy, access, Some("u"));
                let needed = permissions(&wanted, access);
                let granted = |names: &BTreeSet<&str>| {
                    GrantedPermissions::Known(names.iter().map(|name| (*name).to_owned()).collect())
                };
                assert!(!needed.is_empty());
                let all = granted(&needed);
                assert!(never_drawn(&policy, access, Some("u"), &all).is_empty(), "{include:?}");
                assert!(missing(&wanted, access, &all).is_empty());
                let none = granted(&BTreeSet::new());
                assert_eq!(never_drawn(&policy, access, Some("u"), &none).len(), wanted.len());
                assert_eq!(missing(&wanted, access, &none), needed);
            }
        }
    }

    #[test]
    fn a_narrow_policy_needs_one_permission() {
        let wanted = wanted(&policy(&["users.list"]), Access::Delegated, None);
        assert_eq!(permissions(&wanted, Access::Delegated), BTreeSet::from(["User.ReadBasic.All"]));
    }

    fn needed(operations: Value, access: Access) -> Vec<&'static str> {
        let policy = Policy::parse(json!({"operations": operations})).unwrap();
        permissions_needed(&policy, access, true).into_iter().collect()
    }

    fn permissions_needed(policy: &Policy, access: Access, user: bool) -> BTreeSet<&'static str> {
        permissions(&wanted(policy, access, user.then_some("u")), access)
    }

    fn drawable(policy: &Policy, access: Access, granted: &GrantedPermissions) -> usize {
        drawn(policy, access, Some("u"), granted).len()
    }

    #[test]
    fn a_read_needs_its_least_permission_alone() {
        for (access, least) in [(Access::Delegated, "Mail.ReadBasic"), (Access::AppOnly, "Mail.ReadBasic.All")] {
            assert_eq!(needed(json!({"include": ["mail.folders.list"]}), access), [least]);
        }
    }

    #[test]
    fn prerequisites_and_clean_up_count_too() {
        // The folder is removed, and found by a list after a crash; the address of the mail is read from the user.
        assert_eq!(needed(json!({"include": ["mail.folder.create"]}), Access::Delegated), ["Mail.ReadWrite"]);
        let sending = needed(json!({"include": ["mail.send_self"]}), Access::Delegated);
        assert!(["Mail.ReadWrite", "Mail.Send", "User.Read"].iter().all(|name| sending.contains(name)), "{sending:?}");
    }

    #[test]
    fn an_operation_outside_the_policy_needs_no_permission() {
        assert_eq!(needed(json!({"exclude": ["*"]}), Access::Delegated), Vec::<&str>::new());
        let reading = Policy::parse(json!({"writes": false, "operations": {"include": ["mail.*"]}})).unwrap();
        let reading = permissions_needed(&reading, Access::Delegated, true);
        assert!(reading.iter().all(|name| !name.contains("Write") && !name.contains("Send")), "{reading:?}");
    }

    #[test]
    fn without_a_user_an_app_needs_only_tenant_wide_permissions() {
        let all = Policy::default();
        let (with, without) = [true, false].map(|user| permissions_needed(&all, Access::AppOnly, user)).into();
        assert!(with.contains("Mail.ReadWrite") && without.contains("Reports.Read.All"));
        assert!(without.iter().all(|name| !name.starts_with("Mail")), "{without:?}");
    }

    #[test]
    fn the_required_permissions_are_sufficient_and_none_is_redundant() {
        for access in [Access::Delegated, Access::AppOnly] {
            for operations in [json!({}), json!({"include": ["mail.*", "drive.*"]}), json!({"exclude": ["teams.*"]})] {
                let policy = Policy::parse(json!({"operations": operations})).unwrap();
                let needed = permissions_needed(&policy, access, true);
                let all = drawable(&policy, access, &GrantedPermissions::Unknown);
                let granted = |names: &BTreeSet<&str>| {
                    GrantedPermissions::Known(names.iter().map(|name| (*name).to_owned()).collect())
                };
                assert_eq!(drawable(&policy, access, &granted(&needed)), all);
                for permission in &needed {
                    let mut fewer = needed.clone();
                    fewer.remove(permission);
                    assert!(drawable(&policy, access, &granted(&fewer)) < all, "{permission} is redundant");
                }
            }
        }
    }
}
