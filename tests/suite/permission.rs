//! Missing permissions, mailboxes and drives: learnt from one refusal, and set aside.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use e5_evergreen::domain::catalogue;
use fake_tenant::{App, Fault, FaultAction, Tenant, User, When};
use serde_json::{Value, json};

use crate::support::test_app::{APP, READS, TENANT, TestApp, app_only, password, user, with_policy, writes};

/// A policy that draws all of the plain reads in every run, once an hour.
fn all_reads() -> Value {
    json!({"operations": {"include": READS}, "writes": false, "calls_per_run": {"min": 14, "max": 14},
        "interval_seconds": {"min": 3600, "max": 3600}})
}

async fn operations(app: &TestApp) -> BTreeSet<String> {
    app.last_run("a").await.calls.into_iter().map(|call| call.operation).collect()
}

fn wrote(operations: &BTreeSet<String>) -> bool {
    operations.iter().any(|id| catalogue::find(id).unwrap().writes())
}

async fn set_aside(app: &TestApp) -> BTreeSet<String> {
    app.act("show", "a").await["set_aside"].as_object().unwrap().keys().cloned().collect()
}

#[tokio::test]
async fn operation_refused_with_403_is_set_aside_for_exactly_seven_days() {
    for code in ["Authorization_RequestDenied", "accessDenied"] {
        let app = TestApp::new().await;
        app.put("a", &with_policy(app_only(0), all_reads()));
        app.begin().await;
        let denied = FaultAction::Error { status: 403, code: code.to_owned(), message: "no".to_owned() };
        app.tenant.inject(Fault::item("GET", "*/drive/root", When::First(1), denied));
        let report = app.tick().await;
        assert_eq!((report["succeeded"].as_u64(), report["calls_failed"].as_u64()), (Some(1), Some(1)));
        assert_eq!(set_aside(&app).await, BTreeSet::from(["drive.root".to_owned()]));

        let end = app.now() + TimeDelta::days(7);
        app.next_round("a").await;
        let drawn = operations(&app).await;
        assert!(!drawn.contains("drive.root") && drawn.len() == READS.len() - 1, "{drawn:?}");
        app.clock.set(end - TimeDelta::seconds(1));
        app.tick().await;
        assert!(!operations(&app).await.contains("drive.root"));
        app.clock.set(end + TimeDelta::hours(1));
        app.tick().await;
        assert!(operations(&app).await.contains("drive.root"));
        assert!(set_aside(&app).await.is_empty());
    }
}

#[tokio::test]
async fn permissions_of_an_opaque_token_are_learnt_from_refusals() {
    let mut app = TestApp::new().await;
    // This test provokes refusals.
    app.allow_violations();
    app.tenant.change_app(TENANT, APP, |app| {
        app.opaque_tokens = true;
        app.roles = ["Files.Read.All".to_owned(), "User.Read.All".to_owned()].into();
    });
    app.put("a", &with_policy(app_only(0), all_reads()));
    app.begin().await;
    let report = app.tick().await;
    let failed = report["calls_failed"].as_u64().unwrap();
    assert!(report["succeeded"] == 1 && failed >= 5, "{report}");
    let aside = set_aside(&app).await;
    assert_eq!(aside.len() as u64, failed);
    for _ in 0..3 {
        let report = app.next_round("a").await;
        assert_eq!(report["calls_failed"], 0, "{report}");
        assert!(operations(&app).await.is_disjoint(&aside));
    }
    assert_eq!(app.status("a").await, "active");
}

#[tokio::test]
async fn operations_without_permission_are_never_called() {
    let app = TestApp::new().await;
    app.tenant.change_app(TENANT, APP, |app| app.roles = ["Files.Read.All".to_owned()].into());
    app.put("a", &with_policy(app_only(0), all_reads()));
    app.begin().await;
    assert_eq!(app.tick().await["calls_failed"], 0);
    let drawn = operations(&app).await;
    assert!(!drawn.is_empty() && drawn.iter().all(|id| id.starts_with("drive")), "{drawn:?}");
}

