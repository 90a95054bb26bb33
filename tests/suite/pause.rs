//! A pause: what is wrongly configured is set aside, probed gently, and comes back by itself.

use chrono::TimeDelta;
use e5_evergreen::local::fake_tenant::{Act, Fault, When};
use serde_json::{Value, json};

use crate::support::world::{
    APP, INTERVAL, PASSWORD, PUBLIC_APP, TENANT, World, app_only, password, reads, refresh_token, under, user,
};

fn mistyped() -> Value {
    let mut secret = under(app_only(0), reads(3));
    secret["client_secret"] = json!("mistyped");
    secret
}

/// A world whose one account was paused after three runs.
async fn paused() -> World {
    let world = World::new().await;
    world.put("a", &mistyped());
    world.sync().await;
    for run in 1..=3 {
        assert_eq!(world.status("a").await, "active", "before run {run}");
        world.next_round("a").await;
    }
    assert_eq!(world.status("a").await, "paused");
    world
}

#[tokio::test]
async fn a_wrong_secret_pauses_the_account_after_three_runs_and_says_why_and_what_to_do() {
    let world = paused().await;
    let told = world.attribute("a", "pause_cause").await.unwrap();
    assert!(told.starts_with("AADSTS7000215: ") && told.contains("Create a client secret"), "{told}");
    assert_eq!(world.act("show", "a").await["pause_cause"], told);
    assert_eq!(world.last_run("a").await.reason.as_deref(), Some(told.as_str()));
    assert_eq!((world.token_requests().len(), world.batches().len()), (3, 0));
    let reports: Vec<_> = world.journal.of("round").iter().map(|line| line["round"]["paused"].clone()).collect();
    assert_eq!(reports, [0, 0, 1]);
}

#[tokio::test]
async fn the_policy_says_after_how_many_runs() {
    for pause_after in [1, 5] {
        let world = World::new().await;
        let mut secret = mistyped();
        secret["policy"]["pause_after"] = json!(pause_after);
        world.put("a", &secret);
        world.sync().await;
        for run in 1..=pause_after {
            world.next_round("a").await;
            assert_eq!(world.status("a").await == "paused", run == pause_after, "{run} of {pause_after}");
        }
    }
}

#[tokio::test]
async fn a_paused_account_is_probed_by_one_token_request_after_6_h_12_h_then_daily_for_14_days() {
    let world = paused().await;
    let mut waits = Vec::new();
    while world.next_run("a").await.is_some() {
        waits.push(world.wait("a").await / 3600);
        world.advance_to_next_run("a").await;
        world.forget();
        let report = world.tick().await;
        assert_eq!((report["due"].as_u64(), report["paused"].as_u64()), (Some(1), Some(1)));
        assert_eq!((world.token_requests().len(), world.batches().len()), (1, 0));
        assert!(waits.len() < 30, "it is probed for ever");
    }
    assert_eq!(waits, [vec![6, 12], vec![24; 14]].concat());
    assert_eq!(world.status("a").await, "paused");
    world.advance(TimeDelta::days(60));
    assert_eq!(world.tick().await["due"], 0);
}

#[tokio::test]
async fn an_account_resumes_by_itself_when_its_login_works_again() {
    let world = paused().await;
    world.next_round("a").await;
    world.tenant.set_secret(TENANT, APP, "mistyped");
    world.forget();
    let report = world.next_round("a").await;
    assert_eq!(
        (report["resumed"].as_u64(), report["paused"].as_u64(), report["failed"].as_u64()),
        (Some(1), Some(0), Some(0))
    );
    assert_eq!((world.token_requests().len(), world.batches().len()), (1, 0), "a probe calls nothing");
    assert_eq!((world.status("a").await.as_str(), world.attribute("a", "pause_cause").await), ("active", None));
    assert!(INTERVAL.contains(&world.wait("a").await));
    assert_eq!(world.next_round("a").await["succeeded"], 1);
}

