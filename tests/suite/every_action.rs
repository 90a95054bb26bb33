//! What holds of every action alike: asked twice it does no more than once, and an account that is not there, is
//! stopped, or is being run just now is answered clearly.

use chrono::TimeDelta;
use e5_evergreen::domain::account::AccountId;
use e5_evergreen::ports::{Claim, ClaimKind, ClaimRequest};
use serde_json::{Value, json};

use crate::support::world::{PUBLIC_APP, TENANT, World, app_only, reads, under};

/// What a person asks of one account.
fn events(account: &str) -> Vec<Value> {
    let of = |action: &str| json!({"action": action, "account": account});
    let with = |action: &str, more: Value| {
        let mut event = of(action);
        event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        event
    };
    let mut events: Vec<Value> =
        ["show", "history", "check", "consent_url", "run", "stop", "resume"].iter().map(|action| of(action)).collect();
    events.extend([
        with("run", json!({"dry_run": true, "seed": 7})),
        with("grant", json!({"apply": true})),
        with("set_policy", json!({"policy": {"pause_after": 2}})),
        with("sign_in", json!({"tenant_id": TENANT, "client_id": PUBLIC_APP, "replace": true})),
    ]);
    events
}

async fn one() -> World {
    let world = World::new().await;
    world.put("a", &under(app_only(0), reads(3)));
    world.begin().await;
    world
}

/// Runs are told apart by the time at which they begin.
async fn later(world: &World, event: &Value) -> Value {
    world.advance(TimeDelta::seconds(1));
    world.ask(event.clone()).await
}

#[tokio::test]
async fn asked_twice_an_action_does_what_it_does_once() {
    let text = format!("account,tenant_id,client_id,client_secret\nb,{TENANT},{PUBLIC_APP},x\n");
    let whole = [
        json!({"action": "list"}),
        json!({"action": "export"}),
        json!({"action": "import", "text": text}),
        json!({"action": "sync"}),
    ];
    for event in events("a").into_iter().chain(whole) {
        let world = one().await;
        let answer = world.ask(event.clone()).await;
        let (item, secret) = (world.dynamo.get_item("a").await, world.secrets.value("evergreen/a"));
        let again = if event["action"] == "run" { later(&world, &event).await } else { world.ask(event.clone()).await };
        match event["action"].as_str().unwrap() {
            // A run is asked for each time; a text is imported once, and what is there is said to be.
            "run" if event.get("dry_run").is_none() => assert_eq!(world.runs("a").await.len(), 2),
            "import" => {
                assert_eq!((&answer["created"], &again["created"]), (&json!(["b"]), &json!([])));
                assert_eq!(again["existing"], json!([{"line": 2, "account": "b"}]));
            }
            // What was granted is told once.
            "grant" => assert!(answer["done"] != json!([]) && again["done"] == json!([]), "{answer} {again}"),
            "sign_in" => assert_eq!((&answer["user_code"], &answer["state"]), (&again["user_code"], &again["state"])),
            "set_policy" => {
                assert_eq!(again, answer);
                assert_eq!(world.secrets.value("evergreen/a"), secret);
            }
            _ => {
                assert_eq!(again, answer, "{event}");
                assert_eq!((world.dynamo.get_item("a").await, world.secrets.value("evergreen/a")), (item, secret));
            }
        }
    }
}

#[tokio::test]
async fn an_account_that_nobody_knows_is_refused_by_name_and_not_made() {
    let world = one().await;
    for event in events("nobody") {
        if event["action"] == "sign_in" {
            continue; // It makes accounts.
        }
        let refusal = world.refusal(event.clone()).await;
        assert!(refusal.starts_with("there is no account nobody; `sync` makes accounts"), "{event}: {refusal}");
    }
    assert!(world.dynamo.get_item("nobody").await.is_none() && world.secrets.value("evergreen/nobody").is_none());
    let without = json!({"action": "sign_in", "account": "nobody"});
    assert!(world.refusal(without).await.contains("the event must give `tenant_id`"));
}

#[tokio::test]
async fn an_account_that_a_person_stopped_is_told_of_and_changed_but_runs_only_after_resume() {
    let world = one().await;
    for event in events("a") {
        world.act("stop", "a").await;
        world.forget();
        let answer = world.try_ask(event.clone()).await.map_err(|error| error.to_string());
        match (event["action"].as_str().unwrap(), event.get("dry_run")) {
            ("run", None) => {
                assert!(answer.unwrap_err().starts_with("account a is stopped; `resume` it first"), "{event}");
                assert_eq!(world.tenant.requests().len(), 0);
            }
            (action, _) => {
                let answer = answer.unwrap_or_else(|error| panic!("{event}: {error}"));
                let expected = if action == "resume" { "active" } else { "stopped" };
                assert_eq!(world.status("a").await, expected, "{event}: {answer}");
            }
        }
    }
}

#[tokio::test]
async fn while_a_round_runs_the_account_nothing_runs_it_again_or_takes_its_claim_but_a_stop() {
    for event in events("a") {
        let world = one().await;
        let now = world.now();
        let lease_ends_at = now + TimeDelta::minutes(20);
        let claim = ClaimRequest { run_id: "racing".to_owned(), now, lease_ends_at, right: ClaimKind::Due };
        let taken = world.app.accounts.claim(&AccountId::parse("a").unwrap(), &claim).await.unwrap();
        assert!(matches!(taken, Claim::Taken { .. }));
        let answer = world.try_ask(event.clone()).await.map_err(|error| error.to_string());
        let action = event["action"].as_str().unwrap();
        match (action, event.get("dry_run")) {
            ("run", None) | ("resume", _) => {
                assert!(answer.unwrap_err().starts_with("account a is being run just now; try again"), "{event}");
            }
            _ => assert!(answer.is_ok(), "{event}: {answer:?}"),
        }
        let holder = world.attribute("a", "run_id").await;
        assert_eq!(holder.as_deref(), (action != "stop").then_some("racing"), "{event}");
    }
}
