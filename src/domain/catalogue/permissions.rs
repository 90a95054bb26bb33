//! The permissions that Microsoft accepts for a request, where several rows share them or there are many.
//!
//! Each list is Microsoft's own for a path: the least first, the others from narrow to broad, any of them enough.
//! They follow no rule, so none is derived: write does not always include read, nor does a permission for the whole tenant
//! include the user's own data.
//! `OWN_...` is for a signed-in user's own data, `..._APP` for app-only tokens where they differ.

// Users.

pub(super) const OWN_USER_READ: &[&str] = &[
    "User.Read",
    "User.ReadBasic.All",
    "User.Read.All",
    "Directory.Read.All",
    "User.ReadWrite",
    "User.ReadWrite.All",
    "Directory.ReadWrite.All",
];
pub(super) const USERS_READ_BASIC: &[&str] =
    &["User.ReadBasic.All", "User.Read.All", "Directory.Read.All", "User.ReadWrite.All", "Directory.ReadWrite.All"];
pub(super) const USERS_READ: &[&str] =
    &["User.Read.All", "Directory.Read.All", "User.ReadWrite.All", "Directory.ReadWrite.All"];
pub(super) const OWN_OBJECTS_READ: &[&str] =
    &["User.Read", "User.Read.All", "Directory.Read.All", "User.ReadWrite.All", "Directory.ReadWrite.All"];
pub(super) const OWN_CREATED_OBJECTS_READ: &[&str] = &[
    "User.Read",
    "User.Read.All",
    "Directory.Read.All",
    "User.ReadWrite",
    "User.ReadWrite.All",
    "Directory.ReadWrite.All",
];
pub(super) const OWN_LICENSES_READ: &[&str] = &[
    "User.Read",
    "User.Read.All",
    "LicenseAssignment.Read.All",
    "Directory.Read.All",
    "User.ReadWrite.All",
    "Directory.ReadWrite.All",
];
pub(super) const LICENSES_READ: &[&str] = &[
    "User.Read.All",
    "LicenseAssignment.Read.All",
    "Directory.Read.All",
    "User.ReadWrite.All",
    "Directory.ReadWrite.All",
];
pub(super) const PHOTOS_READ: &[&str] =
    &["User.Read", "User.ReadBasic.All", "ProfilePhoto.Read.All", "ProfilePhoto.ReadWrite.All"];
pub(super) const PHOTOS_READ_APP: &[&str] =
    &["ProfilePhoto.Read.All", "User.ReadBasic.All", "User.Read.All", "ProfilePhoto.ReadWrite.All"];
pub(super) const OWN_METHODS_READ: &[&str] = &[
    "UserAuthenticationMethod.Read",
    "UserAuthenticationMethod.Read.All",
    "UserAuthenticationMethod.ReadWrite",
    "UserAuthenticationMethod.ReadWrite.All",
];
pub(super) const OUTLOOK_LISTS_READ: &[&str] = &["User.Read", "User.ReadBasic.All", "User.Read.All"];

// Memberships.

pub(super) const OWN_MEMBERSHIPS_READ: &[&str] = &[
    "User.Read",
    "Group.ReadBasic.All",
    "GroupMember.ReadBasic.All",
    "GroupMember.Read.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
];
pub(super) const MEMBERSHIPS_READ: &[&str] =
    &["Directory.Read.All", "Group.ReadBasic.All", "GroupMember.ReadBasic.All", "Directory.ReadWrite.All"];
pub(super) const OWN_TRANSITIVE_MEMBERSHIPS_READ: &[&str] = &[
    "User.Read",
    "Group.ReadBasic.All",
    "GroupMember.ReadBasic.All",
    "User.Read.All",
    "Group.Read.All",
    "GroupMember.Read.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
];
pub(super) const TRANSITIVE_MEMBERSHIPS_READ: &[&str] = &[
    "User.Read.All",
    "Group.ReadBasic.All",
    "GroupMember.ReadBasic.All",
    "Group.Read.All",
    "GroupMember.Read.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
];
pub(super) const MEMBER_GROUPS_READ: &[&str] = &[
    "GroupMember.Read.All",
    "Group.ReadBasic.All",
    "GroupMember.ReadBasic.All",
    "User.Read.All",
    "Group.Read.All",
    "Directory.Read.All",
    "Group.ReadWrite.All",
    "Directory.ReadWrite.All",
];
pub(super) const OWN_MEMBER_OBJECTS_READ: &[&str] = &[
    "User.Read",
    "Group.ReadBasic.All",
    "GroupMember.ReadBasic.All",
    "User.Read.All",
    "Group.Read.All",
    "GroupMember.Read.All",
    "Directory.Read.All",
    "User.ReadWrite.All",
    "Group.ReadWrite.All",
    "Directory.ReadWrite.All",
];
pub(super) const MEMBER_OBJECTS_READ: &[&str] = &[
    "GroupMember.Read.All",
    "Group.ReadBasic.All",
    "GroupMember.ReadBasic.All",
    "User.Read.All",
    "Group.Read.All",
    "Directory.Read.All",
    "User.ReadWrite.All",
    "Group.ReadWrite.All",
    "Directory.ReadWrite.All",
];

