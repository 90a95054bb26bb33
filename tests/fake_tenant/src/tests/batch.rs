//! The rules of `$batch`.

use serde_json::{Value, json};

use super::fixture::{ANN, BOB, Fixture, find};

fn me(id: &str) -> Value {
    json!({"id": id, "method": "GET", "url": "/me?$select=id"})
}

fn messages(id: &str, after: &[&str]) -> Value {
    json!({"id": id, "method": "GET", "url": "/me/messages?$top=1&$select=id", "dependsOn": after})
}

#[tokio::test]
async fn twenty_requests_are_a_batch_and_twenty_one_are_not() {
    let fixture = Fixture::new().await;
    let ann = fixture.ann().await;
    let many = |n: usize| Value::from((0..n).map(|i| me(&i.to_string())).collect::<Vec<_>>());
    let answer = fixture.batch(&ann, many(20)).await;
    assert_eq!(answer.body["responses"].as_array().map(Vec::len), Some(20));
    fixture.behaved();
    assert_eq!(fixture.batch(&ann, many(21)).await.status, 400);
    assert!(fixture.fake.violations()[0].contains("21"));
}

#[tokio::test]
async fn responses_come_in_another_order_with_their_ids() {
    let fixture = Fixture::new().await;
    let ann = fixture.ann().await;
    let all: Vec<Value> = (0..20).map(|i| me(&i.to_string())).collect();
    let answer = fixture.batch(&ann, all.into()).await;
    let ids: Vec<&str> =
        answer.body["responses"].as_array().expect("responses").iter().filter_map(|r| r["id"].as_str()).collect();
    assert_ne!(ids, (0..20).map(|i| i.to_string()).collect::<Vec<_>>());
    assert!(answer.of("3")["headers"]["request-id"].is_string());
}

#[tokio::test]
async fn a_malformed_batch_is_refused_as_a_whole() {
    let fixture = Fixture::new().await;
    let ann = fixture.ann().await;
    for requests in [
        json!([]),
        json!([me("1"), me("1")]),
        json!([me("")]),
        json!([{"id": 1, "method": "GET", "url": "/me"}]),
        json!([{"id": "1", "url": "/me"}]),
        json!([messages("1", &["2"])]),
        json!([messages("1", &["1"])]),
        json!([messages("1", &["2"]), messages("2", &["1"])]),
    ] {
        assert_eq!(fixture.batch(&ann, requests.clone()).await.status, 400, "{requests}");
    }
}

#[tokio::test]
async fn one_bad_item_is_refused_alone() {
    let fixture = Fixture::new().await;
    let ann = fixture.ann().await;
    let create = |id: &str, headers: Value, body: Value| json!({"id": id, "method": "POST", "url": "/me/todo/lists", "headers": headers, "body": body});
    let body = json!({"displayName": "Evergreen"});
    let answer = fixture
        .batch(
            &ann,
            json!([
                create("untyped", json!({}), body.clone()),
                create("string", json!({"Content-Type": "application/json"}), json!("eyJ9")),
                {"id": "absolute", "method": "GET", "url": "https://graph.microsoft.com/v1.0/me"},
                {"id": "versioned", "method": "GET", "url": "/v1.0/me"},
                {"id": "bare", "method": "GET", "url": "me"},
                create("good", json!({"content-type": "application/json"}), body),
            ]),
        )
        .await;
    for bad in ["untyped", "string", "absolute", "versioned", "bare"] {
        assert_eq!(answer.of(bad)["status"], 400, "{bad}");
    }
    assert_eq!(answer.of("good")["status"], 201);
}

#[tokio::test]
async fn a_binary_body_is_base64url() {
    let fixture = Fixture::new().await;
    let ann = fixture.ann().await;
    let page = |id: &str, body: &str| json!({"id": id, "method": "POST", "url": "/me/onenote/pages", "headers": {"Content-Type": "text/html"}, "body": body});
    let html = crate::wire::encoding::base64url(b"<html><head><title>Evergreen page</title></head></html>");
    let answer = fixture.batch(&ann, json!([page("coded", &html), page("plain", "<html></html>")])).await;
    assert_eq!(answer.of("coded")["body"]["title"], "Evergreen page");
    assert_eq!(answer.of("plain")["status"], 400);
}

