//! Tokens, permissions, queries and bodies: what Graph refuses, and how.

use serde_json::json;

use super::fixture::{ANN, BOB, Fixture, NATIVE, TENANT, find};
use crate::model::facts::FACTS;
use crate::model::route::Kind;

#[tokio::test]
async fn a_request_without_a_valid_token_is_refused() {
    let fixture = Fixture::new().await;
    for token in ["", "x.y.z"] {
        let answer = fixture.get(token, "/users").await;
        assert_eq!((answer.status, answer.code()), (401, "InvalidAuthenticationToken"));
        assert!(!answer.header("request-id").is_empty());
    }
}

#[tokio::test]
async fn each_service_has_its_own_wording_of_a_refusal() {
    let fixture = Fixture::with(|t| t.apps[1].scopes = ["User.Read".to_owned()].into()).await;
    let ann = fixture.ann().await;
    assert_eq!(fixture.get(&ann, "/me").await.status, 200);
    for (path, code) in [
        ("/me/messages", "ErrorAccessDenied"),
        ("/groups", "Authorization_RequestDenied"),
        ("/me/drive/root/children", "accessDenied"),
    ] {
        let answer = fixture.get(&ann, path).await;
        assert_eq!((answer.status, answer.code()), (403, code), "{path}");
        assert!(answer.body["error"]["innerError"]["request-id"].is_string());
    }
}

#[tokio::test]
async fn one_permission_of_the_table_suffices_if_it_is_for_this_kind_of_token() {
    let fixture = Fixture::with(|t| {
        t.apps[0].roles = ["Mail.ReadBasic.All".to_owned()].into();
        t.apps[1].scopes = ["Mail.ReadWrite".to_owned()].into();
    })
    .await;
    let (ann, app) = (fixture.ann().await, fixture.app().await);
    assert_eq!(fixture.get(&ann, "/me/messages").await.status, 200);
    assert_eq!(fixture.get(&app, &format!("/users/{ANN}/messages")).await.status, 200);
    let draft = json!({"subject": "Evergreen"});
    assert_eq!(fixture.post(&app, &format!("/users/{ANN}/messages"), draft).await.status, 403);
}

#[tokio::test]
async fn an_app_has_no_me_and_a_user_reads_only_their_own_mail() {
    let fixture = Fixture::new().await;
    let (ann, app) = (fixture.ann().await, fixture.app().await);
    assert_eq!(fixture.get(&app, "/me").await.status, 400);
    assert_eq!(fixture.get(&ann, &format!("/users/{BOB}/messages")).await.code(), "ErrorAccessDenied");
    assert_eq!(fixture.get(&ann, &format!("/users/{BOB}")).await.status, 200);
    assert_eq!(fixture.get(&app, "/users/nobody@x.y").await.code(), "Request_ResourceNotFound");
    assert_eq!(fixture.get(&app, "/users/nobody@x.y/messages").await.code(), "ErrorInvalidUser");
}

#[tokio::test]
async fn a_missing_mailbox_photo_manager_or_drive_has_graphs_own_error() {
    let fixture = Fixture::with(|t| {
        (t.users[1].mailbox, t.users[1].drive) = (false, false);
        t.users[1].manager = None;
    })
    .await;
    let (bob, app) = (fixture.password(BOB, "bobs").await, fixture.app().await);
    assert_eq!(fixture.get(&bob, "/me/messages").await.code(), "MailboxNotEnabledForRESTAPI");
    assert_eq!(fixture.get(&bob, "/me/photo").await.code(), "ImageNotFound");
    assert_eq!(fixture.get(&bob, "/me/manager").await.code(), "Request_ResourceNotFound");
    let missing = fixture.get(&app, &format!("/users/{BOB}/drive")).await;
    assert_eq!((missing.status, missing.body["error"]["message"].as_str()), (404, Some("User's mysite not found.")));
    assert_eq!(fixture.get(&bob, "/me/drive").await.status, 200);
    assert_eq!(fixture.get(&app, &format!("/users/{BOB}/drive")).await.status, 200);
}

#[tokio::test]
async fn beta_and_paths_that_v1_lacks_are_not_served() {
    let fixture = Fixture::new().await;
    let ann = fixture.ann().await;
    assert_eq!(fixture.get(&ann, "/../beta/me").await.status, 404);
    let answer = fixture.get(&ann, "/me/profile").await;
    assert_eq!((answer.status, answer.code()), (400, "BadRequest"));
    assert_eq!(fixture.send(&ann, "PATCH", "/me/messages", Some(json!({}))).await.status, 405);
}

#[tokio::test]
async fn query_options_outside_the_model_are_refused() {
    let fixture = Fixture::new().await;
    let ann = fixture.ann().await;
    for path in [
        "/me/messages?$select=subject,colour",
        "/me/messages?$top=0",
        "/me/messages?$top=1001",
        "/me/messages?top=5",
        "/me/messages?$orderby=subject%20sideways",
        "/me/messages?$filter=contains(subject,'x')",
        "/me/messages?$expand=everything",
        "/me?$top=1",
        "/directoryRoles?$top=5",
        "/users?$count=true",
        "/me/calendarView",
        "/me/calendarView?startDateTime=2026-01-01&endDateTime=2026-01-02",
    ] {
        assert_eq!(fixture.get(&ann, path).await.status, 400, "{path}");
    }
    let answer =
        fixture.get(&ann, "/me/messages?$select=subject&$top=1&$orderby=subject&$filter=startswith(subject,'w')").await;
    assert_eq!(answer.values().len(), 1);
    assert!(answer.values()[0].get("body").is_none() && answer.values()[0]["subject"].is_string());
}

