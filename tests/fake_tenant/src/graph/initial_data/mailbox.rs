//! A user's mailbox: settings, mail, calendar, contacts, tasks.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use crate::graph::initial_data::insert::{add, put};
use crate::graph::initial_data::meeting::meeting;
use crate::state::ids::Id;
use crate::state::tenant::User;
use crate::state::tenant_state::TenantState;
use crate::wire::encoding::timestamp;

pub(super) fn mailbox(tenant: &mut TenantState, user: &User, now: DateTime<Utc>) {
    let me = format!("users/{}", user.id);
    let key = |n: u8| format!("W/\"seed{n}\"");
    put(
        tenant,
        &format!("{me}/mailboxSettings"),
        "",
        json!({"timeZone": "UTC", "timeFormat": "HH:mm", "dateFormat": "yyyy-MM-dd", "userPurpose": "user",
        "language": {"locale": "en-US", "displayName": "English (United States)"},
        "workingHours": {"daysOfWeek": ["monday", "tuesday"], "startTime": "08:00:00.0000000", "endTime": "17:00:00.0000000", "timeZone": {"name": "UTC"}},
        "automaticRepliesSetting": {"status": "disabled", "externalAudience": "none", "internalReplyMessage": "", "externalReplyMessage": ""}}),
    );
    let folders = format!("{me}/mailFolders");
    let mut inbox = String::new();
    for (name, known) in [
        ("Inbox", "inbox"),
        ("Drafts", "drafts"),
        ("Sent Items", "sentitems"),
        ("Deleted Items", "deleteditems"),
        ("Archive", "archive"),
        ("Junk Email", "junkemail"),
    ] {
        let id = add(
            tenant,
            &folders,
            Id::Outlook,
            json!({"displayName": name, "_known": known, "_in": "root", "isHidden": false}),
        );
        if known == "inbox" {
            inbox = id;
        }
    }
    let own =
        add(tenant, &folders, Id::Outlook, json!({"displayName": "Evergreen trees", "_in": "root", "isHidden": false}));
    for (n, (subject, folder)) in
        [("Welcome to Microsoft 365", &inbox), ("Invoice 4711", &inbox), ("Which fir for the garden?", &own)]
            .iter()
            .enumerate()
    {
        let sender = json!({"emailAddress": {"name": "Shop", "address": "shop@example.com"}});
        let when = timestamp(now - TimeDelta::hours(5 + i64::try_from(n).unwrap_or(0)));
        add(
            tenant,
            &format!("{me}/messages"),
            Id::Outlook,
            json!({"@odata.etag": key(1), "subject": subject, "parentFolderId": folder, "_in": folder,
            "isRead": n == 0, "isDraft": false, "hasAttachments": n == 1, "importance": "normal", "receivedDateTime": when, "sentDateTime": when,
            "createdDateTime": when, "from": sender, "sender": sender, "bodyPreview": "Hello", "body": {"contentType": "text", "content": "Hello"},
            "toRecipients": [{"emailAddress": {"name": user.name, "address": user.upn}}]}),
        );
    }
    add(
        tenant,
        &format!("{me}/mailFolders/{inbox}/messageRules"),
        Id::Outlook,
        json!({"displayName": "Invoices", "sequence": 1, "isEnabled": true,
        "conditions": {"subjectContains": ["invoice"]}, "actions": {"markImportance": "high"}}),
    );
    add(
        tenant,
        &format!("{me}/outlook/masterCategories"),
        Id::Guid,
        json!({"displayName": "Red category", "color": "preset0"}),
    );
    let group = add(
        tenant,
        &format!("{me}/calendarGroups"),
        Id::Outlook,
        json!({"name": "My Calendars", "_known": "my calendars"}),
    );
    let owner = json!({"name": user.name, "address": user.upn});
    let calendar = add(
        tenant,
        &format!("{me}/calendars"),
        Id::Outlook,
        json!({"name": "Calendar", "_known": "calendar", "_in": group, "isDefaultCalendar": true, "canEdit": true, "owner": owner}),
    );
    let mut event = meeting("Dentist", now);
    event["_in"] = calendar.into();
    add(tenant, &format!("{me}/events"), Id::Outlook, event);
    let contacts = add(
        tenant,
        &format!("{me}/contactFolders"),
        Id::Outlook,
        json!({"displayName": "Contacts", "_known": "contacts", "_in": "root", "_hidden": true}),
    );
    add(
        tenant,
        &format!("{me}/contacts"),
        Id::Outlook,
        json!({"displayName": "Ada Example", "givenName": "Ada", "surname": "Example", "_in": contacts,
        "emailAddresses": [{"name": "Ada", "address": "ada@example.com"}]}),
    );
    let list = add(
        tenant,
        &format!("{me}/todo/lists"),
        Id::Outlook,
        json!({"displayName": "Tasks", "isOwner": true, "isShared": false, "wellknownListName": "defaultList"}),
    );
    add(
        tenant,
        &format!("{me}/todo/lists/{list}/tasks"),
        Id::Outlook,
        json!({"title": "Buy milk", "status": "notStarted", "importance": "normal", "createdDateTime": timestamp(now)}),
    );
    add(
        tenant,
        &format!("{me}/people"),
        Id::Guid,
        json!({"displayName": "Ada Example", "scoredEmailAddresses": [{"address": "ada@example.com"}]}),
    );
}