// Groups.

pub(super) const GROUPS_READ_BASIC: &[&str] = &[
    "Group.ReadBasic.All",
    "Group.Read.All",
    "GroupMember.Read.All",
    "Directory.Read.All",
    "Group.ReadWrite.All",
    "Directory.ReadWrite.All",
];
pub(super) const GROUPS_READ: &[&str] = &["Group.Read.All", "Group.ReadWrite.All"];
pub(super) const GROUP_MEMBERS_READ: &[&str] = &[
    "GroupMember.ReadBasic.All",
    "Group.ReadBasic.All",
    "GroupMember.Read.All",
    "Group.Read.All",
    "Directory.Read.All",
    "GroupMember.ReadWrite.All",
    "Group.ReadWrite.All",
];
pub(super) const GROUP_OWNERS_READ: &[&str] = &[
    "GroupMember.Read.All",
    "Group.Read.All",
    "Directory.Read.All",
    "GroupMember.ReadWrite.All",
    "Group.ReadWrite.All",
];
pub(super) const GROUP_SETTINGS_READ: &[&str] = &[
    "GroupSettings.Read.All",
    "Group.Read.All",
    "Directory.Read.All",
    "GroupSettings.ReadWrite.All",
    "Group.ReadWrite.All",
    "Directory.ReadWrite.All",
];
pub(super) const CONVERSATIONS_READ: &[&str] =
    &["Group-Conversation.Read.All", "Group.Read.All", "Group-Conversation.ReadWrite.All", "Group.ReadWrite.All"];

// The directory and its applications.

pub(super) const OWN_ORGANIZATION_READ: &[&str] = &[
    "User.Read",
    "User.Read.All",
    "Organization.Read.All",
    "Directory.Read.All",
    "Organization.ReadWrite.All",
    "Directory.ReadWrite.All",
];
pub(super) const ORGANIZATION_READ: &[&str] = &[
    "Organization.Read.All",
    "User.Read.All",
    "Directory.Read.All",
    "Organization.ReadWrite.All",
    "Directory.ReadWrite.All",
];
pub(super) const SUBSCRIBED_SKUS_READ: &[&str] = &[
    "Organization.Read.All",
    "LicenseAssignment.Read.All",
    "Directory.Read.All",
    "Organization.ReadWrite.All",
    "Directory.ReadWrite.All",
];
pub(super) const DEVICES_READ_APP: &[&str] =
    &["Device.Read.All", "Directory.Read.All", "Device.ReadWrite.All", "Directory.ReadWrite.All"];
pub(super) const ADMIN_UNITS_READ: &[&str] = &[
    "AdministrativeUnit.Read.All",
    "Directory.Read.All",
    "AdministrativeUnit.ReadWrite.All",
    "Directory.ReadWrite.All",
];
pub(super) const ADMIN_UNITS_READ_APP: &[&str] = &[
    "Directory.Read.All",
    "AdministrativeUnit.Read.All",
    "AdministrativeUnit.ReadWrite.All",
    "Directory.ReadWrite.All",
];
pub(super) const ROLES_READ: &[&str] = &[
    "RoleManagement.Read.Directory",
    "Directory.Read.All",
    "RoleManagement.ReadWrite.Directory",
    "Directory.ReadWrite.All",
];
pub(super) const ROLE_DEFINITIONS_READ: &[&str] = &[
    "RoleManagement.Read.Directory",
    "RoleManagement.Read.All",
    "Directory.Read.All",
    "RoleManagement.ReadWrite.Directory",
    "Directory.ReadWrite.All",
];
pub(super) const APPLICATIONS_READ: &[&str] =
    &["Application.Read.All", "Directory.Read.All", "Application.ReadWrite.All", "Directory.ReadWrite.All"];
