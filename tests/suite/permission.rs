//! A permission that is missing, a mailbox or a drive that is not there: learnt from once, and left out.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use e5_evergreen::domain::catalogue;
use fake_tenant::{App, Fault, FaultAction, Tenant, User, When};
use serde_json::{Value, json};

use crate::support::world::{APP, READS, TENANT, World, app_only, password, under, user, writes};

/// All of the plain reads in every run, once an hour.
fn all_reads() -> Value {
    json!({"operations": {"include": READS}, "writes": false, "calls_per_run": {"min": 14, "max": 14},
        "interval_seconds": {"min": 3600, "max": 3600}})
}

async fn operations(world: &World) -> BTreeSet<String> {
    world.last_run("a").await.calls.into_iter().map(|call| call.operation).collect()
}

fn wrote(operations: &BTreeSet<String>) -> bool {
    operations.iter().any(|id| catalogue::find(id).unwrap().writes())
}

async fn set_aside(world: &World) -> BTreeSet<String> {
    world.act("show", "a").await["set_aside"].as_object().unwrap().keys().cloned().collect()
}

#[tokio::test]
async fn an_operation_that_answers_403_is_left_out_for_seven_days_and_no_longer() {
    for code in ["Authorization_RequestDenied", "accessDenied"] {
        let world = World::new().await;
        world.put("a", &under(app_only(0), all_reads()));
        world.begin().await;
        let denied = FaultAction::Error { status: 403, code: code.to_owned(), message: "no".to_owned() };
        world.tenant.inject(Fault::item("GET", "*/drive/root", When::First(1), denied));
        let report = world.tick().await;
        assert_eq!((report["succeeded"].as_u64(), report["calls_failed"].as_u64()), (Some(1), Some(1)));
        assert_eq!(set_aside(&world).await, BTreeSet::from(["drive.root".to_owned()]));

        let end = world.now() + TimeDelta::days(7);
        world.next_round("a").await;
        let drawn = operations(&world).await;
        assert!(!drawn.contains("drive.root") && drawn.len() == READS.len() - 1, "{drawn:?}");
        world.clock.set(end - TimeDelta::seconds(1));
        world.tick().await;
        assert!(!operations(&world).await.contains("drive.root"));
        world.clock.set(end + TimeDelta::hours(1));
        world.tick().await;
        assert!(operations(&world).await.contains("drive.root"));
        assert!(set_aside(&world).await.is_empty());
    }
}

#[tokio::test]
async fn a_token_that_hides_its_permissions_is_learnt_about_from_refusals() {
    let mut world = World::new().await;
    // The refusals are the point here.
    world.forgive();
    world.tenant.change_app(TENANT, APP, |app| {
        app.opaque_tokens = true;
        app.roles = ["Files.Read.All".to_owned(), "User.Read.All".to_owned()].into();
    });
    world.put("a", &under(app_only(0), all_reads()));
    world.begin().await;
    let report = world.tick().await;
    let failed = report["calls_failed"].as_u64().unwrap();
    assert!(report["succeeded"] == 1 && failed >= 5, "{report}");
    let aside = set_aside(&world).await;
    assert_eq!(aside.len() as u64, failed);
    for _ in 0..3 {
        let report = world.next_round("a").await;
        assert_eq!(report["calls_failed"], 0, "{report}");
        assert!(operations(&world).await.is_disjoint(&aside));
    }
    assert_eq!(world.status("a").await, "active");
}

#[tokio::test]
async fn what_the_token_does_not_grant_is_never_asked_for() {
    let world = World::new().await;
    world.tenant.change_app(TENANT, APP, |app| app.roles = ["Files.Read.All".to_owned()].into());
    world.put("a", &under(app_only(0), all_reads()));
    world.begin().await;
    assert_eq!(world.tick().await["calls_failed"], 0);
    let drawn = operations(&world).await;
    assert!(!drawn.is_empty() && drawn.iter().all(|id| id.starts_with("drive")), "{drawn:?}");
}

