//! The catalogue: one table of Microsoft Graph requests, one row per operation.
//!
//! A new operation is one more row in the file of its service; nothing else changes. [`Operation`] defines a row; the tests
//! check the invariants of every row.
//! Paths, permissions and property names are those of Microsoft Graph v1.0 (each row links its page).

/// The address of Microsoft's page on a request, from its name.
macro_rules! page {
    ($name:literal) => {
        concat!("https://learn.microsoft.com/graph/api/", $name, "?view=graph-rest-1.0")
    };
}

pub mod granted;
#[rustfmt::skip] // lists of words, a full line each
mod words;
mod applications;
mod audit;
mod bookings;
mod calendar;
mod contacts;
pub(crate) mod contents;
mod date_time;
mod directory;
mod excel;
mod files;
pub mod generated_name;
mod groups;
mod intune;
mod mail;
mod mailbox_settings;
mod onenote;
mod operation;
mod people;
mod permissions;
mod planner;
mod presence;
mod reports;
mod search;
mod security;
mod service;
mod service_communications;
mod shared_needs;
mod sites;
mod teams;
mod todo;
mod users;
mod xlsx;

use std::sync::LazyLock;

pub use operation::{Access, Body, Effect, Method, Need, Operation, OrphanQuery};
pub use service::Service;

const SERVICES: &[&[Operation]] = &[
    applications::ROWS,
    audit::ROWS,
    bookings::ROWS,
    calendar::ROWS,
    contacts::ROWS,
    directory::ROWS,
    excel::ROWS,
    files::ROWS,
    groups::ROWS,
    intune::ROWS,
    mail::ROWS,
    mailbox_settings::ROWS,
    onenote::ROWS,
    people::ROWS,
    planner::ROWS,
    presence::ROWS,
    reports::ROWS,
    search::ROWS,
    security::ROWS,
    service_communications::ROWS,
    sites::ROWS,
    teams::ROWS,
    todo::ROWS,
    users::ROWS,
];

static BY_ID: LazyLock<Vec<&'static Operation>> = LazyLock::new(|| {
    let mut rows: Vec<_> = SERVICES.iter().copied().flatten().collect();
    rows.sort_unstable_by_key(|operation| operation.id);
    rows
});

/// All rows, by id.
pub fn all() -> impl Iterator<Item = &'static Operation> {
    BY_ID.iter().copied()
}

/// The row with exactly this id.
pub fn find(id: &str) -> Option<&'static Operation> {
    BY_ID.binary_search_by_key(&id, |operation| operation.id).ok().map(|at| BY_ID[at])
}

#[cfg(test)]
mod tests;