#[tokio::test]
async fn an_account_resumes_when_its_secret_changes() {
    let world = paused().await;
    world.put("a", &under(app_only(0), reads(3)));
    assert_eq!(world.sync().await["resumed"], json!(["a"]));
    assert_eq!(world.status("a").await, "active");
    assert!(world.wait("a").await <= 3600);
    assert_eq!(world.next_round("a").await["succeeded"], 1);
}

#[tokio::test]
async fn an_account_resumes_by_hand_and_is_due_at_once() {
    let world = paused().await;
    world.tenant.set_secret(TENANT, APP, "mistyped");
    assert_eq!(world.act("resume", "a").await["status"], "active");
    assert_eq!(world.tick().await["succeeded"], 1);
}

#[tokio::test]
async fn a_run_by_hand_calls_a_paused_account_in_earnest() {
    let world = paused().await;
    world.tenant.set_secret(TENANT, APP, "mistyped");
    let run = world.act("run", "a").await;
    assert_eq!(
        (run["outcome"].as_str(), run["calls_ok"].as_u64(), run["status"].as_str()),
        (Some("succeeded"), Some(3), Some("active"))
    );
}

/// What one kind of refusal makes of an account that is paused at once.
async fn class(world: &World, code: u32) -> (String, String) {
    world.tenant.clear_faults();
    world.tenant.inject(Fault::login(When::Always, Act::Aadsts(code)));
    world.act("resume", "a").await;
    assert_eq!(world.tick().await["failed"], 1, "{code}");
    (world.status("a").await, world.last_run("a").await.outcome)
}

#[tokio::test]
async fn every_code_of_the_login_service_pauses_or_does_not() {
    let world = World::new().await;
    world.put("a", &under(password(0), json!({"pause_after": 1})));
    world.begin().await;
    for code in [
        7_000_215, 7_000_222, 700_016, 7_000_112, 700_027, 7_000_218, 90_002, 900_023, 500_011, 1_002_012, 9_002_313,
        50_034, 50_126, 50_055, 50_056, 50_057, 50_076, 50_079, 50_158, 53_003, 530_003, 530_035, 65_001, 50_058,
        70_000, 70_008, 700_082, 50_173, 70_043,
    ] {
        assert_eq!(class(&world, code).await, ("paused".to_owned(), "misconfigured".to_owned()), "{code}");
        let cause = world.attribute("a", "pause_cause").await.unwrap();
        assert!(cause.starts_with(&format!("AADSTS{code}: ")) && cause.matches(". ").count() >= 1, "{cause}");
    }
    for code in [50_053, 50_196] {
        assert_eq!(class(&world, code).await, ("active".to_owned(), "long_backoff".to_owned()), "{code}");
        assert!(world.wait("a").await >= 86_400, "{code}");
    }
    for code in [90_033, 50_033, 90_006, 90_012, 90_024, 90_055, 90_090, 50_087] {
        assert_eq!(class(&world, code).await, ("active".to_owned(), "transient".to_owned()), "{code}");
    }
    assert_eq!(world.batches().len(), 0);
}

/// Runs an account that is paused at once, and gives back the code of its cause.
async fn cause(secret: Value, breaking: impl FnOnce(&World)) -> String {
    let world = World::new().await;
    world.put("a", &under(secret, json!({"pause_after": 1})));
    breaking(&world);
    world.begin().await;
    world.tick().await;
    let told = world.attribute("a", "pause_cause").await.unwrap_or_else(|| panic!("{}", world.journal.text()));
    told.split(':').next().unwrap().to_owned()
}

