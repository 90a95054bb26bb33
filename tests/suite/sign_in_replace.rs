//! `sign_in` over a secret that holds something else: only a person who says so replaces it.

use std::sync::Arc;

use chrono::TimeDelta;
use e5_evergreen::handler::handle;
use serde_json::{Value, json};

use crate::support::aws_json::At;
use crate::support::test_app::{APP, PUBLIC_APP, TENANT, TestApp, app_only, password, refresh_token, user};

const OTHER_TENANT: &str = "evil.example";

fn sign_in(fields: Value) -> Value {
    let mut event = json!({"action": "sign_in", "account": "a"});
    event.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    event
}

#[tokio::test]
async fn sign_in_never_replaces_another_credential_tenant_or_app_unasked() {
    let app = TestApp::new().await;
    let signed_in = refresh_token(&app, 0);
    let bare = json!({"tenant_id": TENANT, "client_id": APP});
    let federated = json!({"tenant_id": TENANT, "client_id": APP, "auth": "federated"});
    let public = json!({"tenant_id": TENANT, "client_id": PUBLIC_APP});
    for (secret, fields, what) in [
        (app_only(0), public.clone(), "client_secret"),
        (app_only(0), json!({}), "client_secret"),
        (password(0), json!({}), "username"),
        (federated, json!({}), "federated"),
        (signed_in.clone(), json!({"tenant_id": OTHER_TENANT}), "`tenant_id`"),
        (signed_in.clone(), json!({"client_id": APP}), "`client_id`"),
        (signed_in.clone(), json!({"cloud": "china"}), "`cloud`"),
        (bare, public, "`client_id`"),
    ] {
        app.put("a", &secret);
        let before = app.secrets.version("evergreen/a");
        let refusal = app.refusal(sign_in(fields.clone())).await;
        assert!(refusal.contains(what) && refusal.contains(r#""replace": true"#), "{fields}: {refusal}");
        assert!(!refusal.contains(OTHER_TENANT) && !refusal.contains(APP), "no value is repeated: {refusal}");
        assert_eq!(app.secrets.version("evergreen/a"), before);
        assert!(app.token_requests().is_empty(), "nobody is asked for a code");
    }
}

#[tokio::test]
async fn sign_in_continues_an_account_of_its_own_kind_unasked() {
    let app = TestApp::new().await;
    for secret in [refresh_token(&app, 0), json!({"tenant_id": TENANT.to_uppercase(), "client_id": PUBLIC_APP})] {
        app.put("a", &secret);
        let event = sign_in(json!({"tenant_id": TENANT, "client_id": PUBLIC_APP}));
        let code = app.ask(event.clone()).await["user_code"].as_str().unwrap().to_owned();
        app.tenant.approve_device(&code, &user(0));
        assert_eq!(app.ask(event).await["state"], "signed_in");
    }
}

#[tokio::test]
async fn credential_that_its_owner_puts_in_while_the_person_signs_in_stays() {
    let app = TestApp::new().await;
    let event = sign_in(json!({"tenant_id": TENANT, "client_id": PUBLIC_APP}));
    let code = app.ask(event.clone()).await["user_code"].as_str().unwrap().to_owned();
    app.tenant.approve_device(&code, &user(0));
    let mut hold = app.secrets.hold("CreateSecret", "evergreen/a", At::Request);
    let inner = Arc::clone(&app.inner);
    let deadline = app.now() + TimeDelta::minutes(5);
    let waiting = tokio::spawn(async move { handle(&inner, &event, deadline).await });
    hold.reached().await;
    app.put("a", &app_only(0));
    hold.release();
    let refusal = waiting.await.unwrap().unwrap_err().to_string();
    assert!(refusal.contains(r#""replace": true"#), "{refusal}");
    assert_eq!(app.secrets.value("evergreen/a").unwrap(), app_only(0));
}
