//! `set_policy` and the default policy: what an account's owner may change without touching JSON.

use std::sync::Arc;

use chrono::TimeDelta;
use e5_evergreen::handler::handle;
use serde_json::json;

use crate::support::aws_json::At;
use crate::support::world::{PREFIX, World, app_only, reads, under};

const DEFAULTS: &str = "evergreen/_defaults";

#[tokio::test]
async fn a_change_is_merged_into_the_secret_and_holds_from_the_next_run_on() {
    let world = World::new().await;
    world.put("a", &under(app_only(0), reads(3)));
    world.sync().await;
    let answer = world
        .ask(json!({"action": "set_policy", "account": "a", "policy": {
            "calls_per_run": {"min": 1, "max": 1}, "interval_seconds": {"min": 500, "max": 600}, "writes": null
        }}))
        .await;
    assert_eq!(answer["policy"]["calls_per_run"], json!({"min": 1, "max": 1}));
    let secret = world.secrets.value("evergreen/a").unwrap();
    assert_eq!(secret["client_secret"], app_only(0)["client_secret"]);
    assert_eq!(secret["policy"]["operations"], reads(3)["operations"]);
    assert!(secret["policy"].get("writes").is_none());
    assert!(world.wait("a").await <= 600, "the new interval holds at once");
    assert_eq!(world.sync().await["unchanged"], 1, "the account knows the new version");
    assert_eq!(world.next_round("a").await["calls_ok"], 1);
}

#[tokio::test]
async fn an_account_that_was_paused_for_its_policy_goes_on_when_that_is_widened() {
    let world = World::new().await;
    world.put("a", &under(app_only(0), json!({"operations": {"include": ["excel.*"]}, "pause_after": 1})));
    world.begin().await;
    world.tick().await;
    assert!(world.attribute("a", "pause_cause").await.unwrap().contains("widen the policy's operations"));
    let wider = json!({"operations": {"include": ["users.list"]}});
    world.ask(json!({"action": "set_policy", "account": "a", "policy": wider})).await;
    assert_eq!((world.status("a").await.as_str(), world.attribute("a", "pause_cause").await), ("active", None));
    assert_eq!(world.sync().await["unchanged"], 1);
    assert_eq!(world.next_round("a").await["succeeded"], 1);
}

#[tokio::test]
async fn a_field_that_cannot_be_is_named_and_nothing_is_written() {
    let world = World::new().await;
    world.put("a", &app_only(0));
    world.sync().await;
    for (policy, field) in [
        (json!({"pause_after": 11}), "`policy.pause_after`"),
        (json!({"interval_seconds": {"min": 20000, "max": 600}}), "`policy.interval_seconds.min`"),
        (json!({"colour": "MARKED"}), "`policy.colour`"),
        (json!({"timezone": "MARKED"}), "`policy.timezone`"),
    ] {
        let refusal = world.refusal(json!({"action": "set_policy", "account": "a", "policy": policy})).await;
        assert!(refusal.contains(field) && !refusal.contains("MARKED"), "{refusal}");
    }
    assert_eq!(world.secrets.versions_written("evergreen/a"), 1);
    let refusal = world.refusal(json!({"action": "set_policy", "account": "b", "policy": {"writes": false}})).await;
    assert!(refusal.contains("no account b"), "{refusal}");
}

#[tokio::test]
async fn a_change_that_races_with_the_owners_is_merged_into_it_and_neither_is_lost() {
    for writes in [1, 3] {
        let world = World::new().await;
        world.put("a", &under(app_only(0), reads(3)));
        world.sync().await;
        let app = Arc::clone(&world.app);
        let deadline = world.now() + TimeDelta::minutes(5);
        let event = json!({"action": "set_policy", "account": "a", "policy": {"pause_after": 7}});
        let mut holds: Vec<_> = vec![world.secrets.hold("GetSecretValue", "", At::Request)];
        let changing = tokio::spawn(world.journal.listen(async move { handle(&app, &event, deadline).await }));
        for write in 1..=writes {
            let mut hold = holds.pop().unwrap();
            hold.reached().await;
            let mut owners = under(app_only(0), reads(4));
            owners["policy"]["calls_per_run"]["max"] = json!(4 + write);
            world.put("a", &owners);
            if write < writes {
                holds.push(world.secrets.hold("GetSecretValue", "", At::Request));
            }
            hold.release();
        }
        let answer = changing.await.unwrap();
        let policy = world.secrets.value("evergreen/a").unwrap()["policy"].clone();
        assert_eq!(policy["calls_per_run"]["max"], 4 + writes, "the owner's change stands");
        if writes == 1 {
            assert_eq!(answer.unwrap()["policy"]["pause_after"], 7);
            assert_eq!(policy["pause_after"], 7);
        } else {
            let refusal = answer.unwrap_err().to_string();
            assert!(refusal.starts_with("the secret of account a keeps changing"), "{refusal}");
            assert_eq!(policy.get("pause_after"), None);
        }
    }
}

