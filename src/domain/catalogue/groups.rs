//! Groups, their people, and what Microsoft 365 groups share.

use super::{Need, Operation, Service, UNIFIED};

pub(super) const ROWS: &[Operation] = &[
    Operation {
        id: "groups.list",
        query: "$top=20&$select=id,displayName,groupTypes",
        delegated: Some("Group.ReadBasic.All"),
        application: Some("Group.ReadBasic.All"),
        doc: page!("group-list"),
        ..Operation::get(Service::Groups, "/groups")
    },
    Operation {
        id: "groups.get",
        query: "$select=id,displayName",
        delegated: Some("Group.ReadBasic.All"),
        application: Some("Group.ReadBasic.All"),
        needs: &[Need::id("group-id", "groups.list")],
        doc: page!("group-get"),
        ..Operation::get(Service::Groups, "/groups/{group-id}")
    },
    Operation {
        id: "groups.members",
        query: "$top=5&$select=id",
        delegated: Some("GroupMember.ReadBasic.All"),
        application: Some("GroupMember.ReadBasic.All"),
        needs: &[Need::id("group-id", "groups.list")],
        doc: page!("group-list-members"),
        ..Operation::get(Service::Groups, "/groups/{group-id}/members")
    },
    Operation {
        id: "groups.transitiveMembers",
        query: "$top=5&$select=id",
        delegated: Some("GroupMember.ReadBasic.All"),
        application: Some("GroupMember.ReadBasic.All"),
        needs: &[Need::id("group-id", "groups.list")],
        weight: 50,
        doc: page!("group-list-transitivemembers"),
        ..Operation::get(Service::Groups, "/groups/{group-id}/transitiveMembers")
    },
    Operation {
        id: "groups.owners",
        query: "$top=5&$select=id",
        delegated: Some("GroupMember.Read.All"),
        application: Some("GroupMember.Read.All"),
        needs: &[Need::id("group-id", "groups.list")],
        doc: page!("group-list-owners"),
        ..Operation::get(Service::Groups, "/groups/{group-id}/owners")
    },
    Operation {
        id: "groups.delta",
        query: "$select=id",
        delegated: Some("Group.ReadBasic.All"),
        application: Some("Group.ReadBasic.All"),
        weight: 50,
        doc: page!("group-delta"),
        ..Operation::get(Service::Groups, "/groups/delta")
    },
    Operation {
        id: "groups.events",
        query: "$top=5&$select=id,subject",
        delegated: Some("Group.Read.All"),
        needs: &[UNIFIED],
        doc: page!("group-list-events"),
        ..Operation::get(Service::Groups, "/groups/{group-id}/events")
    },
    Operation {
        id: "groups.threads",
        query: "$top=5&$select=id",
        delegated: Some("Group-Conversation.Read.All"),
        application: Some("Group-Conversation.Read.All"),
        needs: &[UNIFIED],
        weight: 50,
        doc: page!("group-list-threads"),
        ..Operation::get(Service::Groups, "/groups/{group-id}/threads")
    },
    Operation {
        id: "groups.drive",
        query: "$select=id,driveType",
        delegated: Some("Files.Read"),
        application: Some("Files.Read.All"),
        needs: &[UNIFIED],
        expected: &[404],
        weight: 50,
        doc: page!("drive-get"),
        ..Operation::get(Service::Groups, "/groups/{group-id}/drive")
    },
    Operation {
        id: "groupSettings.list",
        delegated: Some("GroupSettings.Read.All"),
        application: Some("GroupSettings.Read.All"),
        weight: 50,
        doc: page!("group-list-settings"),
        ..Operation::get(Service::Groups, "/groupSettings")
    },
];
