//! People who act at the worst moment: a `stop` at any request of a run is never undone.

use std::sync::Arc;

use chrono::TimeDelta;
use e5_evergreen::app::App;
use serde_json::{Value, json};

use crate::support::network::Network;
use crate::support::test_app::{TestApp, reads, refresh_token, user, with_policy};

/// The policy of the secret; `marker` is a value that only its owner writes.
fn policy(marker: u64) -> Value {
    let mut policy = reads(2);
    policy["interval_seconds"] = json!({"min": marker, "max": 80_000});
    policy
}

/// An app with the account `a`, whose refresh token rotates with each use.
async fn rotating() -> TestApp {
    let app = TestApp::new().await;
    app.tenant.change_user(crate::support::test_app::TENANT, &user(0), |user| {
        user.roles.insert("Global Administrator".to_owned());
    });
    let secret = with_policy(refresh_token(&app, 0), policy(3600));
    app.put("a", &secret);
    app.begin().await;
    app
}

/// Carries out an event in a new process, and `act` while the process is held after this number of steps. Returns the
/// step that was held; `None` where the event has fewer steps. A day has passed, so that a rotated token is written.
async fn interrupt(app: &mut TestApp, event: &Value, count: usize, act: impl AsyncFnOnce(&TestApp)) -> Option<String> {
    let (process, network): (Arc<App>, Network) = app.app_behind_network().await;
    app.advance(TimeDelta::hours(25));
    let mut steps = network.step_by_step();
    let deadline = app.now() + app.time;
    let mut carried_out = Box::pin(app.on(&process, event, deadline));
    let step = steps.hold_after(count, &mut carried_out).await.ok()?;
    let held = step.to_string();
    act(app).await;
    drop((step, steps));
    // Whether the action succeeds or is refused, both are answers.
    let _ = carried_out.await;
    Some(held)
}

/// Asserts that a `stop` at any step of the event is not undone. `prepare` precedes each attempt.
async fn assert_stop_holds(event: Value, prepare: impl AsyncFn(&TestApp, usize), steps: usize) {
    let mut app = rotating().await;
    let mut count = 0;
    loop {
        app.act("resume", "a").await;
        prepare(&app, count).await;
        let stop = async |app: &TestApp| {
            app.act("stop", "a").await;
        };
        let Some(held) = interrupt(&mut app, &event, count, stop).await else { break };
        assert_eq!(app.status("a").await, "stopped", "{event}: {held}");
        assert_eq!(app.attribute("a", "due_shard").await, None, "{event}: {held}");
        assert_eq!(app.attribute("a", "run_id").await, None, "{event}: {held}");
        count += 1;
    }
    assert!(count >= steps, "{event}: {count} steps");
}

async fn nothing(_: &TestApp, _: usize) {}

#[tokio::test]
async fn stop_during_any_step_of_a_run_is_not_undone() {
    assert_stop_holds(json!({"action": "run", "account": "a"}), nothing, 12).await;
}

#[tokio::test]
async fn stop_during_any_step_of_a_tick_is_not_undone() {
    let due = async |app: &TestApp, _: usize| app.all_due().await;
    assert_stop_holds(json!({"action": "tick"}), due, 12).await;
}
