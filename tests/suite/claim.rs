//! Claims: at most one run holds an account, whichever request or response is lost.

use std::{collections::BTreeMap, sync::Arc};

use chrono::TimeDelta;
use e5_evergreen::app::App;
use e5_evergreen::handler::handle;
use fake_tenant::{Fault as TenantFault, FaultAction, When};
use serde_json::{Value, json};

use crate::support::{
    aws_json::{At, Fault},
    dynamodb::ACCOUNTS,
    test_app::{CrashPoint, TestApp, TestAppOptions, app_only, reads, with_policy},
};

const LEASE: TimeDelta = TimeDelta::minutes(15);

async fn one() -> TestApp {
    let app = TestApp::new().await;
    app.put("a", &with_policy(app_only(0), reads(3)));
    app.begin().await;
    app
}

fn tick(app: &TestApp, inner: &Arc<App>) -> impl Future<Output = Value> + use<> {
    let (inner, deadline) = (Arc::clone(inner), inner.clock.now() + TimeDelta::minutes(5));
    app.log.listen(async move { handle(&inner, &json!({"action": "tick"}), deadline).await.unwrap() })
}

/// The log lines of all runs, by account.
fn runs(app: &TestApp) -> BTreeMap<String, Vec<Value>> {
    let mut runs: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for line in app.log.of("run") {
        runs.entry(line["account"].as_str().unwrap().to_owned()).or_default().push(line);
    }
    runs
}

#[tokio::test]
async fn only_one_of_two_simultaneous_rounds_runs_an_account() {
    let mut app = one().await;
    let other = app.another_app();
    // Both read the account as due before either can claim it.
    let mut claims = app.dynamo.hold("UpdateItem", "", At::Request);
    let (mine, theirs, ()) = tokio::join!(tick(&app, &app.inner), tick(&app, &other), async {
        claims.reached_by(2).await;
        claims.release();
    });
    assert_eq!((mine["due"].as_u64(), theirs["due"].as_u64()), (Some(1), Some(1)));
    assert_eq!(mine["claimed"].as_u64().unwrap() + theirs["claimed"].as_u64().unwrap(), 1);
    assert_eq!(mine["succeeded"].as_u64().unwrap() + theirs["succeeded"].as_u64().unwrap(), 1);
    assert_eq!((app.runs("a").await.len(), app.token_requests().len()), (1, 1));
}

/// Two hundred accounts and two functions; every service fails at random.
async fn two_hundred(seed: u64) {
    let mut app = TestApp::with(TestAppOptions { seed, users: 200, ..TestAppOptions::default() }).await;
    for number in 0..200 {
        app.put(&format!("a{number}"), &with_policy(app_only(number), reads(2)));
    }
    app.begin().await;
    app.dynamo.fail_randomly(seed, 0.10, &[Fault::THROTTLED, Fault::Dropped, Fault::AnswerLost, Fault::SERVER_ERROR]);
    app.secrets.fail_randomly(seed, 0.10, &[Fault::THROTTLED, Fault::Dropped, Fault::AnswerLost]);
    let unwell = |status| FaultAction::Status { status, retry_after: None, applied_anyway: false };
    app.tenant.inject(TenantFault::login(When::Chance(0.03), unwell(503)));
    app.tenant.inject(TenantFault::http(When::Chance(0.03), FaultAction::Reset { after: true }));
    app.tenant.inject(TenantFault::http(When::Chance(0.03), FaultAction::Truncated));
    app.tenant.inject(TenantFault::http(When::Chance(0.03), unwell(500)));
    app.tenant.inject(TenantFault::item("GET", "*", When::Chance(0.03), unwell(504)));

    let other = app.another_app();
    let (mine, theirs) = tokio::join!(tick(&app, &app.inner), tick(&app, &other));
    let sum = |field: &str| mine[field].as_u64().unwrap() + theirs[field].as_u64().unwrap();
    assert!(sum("claimed") <= 200 && sum("claimed") > 150, "seed {seed}: {mine} {theirs}");
    assert!(
        theirs["claimed"].as_u64().unwrap() > 0 && mine["claimed"].as_u64().unwrap() > 0,
        "no race: {mine} {theirs}"
    );

    // An account that could not be claimed or recorded is due again when the lease has ended, at the latest.
    app.dynamo.heal();
    app.secrets.heal();
    app.tenant.clear_faults();
    app.advance(LEASE);
    tick(&app, &other).await;

    let runs = runs(&app);
    for item in app.dynamo.scan(ACCOUNTS).await {
        let account = item["account_id"]["S"].as_str().unwrap();
        assert!(item.get("run_id").is_none() && item["status"]["S"] == "active", "seed {seed}: {item}");
        let lines = runs.get(account).unwrap_or_else(|| panic!("seed {seed}: {account} is lost"));
        let recorded = lines.iter().filter(|line| line["unrecorded"].is_null()).count();
        // A record whose every response was lost was still written: then that run was the only one.
        let written = lines.iter().any(|line| line["next_run_at"] == item["next_run_at"]["S"]);
        assert!(written && (recorded == 1 || (recorded == 0 && lines.len() == 1)), "seed {seed}: {lines:#?}");
    }
    assert_eq!(runs.len(), 200, "seed {seed}");
}

