//! Teams, channels and chats: read only, nothing is ever posted.

use super::{Need, Operation, Service};

pub(super) const ROWS: &[Operation] = &[
    Operation {
        id: "teams.joined",
        delegated: Some("Team.ReadBasic.All"),
        application: Some("Team.ReadBasic.All"),
        doc: page!("user-list-joinedteams"),
        ..Operation::get(Service::Teams, "/me/joinedTeams")
    },
    Operation {
        id: "teams.associated",
        delegated: Some("Team.ReadBasic.All"),
        application: Some("Team.ReadBasic.All"),
        doc: page!("associatedteaminfo-list"),
        ..Operation::get(Service::Teams, "/me/teamwork/associatedTeams")
    },
    Operation {
        id: "teams.appCatalog",
        query: "$filter=distributionMethod%20eq%20'organization'&$select=id,displayName",
        delegated: Some("AppCatalog.Read.All"),
        application: Some("AppCatalog.Read.All"),
        doc: page!("appcatalogs-list-teamsapps"),
        ..Operation::get(Service::Teams, "/appCatalogs/teamsApps")
    },
    Operation {
        id: "teams.installedApps.mine",
        delegated: Some("TeamsAppInstallation.ReadForUser"),
        application: Some("TeamsAppInstallation.ReadForUser.All"),
        weight: 60,
        doc: page!("userteamwork-list-installedapps"),
        ..Operation::get(Service::Teams, "/me/teamwork/installedApps")
    },
    Operation {
        id: "teams.get",
        query: "$select=id,displayName",
        delegated: Some("Team.ReadBasic.All"),
        application: Some("Team.ReadBasic.All"),
        needs: &[Need::id("team-id", "teams.joined")],
        weight: 60,
        doc: page!("team-get"),
        ..Operation::get(Service::Teams, "/teams/{team-id}")
    },
    Operation {
        id: "teams.channels",
        query: "$select=id,displayName",
        delegated: Some("Channel.ReadBasic.All"),
        application: Some("Channel.ReadBasic.All"),
        needs: &[Need::id("team-id", "teams.joined")],
        weight: 60,
        doc: page!("channel-list"),
        ..Operation::get(Service::Teams, "/teams/{team-id}/channels")
    },
    Operation {
        id: "teams.primaryChannel",
        query: "$select=id,displayName",
        delegated: Some("Channel.ReadBasic.All"),
        application: Some("Channel.ReadBasic.All"),
        needs: &[Need::id("team-id", "teams.joined")],
        weight: 60,
        doc: page!("team-get-primarychannel"),
        ..Operation::get(Service::Teams, "/teams/{team-id}/primaryChannel")
    },
    Operation {
        id: "teams.members",
        query: "$top=5",
        delegated: Some("TeamMember.Read.All"),
        application: Some("TeamMember.Read.All"),
        needs: &[Need::id("team-id", "teams.joined")],
        weight: 60,
        doc: page!("team-list-members"),
        ..Operation::get(Service::Teams, "/teams/{team-id}/members")
    },
    Operation {
        id: "teams.tags",
        delegated: Some("TeamworkTag.Read"),
        application: Some("TeamworkTag.Read.All"),
        needs: &[Need::id("team-id", "teams.joined")],
        weight: 60,
        doc: page!("teamworktag-list"),
        ..Operation::get(Service::Teams, "/teams/{team-id}/tags")
    },
    Operation {
        id: "teams.channel.tabs",
        delegated: Some("TeamsTab.Read.All"),
        application: Some("TeamsTab.Read.All"),
        needs: &[Need::id("team-id", "teams.joined"), Need::id("channel-id", "teams.channels")],
        weight: 60,
        doc: page!("channel-list-tabs"),
        ..Operation::get(Service::Teams, "/teams/{team-id}/channels/{channel-id}/tabs")
    },
    Operation {
        id: "chats.list",
        query: "$top=5",
        delegated: Some("Chat.ReadBasic"),
        application: Some("Chat.ReadBasic.All"),
        doc: page!("chat-list"),
        ..Operation::get(Service::Teams, "/me/chats")
    },
    Operation {
        id: "chats.members",
        delegated: Some("Chat.ReadBasic"),
        application: Some("ChatMember.Read.All"),
        needs: &[Need::id("chat-id", "chats.list")],
        weight: 60,
        doc: page!("conversationmember-list"),
        ..Operation::get(Service::Teams, "/chats/{chat-id}/members")
    },
];
