//! A claim: one run has an account at a time, whatever is lost on the way.

use std::{collections::BTreeMap, sync::Arc};

use chrono::TimeDelta;
use e5_evergreen::app::App;
use e5_evergreen::handler::handle;
use fake_tenant::{Fault as TenantFault, FaultAction, When};
use serde_json::{Value, json};

use crate::support::{
    aws_json::{At, Fault},
    dynamodb::ACCOUNTS,
    world::{Moment, Setting, World, app_only, reads, under},
};

const LEASE: TimeDelta = TimeDelta::minutes(15);

async fn one() -> World {
    let world = World::new().await;
    world.put("a", &under(app_only(0), reads(3)));
    world.begin().await;
    world
}

async fn tick(app: &Arc<App>) -> Value {
    let deadline = app.clock.now() + TimeDelta::minutes(5);
    handle(app, &json!({"action": "tick"}), deadline).await.unwrap()
}

/// The lines of all runs, by account.
fn runs(world: &World) -> BTreeMap<String, Vec<Value>> {
    let mut runs: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for line in world.journal.of("run") {
        runs.entry(line["account"].as_str().unwrap().to_owned()).or_default().push(line);
    }
    runs
}

#[tokio::test]
async fn of_two_rounds_at_the_same_time_one_runs_the_account() {
    let mut world = one().await;
    let other = world.another_house();
    // Both see the account as due before either may claim it.
    let mut claims = world.dynamo.hold("UpdateItem", "", At::Request);
    let (mine, theirs, ()) = tokio::join!(tick(&world.app), tick(&other), async {
        claims.reached_by(2).await;
        claims.release();
    });
    assert_eq!((mine["due"].as_u64(), theirs["due"].as_u64()), (Some(1), Some(1)));
    assert_eq!(mine["claimed"].as_u64().unwrap() + theirs["claimed"].as_u64().unwrap(), 1);
    assert_eq!(mine["succeeded"].as_u64().unwrap() + theirs["succeeded"].as_u64().unwrap(), 1);
    assert_eq!((world.runs("a").await.len(), world.token_requests().len()), (1, 1));
}

/// Two hundred accounts, two functions, everything fails now and then.
async fn two_hundred(seed: u64) {
    let mut world = World::with(Setting { seed, users: 200, ..Setting::default() }).await;
    for number in 0..200 {
        world.put(&format!("a{number}"), &under(app_only(number), reads(2)));
    }
    world.begin().await;
    world.dynamo.fail_randomly(seed, 0.10, &[Fault::THROTTLED, Fault::Dropped, Fault::AnswerLost, Fault::SERVER_ERROR]);
    world.secrets.fail_randomly(seed, 0.10, &[Fault::THROTTLED, Fault::Dropped, Fault::AnswerLost]);
    let unwell = |status| FaultAction::Status { status, retry_after: None, applied_anyway: false };
    world.tenant.inject(TenantFault::login(When::Chance(0.03), unwell(503)));
    world.tenant.inject(TenantFault::http(When::Chance(0.03), FaultAction::Reset { after: true }));
    world.tenant.inject(TenantFault::http(When::Chance(0.03), FaultAction::Truncated));
    world.tenant.inject(TenantFault::http(When::Chance(0.03), unwell(500)));
    world.tenant.inject(TenantFault::item("GET", "*", When::Chance(0.03), unwell(504)));

    let other = world.another_house();
    let (mine, theirs) = tokio::join!(tick(&world.app), tick(&other));
    let sum = |field: &str| mine[field].as_u64().unwrap() + theirs[field].as_u64().unwrap();
    assert!(sum("claimed") <= 200 && sum("claimed") > 150, "seed {seed}: {mine} {theirs}");
    assert!(
        theirs["claimed"].as_u64().unwrap() > 0 && mine["claimed"].as_u64().unwrap() > 0,
        "no race: {mine} {theirs}"
    );

    // What could not be claimed or recorded is due again at the latest when the claim has run out.
    world.dynamo.heal();
    world.secrets.heal();
    world.tenant.clear_faults();
    world.advance(LEASE);
    tick(&other).await;

    let runs = runs(&world);
    for item in world.dynamo.scan(ACCOUNTS).await {
        let account = item["account_id"]["S"].as_str().unwrap();
        assert!(item.get("run_id").is_none() && item["status"]["S"] == "active", "seed {seed}: {item}");
        let lines = runs.get(account).unwrap_or_else(|| panic!("seed {seed}: {account} is lost"));
        let recorded = lines.iter().filter(|line| line["unrecorded"].is_null()).count();
        // A record whose every answer was lost stands all the same: then that run was the only one.
        let stands = lines.iter().any(|line| line["next_run_at"] == item["next_run_at"]["S"]);
        assert!(stands && (recorded == 1 || (recorded == 0 && lines.len() == 1)), "seed {seed}: {lines:#?}");
    }
    assert_eq!(runs.len(), 200, "seed {seed}");
}

