//! An action: what a person asks of one account, as often as they like.

use std::{collections::BTreeSet, sync::Arc};

use chrono::TimeDelta;
use e5_evergreen::handler::handle;
use serde_json::{Value, json};

use crate::support::{
    aws_json::At,
    world::{World, app_only, password, reads, under, writes},
};

async fn one() -> World {
    let world = World::new().await;
    world.put("a", &under(app_only(0), reads(5)));
    world.begin().await;
    world
}

#[tokio::test]
async fn stopping_and_resuming_twice_is_as_good_as_once() {
    let world = one().await;
    let once = world.act("stop", "a").await;
    assert_eq!((once["status"].as_str(), once["stopped_by"].as_str()), (Some("stopped"), Some("hand")));
    assert_eq!(world.act("stop", "a").await, once);
    assert_eq!(world.attribute("a", "due_shard").await, None);
    assert_eq!(world.tick().await["due"], 0);
    let resumed = world.act("resume", "a").await;
    assert_eq!((resumed["status"].as_str(), &resumed["stopped_by"]), (Some("active"), &Value::Null));
    assert_eq!(world.act("resume", "a").await, resumed);
    assert_eq!(world.tick().await["succeeded"], 1);
    assert_eq!(world.runs("a").await.len(), 1);
}

#[tokio::test]
async fn an_account_runs_by_hand_whether_due_or_not_and_is_scheduled_anew() {
    let world = one().await;
    world.tick().await;
    world.advance(TimeDelta::minutes(1));
    let run = world.act("run", "a").await;
    assert_eq!(
        (run["outcome"].as_str(), run["calls_ok"].as_u64(), &run["unrecorded"]),
        (Some("succeeded"), Some(5), &Value::Null)
    );
    assert_eq!(world.runs("a").await.len(), 2);
    assert_eq!(run["next_run_at"], world.attribute("a", "next_run_at").await.unwrap());
    assert!(world.wait("a").await >= 3600);
}

#[tokio::test]
async fn an_account_that_is_running_is_busy_for_whoever_asks() {
    let world = one().await;
    let mut hold = world.secrets.hold("BatchGetSecretValue", "", At::Request);
    let app = Arc::clone(&world.app);
    let deadline = world.now() + TimeDelta::minutes(5);
    let running = tokio::spawn(
        world.journal.listen(async move { handle(&app, &json!({"action": "tick"}), deadline).await.unwrap() }),
    );
    hold.reached().await;
    let error = world.refusal(json!({"action": "run", "account": "a"})).await;
    assert!(error.starts_with("account a is being run just now"), "{error}");
    hold.release();
    assert_eq!(running.await.unwrap()["succeeded"], 1);
    assert_eq!(world.runs("a").await.len(), 1);
}

#[tokio::test]
async fn what_is_listed_and_shown_has_the_state_and_the_policy() {
    let world = World::new().await;
    world.put("b", &under(password(1), reads(4)));
    world.put("a", &under(app_only(0), reads(3)));
    world.begin().await;
    world.tick().await;
    let listed = world.ask(json!({"action": "list"})).await;
    let ids: Vec<_> =
        listed["accounts"].as_array().unwrap().iter().map(|account| account["account_id"].clone()).collect();
    assert_eq!(ids, ["a", "b"]);
    let shown = world.act("show", "b").await;
    assert_eq!((shown["auth"].as_str(), shown["secret"].as_str()), (Some("password"), Some("evergreen/b")));
    assert_eq!(shown["policy"]["calls_per_run"], json!({"min": 4, "max": 4}));
    assert_eq!(shown["next_run_at"], world.attribute("b", "next_run_at").await.unwrap());
    for field in ["account_id", "status", "next_run_at", "last_run_at", "consecutive_failures", "pause_cause"] {
        assert_eq!(shown[field], listed["accounts"][1][field], "{field}");
    }
}

