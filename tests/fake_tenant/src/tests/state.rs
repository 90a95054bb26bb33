//! Objects can be created, listed, read, changed and removed; afterwards the tenant is as before.

use serde_json::{Value, json};

use super::fixture::{ANN, Fixture, find};
use crate::state::tenant::Tenant;

fn day(hour: u8) -> Value {
    json!({"dateTime": format!("2026-11-24T{hour:02}:00:00"), "timeZone": "UTC"})
}

#[tokio::test]
async fn purged_mail_leaves_no_trace() {
    let fixture = Fixture::new().await;
    let ann = fixture.ann().await;
    let before = fixture.snapshot();
    let folder = fixture.post(&ann, "/me/mailFolders", json!({"displayName": "Evergreen 1"})).await.id();
    assert_eq!(
        fixture.post(&ann, "/me/mailFolders", json!({"displayName": "evergreen 1"})).await.code(),
        "ErrorFolderExists"
    );
    let messages = format!("/me/mailFolders/{folder}/messages");
    let draft = fixture
        .post(&ann, &messages, json!({"subject": "hello", "body": {"contentType": "text", "content": "x"}}))
        .await;
    assert_eq!((draft.status, draft.body["isDraft"].as_bool()), (201, Some(true)));
    let id = draft.id();
    let changed = fixture.send(&ann, "PATCH", &format!("/me/messages/{id}"), Some(json!({"subject": "other"}))).await;
    assert_eq!(changed.body["subject"], "other");
    assert_eq!(fixture.get(&ann, &messages).await.values().len(), 1);
    assert_eq!(fixture.get(&ann, &format!("/me/mailFolders/{folder}")).await.body["totalItemCount"], 1);
    assert_eq!(
        fixture.send(&ann, "POST", &format!("/me/mailFolders/{folder}/permanentDelete"), None).await.status,
        204
    );
    assert_eq!(fixture.get(&ann, &format!("/me/messages/{id}")).await.code(), "ErrorItemNotFound");
    assert_eq!(fixture.snapshot(), before);
    fixture.behaved();
}

#[tokio::test]
async fn a_soft_delete_leaves_objects_behind_and_a_move_gives_a_new_id() {
    let fixture = Fixture::new().await;
    let ann = fixture.ann().await;
    let before = fixture.snapshot();
    let folder = fixture.post(&ann, "/me/mailFolders", json!({"displayName": "Evergreen 1"})).await.id();
    let inner = fixture
        .post(&ann, &format!("/me/mailFolders/{folder}/childFolders"), json!({"displayName": "inner"}))
        .await
        .id();
    let old = fixture.post(&ann, &format!("/me/mailFolders/{folder}/messages"), json!({"subject": "x"})).await.id();
    let new = fixture.post(&ann, &format!("/me/messages/{old}/move"), json!({"destinationId": inner})).await.id();
    assert_ne!(old, new);
    assert_eq!(fixture.get(&ann, &format!("/me/messages/{old}")).await.status, 404);
    assert_eq!(fixture.delete(&ann, &format!("/me/mailFolders/{folder}")).await.status, 204);
    let bin = fixture.get(&ann, "/me/mailFolders/deleteditems/childFolders").await;
    assert_eq!(bin.values()[0]["displayName"], "Evergreen 1");
    assert_ne!(fixture.snapshot(), before);
    fixture.behaved();
}