#[tokio::test]
async fn two_hundred_accounts_under_two_rounds_and_random_faults_run_once_each() {
    two_hundred(1).await;
}

#[tokio::test]
async fn before_the_lease_ends_nobody_else_gets_the_account_and_at_its_end_anybody_does() {
    let mut world = one().await;
    let (first, other) = (Arc::clone(&world.app), world.another_house());
    let mut hold = world.dynamo.hold("UpdateItem", "last_run_at", At::Request);
    let running = tokio::spawn(async move { tick(&first).await });
    hold.reached().await;
    let claimed_at = world.now();

    world.clock.set(claimed_at + LEASE - TimeDelta::seconds(1));
    assert_eq!(tick(&other).await["due"], 0);
    assert_eq!(world.act("show", "a").await["run_id"].as_str().map(str::len), Some(16));

    // At the edge itself the claim is over. The old run's record is then refused and changes nothing.
    world.clock.set(claimed_at + LEASE);
    let theirs = tokio::spawn(async move { tick(&other).await });
    // The second run's record waits where the first one's does.
    hold.reached_by(2).await;
    let taken = world.dynamo.get_item("a").await.unwrap();
    hold.release();
    let (mine, theirs) = (running.await.unwrap(), theirs.await.unwrap());
    assert_eq!((mine["failed"].as_u64(), theirs["succeeded"].as_u64()), (Some(1), Some(1)), "{mine} {theirs}");
    assert_eq!(world.journal.complaints(&["the claim had run out"]).len(), 1);
    let recorded = world.journal.of("run").into_iter().find(|line| line["unrecorded"].is_null()).unwrap();
    assert_eq!(recorded["run_id"], taken["run_id"]["S"]);
    assert_eq!(world.attribute("a", "next_run_at").await.unwrap(), recorded["next_run_at"].as_str().unwrap());
    assert_eq!(world.attribute("a", "run_id").await, None);
}

#[tokio::test]
async fn a_record_that_comes_after_another_run_has_begun_changes_nothing() {
    let mut world = one().await;
    let (first, other) = (Arc::clone(&world.app), world.another_house());
    let mut hold = world.dynamo.hold("UpdateItem", "last_run_at", At::Request);
    let running = tokio::spawn(async move { tick(&first).await });
    hold.reached().await;
    world.advance(LEASE);
    // The other function dies right after its claim.
    world.fate.seal(1, Moment::Before);
    tokio::select! {
        _ = tick(&other) => panic!("the round cannot end"),
        () = world.fate.struck() => {}
    }
    let taken = world.dynamo.get_item("a").await;
    hold.release();
    assert_eq!(running.await.unwrap()["failed"], 1);
    assert_eq!(world.dynamo.get_item("a").await, taken);
}

#[tokio::test]
async fn an_answer_that_is_lost_changes_neither_claim_nor_record() {
    for lost in ["lease", "last_run_at"] {
        for times in [1, 2] {
            let world = one().await;
            world.forget();
            let marker = if lost == "lease" { "if_not_exists" } else { "last_run_at" };
            world.dynamo.fail_next_containing(times, "UpdateItem", marker, Fault::AnswerLost);
            let report = world.tick().await;
            assert_eq!(
                (report["claimed"].as_u64(), report["succeeded"].as_u64()),
                (Some(1), Some(1)),
                "{lost}: {report}"
            );
            assert_eq!(world.dynamo.calls("UpdateItem"), 2 + times);
            assert_eq!(world.journal.of("run")[0]["unrecorded"], Value::Null);
            assert!(world.wait("a").await >= 3600);
        }
    }
}

