//! Throttling: a tenant that asks to wait is waited for, by all its accounts, and is sent again only what it refused.

use chrono::TimeDelta;
use fake_tenant::{App, Fault, FaultAction, Recorded, Tenant, User, When};
use serde_json::{Value, json};

use crate::support::world::{APP, APP_SECRET, Setting, TENANT, World, app_only, password, reads, under, user};

const PLAIN: [&str; 5] = ["drive.children", "drive.get", "drive.root", "groups.list", "users.list"];

/// Five reads without Outlook, always the same.
fn plain() -> Value {
    json!({"operations": {"include": PLAIN}, "writes": false, "calls_per_run": {"min": 5, "max": 5}})
}

fn refused(retry_after: Option<i64>) -> FaultAction {
    FaultAction::Status429 { retry_after, applied_anyway: false }
}

fn unavailable(retry_after: Option<i64>) -> FaultAction {
    FaultAction::Status { status: 503, retry_after, applied_anyway: false }
}

fn drive_root(when: When, act: FaultAction) -> Fault {
    Fault::item("GET", "*/drive/root", when, act)
}

async fn one() -> World {
    let world = World::new().await;
    world.put("a", &under(app_only(0), plain()));
    world.begin().await;
    world
}

/// Seconds between the first and the second request, rounded down.
fn pause_between(batches: &[Recorded]) -> i64 {
    (batches[1].at - batches[0].at).num_seconds()
}

#[tokio::test]
async fn only_the_refused_item_is_sent_again_after_the_wait_and_all_is_well() {
    for act in [refused(Some(10)), unavailable(Some(10))] {
        let world = one().await;
        world.tenant.inject(drive_root(When::First(1), act));
        let report = world.tick().await;
        assert_eq!((report["calls_ok"].as_u64(), report["calls_throttled"].as_u64()), (Some(5), Some(0)));
        let batches = world.batches();
        assert_eq!(batches.iter().map(|batch| batch.items.len()).collect::<Vec<_>>(), [5, 1]);
        assert!(batches[1].items[0].url.contains("/drive/root"));
        assert!((10..=12).contains(&pause_between(&batches)));
    }
}

#[tokio::test]
async fn the_longest_wait_of_a_batch_counts() {
    let world = one().await;
    world.tenant.inject(drive_root(When::First(1), refused(Some(40))));
    world.tenant.inject(Fault::item("GET", "/groups", When::First(1), refused(Some(5))));
    assert_eq!(world.tick().await["calls_ok"], 5);
    let batches = world.batches();
    assert_eq!((batches.len(), batches[1].items.len()), (2, 2));
    assert!((40..=42).contains(&pause_between(&batches)));
}

#[tokio::test]
async fn an_item_that_is_refused_twice_is_given_up_and_the_account_rests_until_the_wait_is_over() {
    let world = one().await;
    world.tenant.inject(drive_root(When::Always, refused(Some(30))));
    let report = world.tick().await;
    let counts =
        ["succeeded", "calls_ok", "calls_failed", "calls_throttled"].map(|field| report[field].as_u64().unwrap());
    assert_eq!(counts, [1, 4, 0, 1]);
    let sent =
        world.batches().iter().flat_map(|batch| &batch.items).filter(|item| item.url.contains("/drive/root")).count();
    assert_eq!(sent, 3, "`drive.children` and twice `drive.root`");
    assert!(world.wait("a").await > 30);
}

#[tokio::test]
async fn a_batch_that_is_refused_as_a_whole_is_sent_once_more_after_the_wait() {
    for act in [refused(Some(90)), unavailable(Some(90))] {
        let world = one().await;
        world.tenant.inject(Fault::http(When::First(1), act));
        assert_eq!(world.tick().await["calls_ok"], 5);
        let batches = world.batches();
        assert_eq!(batches.len(), 2);
        assert!((90..=92).contains(&pause_between(&batches)));
    }
}

#[tokio::test]
async fn where_no_header_says_how_long_the_house_backs_off_by_itself() {
    for act in [refused(None), unavailable(None)] {
        let world = one().await;
        world.tenant.inject(Fault::http(When::First(1), act));
        assert_eq!(world.tick().await["calls_ok"], 5);
        let batches = world.batches();
        assert_eq!(batches.len(), 2);
        assert!((1..=20).contains(&pause_between(&batches)), "{}", pause_between(&batches));
    }
}

#[tokio::test]
async fn a_wait_that_does_not_fit_the_deadline_ends_the_run_as_throttled_and_no_run_comes_before_its_end() {
    let world = one().await;
    world.tenant.inject(Fault::http(When::First(1), refused(Some(20_000))));
    let report = world.tick().await;
    assert_eq!((report["failed"].as_u64(), report["calls_throttled"].as_u64()), (Some(1), Some(5)), "{report}");
    let run = world.last_run("a").await;
    assert_eq!(run.outcome, "throttled");
    assert_eq!(world.batches().len(), 1, "it is not sent again");
    assert!(world.wait("a").await > 20_000);
    assert_eq!(world.status("a").await, "active");
    assert_eq!(world.next_round("a").await["calls_ok"], 5);
}

