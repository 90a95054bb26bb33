//! Teams, channels and chats: read only, nothing is ever posted.

use super::operation::{Need, Operation};
use super::permissions;
use super::service::Service;

pub(super) const ROWS: &[Operation] = &[
    Operation {
        id: "teams.joined",
        delegated: permissions::JOINED_TEAMS_READ,
        application: permissions::JOINED_TEAMS_READ,
        doc: page!("user-list-joinedteams"),
        ..Operation::get(Service::Teams, "/me/joinedTeams")
    },
    Operation {
        id: "teams.associated",
        delegated: &["Team.ReadBasic.All", "TeamSettings.Read.All", "TeamSettings.ReadWrite.All"],
        application: &["Team.ReadBasic.All", "TeamSettings.Read.All", "TeamSettings.ReadWrite.All"],
        doc: page!("associatedteaminfo-list"),
        ..Operation::get(Service::Teams, "/me/teamwork/associatedTeams")
    },
    Operation {
        id: "teams.appCatalog",
        query: "$filter=distributionMethod%20eq%20'organization'&$select=id,displayName",
        delegated: permissions::APP_CATALOG_READ,
        application: &["AppCatalog.Read.All", "AppCatalog.ReadWrite.All"],
        doc: page!("appcatalogs-list-teamsapps"),
        ..Operation::get(Service::Teams, "/appCatalogs/teamsApps")
    },
    Operation {
        id: "teams.installedApps.mine",
        delegated: permissions::INSTALLED_APPS_READ,
        application: permissions::INSTALLED_APPS_READ_APP,
        weight: 60,
        doc: page!("userteamwork-list-installedapps"),
        ..Operation::get(Service::Teams, "/me/teamwork/installedApps")
    },
    Operation {
        id: "teams.get",
        query: "$select=id,displayName",
        delegated: permissions::TEAM_READ,
        application: permissions::TEAM_READ,
        needs: &[Need::id("team-id", "teams.joined")],
        weight: 60,
        doc: page!("team-get"),
        ..Operation::get(Service::Teams, "/teams/{team-id}")
    },
    Operation {
        id: "teams.channels",
        query: "$select=id,displayName",
        delegated: permissions::CHANNELS_READ,
        application: permissions::CHANNELS_READ,
        needs: &[Need::id("team-id", "teams.joined")],
        weight: 60,
        doc: page!("channel-list"),
        ..Operation::get(Service::Teams, "/teams/{team-id}/channels")
    },
    Operation {
        id: "teams.primaryChannel",
        query: "$select=id,displayName",
        delegated: &["Channel.ReadBasic.All", "ChannelSettings.Read.All", "ChannelSettings.ReadWrite.All"],
        application: &["Channel.ReadBasic.All", "ChannelSettings.Read.All", "ChannelSettings.ReadWrite.All"],
        needs: &[Need::id("team-id", "teams.joined")],
        weight: 60,
        doc: page!("team-get-primarychannel"),
        ..Operation::get(Service::Teams, "/teams/{team-id}/primaryChannel")
    },
    Operation {
        id: "teams.members",
        query: "$top=5",
        delegated: &["TeamMember.Read.All", "TeamMember.ReadWrite.All"],
        application: &["TeamMember.Read.All", "TeamMember.ReadWrite.All"],
        needs: &[Need::id("team-id", "teams.joined")],
        weight: 60,
        doc: page!("team-list-members"),
        ..Operation::get(Service::Teams, "/teams/{team-id}/members")
    },
    Operation {
        id: "teams.tags",
        delegated: &["TeamworkTag.Read", "TeamworkTag.ReadWrite"],
        application: &["TeamworkTag.Read.All", "TeamworkTag.ReadWrite.All"],
        needs: &[Need::id("team-id", "teams.joined")],
        weight: 60,
        doc: page!("teamworktag-list"),
        ..Operation::get(Service::Teams, "/teams/{team-id}/tags")
    },
    Operation {
        id: "teams.channel.tabs",
        delegated: permissions::TABS_READ,
        application: permissions::TABS_READ_APP,
        needs: &[Need::id("team-id", "teams.joined"), Need::id("channel-id", "teams.channels")],
        weight: 60,
        doc: page!("channel-list-tabs"),
        ..Operation::get(Service::Teams, "/teams/{team-id}/channels/{channel-id}/tabs")
    },
    Operation {
        id: "chats.list",
        query: "$top=5",
        delegated: &["Chat.ReadBasic", "Chat.Read", "Chat.ReadWrite"],
        application: &["Chat.ReadBasic.All", "Chat.ReadWrite.All"],
        doc: page!("chat-list"),
        ..Operation::get(Service::Teams, "/me/chats")
    },
    Operation {
        id: "chats.members",
        delegated: permissions::CHAT_MEMBERS_READ,
        application: permissions::CHAT_MEMBERS_READ_APP,
        needs: &[Need::id("chat-id", "chats.list")],
        weight: 60,
        doc: page!("conversationmember-list"),
        ..Operation::get(Service::Teams, "/chats/{chat-id}/members")
    },
];