pub(super) const APPLICATIONS_READ_APP: &[&str] =
    &["Application.Read.All", "Directory.Read.All", "Application.ReadWrite.All", "Application.ReadWrite.OwnedBy"];

// Mailbox.

pub(super) const MAIL_READ_BASIC: &[&str] = &["Mail.ReadBasic", "Mail.Read", "Mail.ReadWrite"];
pub(super) const MAIL_READ_BASIC_APP: &[&str] = &["Mail.ReadBasic.All", "Mail.Read", "Mail.ReadWrite"];
pub(super) const MAILBOX_SETTINGS_READ: &[&str] = &["MailboxSettings.Read", "MailboxSettings.ReadWrite"];
pub(super) const CALENDARS_READ: &[&str] = &["Calendars.Read", "Calendars.ReadBasic", "Calendars.ReadWrite"];
pub(super) const CONTACTS_READ: &[&str] = &["Contacts.Read", "Contacts.ReadWrite"];
pub(super) const PLACES_READ: &[&str] = &["Place.Read.All", "Place.ReadWrite.All"];
pub(super) const TASKS_READ: &[&str] = &["Tasks.Read", "Tasks.ReadWrite"];
pub(super) const TASKS_READ_APP: &[&str] = &["Tasks.Read.All", "Tasks.ReadWrite.All"];
pub(super) const PLANNER_READ: &[&str] = &["Tasks.Read", "Group.Read.All", "Tasks.ReadWrite", "Group.ReadWrite.All"];
pub(super) const BOOKINGS_READ: &[&str] =
    &["Bookings.Read.All", "Bookings.ReadWrite.All", "BookingsAppointment.ReadWrite.All", "Bookings.Manage.All"];
pub(super) const APPOINTMENTS_READ: &[&str] =
    &["BookingsAppointment.ReadWrite.All", "Bookings.Read.All", "Bookings.ReadWrite.All", "Bookings.Manage.All"];

// Files, sites and notes.

pub(super) const DRIVES_READ: &[&str] = &[
    "Files.Read",
    "User.Read",
    "Files.ReadWrite",
    "Files.Read.All",
    "Sites.Read.All",
    "Files.ReadWrite.All",
    "Sites.ReadWrite.All",
];
pub(super) const FILES_READ: &[&str] = &[
    "Files.Read",
    "Files.ReadWrite",
    "Files.Read.All",
    "Sites.Read.All",
    "Files.ReadWrite.All",
    "Sites.ReadWrite.All",
];
pub(super) const FILES_READ_APP: &[&str] =
    &["Files.Read.All", "Sites.Read.All", "Files.ReadWrite.All", "Sites.ReadWrite.All"];
pub(super) const DRIVE_ROOT_READ: &[&str] = &[
    "Files.Read",
    "Files.ReadWrite",
    "Files.Read.All",
    "Group.Read.All",
    "Sites.Read.All",
    "Files.ReadWrite.All",
    "Sites.ReadWrite.All",
    "Group.ReadWrite.All",
];
pub(super) const DRIVE_ITEM_READ: &[&str] = &[
    "Files.Read",
    "Files.ReadWrite",
    "Files.Read.All",
    "Group.Read.All",
    "Sites.Read.All",
    "Files.ReadWrite.All",
    "Group.ReadWrite.All",
];
pub(super) const DRIVE_ITEM_READ_APP: &[&str] = &[
    "Files.Read.All",
    "Group.Read.All",
    "Sites.Read.All",
    "Files.ReadWrite.All",
    "Sites.ReadWrite.All",
    "Group.ReadWrite.All",
];
pub(super) const DRIVE_ITEM_CHANGE: &[&str] = &["Files.ReadWrite", "Files.ReadWrite.All"];
pub(super) const FILES_WRITE: &[&str] = &["Files.ReadWrite", "Files.ReadWrite.All", "Sites.ReadWrite.All"];
pub(super) const FILES_WRITE_APP: &[&str] = &["Files.ReadWrite.All", "Sites.ReadWrite.All"];
pub(super) const SITES_READ: &[&str] = &["Sites.Read.All", "Sites.ReadWrite.All"];
pub(super) const SITE_SCHEMA_READ: &[&str] =
    &["Sites.Read.All", "Sites.ReadWrite.All", "Sites.Manage.All", "Sites.FullControl.All"];
