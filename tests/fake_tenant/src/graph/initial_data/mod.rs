//! The initial data of a tenant: its directory, and the users' own things that no run may touch.

mod admin_services;
mod directory;
pub(crate) mod drives;
mod groups;
mod insert;
mod mailbox;
mod meeting;
mod person;
mod sites;

use chrono::{DateTime, Utc};

use crate::state::ids::Id;
use crate::state::tenant_state::Held;

/// Fills a new tenant.
pub(crate) fn fill(held: &mut Held, now: DateTime<Utc>) {
    for at in 0..held.is.users.len() {
        if held.is.users[at].id.is_empty() {
            held.is.users[at].id = held.id(Id::Guid);
        }
    }
    directory::fill(held, now);
    admin_services::fill(held, now);
    sites::fill(held, now);
    for user in held.is.users.clone() {
        person::fill(held, &user, now);
    }
    groups::fill(held, now);
}
