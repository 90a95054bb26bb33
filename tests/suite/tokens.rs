//! Tokens: one request where one is enough, and refresh tokens that are never lost.

use chrono::TimeDelta;
use fake_tenant::{Fault, FaultAction, When};
use serde_json::{Value, json};

use crate::support::{
    aws_json::{self, At},
    world::{APP, PUBLIC_APP, Setting, TENANT, World, app_only, password, reads, refresh_token, under},
};

const SECRET: &str = "evergreen/a";

/// Three reads, run often.
fn often(seconds: u32) -> Value {
    let mut policy = reads(3);
    policy["interval_seconds"] = json!({"min": seconds, "max": seconds});
    policy
}

/// Reads in at least two waves.
fn two_waves() -> Value {
    json!({"operations": {"include": ["drive.item.get"]}, "writes": false, "calls_per_run": {"min": 1, "max": 1}})
}

#[tokio::test]
async fn a_token_without_expires_in_works_and_is_not_kept_beyond_the_run() {
    for app in [APP, PUBLIC_APP] {
        let world = World::new().await;
        world.tenant.change_app(TENANT, app, |app| app.omit_expires_in = true);
        let secret = if app == APP { app_only(0) } else { password(0) };
        world.put("a", &under(secret, often(500)));
        world.sync().await;
        for run in 1..=3 {
            assert_eq!(world.next_round("a").await["succeeded"], 1);
            assert_eq!(world.token_requests().len(), run);
        }
    }
}

#[tokio::test]
async fn a_token_serves_all_runs_until_it_is_about_to_expire() {
    let world = World::new().await;
    world.put("a", &under(app_only(0), often(600)));
    world.sync().await;
    for _ in 0..6 {
        assert_eq!(world.next_round("a").await["succeeded"], 1);
    }
    assert_eq!(world.token_requests().len(), 1, "the sixth run comes 50 min after the first");
    world.next_round("a").await;
    assert_eq!(world.token_requests().len(), 2);
}

#[tokio::test]
async fn a_token_that_expires_on_the_way_is_replaced_once_and_the_run_goes_on() {
    for nth in [1, 2] {
        let world = World::new().await;
        world.put("a", &under(password(0), two_waves()));
        world.begin().await;
        world.tenant.inject(Fault::http(When::Nth(nth), FaultAction::TokenExpired));
        let report = world.tick().await;
        assert_eq!((report["calls_ok"].as_u64(), report["calls_failed"].as_u64()), (Some(2), Some(0)), "{report}");
        assert_eq!((world.token_requests().len(), world.batches().len()), (2, 3));
    }
}

#[tokio::test]
async fn a_warm_token_that_was_taken_back_is_replaced() {
    let world = World::new().await;
    world.put("a", &under(app_only(0), often(500)));
    world.begin().await;
    world.tick().await;
    world.tenant.expire_access_tokens();
    assert_eq!(world.next_round("a").await["calls_ok"], 3);
    assert_eq!(world.token_requests().len(), 2);
}

#[tokio::test]
async fn a_token_that_is_refused_twice_is_wrong_configuration() {
    let world = World::new().await;
    let mut policy = reads(3);
    policy["pause_after"] = json!(1);
    world.put("a", &under(app_only(0), policy));
    world.begin().await;
    world.tenant.inject(Fault::http(When::Always, FaultAction::TokenExpired));
    assert_eq!(world.tick().await["paused"], 1);
    assert_eq!((world.token_requests().len(), world.batches().len()), (2, 2));
    assert!(world.attribute("a", "pause_cause").await.unwrap().starts_with("InvalidAuthenticationToken: "));
}

#[tokio::test]
async fn a_changed_secret_gets_a_token_of_its_own_even_before_the_sync() {
    let world = World::new().await;
    world.put("a", &under(app_only(0), often(500)));
    world.begin().await;
    world.tick().await;
    world.put("a", &under(password(1), often(500)));
    assert_eq!(world.next_round("a").await["succeeded"], 1);
    let grants: Vec<_> = world.token_requests().into_iter().filter_map(|request| request.grant).collect();
    assert_eq!(grants, ["client_credentials", "password"]);
}

/// A simulated week of an account with a refresh token, every four hours.
async fn week(single_use: bool) -> World {
    let world = World::with(Setting { single_use_refresh_tokens: single_use, ..Setting::default() }).await;
    world.put("a", &under(refresh_token(&world, 0), often(14_400)));
    world.sync().await;
    let end = world.now() + TimeDelta::days(7);
    let mut written = vec![];
    while world.now() < end {
        let before = world.secrets.versions_written(SECRET);
        let report = world.next_round("a").await;
        assert_eq!(report["succeeded"], 1, "{report} {}", world.journal.text());
        if world.secrets.versions_written(SECRET) > before {
            written.push(world.now());
        }
    }
    let gaps: Vec<_> = written.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!((6..=8).contains(&written.len()), "{written:?}");
    assert!(gaps.iter().all(|gap| *gap >= TimeDelta::days(1)), "{gaps:?}");
    assert!(world.runs("a").await[0].started_at == written[0], "the first use writes the secret");
    world
}

#[tokio::test]
async fn over_a_week_the_secret_is_rewritten_at_first_use_and_then_at_most_once_a_day() {
    let world = week(false).await;
    assert_eq!(world.sync().await["unchanged"], 1, "what the house wrote itself is no change");
    assert_eq!(world.secrets.value(SECRET).unwrap()["policy"], often(14_400), "nothing else in the secret changed");
}