#[tokio::test]
async fn two_hundred_accounts_run_once_each_under_two_rounds_and_random_faults() {
    two_hundred(1).await;
}

#[tokio::test]
async fn account_can_be_claimed_again_only_when_its_lease_has_ended() {
    let mut app = one().await;
    let (first, other) = (Arc::clone(&app.inner), app.another_app());
    let mut hold = app.dynamo.hold("UpdateItem", "last_run_at", At::Request);
    let running = tokio::spawn(tick(&app, &first));
    hold.reached().await;
    let claimed_at = app.now();

    app.clock.set(claimed_at + LEASE - TimeDelta::seconds(1));
    assert_eq!(tick(&app, &other).await["due"], 0);
    assert_eq!(app.act("show", "a").await["run_id"].as_str().map(str::len), Some(16));

    // The lease ends exactly here. The old run's record is then refused and changes nothing.
    app.clock.set(claimed_at + LEASE);
    let theirs = tokio::spawn(tick(&app, &other));
    // The second run's record is held at the same request.
    hold.reached_by(2).await;
    let taken = app.dynamo.get_item("a").await.unwrap();
    hold.release();
    let (mine, theirs) = (running.await.unwrap(), theirs.await.unwrap());
    assert_eq!((mine["failed"].as_u64(), theirs["succeeded"].as_u64()), (Some(1), Some(1)), "{mine} {theirs}");
    assert_eq!(app.log.warnings(&["the claim had run out"]).len(), 1);
    let recorded = app.log.of("run").into_iter().find(|line| line["unrecorded"].is_null()).unwrap();
    assert_eq!(recorded["run_id"], taken["run_id"]["S"]);
    assert_eq!(app.attribute("a", "next_run_at").await.unwrap(), recorded["next_run_at"].as_str().unwrap());
    assert_eq!(app.attribute("a", "run_id").await, None);
}

#[tokio::test]
async fn late_record_does_not_overwrite_the_run_that_took_over() {
    let mut app = one().await;
    let (first, other) = (Arc::clone(&app.inner), app.another_app());
    let mut hold = app.dynamo.hold("UpdateItem", "last_run_at", At::Request);
    let running = tokio::spawn(tick(&app, &first));
    hold.reached().await;
    app.advance(LEASE);
    // The other function crashes right after its claim.
    app.crash_plan.crash_at(1, CrashPoint::Before);
    tokio::select! {
        _ = tick(&app, &other) => panic!("the round cannot end"),
        () = app.crash_plan.crashed() => {}
    }
    let taken = app.dynamo.get_item("a").await;
    hold.release();
    assert_eq!(running.await.unwrap()["failed"], 1);
    assert_eq!(app.dynamo.get_item("a").await, taken);
}

#[tokio::test]
async fn lost_answer_does_not_undo_a_claim_or_a_record() {
    for lost in ["lease", "last_run_at"] {
        for times in [1, 2] {
            let app = one().await;
            app.forget();
            let marker = if lost == "lease" { "if_not_exists" } else { "last_run_at" };
            app.dynamo.fail_next_containing(times, "UpdateItem", marker, Fault::AnswerLost);
            let report = app.tick().await;
            assert_eq!(
                (report["claimed"].as_u64(), report["succeeded"].as_u64()),
                (Some(1), Some(1)),
                "{lost}: {report}"
            );
            assert_eq!(app.dynamo.calls("UpdateItem"), 2 + times);
            assert_eq!(app.log.of("run")[0]["unrecorded"], Value::Null);
            assert!(app.wait("a").await >= 3600);
        }
    }
}

