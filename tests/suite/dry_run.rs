//! A dry run: the plan of a run, without the run.

use serde_json::json;

use crate::support::world::{Setting, World, reads, refresh_token, under};

#[tokio::test]
async fn dry_run_saves_the_refresh_token_that_it_rotates() {
    let mut world = World::with(Setting { single_use_refresh_tokens: true, ..Setting::default() }).await;
    world.put("a", &under(refresh_token(&world, 0), reads(2)));
    world.begin().await;
    let before = world.secrets.versions_written("evergreen/a");
    let planned = world.ask(json!({"action": "run", "account": "a", "dry_run": true})).await;
    assert_eq!(planned["plan"].as_array().map(Vec::len), Some(2));
    assert!(world.batches().is_empty(), "Graph is not called");
    assert_eq!(world.secrets.versions_written("evergreen/a"), before + 1);
    world.restart();
    let run = world.act("run", "a").await;
    assert_eq!(run["outcome"], "succeeded", "{run}");
    assert_eq!(world.sync().await["unchanged"], 1, "the function's own version is not a change");
}