#[tokio::test]
async fn sent_mail_arrives_later() {
    let fixture = Fixture::new().await;
    let ann = fixture.ann().await;
    let mail = json!({"message": {"subject": "Evergreen note", "body": {"contentType": "text", "content": "x"},
        "toRecipients": [{"emailAddress": {"address": ANN}}]}, "saveToSentItems": false});
    assert_eq!(fixture.post(&ann, "/me/sendMail", mail.clone()).await.status, 202);
    let wanted = "/me/mailFolders/inbox/messages?$filter=startswith(subject,'Evergreen%20note')";
    assert!(fixture.get(&ann, wanted).await.values().is_empty());
    fixture.clock.advance(180);
    let ann_again = fixture.get(&ann, wanted).await;
    let id = ann_again.values()[0]["id"].as_str().expect("an id").to_owned();
    assert_eq!(fixture.send(&ann, "POST", &format!("/me/messages/{id}/permanentDelete"), None).await.status, 204);
    fixture.post(&ann, "/me/sendMail", mail).await;
    fixture.fake.deliver_mail();
    assert_eq!(fixture.get(&ann, wanted).await.values().len(), 1);
    assert!(fixture.get(&ann, "/me/mailFolders/sentitems/messages").await.values().is_empty());
    fixture.behaved();
}

#[tokio::test]
async fn rules_and_categories_can_be_created_and_removed() {
    let fixture = Fixture::new().await;
    let ann = fixture.ann().await;
    let before = fixture.snapshot();
    let rule = json!({"displayName": "Evergreen rule", "sequence": 2, "isEnabled": false,
        "conditions": {"subjectContains": ["x"]}, "actions": {"stopProcessingRules": true}});
    let rule = fixture.post(&ann, "/me/mailFolders/inbox/messageRules", rule).await.id();
    assert_eq!(fixture.get(&ann, "/me/mailFolders/inbox/messageRules").await.values().len(), 2);
    fixture.delete(&ann, &format!("/me/mailFolders/inbox/messageRules/{rule}")).await;
    let category = json!({"displayName": "Evergreen", "color": "preset3"});
    let made = fixture.post(&ann, "/me/outlook/masterCategories", category.clone()).await.id();
    assert_eq!(fixture.post(&ann, "/me/outlook/masterCategories", category).await.status, 409);
    assert_eq!(fixture.delete(&ann, &format!("/me/outlook/masterCategories/{made}")).await.status, 204);
    assert_eq!(fixture.snapshot(), before);
    fixture.behaved();
}

#[tokio::test]
async fn calendars_and_events_can_be_created_changed_and_removed() {
    let fixture = Fixture::new().await;
    let ann = fixture.ann().await;
    let before = fixture.snapshot();
    let calendar = fixture.post(&ann, "/me/calendars", json!({"name": "Evergreen 1"})).await.id();
    assert_eq!(fixture.post(&ann, "/me/calendars", json!({"name": "Evergreen 1"})).await.code(), "ErrorFolderExists");
    let event = json!({"subject": "focus", "start": day(9), "end": day(10)});
    let event = fixture.post(&ann, &format!("/me/calendars/{calendar}/events"), event).await.id();
    let window = "startDateTime=2026-11-24T00:00:00Z&endDateTime=2026-11-25T00:00:00Z";
    assert_eq!(fixture.get(&ann, &format!("/me/calendars/{calendar}/calendarView?{window}")).await.values().len(), 1);
    assert_eq!(fixture.get(&ann, &format!("/me/calendarView?{window}")).await.values().len(), 1);
    let changed = fixture.send(&ann, "PATCH", &format!("/me/events/{event}"), Some(json!({"subject": "rest"}))).await;
    assert_eq!(changed.body["subject"], "rest");
    assert_eq!(fixture.delete(&ann, &format!("/me/events/{event}")).await.status, 204);
    assert_eq!(fixture.delete(&ann, &format!("/me/events/{event}")).await.status, 404);
    assert_eq!(fixture.delete(&ann, &format!("/me/calendars/{calendar}")).await.status, 204);
    let group = fixture.post(&ann, "/me/calendarGroups", json!({"name": "Evergreen"})).await.id();
    assert_eq!(fixture.delete(&ann, &format!("/me/calendarGroups/{group}")).await.status, 204);
    assert_eq!(fixture.snapshot(), before);
    fixture.behaved();
}