#[tokio::test]
async fn refresh_tokens_that_die_on_use_last_for_a_week_within_one_process() {
    let world = week(true).await;
    assert!(world.token_requests().iter().all(|request| request.status == Some(200)));
}

#[tokio::test]
async fn a_new_process_goes_on_with_the_token_that_was_stored() {
    let mut world = World::new().await;
    let secret = under(refresh_token(&world, 0), often(7200));
    world.put("a", &secret);
    world.sync().await;
    world.next_round("a").await;
    let stored = world.secrets.value(SECRET).unwrap();
    assert_ne!(stored["refresh_token"], secret["refresh_token"]);
    // The first one's end must not matter any more.
    world.restart();
    world.advance(TimeDelta::days(89));
    assert_eq!(world.next_round("a").await["succeeded"], 1);
    world.restart();
    world.advance(TimeDelta::days(89));
    assert_eq!(world.next_round("a").await["succeeded"], 1, "{}", world.journal.text());
}

#[tokio::test]
async fn the_users_own_change_of_the_secret_is_not_overwritten() {
    let world = World::new().await;
    world.put("a", &under(refresh_token(&world, 0), often(7200)));
    world.begin().await;
    let own = under(refresh_token(&world, 0), often(3600));
    // The user changes it after it was read and before it is written.
    let mut hold = world.secrets.hold("GetSecretValue", "", At::Request);
    let (report, ()) = tokio::join!(world.tick(), async {
        hold.reached().await;
        world.put("a", &own);
        hold.release();
    });
    assert_eq!(report["succeeded"], 1);
    assert_eq!(world.secrets.value(SECRET), Some(own.clone()));
    assert_eq!(world.journal.complaints(&["the secret changed meanwhile"]).len(), 1);
    // The next run goes by what the user wrote, and rotates that.
    assert_eq!(world.next_round("a").await["succeeded"], 1);
    let rotated = world.secrets.value(SECRET).unwrap();
    assert_ne!(rotated["refresh_token"], own["refresh_token"]);
    assert_eq!(rotated["policy"], own["policy"]);
}

#[tokio::test]
async fn a_write_that_fails_is_made_at_the_next_run_and_nothing_is_lost_meanwhile() {
    let world = World::with(Setting { single_use_refresh_tokens: true, ..Setting::default() }).await;
    world.put("a", &under(refresh_token(&world, 0), often(7200)));
    world.begin().await;
    world.secrets.fail_next(1, "PutSecretValue", aws_json::Fault::DENIED);
    assert_eq!(world.tick().await["succeeded"], 1);
    assert_eq!(world.secrets.versions_written(SECRET), 1);
    assert_eq!(world.journal.complaints(&["could not be written", "AccessDeniedException", "\"a\""]).len(), 1);
    assert_eq!(world.next_round("a").await["succeeded"], 1);
    assert_eq!(world.secrets.versions_written(SECRET), 2);
}

#[tokio::test]
async fn a_write_whose_answer_is_lost_makes_one_version() {
    let world = World::new().await;
    world.put("a", &under(refresh_token(&world, 0), often(7200)));
    world.begin().await;
    world.secrets.fail_next(2, "PutSecretValue", aws_json::Fault::AnswerLost);
    assert_eq!(world.tick().await["succeeded"], 1);
    assert_eq!(world.secrets.versions_written(SECRET), 2);
    assert_eq!(world.next_round("a").await["succeeded"], 1);
    assert_eq!(world.sync().await["unchanged"], 1);
}

#[tokio::test]
async fn a_write_that_happened_though_the_house_never_heard_is_used_and_no_change_of_the_user() {
    let world = World::new().await;
    world.put("a", &under(refresh_token(&world, 0), often(7200)));
    world.begin().await;
    world.secrets.fail_next(3, "PutSecretValue", aws_json::Fault::AnswerLost);
    assert_eq!(world.tick().await["succeeded"], 1);
    for _ in 0..3 {
        assert_eq!(world.next_round("a").await["succeeded"], 1);
    }
    assert!(world.secrets.versions_written(SECRET) <= 3);
}

#[tokio::test]
async fn a_dry_run_uses_up_a_refresh_token_but_loses_none() {
    let world = World::with(Setting { single_use_refresh_tokens: true, ..Setting::default() }).await;
    world.put("a", &under(refresh_token(&world, 0), often(7200)));
    world.begin().await;
    world.ask(json!({"action": "run", "account": "a", "dry_run": true})).await;
    assert_eq!(world.tick().await["succeeded"], 1);
}

#[tokio::test]
async fn what_the_tenant_grants_is_read_from_scopes_with_and_without_the_resource() {
    for full_uri in [false, true] {
        let world = World::new().await;
        world.tenant.change_app(TENANT, PUBLIC_APP, |app| {
            app.full_uri_scopes = full_uri;
            app.scopes = ["Files.Read".to_owned(), "User.Read".to_owned()].into();
        });
        world.put("a", &under(password(0), json!({"calls_per_run": {"min": 40, "max": 40}})));
        world.begin().await;
        let report = world.tick().await;
        assert_eq!((report["succeeded"].as_u64(), report["calls_failed"].as_u64()), (Some(1), Some(0)), "{report}");
        assert!(report["calls_ok"].as_u64() >= Some(5));
    }
}