#[tokio::test]
async fn accounts_of_one_tenant_are_throttled_together() {
    let world = World::with(Setting { concurrency: 1, ..Setting::default() }).await;
    for (account, number) in [("a", 0), ("b", 1)] {
        world.put(account, &under(app_only(number), plain()));
    }
    world.put("c", &under(password(2), plain()));
    world.begin().await;
    world.tenant.inject(Fault::http(When::First(1), refused(Some(9000))));
    let report = world.tick().await;
    assert_eq!((report["due"].as_u64(), report["failed"].as_u64()), (Some(3), Some(3)), "{report}");
    assert_eq!(world.batches().len(), 1);
    for account in ["a", "b", "c"] {
        assert_eq!(world.last_run(account).await.outcome, "throttled");
        assert!(world.wait(account).await > 9000 - 5);
    }
}

#[tokio::test]
async fn another_tenants_accounts_go_on() {
    let other = "1a2b3c4d-8a54-4c7e-9b51-2f6f3f1f7a11";
    let world = World::with(Setting { concurrency: 1, ..Setting::default() }).await;
    world.tenant.add_tenant(
        Tenant::new(other, "fabrikam.onmicrosoft.com")
            .with_user(User::new("lee@fabrikam.onmicrosoft.com", "x"))
            .with_app(App::confidential(APP, APP_SECRET)),
    );
    world.put("a", &under(app_only(0), plain()));
    let elsewhere = json!({"tenant_id": other, "client_id": APP, "client_secret": APP_SECRET,
        "user_id": "lee@fabrikam.onmicrosoft.com"});
    world.put("b", &under(elsewhere, plain()));
    world.begin().await;
    world.tenant.inject(Fault::http(When::Always, refused(Some(9000))).of_tenant(TENANT));
    let report = world.tick().await;
    assert_eq!((report["failed"].as_u64(), report["calls_ok"].as_u64()), (Some(1), Some(5)), "{report}");
}

#[tokio::test]
async fn the_login_service_is_left_alone_too_while_it_says_so() {
    let world = World::with(Setting { concurrency: 1, ..Setting::default() }).await;
    for (account, number) in [("a", 0), ("b", 1)] {
        world.put(account, &under(app_only(number), plain()));
    }
    world.begin().await;
    world.tenant.inject(Fault::login(When::First(1), refused(Some(9000))));
    assert_eq!(world.tick().await["failed"], 2);
    assert_eq!((world.token_requests().len(), world.batches().len()), (1, 0));
    for account in ["a", "b"] {
        assert_eq!(world.last_run(account).await.outcome, "throttled");
        assert!(world.wait(account).await > 9000);
    }
    world.all_due().await;
    assert_eq!(world.tick().await["succeeded"], 2);
}

#[tokio::test]
async fn a_refused_outlook_item_holds_only_its_own_lane_and_all_are_answered_in_the_end() {
    for seed in 1..=6 {
        let world = World::seeded(seed).await;
        let outlook = json!({"operations": {"include": ["mail.*", "contact.*", "contactFolder.*", "calendar.*", "event.*"]},
            "writes": false, "calls_per_run": {"min": 12, "max": 12}});
        world.put("a", &under(password(0), outlook));
        world.begin().await;
        world.tenant.inject(Fault::item("GET", "/me/*", When::Nth(2), refused(Some(7))));
        let report = world.tick().await;
        assert_eq!(
            (report["calls_failed"].as_u64(), report["calls_throttled"].as_u64()),
            (Some(0), Some(0)),
            "{report}"
        );
        let batches = world.batches();
        assert!(batches[1].items.iter().all(|again| batches[0].items.iter().any(|item| item.url == again.url)));
    }
}

#[tokio::test]
async fn a_write_that_was_refused_but_carried_out_all_the_same_is_not_left_behind() {
    for seed in 1..=4 {
        let world = World::seeded(seed).await;
        let mut policy = crate::support::world::writes(12);
        policy["interval_seconds"] = json!({"min": 3600, "max": 3600});
        world.put("a", &under(password(0), policy));
        world.begin().await;
        let before = world.snapshot();
        let twice = FaultAction::Status429 { retry_after: Some(3), applied_anyway: true };
        world.tenant.inject(Fault::item("POST", "*", When::First(3), twice));
        world.tick().await;
        world.tenant.clear_faults();
        for _ in 0..3 {
            assert_eq!(world.next_round("a").await["succeeded"], 1);
        }
        world.assert_as_before(&before);
    }
}

#[tokio::test]
async fn waiting_in_vain_leaves_nothing_in_the_users_name() {
    let world = World::new().await;
    world.put("a", &under(password(0), reads(4)));
    world.begin().await;
    let before = world.snapshot();
    world.tenant.inject(Fault::http(When::Always, refused(Some(60))));
    let report = world.tick().await;
    assert_eq!((report["failed"].as_u64(), report["calls_throttled"].as_u64()), (Some(1), Some(4)), "{report}");
    assert!(world.now() - world.last_run("a").await.started_at < TimeDelta::minutes(5), "within the deadline");
    assert_eq!(world.batches()[0].account.as_deref(), Some(user(0).as_str()));
    world.assert_as_before(&before);
}
