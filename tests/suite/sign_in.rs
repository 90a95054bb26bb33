//! `sign_in`: a person with a browser creates an account without seeing or typing a secret.

use chrono::TimeDelta;
use fake_tenant::{Fault, FaultAction, When};
use serde_json::{Value, json};

use crate::support::browser;
use crate::support::test_app::{PASSWORD, PUBLIC_APP, TENANT, TestApp, app_only, password, reads, user, with_policy};

const KEPT: &str = "evergreen/_sign_in_a";

fn event() -> Value {
    json!({"action": "sign_in", "account": "a", "tenant_id": TENANT, "client_id": PUBLIC_APP, "username": user(0)})
}

/// Starts a sign-in and returns the code that the person types.
async fn begun(app: &TestApp) -> String {
    let answer = app.ask(event()).await;
    assert_eq!(answer["state"], "waiting");
    let (uri, code) = (answer["verification_uri"].as_str().unwrap(), answer["user_code"].as_str().unwrap());
    let message = answer["message"].as_str().unwrap();
    assert!(message.contains(uri) && message.contains(code), "{message}");
    assert_eq!(answer["expires_at"], "2031-03-03T08:15:00Z");
    code.to_owned()
}

#[tokio::test]
async fn account_runs_after_a_sign_in() {
    let app = TestApp::new().await;
    let code = begun(&app).await;
    assert!(app.secrets.value(KEPT).is_some());
    assert_eq!(app.sync().await["errors"], json!([]), "the reserved name is not an account");
    app.tenant.approve_device(&code, &user(0));
    let answer = app.ask(event()).await;
    assert_eq!((answer["state"].as_str(), answer["now"]["status"].as_str()), (Some("signed_in"), Some("active")));
    let secret = app.secrets.value("evergreen/a").unwrap();
    assert_eq!((&secret["auth"], &secret["client_id"]), (&json!("refresh_token"), &json!(PUBLIC_APP)));
    assert!(app.secrets.value(KEPT).is_none(), "the device code is gone");
    assert_eq!(app.sync().await["unchanged"], 1);
    assert_eq!(app.next_round("a").await["succeeded"], 1);
}

#[tokio::test]
async fn sign_in_continues_in_another_process() {
    let mut app = TestApp::new().await;
    let code = begun(&app).await;
    app.restart();
    let again = app.ask(event()).await;
    assert_eq!((again["state"].as_str(), again["user_code"].as_str()), (Some("waiting"), Some(code.as_str())));
    app.restart();
    app.advance(TimeDelta::seconds(10));
    app.tenant.approve_device(&code, &user(0));
    assert_eq!(app.ask(event()).await["state"], "signed_in");
}

#[tokio::test]
async fn sign_in_polls_at_the_interval_until_its_deadline_despite_transient_faults() {
    let app = TestApp::new().await;
    begun(&app).await;
    app.forget();
    app.tenant.inject(Fault::login(When::First(2), FaultAction::Html));
    let began = app.now();
    assert_eq!(app.ask(event()).await["state"], "waiting");
    let took = (app.now() - began).num_seconds();
    assert!((270..=300).contains(&took), "{took}");
    let polls = app.token_requests().len() as i64;
    assert!((took / 5 - 2..=took / 5 + 1).contains(&polls), "{polls} in {took} s");
}

#[tokio::test]
async fn declined_expired_and_wrong_user_are_distinguished_and_a_new_code_can_be_requested() {
    let app = TestApp::new().await;
    let code = begun(&app).await;
    app.tenant.decline_device(&code);
    assert_eq!(app.ask(event()).await["state"], "refused");
    let code = app.ask(event()).await["user_code"].as_str().unwrap().to_owned();
    app.tenant.approve_device(&code, &user(1));
    assert_eq!(app.ask(event()).await["state"], "wrong_account");
    assert!(app.secrets.value("evergreen/a").is_none(), "nothing was stored");
    assert_eq!(app.ask(event()).await["state"], "waiting");
    app.advance(TimeDelta::minutes(16));
    assert_eq!(app.ask(event()).await["state"], "expired");
    assert!(app.secrets.value(KEPT).is_none());
    let code = app.ask(event()).await["user_code"].as_str().unwrap().to_owned();
    app.tenant.approve_device(&code, &user(0));
    assert_eq!(app.ask(event()).await["state"], "signed_in");
}