#[tokio::test]
async fn contacts_can_be_created_changed_and_removed_by_an_app() {
    let fixture = Fixture::new().await;
    let app = fixture.app().await;
    let me = format!("/users/{ANN}");
    let before = fixture.snapshot();
    let folder = fixture.post(&app, &format!("{me}/contactFolders"), json!({"displayName": "Evergreen 1"})).await.id();
    let contacts = format!("{me}/contactFolders/{folder}/contacts");
    let contact = fixture
        .post(
            &app,
            &contacts,
            json!({"givenName": "Pine", "emailAddresses": [{"name": "Pine", "address": "p@example.com"}]}),
        )
        .await
        .id();
    assert_eq!(fixture.get(&app, &contacts).await.values().len(), 1);
    assert_eq!(fixture.get(&app, &format!("{me}/contacts")).await.values().len(), 1);
    fixture.send(&app, "PATCH", &format!("{me}/contacts/{contact}"), Some(json!({"surname": "Tree"}))).await;
    assert_eq!(fixture.delete(&app, &format!("{me}/contactFolders/{folder}")).await.status, 204);
    assert_eq!(fixture.snapshot(), before);
    fixture.behaved();
}

#[tokio::test]
async fn files_can_be_created_changed_shared_copied_and_removed() {
    let fixture = Fixture::new().await;
    let ann = fixture.ann().await;
    let before = fixture.snapshot();
    let folder = json!({"name": "Evergreen 1", "folder": {}, "@microsoft.graph.conflictBehavior": "rename"});
    let root = "/me/drive/root/children";
    let made = fixture.post(&ann, root, folder.clone()).await.id();
    let second = fixture.post(&ann, root, folder).await;
    assert_eq!(second.body["name"], "Evergreen 1 1");
    let file =
        fixture.put(&ann, &format!("/me/drive/items/{made}:/a%20b.txt:/content"), "text/plain", b"one".to_vec()).await;
    assert_eq!((file.status, file.body["size"].as_u64()), (201, Some(3)));
    let item = format!("/me/drive/items/{}", file.id());
    assert_eq!(
        fixture
            .put(&ann, &format!("/me/drive/items/{made}:/a%20b.txt:/content"), "text/plain", b"two!".to_vec())
            .await
            .status,
        200
    );
    assert_eq!(fixture.get(&ann, &format!("{item}/versions")).await.values().len(), 2);
    let link =
        fixture.post(&ann, &format!("{item}/createLink"), json!({"type": "view", "scope": "organization"})).await.id();
    assert_eq!(fixture.get(&ann, &format!("{item}/permissions")).await.values().len(), 1);
    assert_eq!(fixture.delete(&ann, &format!("{item}/permissions/{link}")).await.status, 204);
    assert_eq!(fixture.send(&ann, "POST", &format!("{item}/checkout"), None).await.status, 204);
    assert_eq!(fixture.post(&ann, &format!("{item}/checkin"), json!({"comment": "x"})).await.status, 204);
    assert_eq!(fixture.send(&ann, "POST", &format!("{item}/follow"), None).await.status, 200);
    assert_eq!(fixture.get(&ann, "/me/drive/following").await.values().len(), 1);
    assert_eq!(fixture.send(&ann, "POST", &format!("{item}/unfollow"), None).await.status, 204);
    let copy = fixture.post(&ann, &format!("{item}/copy"), json!({"name": "copy.txt"})).await;
    assert!(copy.status == 202 && copy.header("location").contains("/_monitor/"));
    assert_eq!(fixture.get(&ann, &format!("/me/drive/items/{made}/children")).await.values().len(), 2);
    for id in [made, second.id()] {
        assert_eq!(fixture.delete(&ann, &format!("/me/drive/items/{id}")).await.status, 204);
    }
    assert_eq!(fixture.get(&ann, &item).await.code(), "itemNotFound");
    assert_eq!(fixture.snapshot(), before);
    fixture.behaved();
}

