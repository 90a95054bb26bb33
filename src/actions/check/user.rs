//! Findings about the user whose mailbox and drive are called.

use chrono::{DateTime, Utc};

use crate::actions::check::finding::Finding;
use crate::actions::check::reply::Reply;
use crate::domain::catalogue::Access;
use crate::domain::secret::AccountSecret;
use crate::ports::NO_DRIVE;

pub(crate) const USER: &str = "user";
pub(crate) const MAILBOX: &str = "mailbox";
pub(crate) const DRIVE: &str = "drive";

/// An app's own account without `user_id` has no user to look up.
pub(crate) fn without_user() -> Finding {
    Finding::unknown(
        USER,
        "The secret names no `user_id`: mailbox, calendar and drive are not called. Add a user's id or UPN to include them.",
    )
}

pub(crate) fn user(reply: &Reply, secret: &AccountSecret, _: DateTime<Utc>) -> Option<Finding> {
    match (reply.status, secret.credential.subject()) {
        (200, Access::AppOnly) => Some(Finding::good(USER, "The user of `user_id` exists.")),
        (200, Access::Delegated) => Some(Finding::good(USER, "The user who has signed in exists.")),
        _ => reply.names_no_user().then(|| unknown_user(USER)),
    }
}

pub(crate) fn mailbox(reply: &Reply, _: &AccountSecret, _: DateTime<Utc>) -> Option<Finding> {
    match (reply.status, reply.code.as_str()) {
        (200, _) => Some(Finding::good(MAILBOX, "The user has a mailbox.")),
        _ if reply.names_no_user() => Some(unknown_user(MAILBOX)),
        (_, "MailboxNotEnabledForRESTAPI" | "MailboxNotSupportedForRESTAPI") => Some(Finding::bad(
            MAILBOX,
            "The user has no mailbox: assign a licence with Exchange Online, or exclude mail, calendar and contacts. A new \
             mailbox takes up to a day.",
        )),
        (_, "OrganizationFromTenantGuidNotFound") => Some(Finding::bad(
            MAILBOX,
            "The tenant has no Exchange Online (any more): see its subscription, or exclude mail, calendar and contacts.",
        )),
        _ => None,
    }
}

pub(crate) fn drive(reply: &Reply, secret: &AccountSecret, _: DateTime<Utc>) -> Option<Finding> {
    match (reply.status, reply.code.as_str()) {
        (200, _) if reply.elements().next().is_some() => Some(Finding::good(DRIVE, "The user has a OneDrive.")),
        (200, _) | (_, NO_DRIVE) => Some(no_drive(secret)),
        _ if reply.names_no_user() => Some(unknown_user(DRIVE)),
        (423, _) => {
            Some(Finding::bad(DRIVE, "Access to the user's OneDrive is blocked: unblock the site in SharePoint."))
        }
        _ => None,
    }
}

fn no_drive(secret: &AccountSecret) -> Finding {
    match secret.credential.subject() {
        Access::Delegated => {
            Finding::unknown(DRIVE, "The user has no OneDrive yet: a run creates it on its first call.")
        }
        Access::AppOnly => Finding::bad(
            DRIVE,
            "The user has no OneDrive yet: let the user open OneDrive once in a browser, or exclude the operations on files.",
        ),
    }
}

fn unknown_user(about: &'static str) -> Finding {
    Finding::bad(
        about,
        "Graph knows no user of this `user_id`: correct it in the secret (id or UPN of a user of this tenant). The user \
         needs a licence with a mailbox.",
    )
}
