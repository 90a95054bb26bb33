//! The people and documents that matter most to the account.

use super::operation::Operation;
use super::permissions;
use super::service::Service;

pub(super) const ROWS: &[Operation] = &[
    Operation {
        id: "people.list",
        query: "$top=5&$select=id,displayName",
        delegated: &["People.Read", "People.Read.All"],
        application: &["People.Read.All"],
        doc: page!("user-list-people"),
        ..Operation::get(Service::People, "/me/people")
    },
    Operation {
        id: "insights.trending",
        query: "$top=5",
        delegated: permissions::SITES_READ,
        application: permissions::SITES_READ,
        weight: 60,
        doc: page!("insights-list-trending"),
        ..Operation::get(Service::People, "/me/insights/trending")
    },
];
