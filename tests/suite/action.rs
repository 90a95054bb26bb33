//! Actions on one account: run, stop, resume, list, show and dry runs.

use std::{collections::BTreeSet, sync::Arc};

use chrono::TimeDelta;
use e5_evergreen::handler::handle;
use serde_json::{Value, json};

use crate::support::{
    aws_json::At,
    test_app::{TestApp, app_only, password, reads, with_policy, writes},
};

async fn one() -> TestApp {
    let app = TestApp::new().await;
    app.put("a", &with_policy(app_only(0), reads(5)));
    app.begin().await;
    app
}

#[tokio::test]
async fn stop_and_resume_are_idempotent() {
    let app = one().await;
    let once = app.act("stop", "a").await;
    assert_eq!((once["status"].as_str(), once["stopped_by"].as_str()), (Some("stopped"), Some("hand")));
    assert_eq!(app.act("stop", "a").await, once);
    assert_eq!(app.attribute("a", "due_shard").await, None);
    assert_eq!(app.tick().await["due"], 0);
    let resumed = app.act("resume", "a").await;
    assert_eq!((resumed["status"].as_str(), &resumed["stopped_by"]), (Some("active"), &Value::Null));
    assert_eq!(app.act("resume", "a").await, resumed);
    assert_eq!(app.tick().await["succeeded"], 1);
    assert_eq!(app.runs("a").await.len(), 1);
}

#[tokio::test]
async fn run_action_runs_an_account_due_or_not_and_reschedules_it() {
    let app = one().await;
    app.tick().await;
    app.advance(TimeDelta::minutes(1));
    let run = app.act("run", "a").await;
    assert_eq!(
        (run["outcome"].as_str(), run["calls_ok"].as_u64(), &run["unrecorded"]),
        (Some("succeeded"), Some(5), &Value::Null)
    );
    assert_eq!(app.runs("a").await.len(), 2);
    assert_eq!(run["next_run_at"], app.attribute("a", "next_run_at").await.unwrap());
    assert!(app.wait("a").await >= 3600);
}

#[tokio::test]
async fn running_account_answers_busy_to_every_action() {
    let app = one().await;
    let mut hold = app.secrets.hold("BatchGetSecretValue", "", At::Request);
    let inner = Arc::clone(&app.inner);
    let deadline = app.now() + TimeDelta::minutes(5);
    let running = tokio::spawn(
        app.log.listen(async move { handle(&inner, &json!({"action": "tick"}), deadline).await.unwrap() }),
    );
    hold.reached().await;
    let error = app.refusal(json!({"action": "run", "account": "a"})).await;
    assert!(error.starts_with("account a is being run just now"), "{error}");
    hold.release();
    assert_eq!(running.await.unwrap()["succeeded"], 1);
    assert_eq!(app.runs("a").await.len(), 1);
}

#[tokio::test]
async fn list_and_show_return_state_and_policy() {
    let app = TestApp::new().await;
    app.put("b", &with_policy(password(1), reads(4)));
    app.put("a", &with_policy(app_only(0), reads(3)));
    app.begin().await;
    app.tick().await;
    let listed = app.ask(json!({"action": "list"})).await;
    let ids: Vec<_> =
        listed["accounts"].as_array().unwrap().iter().map(|account| account["account_id"].clone()).collect();
    assert_eq!(ids, ["a", "b"]);
    let shown = app.act("show", "b").await;
    assert_eq!((shown["auth"].as_str(), shown["secret"].as_str()), (Some("password"), Some("evergreen/b")));
    assert_eq!(shown["policy"]["calls_per_run"], json!({"min": 4, "max": 4}));
    assert_eq!(shown["next_run_at"], app.attribute("b", "next_run_at").await.unwrap());
    for field in ["account_id", "status", "next_run_at", "last_run_at", "consecutive_failures", "pause_cause"] {
        assert_eq!(shown[field], listed["accounts"][1][field], "{field}");
    }
}

/// Method, URL and body of the steps whose URL does not depend on an earlier response.
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
async fn dry_run_sends_nothing_and_its_seed_repeats_the_plan() {
    for seed in 1..=4 {
        let app = TestApp::new().await;
        app.put("a", &with_policy(password(0), writes(12)));
        app.begin().await;
        app.forget();
        let before = app.dynamo.get_item("a").await;
        let dry = json!({"action": "run", "account": "a", "dry_run": true, "seed": seed});
        let plan = app.ask(dry.clone()).await;
        assert_eq!(plan["seed"], seed);
        assert_eq!((app.batches().len(), app.dynamo.get_item("a").await), (0, before));
        assert_eq!(app.dynamo.calls("UpdateItem") + app.dynamo.calls("PutItem"), 0);
        assert_eq!(app.ask(dry).await, plan, "the same seed gives the same plan");

        let run = app.ask(json!({"action": "run", "account": "a", "seed": seed})).await;
        assert_eq!(run["seed"], seed);
        let planned: BTreeSet<_> =
            plan["plan"].as_array().unwrap().iter().map(|step| step["operation"].clone().to_string()).collect();
        let done: BTreeSet<_> = run["operations"].as_array().unwrap().iter().map(Value::to_string).collect();
        assert!(done.is_subset(&planned), "{:?}", done.difference(&planned));
        assert_eq!(
            run["operations"].as_array().unwrap().len() as u64 + run["calls_skipped"].as_u64().unwrap(),
            plan["plan"].as_array().unwrap().len() as u64
        );
        let sent: BTreeSet<String> = app
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
async fn different_seed_gives_a_different_plan() {
    let app = one().await;
    let mut plans = BTreeSet::new();
    for seed in 0..20 {
        plans.insert(
            app.ask(json!({"action": "run", "account": "a", "dry_run": true, "seed": seed})).await["plan"].to_string(),
        );
    }
    assert!(plans.len() > 15, "{}", plans.len());
}

#[tokio::test]
async fn plan_of_an_account_is_independent_of_other_accounts() {
    let alone = one().await;
    let together = TestApp::new().await;
    for (number, account) in ["a", "b", "c"].into_iter().enumerate() {
        together.put(account, &with_policy(app_only(number), reads(5)));
    }
    together.begin().await;
    // The same round seed: both apps draw the same random numbers.
    together.clock.set(alone.now().max(together.now()));
    alone.clock.set(together.now());
    let dry = json!({"action": "run", "account": "a", "dry_run": true, "seed": 77});
    assert_eq!(alone.ask(dry.clone()).await["plan"], together.ask(dry).await["plan"]);
    let (mine, theirs) =
        (json!({"action": "run", "account": "a", "seed": 5}), json!({"action": "run", "account": "b", "seed": 5}));
    let (mine, theirs) = (together.ask(mine).await, together.ask(theirs).await);
    assert_ne!(mine["operations"], theirs["operations"], "two accounts of one round get different plans");
}

#[tokio::test]
async fn dry_run_without_a_token_reports_the_reason() {
    let app = TestApp::new().await;
    let mut secret = app_only(0);
    secret["client_secret"] = json!("mistyped");
    app.put("a", &secret);
    app.sync().await;
    let error = app.refusal(json!({"action": "run", "account": "a", "dry_run": true})).await;
    assert!(error.contains("cannot be planned for") && error.contains("AADSTS7000215"), "{error}");
}
