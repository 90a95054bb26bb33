//! Planner plans and tasks.

use super::{Operation, Service, UNIFIED};

pub(super) const ROWS: &[Operation] = &[
    Operation {
        id: "planner.tasks.mine",
        delegated: Some("Tasks.Read"),
        application: Some("Tasks.Read.All"),
        doc: page!("planneruser-list-tasks"),
        ..Operation::get(Service::Planner, "/me/planner/tasks")
    },
    Operation {
        id: "planner.plans.mine",
        delegated: Some("Tasks.Read"),
        doc: page!("planneruser-list-plans"),
        ..Operation::get(Service::Planner, "/me/planner/plans")
    },
    Operation {
        id: "planner.group.plans",
        delegated: Some("Tasks.Read"),
        application: Some("Tasks.Read.All"),
        needs: &[UNIFIED],
        weight: 60,
        doc: page!("plannergroup-list-plans"),
        ..Operation::get(Service::Planner, "/groups/{group-id}/planner/plans")
    },
];