#[tokio::test]
async fn long_lists_come_in_pages() {
    let fixture = Fixture::new().await;
    let ann = fixture.ann().await;
    let first = fixture.get(&ann, "/me/messages?$top=2&$select=id").await;
    assert_eq!(first.values().len(), 2);
    let next =
        first.body["@odata.nextLink"].as_str().expect("a link").split("/v1.0").nth(1).expect("a path").to_owned();
    let second = fixture.get(&ann, &next).await;
    assert_eq!(second.values().len(), 1);
    assert!(second.body.get("@odata.nextLink").is_none());
}

#[tokio::test]
async fn bodies_outside_the_model_are_refused() {
    let fixture = Fixture::new().await;
    let ann = fixture.ann().await;
    let day = |hour: u8| json!({"dateTime": format!("2026-11-24T{hour:02}:00:00"), "timeZone": "UTC"});
    for (path, body) in [
        ("/me/todo/lists", json!({"name": "Evergreen"})),
        ("/me/todo/lists", json!({})),
        ("/me/sendMail", json!({"saveToSentItems": false})),
        ("/me/sendMail", json!({"message": {"subject": "Evergreen", "to": []}})),
        ("/me/getMailTips", json!({"MailTipsOptions": "mailboxFullStatus"})),
        ("/me/getMemberGroups", json!({})),
        ("/me/events", json!({"subject": "Evergreen", "start": day(9)})),
        ("/me/events", json!({"subject": "Evergreen", "start": day(9), "end": day(8)})),
        (
            "/me/events",
            json!({"subject": "Evergreen", "start": {"dateTime": "2026-11-24T09:00:00Z", "timeZone": "UTC"}, "end": day(10)}),
        ),
        (
            "/me/events",
            json!({"subject": "Evergreen", "start": day(9), "end": {"dateTime": "2026-11-24T10:00:00", "timeZone": "Mars"}}),
        ),
        ("/me/calendar/getSchedule", json!({"schedules": [ANN]})),
        ("/me/presence/setUserPreferredPresence", json!({"availability": "Busy", "activity": "Away"})),
        ("/search/query", json!({"requests": [{"entityTypes": ["message"]}]})),
        ("/me/messages", json!({"id": 5})),
    ] {
        assert_eq!(fixture.post(&ann, path, body.clone()).await.status, 400, "{path} {body}");
    }
}

#[tokio::test]
async fn writing_to_objects_of_others_is_a_violation() {
    let fixture = Fixture::new().await;
    let ann = fixture.ann().await;
    let folder = find(&fixture.get(&ann, "/me/mailFolders").await, "displayName", "Evergreen trees");
    fixture.delete(&ann, &format!("/me/mailFolders/{folder}")).await;
    fixture.post(&ann, "/me/todo/lists", json!({"displayName": "Shopping"})).await;
    let mail = json!({"message": {"subject": "Evergreen", "toRecipients": [{"emailAddress": {"address": BOB}}]}});
    fixture.post(&ann, "/me/sendMail", mail).await;
    let noted = fixture.fake.violations();
    assert_eq!(noted.len(), 3, "{noted:?}");
}

#[tokio::test]
async fn consent_can_be_revoked_and_granted() {
    let fixture = Fixture::new().await;
    fixture.fake.revoke_consent(
        TENANT,
        NATIVE,
        &[
            "Group.Read.All",
            "GroupMember.Read.All",
            "Group.ReadWrite.All",
            "Directory.Read.All",
            "Directory.ReadWrite.All",
        ],
    );
    let all: Vec<&str> = vec!["Group.Read.All"];
    let before = fixture.get(&fixture.ann().await, "/groups").await.status;
    fixture.fake.grant_consent(TENANT, NATIVE, &all);
    assert!(before == 403 || before == 200);
    assert_eq!(fixture.get(&fixture.ann().await, "/groups").await.status, 200);
}

#[tokio::test]
async fn every_plain_list_and_single_object_of_a_user_is_served() {
    let fixture = Fixture::with(|t| t.users[0].roles = ["Reports Reader".to_owned()].into()).await;
    let ann = fixture.ann().await;
    for route in &FACTS.routes {
        let plain = matches!(route.kind, Kind::Collection | Kind::Entity | Kind::Property);
        let personal = route.template.strip_prefix("/users/{}").filter(|rest| !rest.contains("{}"));
        let Some(rest) = personal.filter(|_| plain && route.methods.contains_key("GET")) else { continue };
        if rest.contains('(')
            || rest.ends_with("calendarView")
            || route.methods["GET"].me.is_none_or(|s| FACTS.set(s).is_empty())
        {
            continue;
        }
        let answer = fixture.get(&ann, &format!("/me{rest}")).await;
        assert!(matches!(answer.status, 200 | 204 | 404), "{rest}: {} {}", answer.status, answer.body);
    }
}
