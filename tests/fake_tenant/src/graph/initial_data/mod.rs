//! The initial data of a tenant: its directory, and the users' own things that no run may touch.

mod admin_services;
mod directory;
pub(crate) mod drives;
mod groups;
mod insert;
pub(crate) mod licences;
mod mailbox;
mod meeting;
mod person;
mod sites;

use chrono::{DateTime, Utc};

use crate::state::ids::Id;
use crate::state::tenant_state::TenantState;

/// Fills a new tenant.
pub(crate) fn fill(tenant: &mut TenantState, now: DateTime<Utc>) {
    for at in 0..tenant.definition.users.len() {
        if tenant.definition.users[at].id.is_empty() {
            tenant.definition.users[at].id = tenant.id(Id::Guid);
        }
    }
    directory::fill(tenant, now);
    admin_services::fill(tenant, now);
    sites::fill(tenant, now);
    for user in tenant.definition.users.clone() {
        person::fill(tenant, &user, now);
    }
    groups::fill(tenant, now);
}
