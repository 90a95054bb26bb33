//! `sign_in` over a secret that holds something else: only a person who says so replaces it.

use std::sync::Arc;

use chrono::TimeDelta;
use e5_evergreen::handler::handle;
use serde_json::{Value, json};

use crate::support::aws_json::At;
use crate::support::world::{APP, PUBLIC_APP, TENANT, World, app_only, password, refresh_token, user};

const OTHER_TENANT: &str = "evil.example";

fn sign_in(fields: Value) -> Value {
    let mut event = json!({"action": "sign_in", "account": "a"});
    event.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    event
}

#[tokio::test]
async fn sign_in_never_replaces_another_credential_tenant_or_app_unasked() {
    let world = World::new().await;
    let signed_in = refresh_token(&world, 0);
    let bare = json!({"tenant_id": TENANT, "client_id": APP});
    let federated = json!({"tenant_id": TENANT, "client_id": APP, "auth": "federated"});
    let app = json!({"tenant_id": TENANT, "client_id": PUBLIC_APP});
    for (secret, fields, what) in [
        (app_only(0), app.clone(), "client_secret"),
        (app_only(0), json!({}), "client_secret"),
        (password(0), json!({}), "username"),
        (federated, json!({}), "federated"),
        (signed_in.clone(), json!({"tenant_id": OTHER_TENANT}), "`tenant_id`"),
        (signed_in.clone(), json!({"client_id": APP}), "`client_id`"),
        (signed_in.clone(), json!({"cloud": "china"}), "`cloud`"),
        (bare, app, "`client_id`"),
    ] {
        world.put("a", &secret);
        let before = world.secrets.version("evergreen/a");
        let refusal = world.refusal(sign_in(fields.clone())).await;
        assert!(refusal.contains(what) && refusal.contains(r#""replace": true"#), "{fields}: {refusal}");
        assert!(!refusal.contains(OTHER_TENANT) && !refusal.contains(APP), "no value is repeated: {refusal}");
        assert_eq!(world.secrets.version("evergreen/a"), before);
        assert!(world.token_requests().is_empty(), "nobody is asked for a code");
    }
}

#[tokio::test]
async fn sign_in_continues_an_account_of_its_own_kind_unasked() {
    let world = World::new().await;
    for secret in [refresh_token(&world, 0), json!({"tenant_id": TENANT.to_uppercase(), "client_id": PUBLIC_APP})] {
        world.put("a", &secret);
        let event = sign_in(json!({"tenant_id": TENANT, "client_id": PUBLIC_APP}));
        let code = world.ask(event.clone()).await["user_code"].as_str().unwrap().to_owned();
        world.tenant.approve_device(&code, &user(0));
        assert_eq!(world.ask(event).await["state"], "signed_in");
    }
}

#[tokio::test]
async fn credential_that_its_owner_puts_in_while_the_person_signs_in_stays() {
    let world = World::new().await;
    let event = sign_in(json!({"tenant_id": TENANT, "client_id": PUBLIC_APP}));
    let code = world.ask(event.clone()).await["user_code"].as_str().unwrap().to_owned();
    world.tenant.approve_device(&code, &user(0));
    let mut hold = world.secrets.hold("CreateSecret", "evergreen/a", At::Request);
    let app = Arc::clone(&world.app);
    let deadline = world.now() + TimeDelta::minutes(5);
    let waiting = tokio::spawn(async move { handle(&app, &event, deadline).await });
    hold.reached().await;
    world.put("a", &app_only(0));
    hold.release();
    let refusal = waiting.await.unwrap().unwrap_err().to_string();
    assert!(refusal.contains(r#""replace": true"#), "{refusal}");
    assert_eq!(world.secrets.value("evergreen/a").unwrap(), app_only(0));
}
