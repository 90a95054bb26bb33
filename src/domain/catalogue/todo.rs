//! The account's own To Do lists.

use serde_json::{Value, json};

use super::date_time::utc;
use super::operation::{Body, Effect, Method, Need, Operation, OrphanQuery};
use super::permissions;
use super::service::Service;
use crate::domain::catalogue::contents::Contents;

pub(super) const ROWS: &[Operation] = &[
    Operation {
        id: "todo.lists",
        delegated: permissions::TASKS_READ,
        application: permissions::TASKS_READ_APP,
        doc: page!("todo-list-lists"),
        ..Operation::get(Service::Todo, "/me/todo/lists")
    },
    Operation {
        id: "todo.lists.delta",
        delegated: &["Tasks.ReadWrite"],
        application: permissions::TASKS_READ_APP,
        doc: page!("todotasklist-delta"),
        ..Operation::get(Service::Todo, "/me/todo/lists/delta")
    },
    Operation {
        id: "todo.tasks",
        query: "$top=5",
        delegated: permissions::TASKS_READ,
        application: permissions::TASKS_READ_APP,
        needs: &[Need::id("todoTaskList-id", "todo.lists")],
        doc: page!("todotasklist-list-tasks"),
        ..Operation::get(Service::Todo, "/me/todo/lists/{todoTaskList-id}/tasks")
    },
    Operation {
        id: "todo.list.create",
        delegated: &["Tasks.ReadWrite"],
        application: &["Tasks.ReadWrite.All"],
        body: Body::Json(list),
        effect: Effect::Create {
            undo: "todo.list.delete",
            orphans: OrphanQuery { list: "todo.lists", query: "", name: "displayName", take: "id" },
        },
        doc: page!("todo-post-lists"),
        ..Operation::request(Method::Post, Service::Todo, "/me/todo/lists")
    },
    Operation {
        id: "todo.list.update",
        delegated: &["Tasks.ReadWrite"],
        application: &["Tasks.ReadWrite.All"],
        needs: &[Need::id("todoTaskList-id", "todo.list.create")],
        body: Body::Json(list),
        effect: Effect::Inside,
        doc: page!("todotasklist-update"),
        ..Operation::request(Method::Patch, Service::Todo, "/me/todo/lists/{todoTaskList-id}")
    },
    Operation {
        id: "todo.list.delete",
        delegated: &["Tasks.ReadWrite"],
        application: &["Tasks.ReadWrite.All"],
        needs: &[Need::id("todoTaskList-id", "todo.list.create")],
        effect: Effect::Remove { made_by: "todo.list.create" },
        expected: &[404],
        doc: page!("todotasklist-delete"),
        ..Operation::request(Method::Delete, Service::Todo, "/me/todo/lists/{todoTaskList-id}")
    },
    Operation {
        id: "todo.task.create",
        delegated: &["Tasks.ReadWrite"],
        application: &["Tasks.ReadWrite.All"],
        needs: &[Need::id("todoTaskList-id", "todo.list.create")],
        body: Body::Json(task),
        effect: Effect::Inside,
        doc: page!("todotasklist-post-tasks"),
        ..Operation::request(Method::Post, Service::Todo, "/me/todo/lists/{todoTaskList-id}/tasks")
    },
    Operation {
        id: "todo.task.update",
        delegated: &["Tasks.ReadWrite"],
        application: &["Tasks.ReadWrite.All"],
        needs: &[Need::id("todoTaskList-id", "todo.list.create"), Need::id("todoTask-id", "todo.task.create")],
        body: Body::Json(progress),
        effect: Effect::Inside,
        doc: page!("todotask-update"),
        ..Operation::request(Method::Patch, Service::Todo, "/me/todo/lists/{todoTaskList-id}/tasks/{todoTask-id}")
    },
    Operation {
        id: "todo.task.delete",
        delegated: &["Tasks.ReadWrite"],
        application: &["Tasks.ReadWrite.All"],
        needs: &[Need::id("todoTaskList-id", "todo.list.create"), Need::id("todoTask-id", "todo.task.create")],
        effect: Effect::Remove { made_by: "todo.task.create" },
        expected: &[404],
        doc: page!("todotask-delete"),
        ..Operation::request(Method::Delete, Service::Todo, "/me/todo/lists/{todoTaskList-id}/tasks/{todoTask-id}")
    },
    Operation {
        id: "todo.checklist.list",
        delegated: permissions::TASKS_READ,
        application: permissions::TASKS_READ_APP,
        needs: &[Need::id("todoTaskList-id", "todo.list.create"), Need::id("todoTask-id", "todo.task.create")],
        weight: 60,
        doc: page!("todotask-list-checklistitems"),
        ..Operation::get(Service::Todo, "/me/todo/lists/{todoTaskList-id}/tasks/{todoTask-id}/checklistItems")
    },
    Operation {
        id: "todo.checklist.create",
        delegated: &["Tasks.ReadWrite"],
        application: &["Tasks.ReadWrite.All"],
        needs: &[Need::id("todoTaskList-id", "todo.list.create"), Need::id("todoTask-id", "todo.task.create")],
        body: Body::Json(step),
        effect: Effect::Inside,
        doc: page!("todotask-post-checklistitems"),
        ..Operation::request(
            Method::Post,
            Service::Todo,
            "/me/todo/lists/{todoTaskList-id}/tasks/{todoTask-id}/checklistItems",
        )
    },
    Operation {
        id: "todo.checklist.delete",
        delegated: &["Tasks.ReadWrite"],
        application: &["Tasks.ReadWrite.All"],
        needs: &[
            Need::id("todoTaskList-id", "todo.list.create"),
            Need::id("todoTask-id", "todo.task.create"),
            Need::id("checklistItem-id", "todo.checklist.create"),
        ],
        effect: Effect::Remove { made_by: "todo.checklist.create" },
        expected: &[404],
        doc: page!("checklistitem-delete"),
        ..Operation::request(
            Method::Delete,
            Service::Todo,
            "/me/todo/lists/{todoTaskList-id}/tasks/{todoTask-id}/checklistItems/{checklistItem-id}",
        )
    },
    Operation {
        id: "todo.linked.create",
        delegated: &["Tasks.ReadWrite"],
        application: &["Tasks.ReadWrite.All"],
        needs: &[Need::id("todoTaskList-id", "todo.list.create"), Need::id("todoTask-id", "todo.task.create")],
        body: Body::Json(link),
        effect: Effect::Inside,
        weight: 60,
        doc: page!("todotask-post-linkedresources"),
        ..Operation::request(
            Method::Post,
            Service::Todo,
            "/me/todo/lists/{todoTaskList-id}/tasks/{todoTask-id}/linkedResources",
        )
    },
];

fn list(contents: &mut Contents) -> Value {
    json!({ "displayName": contents.name() })
}

fn task(contents: &mut Contents) -> Value {
    let (_, due) = contents.slot();
    json!({
        "title": contents.subject(),
        "importance": contents.pick(&["low", "normal", "high"]),
        "body": { "contentType": "text", "content": contents.sentence() },
        "dueDateTime": utc(due),
    })
}

fn progress(contents: &mut Contents) -> Value {
    json!({
        "title": contents.subject(),
        "status": contents.pick(&["notStarted", "inProgress", "completed", "waitingOnOthers"]),
        "importance": contents.pick(&["low", "normal", "high"]),
    })
}

fn step(contents: &mut Contents) -> Value {
    json!({ "displayName": contents.subject(), "isChecked": contents.probability(0.3) })
}

fn link(contents: &mut Contents) -> Value {
    json!({
        "displayName": contents.subject(),
        "applicationName": "Evergreen",
        "externalId": contents.hex_tag(),
        "webUrl": format!("https://example.com/{}", contents.noun()),
    })
}
