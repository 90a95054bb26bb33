//! `check`: what a person wants to know before it goes wrong.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::world::{
    APP, APP_SECRET, PASSWORD, PUBLIC_APP, TENANT, World, app_only, password, reads, refresh_token, under, user,
};

/// The verdict on something: whether it is good, and the sentence.
fn on(answer: &Value, about: &str) -> (Option<bool>, String) {
    let verdicts = answer["verdicts"].as_array().unwrap();
    let found = verdicts.iter().find(|verdict| verdict["about"] == about);
    let found = found.unwrap_or_else(|| panic!("{about}: {answer:#}"));
    (found["good"].as_bool(), found["verdict"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn everything_in_order_is_said_in_one_batch_that_changes_nothing() {
    let world = World::new().await;
    world.put("a", &app_only(0));
    world.sync().await;
    let before = world.snapshot();
    let answer = world.act("check", "a").await;
    for about in ["secret", "token", "permissions", "subscription", "app_credentials"] {
        assert_eq!(on(&answer, about).0, Some(true), "{about}: {answer:#}");
    }
    assert!(on(&answer, "subscription").1.contains("50 days"));
    assert!(on(&answer, "app_credentials").1.contains("180 days"));
    assert_eq!((&answer["never_drawn"], &answer["missing_permissions"]), (&json!([]), &json!([])));
    assert_eq!((world.token_requests().len(), world.batches().len()), (1, 1));
    assert!(!answer.to_string().contains(APP_SECRET));
    world.assert_as_before(&before);
}

#[tokio::test]
async fn a_token_that_is_not_had_says_why_and_what_to_do() {
    let world = World::new().await;
    world.put("a", &app_only(0));
    world.put("b", &json!({"tenant_id": TENANT}));
    world.sync().await;
    world.tenant.expire_secret(TENANT, APP);
    let (good, told) = on(&world.act("check", "a").await, "token");
    assert!(good == Some(false) && told.contains("AADSTS7000222") && told.contains("Create a client secret"), "{told}");
    let (good, told) = on(&world.act("check", "b").await, "secret");
    assert!(good == Some(false) && told.contains("evergreen/b") && told.contains("`client_id`"), "{told}");
    assert!(world.batches().is_empty());
}

#[tokio::test]
async fn what_will_never_be_drawn_is_named_and_what_may_not_be_looked_at_is_not() {
    let world = World::new().await;
    world.tenant.revoke_all_consent(TENANT, PUBLIC_APP);
    world.tenant.grant_consent(TENANT, PUBLIC_APP, &["User.Read"]);
    world.put("a", &under(refresh_token(&world, 0), json!({"operations": {"include": ["user.me.get", "users.list"]}})));
    world.sync().await;
    let answer = world.act("check", "a").await;
    assert_eq!(answer["never_drawn"], json!(["users.list"]));
    assert_eq!(answer["missing_permissions"], json!(["User.ReadBasic.All"]));
    assert!(on(&answer, "permissions").1.starts_with("1 of the policy's 2 operations"));
    for about in ["subscription", "app_credentials"] {
        let (good, told) = on(&answer, about);
        assert!(good.is_none() && told.starts_with("Not allowed to look"), "{told}");
    }
    let asked: Vec<_> = world.batches().into_iter().flat_map(|batch| batch.items).collect();
    assert!(asked.iter().all(|item| item.status == 200), "nothing is asked that would be refused: {asked:?}");
}

#[tokio::test]
async fn a_password_is_told_whether_security_defaults_will_break_it() {
    let world = World::new().await;
    world.put("a", &under(password(0), reads(1)));
    world.sync().await;
    let answer = world.act("check", "a").await;
    assert_eq!(on(&answer, "security_defaults").0, Some(true));
    assert!(!answer.to_string().contains(PASSWORD));
    world.tenant.set_mfa(TENANT, &user(0), Some(50076));
    let mut world = world;
    world.restart();
    let (good, told) = on(&world.act("check", "a").await, "token");
    assert!(good == Some(false) && told.contains("multi-factor"), "{told}");
}

#[tokio::test]
async fn what_ends_within_thirty_days_is_told_with_its_day_and_what_to_do() {
    let mut world = World::new().await;
    world.put("a", &app_only(0));
    world.sync().await;
    // The subscription has 50 days, the app's secret 180.
    for (days, about, well, told) in [
        (20, "subscription", true, "The subscription has 30 days left, until 2031-04-22."),
        (1, "subscription", false, "The subscription has 29 days left, until 2031-04-22: see the developer programme"),
        (0, "app_credentials", true, "The app's secret or certificate has 159 days left, until 2031-08-30."),
        (
            130,
            "app_credentials",
            false,
            "has 29 days left, until 2031-08-30: make a new one and put it into the secret",
        ),
        (30, "app_credentials", false, "ended on 2031-08-30: make a new one and put it into the secret"),
    ] {
        world.advance(TimeDelta::days(days));
        world.restart();
        let (good, verdict) = on(&world.act("check", "a").await, about);
        assert!(good == Some(well) && verdict.contains(told), "{verdict}");
    }
}