#[tokio::test]
async fn claim_without_any_answer_expires_with_its_lease() {
    let app = one().await;
    app.dynamo.fail_next_containing(3, "UpdateItem", "if_not_exists", Fault::AnswerLost);
    let error = app.refusal(json!({"action": "tick"})).await;
    assert!(error.starts_with("claiming account a: "), "{error}");
    assert_eq!(app.log.warnings(&["could not be claimed", "\"a\""]).len(), 1);
    assert_eq!(app.wait("a").await, LEASE.num_seconds());
    assert_eq!(app.tick().await["due"], 0);
    assert_eq!(app.next_round("a").await["succeeded"], 1);
    assert_eq!(app.runs("a").await.len(), 1);
}

#[tokio::test]
async fn account_whose_claim_fails_stays_due_while_the_others_run() {
    let app = TestApp::new().await;
    for (number, account) in ["a", "b", "c"].into_iter().enumerate() {
        app.put(account, &with_policy(app_only(number), reads(2)));
    }
    app.begin().await;
    app.dynamo.fail_next_containing(1, "UpdateItem", r#"{"S":"b"}"#, Fault::DENIED);
    let report = app.tick().await;
    assert_eq!(
        (report["due"].as_u64(), report["claimed"].as_u64(), report["deferred"].as_u64()),
        (Some(3), Some(2), Some(1))
    );
    let report = app.tick().await;
    assert_eq!((report["due"].as_u64(), report["succeeded"].as_u64()), (Some(1), Some(1)));
}

#[tokio::test]
async fn failed_record_is_reported_and_the_account_runs_again_after_its_lease() {
    let app = one().await;
    app.forget();
    app.dynamo.fail_next_containing(3, "UpdateItem", "last_run_at", Fault::SERVER_ERROR);
    let report = app.tick().await;
    assert_eq!((report["succeeded"].as_u64(), report["failed"].as_u64()), (Some(0), Some(1)));
    assert_eq!(app.dynamo.calls("UpdateItem"), 1 + 3);
    let said = app.log.warnings(&["the result could not be written", "InternalServerError", "\"a\""]);
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(app.log.of("run")[0]["unrecorded"].as_str().is_some_and(|why| why.contains("when the claim runs out")));
    assert_eq!(app.wait("a").await, LEASE.num_seconds());
    assert_eq!(app.tick().await["due"], 0);
    assert_eq!(app.next_round("a").await["succeeded"], 1);
    assert!(app.wait("a").await >= 3600);
}

#[tokio::test]
async fn failed_history_write_is_reported_and_fails_nothing_else() {
    let app = one().await;
    app.dynamo.fail_next(3, "PutItem", Fault::DENIED);
    assert_eq!(app.tick().await["succeeded"], 1);
    assert_eq!(app.log.warnings(&["history could not be written", "AccessDenied"]).len(), 1);
    assert!(app.wait("a").await >= 3600);
}

#[tokio::test]
async fn account_stopped_or_deleted_after_the_query_is_not_run() {
    for stopped in [true, false] {
        let app = one().await;
        let mut hold = app.dynamo.hold("UpdateItem", "if_not_exists", At::Request);
        let inner = Arc::clone(&app.inner);
        let running = tokio::spawn(tick(&app, &inner));
        hold.reached().await;
        if stopped {
            app.act("stop", "a").await;
        } else {
            app.dynamo.delete_item("a").await;
        }
        hold.release();
        let report = running.await.unwrap();
        assert_eq!((report["due"].as_u64(), report["claimed"].as_u64()), (Some(1), Some(0)));
        assert_eq!(app.tenant.requests().len(), 0);
        assert_eq!(app.dynamo.get_item("a").await.is_some(), stopped, "no claim makes an account");
    }
}

#[tokio::test]
async fn account_stopped_during_its_run_stays_stopped() {
    let app = one().await;
    let mut hold = app.dynamo.hold("UpdateItem", "last_run_at", At::Request);
    let inner = Arc::clone(&app.inner);
    let running = tokio::spawn(tick(&app, &inner));
    hold.reached().await;
    // The write of `stop` matches the same filter as a record: both are held and released together.
    let (_, report) = tokio::join!(app.act("stop", "a"), async {
        hold.release();
        running.await.unwrap()
    });
    assert_eq!(app.status("a").await, "stopped", "{report}");
    assert_eq!(app.next_run("a").await, None);
    app.advance(TimeDelta::days(2));
    assert_eq!(app.tick().await["due"], 0);
}
