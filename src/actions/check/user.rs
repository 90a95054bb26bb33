//! Findings about the user whose mailbox and drive are called.

use chrono::{DateTime, Utc};

use crate::actions::check::finding::Finding;
use crate::actions::check::reply::Reply;
use crate::domain::catalogue::Access;
use crate::domain::cause::{NO_DRIVE, graph_cause, user_missing};
use crate::domain::secret::AccountSecret;

pub(crate) const USER: &str = "user";
pub(crate) const MAILBOX: &str = "mailbox";
pub(crate) const DRIVE: &str = "drive";

/// Statuses that say nothing about the user: what they mean does not depend on the request.
const OF_ANY_REQUEST: [u16; 8] = [401, 403, 429, 500, 502, 503, 504, 509];

/// An app's own account without `user_id` has no user to look up.
pub(crate) fn without_user() -> Finding {
    Finding::unknown(
        USER,
        "The secret names no `user_id`: mailbox, calendar and drive are not called. Add a user's id or UPN to include them.",
    )
}

pub(crate) fn user(reply: &Reply, secret: &AccountSecret, _: DateTime<Utc>) -> Option<Finding> {
    match secret.credential.access() {
        _ if !reply.succeeded() => of_cause(USER, reply),
        Access::AppOnly => Some(Finding::good(USER, "The user of `user_id` exists.")),
        Access::Delegated => Some(Finding::good(USER, "The user who has signed in exists.")),
    }
}

pub(crate) fn mailbox(reply: &Reply, _: &AccountSecret, _: DateTime<Utc>) -> Option<Finding> {
    match reply.succeeded() {
        true => Some(Finding::good(MAILBOX, "The user has a mailbox.")),
        false => of_cause(MAILBOX, reply),
    }
}

pub(crate) fn drive(reply: &Reply, secret: &AccountSecret, _: DateTime<Utc>) -> Option<Finding> {
    let no_drive = reply.code == NO_DRIVE || (reply.succeeded() && reply.elements().next().is_none());
    match secret.credential.access() {
        _ if reply.succeeded() && !no_drive => Some(Finding::good(DRIVE, "The user has a OneDrive.")),
        Access::Delegated if no_drive => {
            Some(Finding::unknown(DRIVE, "The user has no OneDrive yet: a run creates it on its first call."))
        }
        _ if no_drive => graph_cause(404, NO_DRIVE).map(|cause| Finding::of_cause(DRIVE, &cause)),
        _ => of_cause(DRIVE, reply),
    }
}

/// What is wrong with the user, in the words that a run says it with.
fn of_cause(about: &'static str, reply: &Reply) -> Option<Finding> {
    if reply.names_no_user() {
        return Some(Finding::of_cause(about, &user_missing()));
    }
    let cause = graph_cause(reply.status, &reply.code)?;
    let of_any_request =
        OF_ANY_REQUEST.contains(&reply.status) && graph_cause(reply.status, "").as_ref() == Some(&cause);
    (!of_any_request).then(|| Finding::of_cause(about, &cause))
}
