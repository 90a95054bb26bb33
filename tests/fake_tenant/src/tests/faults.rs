//! Each fault, and its effect.

use serde_json::json;

use super::fixture::{APP, Fixture, SCOPE, TENANT};
use crate::state::fault::{Fault, FaultAction, When};

fn credentials() -> [(&'static str, &'static str); 4] {
    [("grant_type", "client_credentials"), ("client_id", APP), ("client_secret", "s3cret"), ("scope", SCOPE)]
}

#[tokio::test]
async fn a_retry_after_throttles_the_tenant_until_it_is_over() {
    let fixture = Fixture::new().await;
    let app = fixture.app().await;
    fixture
        .fake
        .inject(Fault::http(When::First(1), FaultAction::Status429 { retry_after: Some(30), applied_anyway: false }));
    let first = fixture.get(&app, "/users").await;
    assert_eq!((first.status, first.header("retry-after")), (429, "30"));
    fixture.behaved();
    fixture.clock.advance(29);
    assert_eq!(fixture.get(&app, "/groups").await.header("retry-after"), "1");
    assert_eq!(fixture.fake.violations().len(), 1);
    fixture.clock.advance(1);
    assert_eq!(fixture.get(&app, "/users").await.status, 200);
}

#[tokio::test]
async fn a_third_sending_within_a_throttle_is_a_violation() {
    let fixture = Fixture::new().await;
    let ann = fixture.ann().await;
    fixture.fake.inject(Fault::item(
        "GET",
        "/me",
        When::Always,
        FaultAction::Status429 { retry_after: None, applied_anyway: false },
    ));
    let requests = json!([{"id": "1", "method": "GET", "url": "/me"}]);
    fixture.batch(&ann, requests.clone()).await;
    fixture.batch(&ann, requests.clone()).await;
    fixture.behaved();
    fixture.batch(&ann, requests).await;
    assert!(fixture.fake.violations()[0].contains("more than twice"));
}

#[tokio::test]
async fn an_item_can_be_throttled_although_it_was_applied() {
    let fixture = Fixture::new().await;
    let ann = fixture.ann().await;
    fixture.fake.inject(Fault::item(
        "POST",
        "*/lists",
        When::Nth(1),
        FaultAction::Status429 { retry_after: Some(5), applied_anyway: true },
    ));
    let create = json!([{"id": "1", "method": "POST", "url": "/me/todo/lists", "headers": {"Content-Type": "application/json"}, "body": {"displayName": "Evergreen x"}}]);
    let answer = fixture.batch(&ann, create).await;
    assert_eq!((&answer.of("1")["status"], &answer.of("1")["headers"]["Retry-After"]), (&json!(429), &json!("5")));
    let recorded = fixture.fake.requests();
    assert!(recorded.last().is_some_and(|r| r.items[0].executed && r.items[0].status == 429));
    fixture.clock.advance(5);
    assert_eq!(fixture.get(&ann, "/me/todo/lists").await.values().len(), 2);
}

#[tokio::test]
async fn a_server_error_comes_with_or_without_a_retry_after() {
    let fixture = Fixture::new().await;
    let app = fixture.app().await;
    fixture.fake.inject(Fault::http(
        When::First(1),
        FaultAction::Status { status: 503, retry_after: Some(9), applied_anyway: false },
    ));
    fixture.fake.inject(Fault::http(
        When::First(2),
        FaultAction::Status { status: 504, retry_after: None, applied_anyway: false },
    ));
    let first = fixture.get(&app, "/users").await;
    assert_eq!((first.status, first.header("retry-after")), (503, "9"));
    fixture.clock.advance(9);
    assert_eq!(fixture.get(&app, "/users").await.status, 504);
    fixture.fake.clear_faults();
    assert_eq!(fixture.get(&app, "/users").await.status, 200);
}

#[tokio::test]
async fn a_reset_gives_no_answer_before_or_after_the_request_took_effect() {
    let fixture = Fixture::new().await;
    let ann = fixture.ann().await;
    let body = || Some(json!({"displayName": "Evergreen x"}));
    for (after, expected) in [(false, 1), (true, 2)] {
        fixture.fake.inject(Fault::http(When::Nth(1), FaultAction::Reset { after }));
        assert!(fixture.try_send(&ann, "POST", "/me/todo/lists", body()).await.is_err());
        fixture.fake.clear_faults();
        assert_eq!(fixture.get(&ann, "/me/todo/lists").await.values().len(), expected);
    }
    assert!(fixture.fake.requests().iter().any(|r| r.status.is_none()));
}

