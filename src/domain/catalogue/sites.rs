//! SharePoint sites, lists and libraries.

use super::{Need, Operation, Service};

pub(super) const ROWS: &[Operation] = &[
    Operation {
        id: "sites.search",
        query: "search=*&$top=5&$select=id,displayName",
        delegated: Some("Sites.Read.All"),
        application: Some("Sites.Read.All"),
        doc: page!("site-list"),
        ..Operation::get(Service::Sites, "/sites")
    },
    Operation {
        id: "sites.root",
        query: "$select=id,displayName",
        delegated: Some("Sites.Read.All"),
        application: Some("Sites.Read.All"),
        doc: page!("site-get"),
        ..Operation::get(Service::Sites, "/sites/root")
    },
    Operation {
        id: "sites.lists",
        query: "$top=5&$select=id,displayName",
        delegated: Some("Sites.Read.All"),
        application: Some("Sites.Read.All"),
        doc: page!("list-list"),
        ..Operation::get(Service::Sites, "/sites/root/lists")
    },
    Operation {
        id: "sites.list.get",
        query: "$select=id,displayName",
        delegated: Some("Sites.Read.All"),
        application: Some("Sites.Read.All"),
        needs: &[Need::id("list-id", "sites.lists")],
        doc: page!("list-get"),
        ..Operation::get(Service::Sites, "/sites/root/lists/{list-id}")
    },
    Operation {
        id: "sites.list.items",
        query: "$top=5&$select=id",
        delegated: Some("Sites.Read.All"),
        application: Some("Sites.Read.All"),
        needs: &[Need::id("list-id", "sites.lists")],
        weight: 60,
        doc: page!("listitem-list"),
        ..Operation::get(Service::Sites, "/sites/root/lists/{list-id}/items")
    },
    Operation {
        id: "sites.columns",
        query: "$top=5&$select=id,name",
        delegated: Some("Sites.Read.All"),
        application: Some("Sites.Read.All"),
        doc: page!("site-list-columns"),
        ..Operation::get(Service::Sites, "/sites/root/columns")
    },
    Operation {
        id: "sites.contentTypes",
        query: "$top=5&$select=id,name",
        delegated: Some("Sites.Read.All"),
        application: Some("Sites.Read.All"),
        weight: 60,
        doc: page!("site-list-contenttypes"),
        ..Operation::get(Service::Sites, "/sites/root/contentTypes")
    },
    Operation {
        id: "sites.subsites",
        query: "$select=id,displayName",
        delegated: Some("Sites.Read.All"),
        application: Some("Sites.Read.All"),
        weight: 60,
        doc: page!("site-list-subsites"),
        ..Operation::get(Service::Sites, "/sites/root/sites")
    },
    Operation {
        id: "sites.drive",
        query: "$select=id,driveType",
        delegated: Some("Files.Read"),
        application: Some("Files.Read.All"),
        doc: page!("drive-get"),
        ..Operation::get(Service::Sites, "/sites/root/drive")
    },
    Operation {
        id: "sites.drives",
        query: "$select=id,driveType",
        delegated: Some("Files.Read"),
        application: Some("Files.Read.All"),
        doc: page!("drive-list"),
        ..Operation::get(Service::Sites, "/sites/root/drives")
    },
    Operation {
        id: "sites.followed",
        query: "$select=id,displayName",
        delegated: Some("Sites.Read.All"),
        weight: 60,
        doc: page!("sites-list-followed"),
        ..Operation::get(Service::Sites, "/me/followedSites")
    },
    Operation {
        id: "sites.delta",
        query: "$top=5&$select=id,displayName",
        application: Some("Sites.Read.All"),
        weight: 60,
        doc: page!("site-delta"),
        ..Operation::get(Service::Sites, "/sites/delta")
    },
];
