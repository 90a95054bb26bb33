//! The services of Microsoft Graph, and the limits that they share.

/// A service of Microsoft Graph; operations and the permissions' table name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Service {
    Applications,
    Audit,
    Bookings,
    Calendar,
    Contacts,
    Directory,
    Excel,
    Files,
    Groups,
    Intune,
    Mail,
    MailboxSettings,
    Onenote,
    People,
    Planner,
    Presence,
    Reports,
    Search,
    Security,
    ServiceCommunications,
    Sites,
    Teams,
    Todo,
    Users,
}

impl Service {
    /// The name in `evergreen operations --json` and in logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Applications => "applications",
            Self::Audit => "audit",
            Self::Bookings => "bookings",
            Self::Calendar => "calendar",
            Self::Contacts => "contacts",
            Self::Directory => "directory",
            Self::Excel => "excel",
            Self::Files => "files",
            Self::Groups => "groups",
            Self::Intune => "intune",
            Self::Mail => "mail",
            Self::MailboxSettings => "mailboxSettings",
            Self::Onenote => "onenote",
            Self::People => "people",
            Self::Planner => "planner",
            Self::Presence => "presence",
            Self::Reports => "reports",
            Self::Search => "search",
            Self::Security => "security",
            Self::ServiceCommunications => "serviceCommunications",
            Self::Sites => "sites",
            Self::Teams => "teams",
            Self::Todo => "todo",
            Self::Users => "users",
        }
    }

    /// The throttling limit that its requests count against. Services with the same limit are throttled together.
    pub const fn limit(self) -> &'static str {
        match self {
            Self::Applications | Self::Directory | Self::Groups | Self::Users => "identity",
            Self::Calendar | Self::Contacts | Self::Mail | Self::MailboxSettings | Self::People | Self::Todo => {
                "outlook"
            }
            Self::Excel | Self::Files | Self::Sites => "sharepoint",
            other => other.as_str(),
        }
    }

    /// Whether the mailbox's own limit of four requests at once applies.
    pub const fn outlook(self) -> bool {
        matches!(self, Self::Calendar | Self::Contacts | Self::Mail | Self::MailboxSettings | Self::People | Self::Todo)
    }
}
