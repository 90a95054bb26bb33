//! The people and documents that matter most to the account.

use super::{Operation, Service};

pub(super) const ROWS: &[Operation] = &[
    Operation {
        id: "people.list",
        query: "$top=5&$select=id,displayName",
        delegated: Some("People.Read"),
        application: Some("People.Read.All"),
        doc: page!("user-list-people"),
        ..Operation::get(Service::People, "/me/people")
    },
    Operation {
        id: "insights.trending",
        query: "$top=5",
        delegated: Some("Sites.Read.All"),
        application: Some("Sites.Read.All"),
        weight: 60,
        doc: page!("insights-list-trending"),
        ..Operation::get(Service::People, "/me/insights/trending")
    },
];