#[tokio::test]
async fn only_a_valid_workbook_opens_and_only_for_a_user() {
    let fixture = Fixture::new().await;
    let (ann, app) = (fixture.ann().await, fixture.app().await);
    let folder = fixture.post(&ann, "/me/drive/root/children", json!({"name": "Evergreen", "folder": {}})).await.id();
    let kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
    let mut bytes = b"PK\x03\x04[Content_Types].xml _rels/.rels xl/workbook.xml <sheet name=\"One\"/>".to_vec();
    let book = fixture.put(&ann, &format!("/me/drive/items/{folder}:/b.xlsx:/content"), kind, bytes.clone()).await.id();
    let base = format!("/me/drive/items/{book}/workbook");
    let sheets = fixture.get(&ann, &format!("{base}/worksheets")).await;
    let sheet = crate::wire::encoding::percent_encode(&find(&sheets, "name", "One"));
    let range = fixture.get(&ann, &format!("{base}/worksheets/{sheet}/range(address='A1:B2')")).await;
    assert_eq!(range.body["cellCount"], 4);
    assert_eq!(
        fixture.post(&ann, &format!("{base}/createSession"), json!({"persistChanges": false})).await.status,
        201
    );
    fixture.behaved();
    assert!(fixture.get(&app, &format!("/users/{ANN}/drive/items/{book}/workbook/worksheets")).await.status == 403);
    bytes.truncate(20);
    let bad = fixture.put(&ann, &format!("/me/drive/items/{folder}:/c.xlsx:/content"), kind, bytes).await.id();
    assert_eq!(fixture.get(&ann, &format!("/me/drive/items/{bad}/workbook/worksheets")).await.status, 400);
}

#[tokio::test]
async fn onenote_pages_can_be_created_read_and_removed() {
    let fixture = Fixture::new().await;
    let ann = fixture.ann().await;
    let before = fixture.snapshot();
    let page = fixture
        .html(&ann, "/me/onenote/pages", "<html><head><title>Evergreen page</title></head><body>x</body></html>")
        .await;
    assert_eq!((page.status, page.body["title"].as_str()), (201, Some("Evergreen page")));
    assert_eq!(fixture.get(&ann, "/me/onenote/pages").await.values().len(), 2);
    let content = fixture.get(&ann, &format!("/me/onenote/pages/{}/content", page.id())).await;
    assert!(content.body.as_str().is_some_and(|c| c.contains("<title>")));
    assert_eq!(fixture.delete(&ann, &format!("/me/onenote/pages/{}", page.id())).await.status, 204);
    assert_eq!(fixture.snapshot(), before);
    fixture.behaved();
}

#[tokio::test]
async fn the_first_page_creates_a_missing_notebook() {
    let fixture = Fixture::with(|t| t.users[0].notebook = false).await;
    let ann = fixture.ann().await;
    assert!(fixture.get(&ann, "/me/onenote/notebooks").await.values().is_empty());
    fixture.html(&ann, "/me/onenote/pages", "<html><head><title>Evergreen page</title></head></html>").await;
    assert_eq!(fixture.get(&ann, "/me/onenote/notebooks").await.values().len(), 1);
    fixture.behaved();
}