#[tokio::test]
async fn a_request_that_depends_on_a_failed_one_fails() {
    let fixture = Fixture::new().await;
    let ann = fixture.ann().await;
    let gone = json!({"id": "1", "method": "GET", "url": "/me/messages/none"});
    let answer = fixture.batch(&ann, json!([gone, messages("2", &["1"]), messages("3", &["2"])])).await;
    assert_eq!(answer.of("1")["body"]["error"]["code"], "ErrorItemNotFound");
    assert_eq!((&answer.of("2")["status"], &answer.of("3")["status"]), (&json!(424), &json!(424)));
    let recorded = fixture.fake.requests();
    assert!(recorded.last().is_some_and(|r| r.items.iter().filter(|i| i.executed).count() == 1));
}

#[tokio::test]
async fn a_fifth_outlook_request_at_once_is_throttled_without_a_hint() {
    let fixture = Fixture::new().await;
    let ann = fixture.ann().await;
    let all: Vec<Value> = (0..5).map(|i| messages(&i.to_string(), &[])).collect();
    let answer = fixture.batch(&ann, all.into()).await;
    let refused: Vec<&Value> =
        answer.body["responses"].as_array().expect("responses").iter().filter(|r| r["status"] == 429).collect();
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0]["body"]["error"]["code"], "ApplicationThrottled");
    assert!(refused[0]["headers"].get("Retry-After").is_none());
    assert!(fixture.fake.violations()[0].contains("Outlook"));
}

#[tokio::test]
async fn outlook_requests_in_chains_of_four_are_served() {
    let fixture = Fixture::new().await;
    let ann = fixture.ann().await;
    let all = (0..12).map(|i: usize| match i.checked_sub(4) {
        Some(before) => messages(&i.to_string(), &[&before.to_string()]),
        None => messages(&i.to_string(), &[]),
    });
    let answer = fixture.batch(&ann, all.collect()).await;
    assert!(answer.body["responses"].as_array().expect("responses").iter().all(|r| r["status"] == 200));
    fixture.behaved();
}

#[tokio::test]
async fn a_download_inside_a_batch_is_a_redirect() {
    let fixture = Fixture::new().await;
    let ann = fixture.ann().await;
    let file = find(&fixture.get(&ann, "/me/drive/root/children").await, "name", "notes.txt");
    let answer = fixture
        .batch(&ann, json!([{"id": "1", "method": "GET", "url": format!("/me/drive/items/{file}/content")}]))
        .await;
    assert_eq!(answer.of("1")["status"], 302);
    assert!(answer.of("1")["headers"]["Location"].as_str().is_some_and(|l| l.contains("/_content/")));
}

#[tokio::test]
async fn an_older_graph_accepts_only_one_pattern_of_dependencies() {
    let fixture = Fixture::new().await;
    let ann = fixture.ann().await;
    fixture.fake.demand_one_dependency_pattern(true);
    let two_chains = json!([messages("1", &[]), messages("2", &[]), messages("3", &["1"]), messages("4", &["2"])]);
    assert_eq!(fixture.batch(&ann, two_chains).await.status, 400);
    assert_eq!(
        fixture.batch(&ann, json!([messages("1", &[]), messages("2", &["1"]), messages("3", &["2"])])).await.status,
        200
    );
}

#[tokio::test]
async fn a_full_batch_stays_within_the_mailbox_beside_other_mailboxes() {
    let fixture = Fixture::new().await;
    let app = fixture.app().await;
    let of = |user: &str, n: usize| json!({"id": format!("{user}{n}"), "method": "GET", "url": format!("/users/{user}/events?$top=1")});
    let all: Vec<Value> = [ANN, BOB].iter().flat_map(|u| (0..4).map(move |n| of(u, n))).collect();
    let answer = fixture.batch(&app, all.into()).await;
    assert!(answer.body["responses"].as_array().expect("responses").iter().all(|r| r["status"] == 200));
    fixture.behaved();
}
