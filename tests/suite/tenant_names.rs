//! One tenant under several names: by its id, by its domain, in other letters, it is throttled as one.

use fake_tenant::{Fault, FaultAction, When};
use serde_json::{Value, json};

use crate::support::test_app::{DOMAIN, TENANT, TestApp, TestAppOptions, app_only, with_policy};

fn reads() -> Value {
    json!({"operations": {"include": ["drive.root", "users.list"]}, "writes": false,
        "calls_per_run": {"min": 2, "max": 2}})
}

fn named(tenant: &str, number: usize) -> Value {
    let mut secret = app_only(number);
    secret["tenant_id"] = json!(tenant);
    with_policy(secret, reads())
}

#[tokio::test]
async fn a_wait_that_one_account_is_asked_for_holds_back_every_account_of_the_tenant_however_it_is_named() {
    let app = TestApp::with(TestAppOptions { concurrency: 1, ..TestAppOptions::default() }).await;
    for (account, tenant, number) in [("a", TENANT, 0), ("b", DOMAIN, 1), ("c", &DOMAIN.to_uppercase(), 2)] {
        app.put(account, &named(tenant, number));
    }
    app.begin().await;
    app.tenant
        .inject(Fault::http(When::First(1), FaultAction::Status429 { retry_after: Some(9000), applied_anyway: false }));
    let report = app.tick().await;
    assert_eq!((report["due"].as_u64(), report["failed"].as_u64()), (Some(3), Some(3)), "{report}");
    assert_eq!(app.batches().len(), 1);
    for account in ["a", "b", "c"] {
        assert_eq!(app.last_run(account).await.outcome, "throttled", "{account}");
        assert!(app.wait(account).await > 9000 - 5, "{account}");
    }
}
