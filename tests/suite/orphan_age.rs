//! Sweeps: they remove what is older than a lease, all of it, and nothing that a run under way has made.

use std::time::Duration;

use chrono::TimeDelta;
use e5_evergreen::domain::account::AccountId;
use e5_evergreen::domain::plan::Payload;
use e5_evergreen::domain::secret::SecretDocument;
use e5_evergreen::ports::{BatchItem, Caller};
use serde_json::{Value, json};

use crate::support::test_app::{TestApp, app_only, reads, user, with_policy, writes};

fn hourly(mut policy: Value) -> Value {
    policy["interval_seconds"] = json!({"min": 3600, "max": 3600});
    policy
}

async fn make_sweeps_due(app: &TestApp, account: &str) {
    let mut item = app.dynamo.get_item(account).await.unwrap();
    item["sweeps"] = json!({"N": "3"});
    app.dynamo.put_item(&item).await;
}

/// Makes contact folders of old generated names, as a crash would have left them.
async fn leave(app: &TestApp, count: usize) {
    let secret = SecretDocument::parse(&app_only(0).to_string().into()).unwrap();
    let secret = secret.account(&AccountId::parse("a").unwrap()).unwrap();
    let token = app.inner.tokens.request_token(&secret, None, Duration::from_secs(30)).await.unwrap();
    let caller = Caller { cloud: secret.cloud, access_token: &token.access_token, timeout: Duration::from_secs(30) };
    let item = |number: usize| BatchItem {
        id: number.to_string(),
        method: "POST",
        url: format!("/users/{}/contactFolders", user(0)),
        headers: &[],
        payload: Payload::Json(json!({"displayName": format!("Evergreen quiet harbour {number:08x}")})),
        depends_on: (!number.is_multiple_of(20)).then(|| (number - 1).to_string()),
    };
    for first in (0..count).step_by(20) {
        let items: Vec<BatchItem> = (first..count.min(first + 20)).map(item).collect();
        let replies = app.inner.graph.batch(&caller, &items).await.unwrap();
        assert!(replies.iter().all(|reply| reply.status == 201), "{replies:?}");
    }
}

#[tokio::test]
async fn a_sweep_finds_more_than_one_page_of_orphans() {
    let app = TestApp::new().await;
    app.put("a", &with_policy(app_only(0), hourly(reads(2))));
    app.begin().await;
    let before = app.snapshot();
    leave(&app, 220).await;
    assert!(app.snapshot() != before);
    make_sweeps_due(&app, "a").await;
    for _ in 0..3 {
        assert_eq!(app.next_round("a").await["succeeded"], 1);
    }
    app.assert_as_before(&before);
    assert_eq!(app.attribute("a", "sweeps").await, None, "every list has ended");
}

#[tokio::test]
async fn two_processes_that_act_for_one_user_do_not_remove_what_the_other_has_just_made() {
    for seed in 1..=4 {
        let mut app = TestApp::seeded(seed).await;
        let other = app.another_app();
        let mut by_id = app_only(0);
        by_id["user_id"] = json!(app.tenant.user_id(crate::support::test_app::TENANT, &user(0)));
        app.put("a", &with_policy(app_only(0), hourly(writes(30))));
        app.put("b", &with_policy(by_id, hourly(writes(30))));
        // Side by side they exceed the mailbox's limit of requests in flight, which is not the point here.
        app.allow_violations();
        app.begin().await;
        let before = app.snapshot();
        for _ in 0..2 {
            app.advance(TimeDelta::hours(1));
            make_sweeps_due(&app, "a").await;
            make_sweeps_due(&app, "b").await;
            let run = |account: &str| json!({"action": "run", "account": account});
            let deadline = app.now() + app.time;
            let (a, b) = tokio::join!(app.ask(run("a")), async { app.on(&other, &run("b"), deadline).await.unwrap() });
            for run in [a, b] {
                let missing = run["failures"].as_array().unwrap().iter().filter(|call| call["status"] == 404).count();
                assert_eq!(missing, 0, "seed {seed}: {run}");
            }
        }
        app.assert_as_before(&before);
    }
}
