//! Groups, their members, and the shared resources of Microsoft 365 groups.

use super::operation::{Need, Operation};
use super::permissions;
use super::service::Service;
use super::shared_needs::UNIFIED;

pub(super) const ROWS: &[Operation] = &[
    Operation {
        id: "groups.list",
        query: "$top=20&$select=id,displayName,groupTypes",
        delegated: permissions::GROUPS_READ_BASIC,
        application: permissions::GROUPS_READ_BASIC,
        doc: page!("group-list"),
        ..Operation::get(Service::Groups, "/groups")
    },
    Operation {
        id: "groups.get",
        query: "$select=id,displayName",
        delegated: permissions::GROUPS_READ_BASIC,
        application: permissions::GROUPS_READ_BASIC,
        needs: &[Need::id("group-id", "groups.list")],
        doc: page!("group-get"),
        ..Operation::get(Service::Groups, "/groups/{group-id}")
    },
    Operation {
        id: "groups.members",
        query: "$top=5&$select=id",
        delegated: permissions::GROUP_MEMBERS_READ,
        application: permissions::GROUP_MEMBERS_READ,
        needs: &[Need::id("group-id", "groups.list")],
        doc: page!("group-list-members"),
        ..Operation::get(Service::Groups, "/groups/{group-id}/members")
    },
    Operation {
        id: "groups.transitiveMembers",
        query: "$top=5&$select=id",
        delegated: permissions::GROUP_MEMBERS_READ,
        application: permissions::GROUP_MEMBERS_READ,
        needs: &[Need::id("group-id", "groups.list")],
        weight: 50,
        doc: page!("group-list-transitivemembers"),
        ..Operation::get(Service::Groups, "/groups/{group-id}/transitiveMembers")
    },
    Operation {
        id: "groups.owners",
        query: "$top=5&$select=id",
        delegated: permissions::GROUP_OWNERS_READ,
        application: permissions::GROUP_OWNERS_READ,
        needs: &[Need::id("group-id", "groups.list")],
        doc: page!("group-list-owners"),
        ..Operation::get(Service::Groups, "/groups/{group-id}/owners")
    },
    Operation {
        id: "groups.delta",
        query: "$select=id",
        delegated: permissions::GROUPS_READ_BASIC,
        application: permissions::GROUPS_READ_BASIC,
        weight: 50,
        doc: page!("group-delta"),
        ..Operation::get(Service::Groups, "/groups/delta")
    },
    Operation {
        id: "groups.events",
        query: "$top=5&$select=id,subject",
        delegated: permissions::GROUPS_READ,
        needs: &[UNIFIED],
        doc: page!("group-list-events"),
        ..Operation::get(Service::Groups, "/groups/{group-id}/events")
    },
    Operation {
        id: "groups.threads",
        query: "$top=5&$select=id",
        delegated: permissions::CONVERSATIONS_READ,
        application: permissions::CONVERSATIONS_READ,
        needs: &[UNIFIED],
        weight: 50,
        doc: page!("group-list-threads"),
        ..Operation::get(Service::Groups, "/groups/{group-id}/threads")
    },
    Operation {
        id: "groups.drive",
        query: "$select=id,driveType",
        delegated: permissions::FILES_READ,
        application: permissions::FILES_READ_APP,
        needs: &[UNIFIED],
        expected: &[404],
        weight: 50,
        doc: page!("drive-get"),
        ..Operation::get(Service::Groups, "/groups/{group-id}/drive")
    },
    Operation {
        id: "groupSettings.list",
        delegated: permissions::GROUP_SETTINGS_READ,
        application: permissions::GROUP_SETTINGS_READ,
        weight: 50,
        doc: page!("group-list-settings"),
        ..Operation::get(Service::Groups, "/groupSettings")
    },
];