#[tokio::test]
async fn what_goes_wrong_at_the_tenant_is_named() {
    assert_eq!(cause(app_only(0), |world| world.tenant.expire_secret(TENANT, APP)).await, "AADSTS7000222");
    assert_eq!(cause(app_only(0), |world| world.tenant.set_app_enabled(TENANT, APP, false)).await, "AADSTS7000112");
    assert_eq!(cause(app_only(0), |world| world.tenant.remove_app(TENANT, APP)).await, "AADSTS700016");
    assert_eq!(cause(app_only(0), |world| world.tenant.revoke_all_consent(TENANT, APP)).await, "no_operation");
    assert_eq!(cause(password(0), |world| world.tenant.revoke_all_consent(TENANT, PUBLIC_APP)).await, "AADSTS65001");
    assert_eq!(cause(password(0), |world| world.tenant.disable_user(TENANT, &user(0))).await, "AADSTS50057");
    assert_eq!(cause(password(0), |world| world.tenant.set_password(TENANT, &user(0), "other")).await, "AADSTS50126");
    assert_eq!(cause(password(0), |world| world.tenant.set_mfa(TENANT, &user(0), Some(50076))).await, "AADSTS50076");
    assert_eq!(
        cause(password(0), |world| world.tenant.change_user(TENANT, &user(0), |user| user.password_expired = true))
            .await,
        "AADSTS50055"
    );
    let mut nobody = password(0);
    nobody["username"] = json!("nobody@contoso.onmicrosoft.com");
    assert_eq!(cause(nobody, |_| ()).await, "AADSTS50034");
    let mut nowhere = app_only(0);
    nowhere["tenant_id"] = json!("ffffffff-8a54-4c7e-9b51-2f6f3f1f7a10");
    assert_eq!(cause(nowhere, |_| ()).await, "AADSTS90002");
    let mut bare = app_only(0);
    bare["policy"] = json!({});
    bare.as_object_mut().unwrap().remove("client_secret");
    bare["username"] = json!(user(0));
    bare["password"] = json!(PASSWORD);
    bare.as_object_mut().unwrap().remove("user_id");
    assert_eq!(cause(bare, |_| ()).await, "AADSTS7000218", "a confidential app must prove itself");
}

#[tokio::test]
async fn a_refresh_token_that_was_revoked_or_has_expired_pauses_and_a_new_one_resumes() {
    for (expired, code) in [(false, "AADSTS50173"), (true, "AADSTS700082")] {
        let world = World::new().await;
        let mut policy = reads(2);
        policy["pause_after"] = json!(1);
        world.put("a", &under(refresh_token(&world, 0), policy.clone()));
        if expired {
            world.advance(TimeDelta::days(91));
        } else {
            world.tenant.revoke_refresh_tokens(TENANT, &user(0));
        }
        world.begin().await;
        world.tick().await;
        let cause = world.attribute("a", "pause_cause").await.unwrap();
        assert!(cause.starts_with(code) && cause.contains("Sign in again"), "{cause}");
        world.put("a", &under(refresh_token(&world, 0), policy));
        world.sync().await;
        assert_eq!(world.next_round("a").await["succeeded"], 1);
    }
}

#[tokio::test]
async fn a_passing_fault_between_wrong_runs_neither_pauses_nor_forgives() {
    let world = World::new().await;
    world.put("a", &mistyped());
    world.sync().await;
    for act in [None, Some(Act::Html), None, Some(Act::Reset { after: false })] {
        world.tenant.clear_faults();
        if let Some(act) = act {
            world.tenant.inject(Fault::login(When::Always, act));
        }
        world.next_round("a").await;
        assert_eq!(world.status("a").await, "active");
    }
    world.tenant.clear_faults();
    world.next_round("a").await;
    assert_eq!(world.status("a").await, "paused");
}

#[tokio::test]
async fn a_probe_that_meets_an_outage_is_made_again_and_does_not_count() {
    let world = paused().await;
    world.tenant.inject(Fault::login(When::First(1), Act::Html));
    for _ in 0..2 {
        assert_eq!(world.wait("a").await, 6 * 3600);
        world.next_round("a").await;
    }
    assert_eq!(world.wait("a").await, 12 * 3600);
}