#[tokio::test]
async fn tasks_can_be_created_changed_and_removed() {
    let fixture = Fixture::new().await;
    let ann = fixture.ann().await;
    let before = fixture.snapshot();
    let list = fixture.post(&ann, "/me/todo/lists", json!({"displayName": "Evergreen 1"})).await.id();
    let tasks = format!("/me/todo/lists/{list}/tasks");
    let task = fixture.post(&ann, &tasks, json!({"title": "water"})).await.id();
    let step =
        fixture.post(&ann, &format!("{tasks}/{task}/checklistItems"), json!({"displayName": "fill can"})).await.id();
    fixture
        .post(&ann, &format!("{tasks}/{task}/linkedResources"), json!({"applicationName": "garden", "externalId": "1"}))
        .await
        .id();
    let done = fixture.send(&ann, "PATCH", &format!("{tasks}/{task}"), Some(json!({"status": "completed"}))).await;
    assert_eq!(done.body["status"], "completed");
    assert_eq!(fixture.get(&ann, &format!("{tasks}/{task}/checklistItems")).await.values().len(), 1);
    assert_eq!(fixture.delete(&ann, &format!("{tasks}/{task}/checklistItems/{step}")).await.status, 204);
    assert_eq!(fixture.delete(&ann, &format!("/me/todo/lists/{list}")).await.status, 204);
    assert_eq!(fixture.get(&ann, &tasks).await.status, 404);
    assert_eq!(fixture.snapshot(), before);
    fixture.behaved();
}

#[tokio::test]
async fn extensions_meetings_and_presence_can_be_set_and_removed() {
    let fixture = Fixture::new().await;
    let ann = fixture.ann().await;
    let before = fixture.snapshot();
    let extension = json!({"@odata.type": "microsoft.graph.openTypeExtension", "extensionName": "EvergreenNote", "colour": "green"});
    assert_eq!(fixture.post(&ann, "/me/extensions", extension).await.id(), "EvergreenNote");
    assert_eq!(fixture.delete(&ann, "/me/extensions/EvergreenNote").await.status, 204);
    let meeting = fixture.post(&ann, "/me/onlineMeetings", json!({"subject": "Evergreen"})).await.id();
    assert_eq!(fixture.delete(&ann, &format!("/me/onlineMeetings/{meeting}")).await.status, 204);
    let busy = json!({"availability": "DoNotDisturb", "activity": "DoNotDisturb", "expirationDuration": "PT5M"});
    assert_eq!(fixture.post(&ann, "/me/presence/setUserPreferredPresence", busy).await.status, 200);
    assert_eq!(fixture.get(&ann, "/me/presence").await.body["availability"], "DoNotDisturb");
    fixture.clock.advance(300);
    assert_eq!(fixture.get(&ann, "/me/presence").await.body["availability"], "Offline");
    assert_eq!(fixture.send(&ann, "POST", "/me/presence/clearUserPreferredPresence", None).await.status, 200);
    assert_eq!(fixture.snapshot(), before);
    fixture.behaved();
}

#[tokio::test]
async fn only_unified_groups_have_a_drive() {
    let fixture = Fixture::new().await;
    let ann = fixture.ann().await;
    let groups = fixture.get(&ann, "/groups?$filter=groupTypes/any(c:c%20eq%20'Unified')&$select=id,displayName").await;
    assert_eq!(groups.values().len(), 1);
    let unified = find(&groups, "displayName", "All hands");
    for below in ["members", "owners", "events", "threads", "drive", "planner/plans", "transitiveMembers"] {
        assert_eq!(fixture.get(&ann, &format!("/groups/{unified}/{below}")).await.status, 200, "{below}");
    }
    let security = find(&fixture.get(&ann, "/groups").await, "displayName", "BreakableListener keys");
    assert_eq!(fixture.get(&ann, &format!("/groups/{security}/drive")).await.status, 404);
    let mine = fixture.post(&ann, "/me/getMemberGroups", json!({"securityEnabledOnly": false})).await;
    assert_eq!(mine.values().len(), 2);
    fixture.behaved();
}

#[tokio::test]
async fn tenants_are_independent_and_a_seed_gives_the_same_tenant_again() {
    let (one, other) = (Fixture::new().await, Fixture::new().await);
    assert_eq!(one.snapshot(), other.snapshot());
    other.fake.add_tenant(Tenant::new("44444444-4444-4444-8444-444444444444", "fabrikam.onmicrosoft.com"));
    assert_eq!(one.snapshot(), other.snapshot());
}