/// Method, address and body of the steps whose address needs no earlier answer.
fn known_steps(plan: &Value) -> BTreeSet<String> {
    let steps = plan["plan"].as_array().unwrap().iter();
    let known = steps.filter(|step| {
        !format!("{}{}", step["url"], step["body"]).contains("{driveItem")
            && !step["url"].as_str().unwrap().contains('{')
            && !step["body"].to_string().contains("own-upn")
    });
    known
        .map(|step| format!("{} {} {}", step["method"].as_str().unwrap(), step["url"].as_str().unwrap(), step["body"]))
        .collect()
}

#[tokio::test]
async fn a_dry_run_sends_nothing_and_the_run_with_its_seed_sends_what_it_said() {
    for seed in 1..=4 {
        let world = World::new().await;
        world.put("a", &under(password(0), writes(12)));
        world.begin().await;
        world.forget();
        let before = world.dynamo.get_item("a").await;
        let dry = json!({"action": "run", "account": "a", "dry_run": true, "seed": seed});
        let plan = world.ask(dry.clone()).await;
        assert_eq!(plan["seed"], seed);
        assert_eq!((world.batches().len(), world.dynamo.get_item("a").await), (0, before));
        assert_eq!(world.dynamo.calls("UpdateItem") + world.dynamo.calls("PutItem"), 0);
        assert_eq!(world.ask(dry).await, plan, "the same seed gives the same plan");

        let run = world.ask(json!({"action": "run", "account": "a", "seed": seed})).await;
        assert_eq!(run["seed"], seed);
        let planned: BTreeSet<_> =
            plan["plan"].as_array().unwrap().iter().map(|step| step["operation"].clone().to_string()).collect();
        let done: BTreeSet<_> = run["operations"].as_array().unwrap().iter().map(Value::to_string).collect();
        assert!(done.is_subset(&planned), "{:?}", done.difference(&planned));
        assert_eq!(
            run["operations"].as_array().unwrap().len() as u64 + run["calls_skipped"].as_u64().unwrap(),
            plan["plan"].as_array().unwrap().len() as u64
        );
        let sent: BTreeSet<String> = world
            .batches()
            .iter()
            .flat_map(|batch| &batch.items)
            .map(|item| format!("{} {} {}", item.method, item.url, item.body))
            .collect();
        let known = known_steps(&plan);
        let not_sent: Vec<_> = known.difference(&sent).collect();
        assert!(known.len() > 3 && not_sent.is_empty(), "seed {seed}: {not_sent:?}");
    }
}

#[tokio::test]
async fn another_seed_gives_another_plan() {
    let world = one().await;
    let mut plans = BTreeSet::new();
    for seed in 0..20 {
        plans.insert(
            world.ask(json!({"action": "run", "account": "a", "dry_run": true, "seed": seed})).await["plan"]
                .to_string(),
        );
    }
    assert!(plans.len() > 15, "{}", plans.len());
}

#[tokio::test]
async fn an_accounts_plan_does_not_change_when_another_account_is_added() {
    let alone = one().await;
    let together = World::new().await;
    for (number, account) in ["a", "b", "c"].into_iter().enumerate() {
        together.put(account, &under(app_only(number), reads(5)));
    }
    together.begin().await;
    // The same round: the houses draw the same chances.
    together.clock.set(alone.now().max(together.now()));
    alone.clock.set(together.now());
    let dry = json!({"action": "run", "account": "a", "dry_run": true, "seed": 77});
    assert_eq!(alone.ask(dry.clone()).await["plan"], together.ask(dry).await["plan"]);
    let (mine, theirs) =
        (json!({"action": "run", "account": "a", "seed": 5}), json!({"action": "run", "account": "b", "seed": 5}));
    let (mine, theirs) = (together.ask(mine).await, together.ask(theirs).await);
    assert_ne!(mine["operations"], theirs["operations"], "two accounts of one round do different things");
}

#[tokio::test]
async fn a_dry_run_that_cannot_get_a_token_says_why() {
    let world = World::new().await;
    let mut secret = app_only(0);
    secret["client_secret"] = json!("mistyped");
    world.put("a", &secret);
    world.sync().await;
    let error = world.refusal(json!({"action": "run", "account": "a", "dry_run": true})).await;
    assert!(error.contains("cannot be planned for") && error.contains("AADSTS7000215"), "{error}");
}