#[tokio::test]
async fn an_account_in_a_shared_secret_changes_alone_and_resumes_nobody_else() {
    let world = World::new().await;
    let mut wrong = under(app_only(1), json!({"pause_after": 1}));
    wrong["client_secret"] = json!("mistyped");
    world.secrets.put(&format!("{PREFIX}shared"), &json!({"accounts": {"a": app_only(0), "b": wrong}}));
    world.begin().await;
    world.tick().await;
    assert_eq!(world.status("b").await, "paused");
    world.ask(json!({"action": "set_policy", "account": "a", "policy": {"writes": false}})).await;
    let secret = world.secrets.value("evergreen/shared").unwrap();
    assert_eq!(secret["accounts"]["a"]["policy"], json!({"writes": false}));
    assert_eq!(secret["accounts"]["b"], wrong);
    assert_eq!(world.sync().await["unchanged"], 2);
    assert_eq!(world.status("b").await, "paused");
}

#[tokio::test]
async fn a_rotated_refresh_token_in_memory_outlives_a_change_of_policy() {
    let world = World::new().await;
    world.put("a", &under(crate::support::world::refresh_token(&world, 0), reads(1)));
    world.begin().await;
    world.tick().await;
    world.advance_to_next_run("a").await;
    world.tick().await;
    world.ask(json!({"action": "set_policy", "account": "a", "policy": {"pause_after": 4}})).await;
    assert_eq!(world.next_round("a").await["succeeded"], 1);
}

#[tokio::test]
async fn the_default_policy_stands_under_every_accounts_own() {
    let world = World::new().await;
    world.secrets.put(DEFAULTS, &reads(2));
    world.put("a", &app_only(0));
    world.put("b", &under(app_only(1), json!({"calls_per_run": {"min": 1, "max": 1}})));
    let report = world.sync().await;
    assert_eq!((&report["created"], &report["errors"]), (&json!(["a", "b"]), &json!([])));
    world.all_due().await;
    world.forget();
    assert_eq!(world.tick().await["calls_ok"], 3);
    assert_eq!(world.secrets.total_calls(), 1, "it comes with the accounts' own secrets");
    let shown = world.act("show", "a").await;
    assert_eq!((&shown["policy"]["writes"], &shown["policy"]["calls_per_run"]["max"]), (&json!(false), &json!(2)));
    assert!(shown.get("defaults_error").is_none());
    let plan = world.ask(json!({"action": "run", "account": "b", "dry_run": true})).await;
    assert_eq!(plan["plan"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_faulty_default_policy_is_told_of_and_ignored() {
    let world = World::new().await;
    world.put("a", &under(app_only(0), reads(3)));
    for faulty in ["{\"pause_after\": 99}", "MARKED", "[]", "{\"MARKED!\": \"MARKED\"}"] {
        world.secrets.force_put(DEFAULTS, faulty);
        let error = world.sync().await["errors"][0].clone();
        assert_eq!(error["secret"], DEFAULTS);
        assert!(!error["error"].as_str().unwrap().is_empty() && !error.to_string().contains("MARKED"), "{error}");
        assert!(world.act("show", "a").await["defaults_error"].as_str().unwrap().contains(DEFAULTS));
        assert_eq!(world.next_round("a").await["succeeded"], 1);
    }
    assert!(!world.journal.complaints(&["default policy", DEFAULTS]).is_empty());
    assert!(!world.journal.text().contains("MARKED"));
    world.secrets.put(DEFAULTS, &json!({}));
    assert_eq!(world.sync().await["errors"], json!([]));
}

#[tokio::test]
async fn no_run_begins_on_a_policy_that_nobody_could_read() {
    let mut world = World::new().await;
    world.secrets.put(DEFAULTS, &json!({"writes": false}));
    world.put("a", &app_only(0));
    world.begin().await;
    world.restart();
    world.secrets.refuse(DEFAULTS, "InternalServiceError");
    let before = world.batches().len();
    assert_eq!(world.tick().await["failed"], 1);
    assert_eq!((world.batches().len(), world.last_run("a").await.outcome.as_str()), (before, "transient"));
    world.secrets.allow(DEFAULTS);
    assert_eq!(world.next_round("a").await["succeeded"], 1);
}
