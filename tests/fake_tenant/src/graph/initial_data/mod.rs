//! What a tenant holds before anybody calls: its directory, and the users' own things that no run may touch.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::services::applications;
use super::store::object;
use super::tenant::User;
use super::wire::{base64, stamp};
use super::world::{Held, Id};

/// Fills a new tenant.
pub fn tenant(held: &mut Held, now: DateTime<Utc>) {
    for at in 0..held.is.users.len() {
        if held.is.users[at].id.is_empty() {
            held.is.users[at].id = held.id(Id::Guid);
        }
    }
    directory(held, now);
    services(held, now);
    sites(held, now);
    for user in held.is.users.clone() {
        person(held, &user, now);
    }
    groups(held, now);
}

fn put(held: &mut Held, collection: &str, id: &str, value: Value) {
    let mut made = object(value);
    if !id.is_empty() {
        made.insert("id".into(), id.into());
    }
    held.store.put(collection, id, made);
}

/// Stores under a new id and returns that.
fn add(held: &mut Held, collection: &str, style: Id, value: Value) -> String {
    let id = held.id(style);
    put(held, collection, &id, value);
    id
}

fn directory(held: &mut Held, now: DateTime<Utc>) {
    let (id, domain) = (held.is.id.clone(), held.is.domain.clone());
    put(
        held,
        "organization",
        &id,
        json!({"displayName": "Fake Developer Tenant", "tenantType": "AAD",
        "verifiedDomains": [{"name": domain, "isDefault": true, "isInitial": true}]}),
    );
    put(
        held,
        "domains",
        &domain,
        json!({"isDefault": true, "isInitial": true, "isVerified": true, "authenticationType": "Managed"}),
    );
    let sku = "c42b9cae-ea4f-4ab7-9717-81576235ccac";
    put(
        held,
        "subscribedSkus",
        &format!("{id}_{sku}"),
        json!({"skuId": sku, "skuPartNumber": "DEVELOPERPACK_E5",
        "capabilityStatus": "Enabled", "consumedUnits": 3, "appliesTo": "User", "prepaidUnits": {"enabled": 25, "suspended": 0, "warning": 0}}),
    );
    add(
        held,
        "directory/subscriptions",
        Id::Guid,
        json!({"skuId": sku, "skuPartNumber": "DEVELOPERPACK_E5", "status": "Enabled",
        "isTrial": true, "totalLicenses": 25, "createdDateTime": stamp(now - TimeDelta::days(40)), "nextLifecycleDateTime": stamp(now + TimeDelta::days(50))}),
    );
    for role in ["Global Administrator", "Reports Reader"] {
        let template = add(held, "directoryRoleTemplates", Id::Guid, json!({"displayName": role, "description": role}));
        add(held, "directoryRoles", Id::Guid, json!({"displayName": role, "roleTemplateId": template}));
        put(
            held,
            "roleManagement/directory/roleDefinitions",
            &template,
            json!({"displayName": role, "isBuiltIn": true, "isEnabled": true}),
        );
    }
    put(
        held,
        "servicePrincipals",
        &applications::guid("principal", &id),
        json!({"appId": applications::GRAPH, "displayName": "Microsoft Graph", "accountEnabled": true, "servicePrincipalType": "Application"}),
    );
    for app in held.is.apps.clone() {
        add(
            held,
            "applications",
            Id::Guid,
            json!({"appId": app.client_id, "displayName": "An app", "createdDateTime": stamp(now), "keyCredentials": [],
            "requiredResourceAccess": applications::registered(),
            "passwordCredentials": app.secrets.iter().map(|secret| json!({
                "hint": secret.value.get(..3), "displayName": "A secret", "startDateTime": stamp(now),
                "endDateTime": stamp(secret.expires.unwrap_or(now + TimeDelta::days(180))),
            })).collect::<Vec<_>>()}),
        );
        add(
            held,
            "servicePrincipals",
            Id::Guid,
            json!({"appId": app.client_id, "displayName": "An app", "accountEnabled": true, "servicePrincipalType": "Application"}),
        );
    }
    put(
        held,
        "policies/identitySecurityDefaultsEnforcementPolicy",
        "",
        json!({"id": "00000000-0000-0000-0000-000000000005", "displayName": "Security Defaults", "isEnabled": false}),
    );
    put(
        held,
        "policies/authorizationPolicy",
        "",
        json!({"id": "authorizationPolicy", "displayName": "Authorization Policy", "allowInvitesFrom": "everyone"}),
    );
    for user in held.is.users.clone() {
        let manager = user.manager.as_deref().and_then(|m| held.user(m)).map(|m| m.id.clone());
        let mail = user.mailbox.then(|| user.upn.clone());
        put(
            held,
            "users",
            &user.id,
            json!({"displayName": user.name, "givenName": user.name, "userPrincipalName": user.upn, "mail": mail,
            "accountEnabled": user.enabled, "userType": "Member", "businessPhones": [], "usageLocation": "DE", "_manager": manager}),
        );
    }
}