#[tokio::test]
async fn a_claim_whose_every_answer_is_lost_runs_out_by_itself() {
    let world = one().await;
    world.dynamo.fail_next_containing(3, "UpdateItem", "if_not_exists", Fault::AnswerLost);
    let error = world.refusal(json!({"action": "tick"})).await;
    assert!(error.starts_with("claiming account a: "), "{error}");
    assert_eq!(world.journal.complaints(&["could not be claimed", "\"a\""]).len(), 1);
    assert_eq!(world.wait("a").await, LEASE.num_seconds());
    assert_eq!(world.tick().await["due"], 0);
    assert_eq!(world.next_round("a").await["succeeded"], 1);
    assert_eq!(world.runs("a").await.len(), 1);
}

#[tokio::test]
async fn one_account_that_cannot_be_claimed_stays_due_and_the_others_run() {
    let world = World::new().await;
    for (number, account) in ["a", "b", "c"].into_iter().enumerate() {
        world.put(account, &under(app_only(number), reads(2)));
    }
    world.begin().await;
    world.dynamo.fail_next_containing(1, "UpdateItem", r#"{"S":"b"}"#, Fault::DENIED);
    let report = world.tick().await;
    assert_eq!(
        (report["due"].as_u64(), report["claimed"].as_u64(), report["deferred"].as_u64()),
        (Some(3), Some(2), Some(1))
    );
    let report = world.tick().await;
    assert_eq!((report["due"].as_u64(), report["succeeded"].as_u64()), (Some(1), Some(1)));
}

#[tokio::test]
async fn a_record_that_fails_throughout_is_reported_and_the_account_runs_again_when_the_claim_ends() {
    let world = one().await;
    world.forget();
    world.dynamo.fail_next_containing(3, "UpdateItem", "last_run_at", Fault::SERVER_ERROR);
    let report = world.tick().await;
    assert_eq!((report["succeeded"].as_u64(), report["failed"].as_u64()), (Some(0), Some(1)));
    assert_eq!(world.dynamo.calls("UpdateItem"), 1 + 3);
    let said = world.journal.complaints(&["the result could not be written", "InternalServerError", "\"a\""]);
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(
        world.journal.of("run")[0]["unrecorded"].as_str().is_some_and(|why| why.contains("when the claim runs out"))
    );
    assert_eq!(world.wait("a").await, LEASE.num_seconds());
    assert_eq!(world.tick().await["due"], 0);
    assert_eq!(world.next_round("a").await["succeeded"], 1);
    assert!(world.wait("a").await >= 3600);
}

#[tokio::test]
async fn history_that_cannot_be_written_fails_nothing_but_is_reported() {
    let world = one().await;
    world.dynamo.fail_next(3, "PutItem", Fault::DENIED);
    assert_eq!(world.tick().await["succeeded"], 1);
    assert_eq!(world.journal.complaints(&["history could not be written", "AccessDenied"]).len(), 1);
    assert!(world.wait("a").await >= 3600);
}

#[tokio::test]
async fn an_account_that_is_stopped_or_deleted_after_the_query_is_not_run() {
    for stopped in [true, false] {
        let world = one().await;
        let mut hold = world.dynamo.hold("UpdateItem", "if_not_exists", At::Request);
        let app = Arc::clone(&world.app);
        let running = tokio::spawn(async move { tick(&app).await });
        hold.reached().await;
        if stopped {
            world.act("stop", "a").await;
        } else {
            world.dynamo.delete_item("a").await;
        }
        hold.release();
        let report = running.await.unwrap();
        assert_eq!((report["due"].as_u64(), report["claimed"].as_u64()), (Some(1), Some(0)));
        assert_eq!(world.tenant.requests().len(), 0);
        assert_eq!(world.dynamo.get_item("a").await.is_some(), stopped, "no claim makes an account");
    }
}

#[tokio::test]
async fn an_account_that_is_stopped_while_it_runs_stays_stopped() {
    let world = one().await;
    let mut hold = world.dynamo.hold("UpdateItem", "last_run_at", At::Request);
    let app = Arc::clone(&world.app);
    let running = tokio::spawn(async move { tick(&app).await });
    hold.reached().await;
    // What `stop` writes says as much as a record: the hold catches that too, and lets both go.
    let (_, report) = tokio::join!(world.act("stop", "a"), async {
        hold.release();
        running.await.unwrap()
    });
    assert_eq!(world.status("a").await, "stopped", "{report}");
    assert_eq!(world.next_run("a").await, None);
    world.advance(TimeDelta::days(2));
    assert_eq!(world.tick().await["due"], 0);
}