pub(super) const NOTEBOOKS_READ: &[&str] =
    &["Notes.Create", "Notes.Read", "Notes.ReadWrite", "Notes.Read.All", "Notes.ReadWrite.All"];
pub(super) const PAGES_READ: &[&str] = &["Notes.Read", "Notes.ReadWrite", "Notes.Read.All", "Notes.ReadWrite.All"];

// Teams.

pub(super) const JOINED_TEAMS_READ: &[&str] = &[
    "Team.ReadBasic.All",
    "User.Read.All",
    "TeamSettings.Read.All",
    "Directory.Read.All",
    "TeamSettings.ReadWrite.All",
    "User.ReadWrite.All",
    "Directory.ReadWrite.All",
];
pub(super) const TEAM_READ: &[&str] = &[
    "Team.ReadBasic.All",
    "Group.Read.All",
    "TeamSettings.Read.All",
    "Directory.Read.All",
    "TeamSettings.ReadWrite.All",
    "Group.ReadWrite.All",
    "Directory.ReadWrite.All",
];
pub(super) const CHANNELS_READ: &[&str] = &[
    "Channel.ReadBasic.All",
    "Group.Read.All",
    "ChannelSettings.Read.All",
    "Directory.Read.All",
    "ChannelSettings.ReadWrite.All",
    "Group.ReadWrite.All",
    "Directory.ReadWrite.All",
];
pub(super) const TABS_READ: &[&str] = &[
    "TeamsTab.Read.All",
    "Group.Read.All",
    "Directory.Read.All",
    "TeamsTab.ReadWrite.All",
    "TeamsTab.ReadWriteForTeam",
    "TeamsTab.ReadWriteSelfForTeam",
    "Group.ReadWrite.All",
    "Directory.ReadWrite.All",
];
pub(super) const TABS_READ_APP: &[&str] = &[
    "TeamsTab.Read.All",
    "Group.Read.All",
    "Directory.Read.All",
    "TeamsTab.ReadWrite.All",
    "TeamsTab.ReadWriteForTeam.All",
    "TeamsTab.ReadWriteSelfForTeam.All",
    "Group.ReadWrite.All",
    "Directory.ReadWrite.All",
];
pub(super) const CHAT_MEMBERS_READ: &[&str] =
    &["Chat.ReadBasic", "Chat.Read", "ChatMember.Read", "Chat.ReadWrite", "ChatMember.ReadWrite"];
pub(super) const CHAT_MEMBERS_READ_APP: &[&str] =
    &["ChatMember.Read.All", "Chat.ReadBasic.All", "Chat.Read.All", "ChatMember.ReadWrite.All", "Chat.ReadWrite.All"];
pub(super) const APP_CATALOG_READ: &[&str] = &[
    "AppCatalog.Read.All",
    "AppCatalog.Submit",
    "Directory.Read.All",
    "AppCatalog.ReadWrite.All",
    "Directory.ReadWrite.All",
];
pub(super) const INSTALLED_APPS_READ: &[&str] = &[
    "TeamsAppInstallation.ReadForUser",
    "TeamsAppInstallation.ReadWriteSelfForUser",
    "TeamsAppInstallation.ReadWriteForUser",
    "TeamsAppInstallation.ReadWriteAndConsentForUser",
    "TeamsAppInstallation.ReadWriteAndConsentSelfForUser",
];
pub(super) const INSTALLED_APPS_READ_APP: &[&str] = &[
    "TeamsAppInstallation.ReadForUser.All",
    "TeamsAppInstallation.Read.All",
    "TeamsAppInstallation.ReadWriteForUser.All",
    "TeamsAppInstallation.ReadWriteSelfForUser.All",
    "TeamsAppInstallation.ReadWriteAndConsentSelfForUser.All",
    "TeamsAppInstallation.ReadWriteAndConsentForUser.All",
];
pub(super) const PRESENCE_READ_APP: &[&str] = &["Presence.Read.All", "Presence.ReadWrite.All"];

// Security.

pub(super) const SECURITY_EVENTS_READ: &[&str] = &["SecurityEvents.Read.All", "SecurityEvents.ReadWrite.All"];