fn services(held: &mut Held, now: DateTime<Utc>) {
    let issue = json!({"title": "Users may see delays", "service": "Exchange Online", "status": "serviceRestored", "classification": "advisory",
        "startDateTime": stamp(now - TimeDelta::days(2)), "lastModifiedDateTime": stamp(now - TimeDelta::days(1))});
    put(held, "admin/serviceAnnouncement/issues", "EX100001", issue);
    put(
        held,
        "admin/serviceAnnouncement/healthOverviews",
        "Exchange",
        json!({"service": "Exchange Online", "status": "serviceOperational"}),
    );
    put(
        held,
        "admin/serviceAnnouncement/messages",
        "MC100001",
        json!({"title": "A new feature", "category": "stayInformed", "severity": "normal",
        "startDateTime": stamp(now), "endDateTime": stamp(now + TimeDelta::days(30)), "lastModifiedDateTime": stamp(now)}),
    );
    add(
        held,
        "auditLogs/directoryAudits",
        Id::Guid,
        json!({"activityDisplayName": "Add user", "category": "UserManagement", "result": "success", "activityDateTime": stamp(now)}),
    );
    add(
        held,
        "auditLogs/signIns",
        Id::Guid,
        json!({"appDisplayName": "An app", "createdDateTime": stamp(now), "isInteractive": false}),
    );
    add(
        held,
        "security/secureScores",
        Id::Guid,
        json!({"currentScore": 31.5, "maxScore": 280.0, "createdDateTime": stamp(now)}),
    );
    put(
        held,
        "security/secureScoreControlProfiles",
        "AdminMFAV2",
        json!({"title": "Require MFA for administrative roles", "service": "AzureAD", "maxScore": 10.0}),
    );
    put(held, "solutions/bookingCurrencies", "EUR", json!({"symbol": "€"}));
    let domain = held.is.domain.clone();
    let shop = format!("Contoso@{domain}");
    put(
        held,
        "solutions/bookingBusinesses",
        &shop,
        json!({"displayName": "Contoso lunch delivery", "businessType": "Restaurant", "isPublished": false}),
    );
    add(
        held,
        &format!("solutions/bookingBusinesses/{shop}/services"),
        Id::Guid,
        json!({"displayName": "Catering", "defaultDuration": "PT1H"}),
    );
    add(held, "appCatalogs/teamsApps", Id::Guid, json!({"displayName": "Polls", "distributionMethod": "store"}));
}

fn sites(held: &mut Held, now: DateTime<Utc>) {
    let host = held.is.domain.replace(".onmicrosoft.com", ".sharepoint.com");
    let id = format!("{host},{},{}", held.id(Id::Guid), held.id(Id::Guid));
    put(
        held,
        "sites",
        &id,
        json!({"_known": "root", "name": "root", "displayName": "Communication site", "webUrl": format!("https://{host}"),
        "createdDateTime": stamp(now), "siteCollection": {"hostname": host}}),
    );
    let list = add(
        held,
        &format!("sites/{id}/lists"),
        Id::Guid,
        json!({"name": "Shared Documents", "displayName": "Documents", "list": {"template": "documentLibrary"}}),
    );
    put(
        held,
        &format!("sites/{id}/lists/{list}/items"),
        "1",
        json!({"createdDateTime": stamp(now), "contentType": {"name": "Document"}}),
    );
    add(held, &format!("sites/{id}/columns"), Id::Guid, json!({"name": "Title", "displayName": "Title", "text": {}}));
    put(
        held,
        &format!("sites/{id}/contentTypes"),
        "0x0101",
        json!({"name": "Document", "group": "Document Content Types"}),
    );
    library(held, &format!("sites/{id}"), "documentLibrary");
}