#[tokio::test]
async fn revoked_consent_takes_effect_with_the_next_token() {
    let app = TestApp::new().await;
    app.put("a", &with_policy(app_only(0), all_reads()));
    app.begin().await;
    app.tick().await;
    app.tenant.revoke_consent(
        TENANT,
        APP,
        &["Sites.Read.All", "Sites.ReadWrite.All", "Sites.FullControl.All", "Sites.Manage.All"],
    );
    app.next_round("a").await;
    app.next_round("a").await;
    assert!(!operations(&app).await.contains("sites.root"));
}

#[tokio::test]
async fn user_without_a_mailbox_gets_no_further_mail_calls() {
    for secret in [app_only(0), password(0)] {
        let app = TestApp::new().await;
        app.tenant.change_user(TENANT, &user(0), |user| user.mailbox = false);
        app.put("a", &with_policy(secret, all_reads()));
        app.begin().await;
        let report = app.tick().await;
        assert!(report["succeeded"] == 1 && report["calls_failed"].as_u64() > Some(0), "{report}");
        for _ in 0..2 {
            let report = app.next_round("a").await;
            assert_eq!((report["succeeded"].as_u64(), report["calls_failed"].as_u64()), (Some(1), Some(0)), "{report}");
            let drawn = operations(&app).await;
            assert!(!drawn.iter().any(|id| id.starts_with("mail") || id.starts_with("contact")), "{drawn:?}");
            assert!(drawn.contains("drive.root"));
        }
    }
}

#[tokio::test]
async fn user_without_onedrive_gets_no_file_calls_for_a_day() {
    let (tenant, domain) = ("1a2b3c4d-8a54-4c7e-9b51-2f6f3f1f7a11", "fabrikam.onmicrosoft.com");
    let mut lee = User::new(&format!("lee@{domain}"), "x");
    lee.drive = false;
    let app = TestApp::new().await;
    app.tenant.add_tenant(Tenant::new(tenant, domain).with_user(lee.clone()).with_app(App::confidential(APP, "s")));
    let secret = json!({"tenant_id": tenant, "client_id": APP, "client_secret": "s", "user_id": lee.upn});
    app.put("a", &with_policy(secret, all_reads()));
    app.begin().await;
    let first = app.now();
    let report = app.tick().await;
    assert!(report["succeeded"] == 1 && report["calls_failed"].as_u64() > Some(0), "{report}");
    assert_eq!(app.next_round("a").await["calls_failed"], 0);
    assert!(!operations(&app).await.iter().any(|id| id.starts_with("drive")));
    app.clock.set(first + TimeDelta::hours(25));
    app.tick().await;
    assert!(operations(&app).await.iter().any(|id| id.starts_with("drive")), "it may have been granted by now");
}

#[tokio::test]
async fn full_mailbox_or_drive_gets_no_writes_for_a_day() {
    let app = TestApp::new().await;
    let mut policy = writes(12);
    policy["interval_seconds"] = json!({"min": 3600, "max": 3600});
    app.put("a", &with_policy(password(0), policy));
    app.begin().await;
    let before = app.snapshot();
    let full = FaultAction::Error { status: 507, code: "quotaLimitReached".to_owned(), message: "full".to_owned() };
    app.tenant.inject(Fault::item("POST", "*", When::First(1), full));
    let first = app.now();
    app.tick().await;
    assert!(set_aside(&app).await.contains("writes"));
    app.assert_as_before(&before);
    app.forget();
    assert_eq!(app.next_round("a").await["succeeded"], 1);
    assert!(!wrote(&operations(&app).await), "only reads for a day");
    app.clock.set(first + TimeDelta::hours(26));
    app.tick().await;
    assert!(wrote(&operations(&app).await));
    app.assert_as_before(&before);
}

#[tokio::test]
async fn account_whose_every_call_is_forbidden_is_misconfigured() {
    let app = TestApp::new().await;
    let mut policy = all_reads();
    policy["pause_after"] = json!(1);
    app.put("a", &with_policy(app_only(0), policy));
    app.begin().await;
    let denied = FaultAction::Error { status: 403, code: "accessDenied".to_owned(), message: "no".to_owned() };
    app.tenant.inject(Fault::item("GET", "*", When::Always, denied));
    assert_eq!(app.tick().await["paused"], 1);
    assert!(app.attribute("a", "pause_cause").await.unwrap().starts_with("forbidden: "));
}
