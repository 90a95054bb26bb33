//! The account's own OneDrive.

use serde_json::{Value, json};

use super::operation::{Body, Effect, Method, Need, Operation, OrphanQuery};
use super::permissions;
use super::service::Service;
use crate::domain::catalogue::contents::Contents;

pub(super) const ROWS: &[Operation] = &[
    Operation {
        id: "drive.get",
        query: "$select=id,driveType,quota",
        delegated: permissions::DRIVES_READ,
        application: permissions::FILES_READ_APP,
        doc: page!("drive-get"),
        ..Operation::get(Service::Files, "/me/drive")
    },
    Operation {
        id: "drives.list",
        query: "$select=id,driveType",
        delegated: permissions::DRIVES_READ,
        application: permissions::FILES_READ_APP,
        doc: page!("drive-list"),
        ..Operation::get(Service::Files, "/me/drives")
    },
    Operation {
        id: "drive.root",
        query: "$select=id,name",
        delegated: permissions::DRIVE_ROOT_READ,
        application: permissions::DRIVE_ITEM_READ_APP,
        doc: page!("driveitem-get"),
        ..Operation::get(Service::Files, "/me/drive/root")
    },
    Operation {
        id: "drive.children",
        query: "$top=5&$select=id,name",
        delegated: permissions::FILES_READ,
        application: permissions::FILES_READ_APP,
        doc: page!("driveitem-list-children"),
        ..Operation::get(Service::Files, "/me/drive/root/children")
    },
    Operation {
        id: "drive.delta",
        query: "token=latest",
        delegated: permissions::FILES_READ,
        application: permissions::FILES_READ_APP,
        doc: page!("driveitem-delta"),
        ..Operation::get(Service::Files, "/me/drive/root/delta")
    },
    Operation {
        id: "drive.special",
        query: "$select=id,name",
        delegated: permissions::FILES_READ,
        application: permissions::FILES_READ_APP,
        doc: page!("drive-get-specialfolder"),
        ..Operation::get(Service::Files, "/me/drive/special/documents")
    },
    Operation {
        id: "drive.search",
        query: "$top=5&$select=id,name",
        delegated: permissions::FILES_READ,
        application: permissions::FILES_READ_APP,
        weight: 60,
        doc: page!("driveitem-search"),
        ..Operation::get(Service::Files, "/me/drive/root/search(q='{q}')")
    },
    Operation {
        id: "drive.following",
        query: "$top=5&$select=id,name",
        delegated: permissions::FILES_READ,
        application: permissions::FILES_READ_APP,
        weight: 60,
        doc: page!("drive-list-following"),
        ..Operation::get(Service::Files, "/me/drive/following")
    },
    Operation {
        id: "drive.item.get",
        query: "$select=id,name",
        delegated: permissions::DRIVE_ITEM_READ,
        application: permissions::DRIVE_ITEM_READ_APP,
        needs: &[Need::id("driveItem-id", "drive.children")],
        doc: page!("driveitem-get"),
        ..Operation::get(Service::Files, "/me/drive/items/{driveItem-id}")
    },
    Operation {
        id: "drive.item.permissions",
        query: "$select=id,roles",
        delegated: permissions::FILES_READ,
        application: permissions::FILES_READ_APP,
        needs: &[Need::id("driveItem-id", "drive.children")],
        doc: page!("driveitem-list-permissions"),
        ..Operation::get(Service::Files, "/me/drive/items/{driveItem-id}/permissions")
    },
    Operation {
        id: "drive.item.thumbnails",
        delegated: permissions::FILES_READ,
        application: permissions::FILES_READ_APP,
        needs: &[Need::id("driveItem-id", "drive.children")],
        weight: 60,
        doc: page!("driveitem-list-thumbnails"),
        ..Operation::get(Service::Files, "/me/drive/items/{driveItem-id}/thumbnails")
    },
    Operation {
        id: "drive.folder.create",
        delegated: permissions::FILES_WRITE,
        application: permissions::FILES_WRITE_APP,
        body: Body::Json(folder),
        effect: Effect::Create {
            undo: "drive.item.delete",
            orphans: OrphanQuery {
                list: "drive.children",
                query: "$select=id,name&$top=200",
                name: "name",
                take: "id",
            },
        },
        doc: page!("driveitem-post-children"),
        ..Operation::request(Method::Post, Service::Files, "/me/drive/root/children")
    },
    Operation {
        id: "drive.item.delete",
        delegated: permissions::DRIVE_ITEM_CHANGE,
        application: permissions::FILES_WRITE_APP,
        needs: &[Need::id("driveItem-id", "drive.folder.create")],
        effect: Effect::Remove { made_by: "drive.folder.create" },
        expected: &[404],
        doc: page!("driveitem-delete"),
        ..Operation::request(Method::Delete, Service::Files, "/me/drive/items/{driveItem-id}")
    },
    Operation {
        id: "drive.file.upload",
        delegated: permissions::FILES_WRITE,
        application: permissions::FILES_WRITE_APP,
        needs: &[Need::id("parent-id", "drive.folder.create")],
        body: Body::Bytes { content_type: "text/plain", make: text },
        effect: Effect::Inside,
        doc: page!("driveitem-put-content"),
        ..Operation::request(Method::Put, Service::Files, "/me/drive/items/{parent-id}:/{filename}:/content")
    },
    Operation {
        id: "drive.item.versions",
        query: "$top=5",
        delegated: permissions::FILES_READ,
        application: permissions::FILES_READ_APP,
        needs: &[Need::id("driveItem-id", "drive.file.upload")],
        doc: page!("driveitem-list-versions"),
        ..Operation::get(Service::Files, "/me/drive/items/{driveItem-id}/versions")
    },
    Operation {
        id: "drive.item.download",
        delegated: permissions::FILES_READ,
        application: permissions::FILES_READ_APP,
        needs: &[Need::id("driveItem-id", "drive.file.upload")],
        expected: &[302],
        doc: page!("driveitem-get-content"),
        ..Operation::get(Service::Files, "/me/drive/items/{driveItem-id}/content")
    },
    Operation {
        id: "drive.item.preview",
        delegated: permissions::FILES_READ,
        application: permissions::FILES_READ_APP,
        needs: &[Need::id("driveItem-id", "drive.file.upload")],
        body: Body::Json(zoom),
        weight: 60,
        doc: page!("driveitem-preview"),
        ..Operation::request(Method::Post, Service::Files, "/me/drive/items/{driveItem-id}/preview")
    },
    Operation {
        id: "drive.item.update",
        delegated: permissions::DRIVE_ITEM_CHANGE,
        application: permissions::FILES_WRITE_APP,
        needs: &[Need::id("driveItem-id", "drive.file.upload")],
        body: Body::Json(rename),
        effect: Effect::Inside,
        doc: page!("driveitem-update"),
        ..Operation::request(Method::Patch, Service::Files, "/me/drive/items/{driveItem-id}")
    },
    Operation {
        id: "drive.item.copy",
        delegated: permissions::FILES_WRITE,
        application: permissions::FILES_WRITE_APP,
        needs: &[Need::id("driveItem-id", "drive.file.upload"), Need::id("parent-id", "drive.folder.create")],
        body: Body::Json(copy),
        effect: Effect::Inside,
        doc: page!("driveitem-copy"),
        ..Operation::request(Method::Post, Service::Files, "/me/drive/items/{driveItem-id}/copy")
    },
    Operation {
        id: "drive.item.follow",
        delegated: permissions::FILES_READ,
        application: permissions::FILES_READ_APP,
        needs: &[Need::id("driveItem-id", "drive.file.upload")],
        effect: Effect::Inside,
        weight: 60,
        doc: page!("driveitem-follow"),
        ..Operation::request(Method::Post, Service::Files, "/me/drive/items/{driveItem-id}/follow")
    },
    Operation {
        id: "drive.item.unfollow",
        delegated: permissions::FILES_READ,
        application: permissions::FILES_READ_APP,
        needs: &[Need::id("driveItem-id", "drive.item.follow")],
        effect: Effect::Remove { made_by: "drive.item.follow" },
        expected: &[404],
        doc: page!("driveitem-unfollow"),
        ..Operation::request(Method::Post, Service::Files, "/me/drive/items/{driveItem-id}/unfollow")
    },
    Operation {
        id: "drive.item.createLink",
        delegated: permissions::FILES_WRITE,
        application: permissions::FILES_WRITE_APP,
        needs: &[Need::id("driveItem-id", "drive.file.upload")],
        body: Body::Json(link),
        effect: Effect::Inside,
        weight: 60,
        doc: page!("driveitem-createlink"),
        ..Operation::request(Method::Post, Service::Files, "/me/drive/items/{driveItem-id}/createLink")
    },
    Operation {
        id: "drive.permission.delete",
        delegated: permissions::DRIVE_ITEM_CHANGE,
        application: permissions::FILES_WRITE_APP,
        needs: &[Need::id("driveItem-id", "drive.file.upload"), Need::id("permission-id", "drive.item.createLink")],
        effect: Effect::Remove { made_by: "drive.item.createLink" },
        expected: &[404],
        doc: page!("permission-delete"),
        ..Operation::request(
            Method::Delete,
            Service::Files,
            "/me/drive/items/{driveItem-id}/permissions/{permission-id}",
        )
    },
];

/// Names are unique, so "fail" never occurs.
fn folder(contents: &mut Contents) -> Value {
    json!({ "name": contents.name(), "folder": {}, "@microsoft.graph.conflictBehavior": "fail" })
}

fn text(contents: &mut Contents) -> Vec<u8> {
    let paragraphs = contents.number(2..6);
    contents.text(paragraphs).into_bytes()
}

fn rename(contents: &mut Contents) -> Value {
    json!({ "name": contents.filename("txt"), "description": contents.sentence() })
}

fn copy(contents: &mut Contents) -> Value {
    json!({ "name": contents.filename("txt"), "parentReference": { "id": "{parent-id}" } })
}

fn link(contents: &mut Contents) -> Value {
    json!({ "type": contents.pick(&["view", "edit"]), "scope": "organization" })
}

fn zoom(contents: &mut Contents) -> Value {
    json!({ "zoom": contents.pick(&[0.75, 1.0, 1.25]) })
}
