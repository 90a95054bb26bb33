//! Each fault, and what it opens.

use serde_json::json;

use super::fixture::{APP, SCOPE, Stage, TENANT};
use crate::state::fault::{Act, Fault, When};

fn credentials() -> [(&'static str, &'static str); 4] {
    [("grant_type", "client_credentials"), ("client_id", APP), ("client_secret", "s3cret"), ("scope", SCOPE)]
}

#[tokio::test]
async fn a_retry_after_closes_the_tenant_until_it_is_over() {
    let stage = Stage::new().await;
    let app = stage.app().await;
    stage.fake.inject(Fault::http(When::First(1), Act::Status429 { retry_after: Some(30), applied_anyway: false }));
    let first = stage.get(&app, "/users").await;
    assert_eq!((first.status, first.header("retry-after")), (429, "30"));
    stage.behaved();
    stage.clock.turn(29);
    assert_eq!(stage.get(&app, "/groups").await.header("retry-after"), "1");
    assert_eq!(stage.fake.violations().len(), 1);
    stage.clock.turn(1);
    assert_eq!(stage.get(&app, "/users").await.status, 200);
}

#[tokio::test]
async fn a_third_sending_within_a_throttle_is_a_violation() {
    let stage = Stage::new().await;
    let ann = stage.ann().await;
    stage.fake.inject(Fault::item(
        "GET",
        "/me",
        When::Always,
        Act::Status429 { retry_after: None, applied_anyway: false },
    ));
    let requests = json!([{"id": "1", "method": "GET", "url": "/me"}]);
    stage.batch(&ann, requests.clone()).await;
    stage.batch(&ann, requests.clone()).await;
    stage.behaved();
    stage.batch(&ann, requests).await;
    assert!(stage.fake.violations()[0].contains("more than twice"));
}

#[tokio::test]
async fn an_item_can_be_throttled_although_it_was_applied() {
    let stage = Stage::new().await;
    let ann = stage.ann().await;
    stage.fake.inject(Fault::item(
        "POST",
        "*/lists",
        When::Nth(1),
        Act::Status429 { retry_after: Some(5), applied_anyway: true },
    ));
    let create = json!([{"id": "1", "method": "POST", "url": "/me/todo/lists", "headers": {"Content-Type": "application/json"}, "body": {"displayName": "Evergreen x"}}]);
    let answer = stage.batch(&ann, create).await;
    assert_eq!((&answer.of("1")["status"], &answer.of("1")["headers"]["Retry-After"]), (&json!(429), &json!("5")));
    let recorded = stage.fake.requests();
    assert!(recorded.last().is_some_and(|r| r.items[0].executed && r.items[0].status == 429));
    stage.clock.turn(5);
    assert_eq!(stage.get(&ann, "/me/todo/lists").await.values().len(), 2);
}

#[tokio::test]
async fn servers_fail_with_or_without_a_hint() {
    let stage = Stage::new().await;
    let app = stage.app().await;
    stage
        .fake
        .inject(Fault::http(When::First(1), Act::Status { status: 503, retry_after: Some(9), applied_anyway: false }));
    stage
        .fake
        .inject(Fault::http(When::First(2), Act::Status { status: 504, retry_after: None, applied_anyway: false }));
    let first = stage.get(&app, "/users").await;
    assert_eq!((first.status, first.header("retry-after")), (503, "9"));
    stage.clock.turn(9);
    assert_eq!(stage.get(&app, "/users").await.status, 504);
    stage.fake.clear_faults();
    assert_eq!(stage.get(&app, "/users").await.status, 200);
}

#[tokio::test]
async fn a_reset_gives_no_answer_before_or_after_the_request_took_effect() {
    let stage = Stage::new().await;
    let ann = stage.ann().await;
    let body = || Some(json!({"displayName": "Evergreen x"}));
    for (after, expected) in [(false, 1), (true, 2)] {
        stage.fake.inject(Fault::http(When::Nth(1), Act::Reset { after }));
        assert!(stage.try_send(&ann, "POST", "/me/todo/lists", body()).await.is_err());
        stage.fake.clear_faults();
        assert_eq!(stage.get(&ann, "/me/todo/lists").await.values().len(), expected);
    }
    assert!(stage.fake.requests().iter().any(|r| r.status.is_none()));
}

