//! Granted permissions: those that a token carries.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::domain::catalogue::operation::{Access, Operation};

/// Delegated: the `scope` of the token's answer. App-only: the `roles` of the token, where it can be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum GrantedPermissions {
    Known(BTreeSet<String>),
    /// The token cannot be read; missing permissions are learnt from 403s.
    Unknown,
}

impl GrantedPermissions {
    /// From a space-separated `scope`; a resource's prefix (`https://graph.microsoft.com/Mail.Read`) is dropped.
    pub fn from_scope(scope: &str) -> Self {
        Self::Known(scope.split_whitespace().map(|name| name.rsplit('/').next().unwrap_or(name).to_owned()).collect())
    }

    /// Whether they include one of the permissions that Microsoft accepts for the request.
    pub fn allow(&self, operation: &Operation, access: Access) -> bool {
        let accepted = operation.accepted(access);
        match self {
            Self::Known(names) => accepted.iter().any(|name| names.contains(*name)),
            Self::Unknown => !accepted.is_empty(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::catalogue;

    #[test]
    fn a_scope_may_carry_the_resources_prefix() {
        let granted = GrantedPermissions::from_scope("openid https://graph.microsoft.com/Mail.Read User.Read");
        let GrantedPermissions::Known(names) = granted else { panic!("known") };
        assert_eq!(names.into_iter().collect::<Vec<_>>(), ["Mail.Read", "User.Read", "openid"]);
    }

    fn allowed(granted: &GrantedPermissions, access: Access, id: &str) -> bool {
        granted.allow(catalogue::find(id).unwrap(), access)
    }

    #[test]
    fn any_accepted_permission_is_enough() {
        for access in [Access::Delegated, Access::AppOnly] {
            assert!(allowed(&GrantedPermissions::from_scope("Mail.ReadWrite"), access, "mail.messages.list"));
            assert!(!allowed(&GrantedPermissions::from_scope("Mail.Read"), access, "mail.folder.create"));
        }
    }

    #[test]
    fn the_permission_to_write_mail_allows_creating_listing_and_purging_folders() {
        let granted = GrantedPermissions::from_scope("Mail.ReadWrite User.Read");
        for id in ["mail.folder.create", "mail.folders.list", "mail.folder.purge"] {
            assert!(allowed(&granted, Access::Delegated, id), "{id}");
        }
    }

    #[test]
    fn unknown_permissions_allow_every_operation_of_the_kind_of_token() {
        for access in [Access::Delegated, Access::AppOnly] {
            for row in catalogue::all() {
                assert_eq!(
                    GrantedPermissions::Unknown.allow(row, access),
                    row.permission(access).is_some(),
                    "{}",
                    row.id
                );
            }
        }
        assert!(!allowed(&GrantedPermissions::Unknown, Access::AppOnly, "onenote.pages"));
    }
}
