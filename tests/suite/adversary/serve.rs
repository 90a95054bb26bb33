//! `evergreen serve` while Microsoft hangs: a signal ends it nevertheless, and its account is recorded.

use std::time::Duration;

use fake_tenant::{Fault, FaultAction, When};
use serde_json::{Value, json};

use crate::support::local_program::App;

/// Starts `serve`, waits until it has `count` requests in the hands of a tenant that hangs, and sends the signal.
async fn stop_while_hanging(fault: Fault, count: usize) -> (App, Option<i32>, Vec<Value>) {
    let app = App::new().await;
    app.json(&["once", "--json"]).await;
    app.event(json!({"action": "resume", "account": "mine"})).await;
    app.tenant.clear_requests();
    app.tenant.inject(fault);
    let serving = app.serve();
    while app.tenant.requests().len() < count {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let (status, lines, _) = serving.end("-TERM").await;
    app.tenant.clear_faults();
    (app, status, lines)
}

async fn assert_ends_and_releases(fault: Fault, count: usize) {
    let what = format!("{fault:?}");
    let (app, status, lines) = stop_while_hanging(fault, count).await;
    assert_eq!(status, Some(0), "{what}: {lines:#?}");
    assert_eq!(lines.iter().filter(|line| line["message"] == "round").count(), 1, "{what}: {lines:#?}");
    let account = app.event(json!({"action": "show", "account": "mine"})).await;
    assert_eq!((&account["run_id"], &account["status"]), (&Value::Null, &json!("active")), "{what}");
}

#[tokio::test]
async fn serve_ends_on_a_signal_while_the_login_service_hangs() {
    assert_ends_and_releases(Fault::login(When::Always, FaultAction::Hang { after: false }), 1).await;
}
