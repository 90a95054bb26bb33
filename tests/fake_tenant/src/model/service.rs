//! The service behind Graph that serves a path, and the wording of its errors.

use crate::wire::reply::Reply;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Service {
    Directory,
    Mail,
    Calendar,
    Contacts,
    People,
    Todo,
    Files,
    Sites,
    Onenote,
    Teams,
    Other,
}

pub(crate) fn service_of(template: &str) -> Service {
    let mut segments = template.trim_start_matches('/').split('/');
    let first = segments.next().unwrap_or_default();
    match first {
        "users" | "groups" => match segments.nth(1).unwrap_or_default() {
            "messages"
            | "mailFolders"
            | "sendMail"
            | "getMailTips"
            | "mailboxSettings"
            | "inferenceClassification"
            | "translateExchangeIds"
            | "outlook"
            | "threads"
            | "conversations" => Service::Mail,
            "calendar" | "calendars" | "calendarGroups" | "calendarView" | "events" | "findMeetingTimes" => {
                Service::Calendar
            }
            segment if segment.starts_with("reminderView") => Service::Calendar,
            "contacts" | "contactFolders" => Service::Contacts,
            "people" => Service::People,
            "todo" => Service::Todo,
            "drive" | "drives" => Service::Files,
            "followedSites" | "sites" => Service::Sites,
            "onenote" => Service::Onenote,
            "joinedTeams" | "teamwork" | "chats" | "onlineMeetings" | "presence" | "team" => Service::Teams,
            "planner" | "insights" | "photo" | "photos" | "settings" => Service::Other,
            _ => Service::Directory,
        },
        "drives" => Service::Files,
        "sites" => Service::Sites,
        "teams" | "chats" | "appCatalogs" | "teamwork" | "communications" => Service::Teams,
        "organization"
        | "domains"
        | "subscribedSkus"
        | "directory"
        | "directoryRoles"
        | "devices"
        | "contacts"
        | "roleManagement"
        | "oauth2PermissionGrants"
        | "schemaExtensions"
        | "applications"
        | "servicePrincipals"
        | "directoryObjects"
        | "directoryRoleTemplates"
        | "groupLifecyclePolicies"
        | "groupSettings" => Service::Directory,
        _ => Service::Other,
    }
}

impl Service {
    /// Whether Exchange serves it: from one mailbox, at most four requests at a time.
    pub(crate) fn outlook(self) -> bool {
        matches!(self, Self::Mail | Self::Calendar | Self::Contacts | Self::People | Self::Todo)
    }

    pub(crate) fn denied(self) -> Reply {
        match self {
            _ if self.outlook() => {
                Reply::error(403, "ErrorAccessDenied", "Access is denied. Check credentials and try again.")
            }
            Self::Files | Self::Sites => Reply::error(403, "accessDenied", "Access denied"),
            Self::Onenote => Reply::error(
                403,
                "40004",
                "The OAuth token provided does not have the necessary scopes to complete the request.",
            ),
            Self::Teams => Reply::error(403, "Forbidden", "Missing scope permissions on the request."),
            _ => Reply::error(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation."),
        }
    }

    pub(crate) fn not_found(self, id: &str) -> Reply {
        match self {
            _ if self.outlook() => {
                Reply::error(404, "ErrorItemNotFound", "The specified object was not found in the store.")
            }
            Self::Files | Self::Sites => Reply::error(404, "itemNotFound", "The resource could not be found."),
            Self::Onenote => Reply::error(404, "20102", "The specified resource ID does not exist."),
            Self::Teams => Reply::error(404, "NotFound", "The requested resource was not found."),
            _ => Reply::error(
                404,
                "Request_ResourceNotFound",
                &format!(
                    "Resource '{id}' does not exist or one of its queried reference-property objects are not present."
                ),
            ),
        }
    }

    /// Elements of a page without `$top`.
    pub(crate) fn page_size(self) -> usize {
        match self {
            Self::Mail | Self::Calendar | Self::Contacts | Self::People => 10,
            Self::Files | Self::Sites => 200,
            Self::Onenote | Self::Teams => 20,
            _ => 100,
        }
    }
}