#[tokio::test]
async fn sign_in_resumes_a_paused_account_and_keeps_its_policy() {
    let app = TestApp::new().await;
    let mut policy = reads(2);
    policy["pause_after"] = json!(1);
    app.put("a", &with_policy(password(0), policy.clone()));
    app.tenant.set_password(TENANT, &user(0), "other");
    app.begin().await;
    app.tick().await;
    assert_eq!(app.status("a").await, "paused");
    let event = json!({"action": "sign_in", "account": "a", "replace": true});
    let code = app.ask(event.clone()).await["user_code"].as_str().unwrap().to_owned();
    app.tenant.approve_device(&code, &user(0));
    assert_eq!(app.ask(event).await["state"], "signed_in");
    let secret = app.secrets.value("evergreen/a").unwrap();
    assert_eq!((&secret["policy"], secret.get("password")), (&policy, None));
    assert_eq!(app.tick().await["calls_ok"], 2);
}

#[tokio::test]
async fn sign_in_reports_obstacles_before_it_shows_a_code() {
    let app = TestApp::new().await;
    let refusal = app.refusal(json!({"action": "sign_in", "account": "a"})).await;
    assert!(refusal.contains("`tenant_id`"), "{refusal}");
    app.secrets.put("evergreen/shared", &json!({"accounts": {"a": app_only(0)}}));
    app.sync().await;
    let refusal = app.refusal(event()).await;
    assert!(refusal.contains("evergreen/shared") && refusal.contains("secret of its own"), "{refusal}");
    app.put("b", &app_only(0));
    let refusal = app.refusal(json!({"action": "sign_in", "account": "b", "replace": true})).await;
    assert!(refusal.contains("AADSTS7000218") && refusal.contains("public client"), "{refusal}");
    assert!(app.tenant.pending_device_codes().is_empty());
}

#[tokio::test]
async fn sign_in_works_with_mfa_where_a_password_does_not() {
    let app = TestApp::new().await;
    app.tenant.set_mfa(TENANT, &user(0), Some(50076));
    let code = begun(&app).await;
    let name = user(0);
    let page = async |code: &str, more: &[(&str, &str)]| {
        let form = [("otc", code), ("username", name.as_str()), ("password", PASSWORD)];
        let link = "https://login.microsoftonline.com/common/oauth2/deviceauth";
        browser::answer(&app.tenant.endpoint(), link, &[&form, more].concat()).await.text
    };
    assert!(page("WRONGCODE", &[("accept", "yes")]).await.contains("AADSTS70018"));
    assert!(page(&code, &[("accept", "yes")]).await.contains("AADSTS50076"), "the page asks for the second factor");
    assert_eq!(app.tenant.pending_device_codes(), [code.as_str()]);
    assert!(page(&code, &[("accept", "yes"), ("second_factor", "654321")]).await.contains("You have signed in"));
    assert_eq!(app.ask(event()).await["state"], "signed_in");
    for _ in 0..2 {
        // The refresh token carries the second factor.
        assert_eq!(app.next_round("a").await["succeeded"], 1, "{}", app.log.text());
    }
    app.put("b", &password(0));
    app.sync().await;
    assert!(app.act("run", "b").await["reason"].as_str().unwrap().starts_with("AADSTS50076"));
}

#[tokio::test]
async fn declining_on_the_page_ends_the_sign_in() {
    let app = TestApp::new().await;
    let code = begun(&app).await;
    let link = "https://login.microsoftonline.com/common/oauth2/deviceauth";
    let form = [("otc", code.as_str()), ("username", &user(0)), ("password", PASSWORD), ("accept", "no")];
    browser::answer(&app.tenant.endpoint(), link, &form).await;
    assert_eq!(app.ask(event()).await["state"], "refused");
}