#[tokio::test]
async fn a_hanging_server_never_answers() {
    let fixture = Fixture::new().await;
    let app = fixture.app().await;
    fixture.fake.inject(Fault::http(When::Nth(1), FaultAction::Hang { after: true }));
    let answer = fixture.try_send(&app, "GET", "/users", None);
    let silent = async {
        while fixture.fake.requests().len() < 2 {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        _ = answer => panic!("it answered"),
        () = silent => {}
    }
}

#[tokio::test]
async fn a_body_can_be_truncated_or_html() {
    let fixture = Fixture::new().await;
    let app = fixture.app().await;
    fixture.fake.inject(Fault::http(When::Nth(1), FaultAction::Truncated));
    fixture.fake.inject(Fault::http(When::Nth(1), FaultAction::Html));
    let failure = fixture.try_send(&app, "GET", "/users", None).await.err().expect("a broken body");
    assert!(failure.is_body() || failure.is_decode(), "{failure:?}");
    let answer = fixture.get(&app, "/users").await;
    assert!(answer.status == 200 && answer.body.is_string());
}

#[tokio::test]
async fn tokens_expire_by_the_clock_on_demand_and_by_a_fault() {
    let fixture = Fixture::new().await;
    let app = fixture.app().await;
    fixture.fake.inject(Fault::http(When::Nth(1), FaultAction::TokenExpired));
    assert_eq!(fixture.get(&app, "/users").await.code(), "InvalidAuthenticationToken");
    assert_eq!(fixture.get(&app, "/users").await.status, 200);
    fixture.fake.expire_access_tokens();
    assert_eq!(fixture.get(&app, "/users").await.status, 401);
    let fresh = fixture.app().await;
    fixture.clock.advance(3599);
    assert_eq!(
        fixture.get(&fresh, "/users").await.body["error"]["message"],
        "Lifetime validation failed, the token is expired."
    );
}

#[tokio::test]
async fn the_login_service_has_its_own_errors_and_its_own_throttling() {
    let fixture = Fixture::new().await;
    fixture.fake.inject(Fault::login(When::Nth(1), FaultAction::Aadsts(90033)).of_tenant(TENANT));
    let answer = fixture.ask(&credentials()).await;
    assert_eq!(
        (answer.status, answer.aadsts(), answer.body["error"].as_str()),
        (503, 90033, Some("temporarily_unavailable"))
    );
    fixture
        .fake
        .inject(Fault::login(When::Nth(1), FaultAction::Status429 { retry_after: Some(4), applied_anyway: false }));
    assert_eq!(fixture.ask(&credentials()).await.header("retry-after"), "4");
    fixture.behaved();
    assert_eq!(fixture.ask(&credentials()).await.status, 429);
    assert_eq!(fixture.fake.violations().len(), 1);
    fixture.clock.advance(4);
    assert_eq!(fixture.ask(&credentials()).await.status, 200);
}

#[tokio::test]
async fn a_seed_gives_the_same_random_faults_again() {
    let run = async || {
        let fixture = Fixture::new().await;
        let app = fixture.app().await;
        fixture.fake.inject(Fault::http(
            When::Chance(0.5),
            FaultAction::Status { status: 500, retry_after: None, applied_anyway: false },
        ));
        let mut seen = Vec::new();
        for _ in 0..20 {
            seen.push(fixture.get(&app, "/users").await.status);
        }
        seen
    };
    let first = run().await;
    assert!(first.contains(&200) && first.contains(&500));
    assert_eq!(first, run().await);
}

#[tokio::test]
async fn a_mailbox_counts_requests_over_all_connections() {
    let fixture = Fixture::new().await;
    let ann = fixture.ann().await;
    fixture.fake.inject(Fault::http(When::Always, FaultAction::Slow(std::time::Duration::from_secs(1))));
    let all = futures_util::future::join_all((0..5).map(|_| fixture.get(&ann, "/me/messages?$top=1"))).await;
    assert_eq!(all.iter().filter(|a| a.code() == "ApplicationThrottled").count(), 1);
    assert_eq!(fixture.fake.violations().len(), 1);
    assert_eq!(fixture.get(&ann, "/me/messages?$top=1").await.status, 200);
}
