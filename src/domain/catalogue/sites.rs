//! SharePoint sites, lists and libraries.

use super::operation::{Need, Operation};
use super::permissions;
use super::service::Service;

pub(super) const ROWS: &[Operation] = &[
    Operation {
        id: "sites.search",
        query: "search=*&$top=5&$select=id,displayName",
        delegated: permissions::SITES_READ,
        application: permissions::SITES_READ,
        doc: page!("site-list"),
        ..Operation::get(Service::Sites, "/sites")
    },
    Operation {
        id: "sites.root",
        query: "$select=id,displayName",
        delegated: permissions::SITES_READ,
        application: permissions::SITES_READ,
        doc: page!("site-get"),
        ..Operation::get(Service::Sites, "/sites/root")
    },
    Operation {
        id: "sites.lists",
        query: "$top=5&$select=id,displayName",
        delegated: permissions::SITES_READ,
        application: permissions::SITES_READ,
        doc: page!("list-list"),
        ..Operation::get(Service::Sites, "/sites/root/lists")
    },
    Operation {
        id: "sites.list.get",
        query: "$select=id,displayName",
        delegated: permissions::SITES_READ,
        application: permissions::SITES_READ,
        needs: &[Need::id("list-id", "sites.lists")],
        doc: page!("list-get"),
        ..Operation::get(Service::Sites, "/sites/root/lists/{list-id}")
    },
    Operation {
        id: "sites.list.items",
        query: "$top=5&$select=id",
        delegated: permissions::SITES_READ,
        application: permissions::SITES_READ,
        needs: &[Need::id("list-id", "sites.lists")],
        weight: 60,
        doc: page!("listitem-list"),
        ..Operation::get(Service::Sites, "/sites/root/lists/{list-id}/items")
    },
    Operation {
        id: "sites.columns",
        query: "$top=5&$select=id,name",
        delegated: permissions::SITE_SCHEMA_READ,
        application: permissions::SITE_SCHEMA_READ,
        doc: page!("site-list-columns"),
        ..Operation::get(Service::Sites, "/sites/root/columns")
    },
    Operation {
        id: "sites.contentTypes",
        query: "$top=5&$select=id,name",
        delegated: permissions::SITE_SCHEMA_READ,
        application: permissions::SITE_SCHEMA_READ,
        weight: 60,
        doc: page!("site-list-contenttypes"),
        ..Operation::get(Service::Sites, "/sites/root/contentTypes")
    },
    Operation {
        id: "sites.subsites",
        query: "$select=id,displayName",
        delegated: permissions::SITES_READ,
        application: permissions::SITES_READ,
        weight: 60,
        doc: page!("site-list-subsites"),
        ..Operation::get(Service::Sites, "/sites/root/sites")
    },
    Operation {
        id: "sites.drive",
        query: "$select=id,driveType",
        delegated: permissions::FILES_READ,
        application: permissions::FILES_READ_APP,
        doc: page!("drive-get"),
        ..Operation::get(Service::Sites, "/sites/root/drive")
    },
    Operation {
        id: "sites.drives",
        query: "$select=id,driveType",
        delegated: permissions::FILES_READ,
        application: permissions::FILES_READ_APP,
        doc: page!("drive-list"),
        ..Operation::get(Service::Sites, "/sites/root/drives")
    },
    Operation {
        id: "sites.followed",
        query: "$select=id,displayName",
        delegated: permissions::SITES_READ,
        weight: 60,
        doc: page!("sites-list-followed"),
        ..Operation::get(Service::Sites, "/me/followedSites")
    },
    Operation {
        id: "sites.delta",
        query: "$top=5&$select=id,displayName",
        application: permissions::SITE_SCHEMA_READ,
        weight: 60,
        doc: page!("site-delta"),
        ..Operation::get(Service::Sites, "/sites/delta")
    },
];