fn groups(held: &mut Held, now: DateTime<Utc>) {
    let domain = held.is.domain.clone();
    let unified = add(
        held,
        "groups",
        Id::Guid,
        json!({"displayName": "All hands", "mailEnabled": true, "mailNickname": "allhands", "securityEnabled": false,
        "groupTypes": ["Unified"], "mail": format!("allhands@{domain}"), "visibility": "Private", "createdDateTime": stamp(now)}),
    );
    let security = add(
        held,
        "groups",
        Id::Guid,
        json!({"displayName": "Door keys", "mailEnabled": false, "mailNickname": "doorkeys", "securityEnabled": true,
        "groupTypes": [], "createdDateTime": stamp(now)}),
    );
    let users = held.is.users.clone();
    for (at, user) in users.iter().enumerate() {
        let member =
            json!({"@odata.type": "#microsoft.graph.user", "displayName": user.name, "userPrincipalName": user.upn});
        put(held, &format!("groups/{unified}/members"), &user.id, member.clone());
        put(held, &format!("groups/{security}/members"), &user.id, member.clone());
        if at == 0 {
            put(held, &format!("groups/{unified}/owners"), &user.id, member);
        }
    }
    add(
        held,
        &format!("groups/{unified}/threads"),
        Id::Outlook,
        json!({"topic": "Welcome", "hasAttachments": false, "isLocked": false}),
    );
    add(held, &format!("groups/{unified}/events"), Id::Outlook, meeting("All hands meeting", now));
    add(held, &format!("groups/{unified}/planner/plans"), Id::Short, json!({"title": "Office move", "owner": unified}));
    library(held, &format!("groups/{unified}"), "documentLibrary");
    put(held, "teams", &unified, json!({"displayName": "All hands", "visibility": "private", "isArchived": false}));
    let channel = format!("19:{}@thread.tacv2", held.id(Id::Short));
    put(
        held,
        &format!("teams/{unified}/channels"),
        &channel,
        json!({"displayName": "General", "membershipType": "standard"}),
    );
    let chat = format!("19:{}@thread.v2", held.id(Id::Short));
    put(held, "chats", &chat, json!({"topic": "Lunch", "chatType": "group", "createdDateTime": stamp(now)}));
    for user in users {
        let member = json!({"@odata.type": "#microsoft.graph.aadUserConversationMember", "userId": user.id, "displayName": user.name, "roles": [], "email": user.upn});
        for list in [format!("teams/{unified}/members"), format!("chats/{chat}/members")] {
            let id = held.id(Id::Short) + "==";
            put(held, &list, &id, member.clone());
        }
    }
}

fn person(held: &mut Held, user: &User, now: DateTime<Utc>) {
    let me = format!("users/{}", user.id);
    if user.photo {
        let photo = json!({"@odata.mediaContentType": "image/jpeg", "id": "240X240", "height": 240, "width": 240});
        put(held, &format!("{me}/photo"), "", photo);
        put(held, &format!("{me}/photos"), "240x240", json!({"height": 240, "width": 240}));
    }
    put(
        held,
        &format!("{me}/settings"),
        "",
        json!({"id": "settings", "contributionToContentDiscoveryDisabled": false}),
    );
    put(
        held,
        &format!("{me}/licenseDetails"),
        &format!("{}license", &user.id[..8]),
        json!({"skuPartNumber": "DEVELOPERPACK_E5", "skuId": "c42b9cae-ea4f-4ab7-9717-81576235ccac", "servicePlans": []}),
    );
    put(
        held,
        &format!("{me}/authentication/methods"),
        "28c10230-6103-485e-b985-444c60001490",
        json!({"@odata.type": "#microsoft.graph.passwordAuthenticationMethod"}),
    );
    add(held, &format!("{me}/insights/used"), Id::Short, json!({"lastUsed": {"lastAccessedDateTime": stamp(now)}}));
    if user.mailbox {
        mailbox(held, user, now);
    }
    if user.drive {
        drive(held, &user.id);
    }
    if user.notebook {
        let book = add(
            held,
            &format!("{me}/onenote/notebooks"),
            Id::Onenote,
            json!({"displayName": "My notes", "isDefault": true, "_known": "default"}),
        );
        let part = json!({"displayName": "Quick Notes", "isDefault": true, "_known": "default", "_in": book});
        let part = add(held, &format!("{me}/onenote/sections"), Id::Onenote, part);
        let page = json!({"title": "Firs and pines", "_in": part, "_content": base64(b"<html><head><title>Firs and pines</title></head></html>")});
        add(held, &format!("{me}/onenote/pages"), Id::Onenote, page);
    }
}

