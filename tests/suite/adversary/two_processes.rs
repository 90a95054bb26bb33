//! Two processes over the same stores: whichever request of one is held while the other works, an account runs once.

use std::sync::Arc;

use chrono::TimeDelta;
use e5_evergreen::app::App;
use serde_json::{Value, json};

use crate::support::function_fixture::{self, FunctionFixture, answered, assert_counts};
use crate::support::network::{Network, Steps};
use crate::support::test_app::{TestApp, app_only, reads, with_policy};

const LEASE: TimeDelta = TimeDelta::minutes(15);

/// A round has at least these requests: query, claim, secret, token, batch, record, history; each is held twice.
const STEPS_OF_A_ROUND: usize = 14;

async fn due() -> (TestApp, Arc<App>, Network) {
    let mut app = TestApp::new().await;
    app.put("a", &with_policy(app_only(0), reads(2)));
    app.begin().await;
    app.forget();
    let (first, network) = app.app_behind_network().await;
    (app, first, network)
}

/// Runs a round of `first` up to this number of steps, then `meanwhile`, then the rest of the round. Returns the step that
/// was held and the round's report; `None` where the round has fewer steps.
async fn interrupted(
    app: &TestApp,
    first: &Arc<App>,
    mut steps: Steps,
    count: usize,
    meanwhile: impl Future<Output = ()>,
) -> Option<(String, Value)> {
    let (event, deadline) = (json!({"action": "tick"}), app.now() + app.time);
    let mut round = Box::pin(app.on(first, &event, deadline));
    let step = steps.hold_after(count, &mut round).await.ok()?;
    let held = step.to_string();
    meanwhile.await;
    drop((step, steps));
    let report = round.await.unwrap_or_else(|error| panic!("{held}: {error}"));
    Some((held, report))
}

#[tokio::test]
async fn account_runs_once_whichever_request_of_one_process_is_held_while_another_works() {
    let mut count = 0;
    loop {
        let (app, first, network) = due().await;
        let mut theirs = Value::Null;
        let other = async { theirs = app.tick().await };
        let Some((held, mine)) = interrupted(&app, &first, network.step_by_step(), count, other).await else { break };
        for field in ["claimed", "succeeded"] {
            let both = mine[field].as_u64().unwrap() + theirs[field].as_u64().unwrap();
            assert_eq!(both, 1, "{field}: {held}: {mine} {theirs}");
        }
        assert_eq!((mine["failed"].as_u64(), theirs["failed"].as_u64()), (Some(0), Some(0)), "{held}");
        assert_eq!((app.runs("a").await.len(), app.batches().len()), (1, 1), "{held}");
        assert_eq!(app.attribute("a", "run_id").await, None, "{held}");
        count += 1;
    }
    assert!(count >= STEPS_OF_A_ROUND, "{count}");
}

#[tokio::test]
async fn process_that_sleeps_beyond_its_lease_changes_nothing_after_the_other_has_run() {
    let mut count = 0;
    loop {
        let (app, first, network) = due().await;
        let mut after_the_other = None;
        let other = async {
            app.advance(LEASE);
            app.tick().await;
            after_the_other = app.dynamo.get_item("a").await;
        };
        let Some((held, _)) = interrupted(&app, &first, network.step_by_step(), count, other).await else { break };
        assert_eq!(app.dynamo.get_item("a").await, after_the_other, "{held}");
        assert_eq!(app.attribute("a", "run_id").await, None, "{held}");
        assert!(app.next_run("a").await > Some(app.now()), "{held}");
        count += 1;
    }
    assert!(count >= STEPS_OF_A_ROUND, "{count}");
}

#[tokio::test]
async fn account_runs_once_under_two_function_processes_whichever_request_is_held() {
    let fixture = FunctionFixture::new().await;
    fixture.secret(
        function_fixture::ACCOUNT,
        function_fixture::app_only(json!({"operations": {"include": ["users.list"]}})),
    );
    let (first, network) = fixture.function_behind_network(&[]).await;
    let second = fixture.function().await;
    answered(&second, "sync").await;
    let mut runs = 0;
    // The token is cached after the first round.
    for count in (0..STEPS_OF_A_ROUND - 2).step_by(3) {
        fixture.make_due(function_fixture::ACCOUNT).await;
        let mut steps = network.step_by_step();
        let tick = function_fixture::event("tick");
        let mut invocation = Box::pin(first.invoke(&tick));
        let step = steps.hold_after(count, &mut invocation).await;
        let step = step.unwrap_or_else(|answer| panic!("{count}: {answer:?}"));
        let held = step.to_string();
        let theirs = answered(&second, "tick").await;
        drop((step, steps));
        let mine = invocation.await.unwrap();
        let both = |field: &str| mine[field].as_u64().unwrap() + theirs[field].as_u64().unwrap();
        assert_eq!((both("claimed"), both("succeeded"), both("failed")), (1, 1, 0), "{held}: {mine} {theirs}");
        runs += 1;
    }
    let history = answered(&second, "history").await;
    assert_eq!(history["runs"].as_array().unwrap().len(), runs);
    fixture.make_due(function_fixture::ACCOUNT).await;
    assert_counts(&answered(&first, "tick").await, &[("due", 1), ("succeeded", 1)]);
}
