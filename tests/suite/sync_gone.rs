//! Sync and what is missing: a secret that is not listed, a sign-in that nobody finished, a next run of another century.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::aws_json::Fault;
use crate::support::world::{PUBLIC_APP, TENANT, World, app_only, reads, under, user};

const RESERVED: &str = "evergreen/_sign_in_a";

fn sign_in() -> Value {
    json!({"action": "sign_in", "account": "a", "tenant_id": TENANT, "client_id": PUBLIC_APP})
}

/// Overwrites attributes of the account's item.
async fn set(world: &World, account: &str, attributes: &[(&str, &str)]) {
    let mut item = world.dynamo.get_item(account).await.unwrap();
    for (name, value) in attributes {
        item[*name] = json!({"S": value});
    }
    world.dynamo.put_item(&item).await;
}

#[tokio::test]
async fn account_whose_secret_is_not_listed_yet_is_not_stopped() {
    let world = World::new().await;
    let code = world.ask(sign_in()).await["user_code"].as_str().unwrap().to_owned();
    world.tenant.approve_device(&code, &user(0));
    world.secrets.unlist("evergreen/a");
    assert_eq!(world.ask(sign_in()).await["state"], "signed_in");
    let report = world.sync().await;
    assert_eq!((&report["stopped"], &report["unchanged"]), (&json!([]), &json!(1)), "{report}");
    assert_eq!(world.next_round("a").await["succeeded"], 1);
    world.secrets.list_again("evergreen/a");
    assert_eq!(world.sync().await["unchanged"], 1);
}

#[tokio::test]
async fn account_is_stopped_only_where_reading_its_secret_says_that_it_is_gone() {
    let world = World::new().await;
    for (number, account) in ["a", "b", "c", "d"].into_iter().enumerate() {
        world.put(account, &under(app_only(number % 3), reads(1)));
    }
    world.sync().await;
    for account in ["a", "b", "c"] {
        world.secrets.unlist(&format!("evergreen/{account}"));
    }
    world.secrets.refuse("evergreen/b", "AccessDeniedException");
    world.secrets.purge("evergreen/c");
    world.secrets.delete("evergreen/d");
    let report = world.sync().await;
    assert_eq!(report["stopped"], json!(["c", "d"]), "{report}");
    assert_eq!(report["unchanged"], 2);
    assert_eq!(
        (report["errors"].as_array().unwrap().len(), &report["errors"][0]["secret"]),
        (1, &json!("evergreen/b"))
    );
    assert_eq!((world.status("a").await, world.status("b").await), ("active".to_owned(), "active".to_owned()));
}

#[tokio::test]
async fn change_of_a_secret_that_is_not_listed_yet_is_taken_up() {
    let world = World::new().await;
    world.put("a", &under(app_only(0), reads(1)));
    world.sync().await;
    world.put("a", &under(app_only(0), reads(2)));
    world.secrets.unlist("evergreen/a");
    assert_eq!(world.sync().await["changed"], json!(["a"]));
}

#[tokio::test]
async fn reserved_secret_of_a_sign_in_is_removed_once_its_code_has_expired() {
    let world = World::new().await;
    world.ask(sign_in()).await;
    world.sync().await;
    assert!(world.secrets.value(RESERVED).is_some(), "the person may still answer");
    world.advance(TimeDelta::minutes(15));
    world.secrets.fail_next(9, "DeleteSecret", Fault::DENIED);
    let report = world.sync().await;
    assert_eq!(report["errors"][0]["secret"], RESERVED, "{report}");
    world.secrets.heal();
    assert_eq!(world.sync().await["errors"], json!([]));
    assert!(world.secrets.value(RESERVED).is_none());
}

#[tokio::test]
async fn next_run_beyond_every_schedule_is_drawn_again_with_a_warning() {
    let world = World::new().await;
    world.put("a", &under(app_only(0), reads(1)));
    world.put("b", &under(app_only(1), reads(1)));
    world.sync().await;
    let far = world.now() + TimeDelta::days(3650);
    set(&world, "a", &[("next_run_at", &far.format("%FT%TZ").to_string())]).await;
    // A round whose clock was wrong, and which ended before it recorded.
    set(&world, "b", &[("next_run_at", "9999-01-01T00:00:00Z"), ("run_id", "dead")]).await;
    assert_eq!(world.sync().await["changed"], json!(["a", "b"]));
    for account in ["a", "b"] {
        assert!((0..=120).contains(&world.wait(account).await), "{account}");
    }
    assert_eq!(world.journal.complaints(&["further ahead than any schedule"]).len(), 2);
    assert_eq!(world.sync().await["unchanged"], 2);
    world.all_due().await;
    assert_eq!(world.tick().await["succeeded"], 2);
}