#[tokio::test]
async fn consent_that_is_taken_away_is_noticed_with_the_next_token() {
    let world = World::new().await;
    world.put("a", &under(app_only(0), all_reads()));
    world.begin().await;
    world.tick().await;
    world.tenant.revoke_consent(
        TENANT,
        APP,
        &["Sites.Read.All", "Sites.ReadWrite.All", "Sites.FullControl.All", "Sites.Manage.All"],
    );
    world.next_round("a").await;
    world.next_round("a").await;
    assert!(!operations(&world).await.contains("sites.root"));
}

#[tokio::test]
async fn a_user_without_a_mailbox_is_not_asked_for_mail_again() {
    for secret in [app_only(0), password(0)] {
        let world = World::new().await;
        world.tenant.change_user(TENANT, &user(0), |user| user.mailbox = false);
        world.put("a", &under(secret, all_reads()));
        world.begin().await;
        let report = world.tick().await;
        assert!(report["succeeded"] == 1 && report["calls_failed"].as_u64() > Some(0), "{report}");
        for _ in 0..2 {
            let report = world.next_round("a").await;
            assert_eq!((report["succeeded"].as_u64(), report["calls_failed"].as_u64()), (Some(1), Some(0)), "{report}");
            let drawn = operations(&world).await;
            assert!(!drawn.iter().any(|id| id.starts_with("mail") || id.starts_with("contact")), "{drawn:?}");
            assert!(drawn.contains("drive.root"));
        }
    }
}

#[tokio::test]
async fn a_user_without_onedrive_is_not_asked_for_files_for_a_day() {
    let (tenant, domain) = ("1a2b3c4d-8a54-4c7e-9b51-2f6f3f1f7a11", "fabrikam.onmicrosoft.com");
    let mut lee = User::new(&format!("lee@{domain}"), "x");
    lee.drive = false;
    let world = World::new().await;
    world.tenant.add_tenant(Tenant::new(tenant, domain).with_user(lee.clone()).with_app(App::confidential(APP, "s")));
    let secret = json!({"tenant_id": tenant, "client_id": APP, "client_secret": "s", "user_id": lee.upn});
    world.put("a", &under(secret, all_reads()));
    world.begin().await;
    let first = world.now();
    let report = world.tick().await;
    assert!(report["succeeded"] == 1 && report["calls_failed"].as_u64() > Some(0), "{report}");
    assert_eq!(world.next_round("a").await["calls_failed"], 0);
    assert!(!operations(&world).await.iter().any(|id| id.starts_with("drive")));
    world.clock.set(first + TimeDelta::hours(25));
    world.tick().await;
    assert!(operations(&world).await.iter().any(|id| id.starts_with("drive")), "it may have one by now");
}

#[tokio::test]
async fn a_full_mailbox_or_drive_is_not_written_to_for_a_day() {
    let world = World::new().await;
    let mut policy = writes(12);
    policy["interval_seconds"] = json!({"min": 3600, "max": 3600});
    world.put("a", &under(password(0), policy));
    world.begin().await;
    let before = world.snapshot();
    let full = FaultAction::Error { status: 507, code: "quotaLimitReached".to_owned(), message: "full".to_owned() };
    world.tenant.inject(Fault::item("POST", "*", When::First(1), full));
    let first = world.now();
    world.tick().await;
    assert!(set_aside(&world).await.contains("writes"));
    world.assert_as_before(&before);
    world.forget();
    assert_eq!(world.next_round("a").await["succeeded"], 1);
    assert!(!wrote(&operations(&world).await), "only reads for a day");
    world.clock.set(first + TimeDelta::hours(26));
    world.tick().await;
    assert!(wrote(&operations(&world).await));
    world.assert_as_before(&before);
}

#[tokio::test]
async fn where_every_call_is_forbidden_the_account_is_wrongly_configured() {
    let world = World::new().await;
    let mut policy = all_reads();
    policy["pause_after"] = json!(1);
    world.put("a", &under(app_only(0), policy));
    world.begin().await;
    let denied = FaultAction::Error { status: 403, code: "accessDenied".to_owned(), message: "no".to_owned() };
    world.tenant.inject(Fault::item("GET", "*", When::Always, denied));
    assert_eq!(world.tick().await["paused"], 1);
    assert!(world.attribute("a", "pause_cause").await.unwrap().starts_with("forbidden: "));
}
