//! Watching: when subscription and credential end is asked once a day, remembered, measured and told.

use chrono::{DateTime, TimeDelta, Utc};
use fake_tenant::{Fault, FaultAction, When};
use serde_json::{Value, json};

use crate::support::world::{APP, TENANT, World, app_only, reads, under, writes};

/// What the account's subscription and its secret are asked for.
const SUBSCRIPTION: &str = "/directory/subscriptions";
const REGISTRATION: &str = "appId%20eq";

/// A run that draws one read, of a policy that would also draw what is watched.
fn one_read() -> Value {
    let rows = ["users.list", "subscriptions.commercial", "applications.list"];
    json!({"operations": {"include": rows}, "calls_per_run": {"min": 1, "max": 1}})
}

fn asked(world: &World, what: &str) -> usize {
    world.batches().iter().flat_map(|batch| &batch.items).filter(|item| item.url.contains(what)).count()
}

fn metric(world: &World, name: &str) -> Option<i64> {
    let lines = world.journal.all();
    let last = lines.iter().rev().find(|line| line.get("_aws").is_some()).unwrap();
    last.get(name).and_then(Value::as_i64)
}

fn subjects(world: &World) -> Vec<String> {
    let alerts = world.journal.of("alert");
    alerts.iter().map(|alert| alert["subject"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn the_first_run_of_a_day_asks_in_the_batch_that_it_sends_anyway() {
    let world = World::new().await;
    world.put("a", &under(app_only(0), one_read()));
    world.begin().await;
    world.tick().await;
    assert_eq!((world.batches().len(), asked(&world, REGISTRATION)), (1, 1));
    assert!(asked(&world, "nextLifecycleDateTime") == 1);
    let shown = world.act("show", "a").await;
    let renewal: DateTime<Utc> = shown["renewal_at"].as_str().unwrap().parse().unwrap();
    let credential: DateTime<Utc> = shown["credential_expires_at"].as_str().unwrap().parse().unwrap();
    assert_eq!(((renewal - world.now()).num_days(), (credential - world.now()).num_days()), (49, 179));
    assert_eq!(world.ask(json!({"action": "list"})).await["accounts"][0]["watched_at"], shown["watched_at"]);
    assert_eq!((metric(&world, "DaysToRenewal"), metric(&world, "CredentialDaysLeft")), (Some(49), Some(179)));

    let day = world.now().date_naive();
    world.forget();
    loop {
        world.advance_to_next_run("a").await;
        if world.now().date_naive() != day {
            break;
        }
        world.tick().await;
        assert_eq!(asked(&world, REGISTRATION), 0, "once a day");
        assert_eq!(
            metric(&world, "DaysToRenewal"),
            Some((renewal - world.now()).num_days()),
            "what is known still counts"
        );
    }
    world.tick().await;
    assert_eq!(asked(&world, REGISTRATION), 1, "and again the day after");
}

#[tokio::test]
async fn a_dry_run_shows_the_watching_and_calls_per_run_does_not_count_it() {
    let world = World::new().await;
    world.put("a", &under(app_only(0), one_read()));
    world.sync().await;
    let dry = json!({"action": "run", "account": "a", "dry_run": true, "seed": 7});
    let plan = world.ask(dry.clone()).await;
    let roles: Vec<_> = plan["plan"].as_array().unwrap().iter().map(|step| step["role"].as_str().unwrap()).collect();
    assert_eq!(roles, ["drawn", "watch", "watch"]);
    world.ask(json!({"action": "run", "account": "a", "seed": 7})).await;
    let watched = world.ask(dry).await;
    assert_eq!(watched["plan"].as_array().unwrap().len(), 1, "it was watched today");
    assert_eq!(watched["plan"][0], plan["plan"][0], "and the draw is the same");
}

#[tokio::test]
async fn what_the_policy_does_not_name_is_not_asked_and_measured_is_nothing() {
    let world = World::new().await;
    world.put("narrow", &under(app_only(0), reads(2)));
    world
        .put("without", &under(app_only(1), json!({"operations": {"exclude": ["subscriptions.*", "applications.*"]}})));
    world.begin().await;
    world.tick().await;
    assert_eq!(asked(&world, SUBSCRIPTION) + asked(&world, REGISTRATION), 0);
    assert_eq!((metric(&world, "DaysToRenewal"), metric(&world, "CredentialDaysLeft")), (None, None));
    assert_eq!(world.act("show", "narrow").await["renewal_at"], Value::Null);
}

#[tokio::test]
async fn a_refusal_sets_the_question_aside_and_what_is_throttled_is_asked_again_by_the_next_run() {
    let world = World::new().await;
    world.put("a", &under(app_only(0), one_read()));
    world.begin().await;
    let refusal =
        FaultAction::Error { status: 403, code: "Authorization_RequestDenied".to_owned(), message: String::new() };
    world.tenant.inject(Fault::item("GET", SUBSCRIPTION, When::Always, refusal));
    let down = FaultAction::Error { status: 503, code: "ServiceUnavailable".to_owned(), message: String::new() };
    world.tenant.inject(Fault::item("GET", "/applications", When::Always, down));
    world.tick().await;
    let shown = world.act("show", "a").await;
    assert!(shown["set_aside"].get("subscriptions.commercial").is_some(), "{shown:#}");
    assert_eq!((&shown["renewal_at"], &shown["credential_expires_at"]), (&Value::Null, &Value::Null));
    world.tenant.clear_faults();
    world.forget();
    world.advance(TimeDelta::days(1));
    world.tick().await;
    assert_eq!((asked(&world, "nextLifecycleDateTime"), asked(&world, REGISTRATION)), (0, 1));
}

#[tokio::test]
async fn each_threshold_is_told_of_once() {
    let world = World::new().await;
    world.put("a", &under(app_only(0), one_read()));
    world.begin().await;
    let mut told = Vec::new();
    for _ in 0..60 {
        world.tick().await;
        world.tick().await;
        for subject in subjects(&world) {
            told.push(subject.trim_start_matches("E5 Evergreen: a subscription ").to_owned());
        }
        world.journal.clear();
        world.advance(TimeDelta::days(1));
    }
    assert_eq!(told, ["ends in 29 days", "ends in 13 days", "ends in 6 days", "ends within a day", "has ended"]);
}

#[tokio::test]
async fn a_changed_secret_is_looked_at_anew_and_nothing_is_told_twice() {
    let world = World::new().await;
    world.put("a", &under(app_only(0), one_read()));
    world.begin().await;
    world.tick().await;
    world.advance(TimeDelta::days(25));
    world.tick().await;
    assert_eq!(subjects(&world).len(), 1);
    world.put(
        "a",
        &under(app_only(0), {
            let mut policy = one_read();
            policy["pause_after"] = json!(2);
            policy
        }),
    );
    world.sync().await;
    world.forget();
    world.next_round("a").await;
    assert_eq!((asked(&world, REGISTRATION), subjects(&world).len()), (1, 1));
}

#[tokio::test]
async fn a_certificate_knows_its_own_end_without_asking() {
    let world = World::new().await;
    let mut secret = app_only(0);
    let (certificate, key) = (include_str!("../fixtures/right.pem"), include_str!("../fixtures/right_key_pkcs8.pem"));
    secret.as_object_mut().unwrap().remove("client_secret");
    secret["certificate"] = json!(certificate);
    secret["private_key"] = json!(key);
    world.put("a", &under(secret, reads(1)));
    world.begin().await;
    world.tick().await;
    let end = world.act("show", "a").await["credential_expires_at"].as_str().unwrap().to_owned();
    assert!(end.ends_with('Z') && metric(&world, "CredentialDaysLeft").is_some(), "{end}");
    assert_eq!(asked(&world, REGISTRATION), 0);
}

#[tokio::test]
async fn the_metric_is_of_the_account_that_has_fewest_days() {
    let world = World::new().await;
    world.put("a", &under(app_only(0), one_read()));
    world.begin().await;
    world.tick().await;
    world.put("b", &under(app_only(1), one_read()));
    world.sync().await;
    let mut early = world.dynamo.get_item("a").await.unwrap();
    early["renewal_at"] = json!({"S": (world.now() + TimeDelta::days(20)).format("%FT%TZ").to_string()});
    world.dynamo.put_item(&early).await;
    world.all_due().await;
    assert_eq!(world.tick().await["days_to_renewal"], 19);
    assert_eq!((metric(&world, "DaysToRenewal"), metric(&world, "CredentialDaysLeft")), (Some(19), Some(179)));
}

#[tokio::test]
async fn an_account_that_is_paused_is_told_of_its_ends_all_the_same() {
    let world = World::new().await;
    let mut policy = one_read();
    policy["pause_after"] = json!(1);
    world.put("a", &under(app_only(0), policy));
    world.begin().await;
    world.tick().await;
    world.advance(TimeDelta::days(15));
    world.tick().await;
    world.tenant.expire_secret(TENANT, APP);
    world.advance(TimeDelta::days(10));
    let mut world = world;
    world.restart();
    world.tick().await;
    let subjects = subjects(&world);
    assert_eq!(subjects, ["E5 Evergreen: a paused", "E5 Evergreen: a subscription ends in 24 days"]);
}

#[tokio::test]
async fn watching_leaves_a_run_of_writes_as_clean_as_ever() {
    let world = World::new().await;
    let mut policy = writes(6);
    let rows = policy["operations"]["include"].as_array_mut().unwrap();
    rows.extend([json!("subscriptions.commercial"), json!("applications.list")]);
    world.put("a", &under(app_only(0), policy));
    world.begin().await;
    let before = world.snapshot();
    world.tick().await;
    assert!(world.act("show", "a").await["renewal_at"].is_string());
    world.assert_as_before(&before);
}