#[tokio::test]
async fn a_hanging_server_never_answers() {
    let stage = Stage::new().await;
    let app = stage.app().await;
    stage.fake.inject(Fault::http(When::Nth(1), Act::Hang { after: true }));
    let answer = stage.try_send(&app, "GET", "/users", None);
    let silent = async {
        while stage.fake.requests().len() < 2 {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        _ = answer => panic!("it answered"),
        () = silent => {}
    }
}

#[tokio::test]
async fn a_body_can_end_too_early_or_be_no_json() {
    let stage = Stage::new().await;
    let app = stage.app().await;
    stage.fake.inject(Fault::http(When::Nth(1), Act::Truncated));
    stage.fake.inject(Fault::http(When::Nth(1), Act::Html));
    let failure = stage.try_send(&app, "GET", "/users", None).await.err().expect("a broken body");
    assert!(failure.is_body() || failure.is_decode(), "{failure:?}");
    let answer = stage.get(&app, "/users").await;
    assert!(answer.status == 200 && answer.body.is_string());
}

#[tokio::test]
async fn tokens_expire_by_the_clock_by_force_and_by_fault() {
    let stage = Stage::new().await;
    let app = stage.app().await;
    stage.fake.inject(Fault::http(When::Nth(1), Act::TokenExpired));
    assert_eq!(stage.get(&app, "/users").await.code(), "InvalidAuthenticationToken");
    assert_eq!(stage.get(&app, "/users").await.status, 200);
    stage.fake.expire_access_tokens();
    assert_eq!(stage.get(&app, "/users").await.status, 401);
    let fresh = stage.app().await;
    stage.clock.turn(3599);
    assert_eq!(
        stage.get(&fresh, "/users").await.body["error"]["message"],
        "Lifetime validation failed, the token is expired."
    );
}

#[tokio::test]
async fn the_login_service_fails_in_its_own_ways() {
    let stage = Stage::new().await;
    stage.fake.inject(Fault::login(When::Nth(1), Act::Aadsts(90033)).of_tenant(TENANT));
    let answer = stage.ask(&credentials()).await;
    assert_eq!(
        (answer.status, answer.aadsts(), answer.body["error"].as_str()),
        (503, 90033, Some("temporarily_unavailable"))
    );
    stage.fake.inject(Fault::login(When::Nth(1), Act::Status429 { retry_after: Some(4), applied_anyway: false }));
    assert_eq!(stage.ask(&credentials()).await.header("retry-after"), "4");
    stage.behaved();
    assert_eq!(stage.ask(&credentials()).await.status, 429);
    assert_eq!(stage.fake.violations().len(), 1);
    stage.clock.turn(4);
    assert_eq!(stage.ask(&credentials()).await.status, 200);
}

#[tokio::test]
async fn chance_is_by_the_seed() {
    let run = async || {
        let stage = Stage::new().await;
        let app = stage.app().await;
        stage.fake.inject(Fault::http(
            When::Chance(0.5),
            Act::Status { status: 500, retry_after: None, applied_anyway: false },
        ));
        let mut seen = Vec::new();
        for _ in 0..20 {
            seen.push(stage.get(&app, "/users").await.status);
        }
        seen
    };
    let first = run().await;
    assert!(first.contains(&200) && first.contains(&500));
    assert_eq!(first, run().await);
}

#[tokio::test]
async fn a_mailbox_counts_requests_over_all_connections() {
    let stage = Stage::new().await;
    let ann = stage.ann().await;
    stage.fake.inject(Fault::http(When::Always, Act::Slow(std::time::Duration::from_secs(1))));
    let all = futures_util::future::join_all((0..5).map(|_| stage.get(&ann, "/me/messages?$top=1"))).await;
    assert_eq!(all.iter().filter(|a| a.code() == "ApplicationThrottled").count(), 1);
    assert_eq!(stage.fake.violations().len(), 1);
    assert_eq!(stage.get(&ann, "/me/messages?$top=1").await.status, 200);
}
