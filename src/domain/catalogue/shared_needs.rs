//! Needs that rows of several services share.

use super::operation::Need;

/// The account's own address, for mail to itself.
pub(super) const OWN_UPN: Need =
    Need { placeholder: "own-upn", from: "user.me.get", take: "userPrincipalName", only: None };

/// A Microsoft 365 group: only those have events, threads, a drive and plans.
pub(super) const UNIFIED: Need =
    Need { placeholder: "group-id", from: "groups.list", take: "id", only: Some(("groupTypes", "Unified")) };