fn mailbox(held: &mut Held, user: &User, now: DateTime<Utc>) {
    let me = format!("users/{}", user.id);
    let key = |n: u8| format!("W/\"seed{n}\"");
    put(
        held,
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
            held,
            &folders,
            Id::Outlook,
            json!({"displayName": name, "_known": known, "_in": "root", "isHidden": false}),
        );
        if known == "inbox" {
            inbox = id;
        }
    }
    let own =
        add(held, &folders, Id::Outlook, json!({"displayName": "Evergreen trees", "_in": "root", "isHidden": false}));
    for (n, (subject, folder)) in
        [("Welcome to Microsoft 365", &inbox), ("Invoice 4711", &inbox), ("Which fir for the garden?", &own)]
            .iter()
            .enumerate()
    {
        let sender = json!({"emailAddress": {"name": "Shop", "address": "shop@example.com"}});
        let when = stamp(now - TimeDelta::hours(5 + i64::try_from(n).unwrap_or(0)));
        add(
            held,
            &format!("{me}/messages"),
            Id::Outlook,
            json!({"@odata.etag": key(1), "subject": subject, "parentFolderId": folder, "_in": folder,
            "isRead": n == 0, "isDraft": false, "hasAttachments": n == 1, "importance": "normal", "receivedDateTime": when, "sentDateTime": when,
            "createdDateTime": when, "from": sender, "sender": sender, "bodyPreview": "Hello", "body": {"contentType": "text", "content": "Hello"},
            "toRecipients": [{"emailAddress": {"name": user.name, "address": user.upn}}]}),
        );
    }
    add(
        held,
        &format!("{me}/mailFolders/{inbox}/messageRules"),
        Id::Outlook,
        json!({"displayName": "Invoices", "sequence": 1, "isEnabled": true,
        "conditions": {"subjectContains": ["invoice"]}, "actions": {"markImportance": "high"}}),
    );
    add(
        held,
        &format!("{me}/outlook/masterCategories"),
        Id::Guid,
        json!({"displayName": "Red category", "color": "preset0"}),
    );
    let group = add(
        held,
        &format!("{me}/calendarGroups"),
        Id::Outlook,
        json!({"name": "My Calendars", "_known": "my calendars"}),
    );
    let owner = json!({"name": user.name, "address": user.upn});
    let calendar = add(
        held,
        &format!("{me}/calendars"),
        Id::Outlook,
        json!({"name": "Calendar", "_known": "calendar", "_in": group, "isDefaultCalendar": true, "canEdit": true, "owner": owner}),
    );
    let mut event = meeting("Dentist", now);
    event["_in"] = calendar.into();
    add(held, &format!("{me}/events"), Id::Outlook, event);
    let contacts = add(
        held,
        &format!("{me}/contactFolders"),
        Id::Outlook,
        json!({"displayName": "Contacts", "_known": "contacts", "_in": "root", "_hidden": true}),
    );
    add(
        held,
        &format!("{me}/contacts"),
        Id::Outlook,
        json!({"displayName": "Ada Example", "givenName": "Ada", "surname": "Example", "_in": contacts,
        "emailAddresses": [{"name": "Ada", "address": "ada@example.com"}]}),
    );
    let list = add(
        held,
        &format!("{me}/todo/lists"),
        Id::Outlook,
        json!({"displayName": "Tasks", "isOwner": true, "isShared": false, "wellknownListName": "defaultList"}),
    );
    add(
        held,
        &format!("{me}/todo/lists/{list}/tasks"),
        Id::Outlook,
        json!({"title": "Buy milk", "status": "notStarted", "importance": "normal", "createdDateTime": stamp(now)}),
    );
    add(
        held,
        &format!("{me}/people"),
        Id::Guid,
        json!({"displayName": "Ada Example", "scoredEmailAddresses": [{"address": "ada@example.com"}]}),
    );
}

fn meeting(subject: &str, now: DateTime<Utc>) -> Value {
    let at = |hours| (now + TimeDelta::hours(hours)).format("%Y-%m-%dT%H:%M:%S.0000000").to_string();
    json!({"subject": subject, "isAllDay": false, "showAs": "busy", "type": "singleInstance", "createdDateTime": stamp(now),
        "start": {"dateTime": at(20), "timeZone": "UTC"}, "end": {"dateTime": at(21), "timeZone": "UTC"}})
}

/// A user's OneDrive, with a file and a folder of the user's own.
pub fn drive(held: &mut Held, user: &str) {
    library(held, &format!("users/{user}"), "business");
}

fn library(held: &mut Held, owner: &str, kind: &str) {
    let id = format!("b!{}", held.id(Id::Short));
    put(
        held,
        "drives",
        &id,
        json!({"_owner": owner, "driveType": kind, "name": "Documents", "quota": {"state": "normal", "total": 1_099_511_627_776_i64, "used": 12}}),
    );
    let items = format!("drives/{id}/items");
    let root =
        add(held, &items, Id::Drive, json!({"_known": "root", "name": "root", "folder": {}, "root": {}, "size": 12}));
    let documents = add(
        held,
        &items,
        Id::Drive,
        json!({"_known": "documents", "name": "Documents", "_in": root, "folder": {}, "size": 0, "specialFolder": {"name": "documents"}}),
    );
    add(held, &items, Id::Drive, json!({"name": "Evergreen trees", "_in": root, "folder": {}, "size": 0}));
    for parent in [root, documents] {
        let file = json!({"name": "notes.txt", "_in": parent, "file": {"mimeType": "text/plain"}, "size": 12, "_content": base64(b"buy more firs")});
        let file = add(held, &items, Id::Drive, file);
        add(held, &format!("{items}/{file}/permissions"), Id::Short, json!({"roles": ["owner"]}));
    }
}
