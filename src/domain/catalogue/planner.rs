//! Planner plans and tasks.

use super::operation::Operation;
use super::permissions;
use super::service::Service;
use super::shared_needs::UNIFIED;

pub(super) const ROWS: &[Operation] = &[
    Operation {
        id: "planner.tasks.mine",
        delegated: permissions::PLANNER_READ,
        application: permissions::TASKS_READ_APP,
        doc: page!("planneruser-list-tasks"),
        ..Operation::get(Service::Planner, "/me/planner/tasks")
    },
    Operation {
        id: "planner.plans.mine",
        delegated: permissions::PLANNER_READ,
        doc: page!("planneruser-list-plans"),
        ..Operation::get(Service::Planner, "/me/planner/plans")
    },
    Operation {
        id: "planner.group.plans",
        delegated: permissions::PLANNER_READ,
        application: permissions::TASKS_READ_APP,
        needs: &[UNIFIED],
        weight: 60,
        doc: page!("plannergroup-list-plans"),
        ..Operation::get(Service::Planner, "/groups/{group-id}/planner/plans")
    },
];
