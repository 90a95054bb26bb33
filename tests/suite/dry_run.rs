//! A dry run: the plan of a run, without the run.

use serde_json::json;

use crate::support::test_app::{TestApp, TestAppOptions, reads, refresh_token, with_policy};

#[tokio::test]
async fn dry_run_saves_the_refresh_token_that_it_rotates() {
    let mut app = TestApp::with(TestAppOptions { single_use_refresh_tokens: true, ..TestAppOptions::default() }).await;
    app.put("a", &with_policy(refresh_token(&app, 0), reads(2)));
    app.begin().await;
    let before = app.secrets.versions_written("evergreen/a");
    let planned = app.ask(json!({"action": "run", "account": "a", "dry_run": true})).await;
    assert_eq!(planned["plan"].as_array().map(Vec::len), Some(2));
    assert!(app.batches().is_empty(), "Graph is not called");
    assert_eq!(app.secrets.versions_written("evergreen/a"), before + 1);
    app.restart();
    let run = app.act("run", "a").await;
    assert_eq!(run["outcome"], "succeeded", "{run}");
    assert_eq!(app.sync().await["unchanged"], 1, "the function's own version is not a change");
}
