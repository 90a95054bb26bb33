//! `sign_in`: a person with a browser makes an account, and no secret is ever seen by anybody.

use chrono::TimeDelta;
use fake_tenant::{Fault, FaultAction, When};
use serde_json::{Value, json};

use crate::support::browser;
use crate::support::world::{PASSWORD, PUBLIC_APP, TENANT, World, app_only, password, reads, under, user};

const KEPT: &str = "evergreen/_sign_in_a";

fn event() -> Value {
    json!({"action": "sign_in", "account": "a", "tenant_id": TENANT, "client_id": PUBLIC_APP, "username": user(0)})
}

/// Begins a sign-in, and gives the code that the person types.
async fn begun(world: &World) -> String {
    let answer = world.ask(event()).await;
    assert_eq!(answer["state"], "waiting");
    let (uri, code) = (answer["verification_uri"].as_str().unwrap(), answer["user_code"].as_str().unwrap());
    let message = answer["message"].as_str().unwrap();
    assert!(message.contains(uri) && message.contains(code), "{message}");
    assert_eq!(answer["expires_at"], "2031-03-03T08:15:00Z");
    code.to_owned()
}

#[tokio::test]
async fn a_person_signs_in_and_the_account_runs() {
    let world = World::new().await;
    let code = begun(&world).await;
    assert!(world.secrets.value(KEPT).is_some());
    assert_eq!(world.sync().await["errors"], json!([]), "the reserved name is no account");
    world.tenant.approve_device(&code, &user(0));
    let answer = world.ask(event()).await;
    assert_eq!((answer["state"].as_str(), answer["now"]["status"].as_str()), (Some("signed_in"), Some("active")));
    let secret = world.secrets.value("evergreen/a").unwrap();
    assert_eq!((&secret["auth"], &secret["client_id"]), (&json!("refresh_token"), &json!(PUBLIC_APP)));
    assert!(world.secrets.value(KEPT).is_none(), "the device code is gone");
    assert_eq!(world.sync().await["unchanged"], 1);
    assert_eq!(world.next_round("a").await["succeeded"], 1);
}

#[tokio::test]
async fn another_instance_takes_up_where_the_first_was() {
    let mut world = World::new().await;
    let code = begun(&world).await;
    world.restart();
    let again = world.ask(event()).await;
    assert_eq!((again["state"].as_str(), again["user_code"].as_str()), (Some("waiting"), Some(code.as_str())));
    world.restart();
    world.advance(TimeDelta::seconds(10));
    world.tenant.approve_device(&code, &user(0));
    assert_eq!(world.ask(event()).await["state"], "signed_in");
}

#[tokio::test]
async fn a_call_polls_at_the_interval_until_its_deadline_and_blips_do_not_end_it() {
    let world = World::new().await;
    begun(&world).await;
    world.forget();
    world.tenant.inject(Fault::login(When::First(2), FaultAction::Html));
    let began = world.now();
    assert_eq!(world.ask(event()).await["state"], "waiting");
    let took = (world.now() - began).num_seconds();
    assert!((270..=300).contains(&took), "{took}");
    let polls = world.token_requests().len() as i64;
    assert!((took / 5 - 2..=took / 5 + 1).contains(&polls), "{polls} in {took} s");
}

#[tokio::test]
async fn refused_expired_and_somebody_else_are_told_apart_and_a_new_code_can_be_had() {
    let world = World::new().await;
    let code = begun(&world).await;
    world.tenant.decline_device(&code);
    assert_eq!(world.ask(event()).await["state"], "refused");
    let code = world.ask(event()).await["user_code"].as_str().unwrap().to_owned();
    world.tenant.approve_device(&code, &user(1));
    assert_eq!(world.ask(event()).await["state"], "wrong_account");
    assert!(world.secrets.value("evergreen/a").is_none(), "nothing was kept");
    assert_eq!(world.ask(event()).await["state"], "waiting");
    world.advance(TimeDelta::minutes(16));
    assert_eq!(world.ask(event()).await["state"], "expired");
    assert!(world.secrets.value(KEPT).is_none());
    let code = world.ask(event()).await["user_code"].as_str().unwrap().to_owned();
    world.tenant.approve_device(&code, &user(0));
    assert_eq!(world.ask(event()).await["state"], "signed_in");
}

#[tokio::test]
async fn a_paused_account_is_resumed_with_its_policy_by_a_sign_in() {
    let world = World::new().await;
    let mut policy = reads(2);
    policy["pause_after"] = json!(1);
    world.put("a", &under(password(0), policy.clone()));
    world.tenant.set_password(TENANT, &user(0), "other");
    world.begin().await;
    world.tick().await;
    assert_eq!(world.status("a").await, "paused");
    let event = json!({"action": "sign_in", "account": "a"});
    let code = world.ask(event.clone()).await["user_code"].as_str().unwrap().to_owned();
    world.tenant.approve_device(&code, &user(0));
    assert_eq!(world.ask(event).await["state"], "signed_in");
    let secret = world.secrets.value("evergreen/a").unwrap();
    assert_eq!((&secret["policy"], secret.get("password")), (&policy, None));
    assert_eq!(world.tick().await["calls_ok"], 2);
}

#[tokio::test]
async fn what_stands_in_the_way_is_said_before_anybody_is_bothered() {
    let world = World::new().await;
    let refusal = world.refusal(json!({"action": "sign_in", "account": "a"})).await;
    assert!(refusal.contains("`tenant_id`"), "{refusal}");
    world.secrets.put("evergreen/shared", &json!({"accounts": {"a": app_only(0)}}));
    world.sync().await;
    let refusal = world.refusal(event()).await;
    assert!(refusal.contains("evergreen/shared") && refusal.contains("secret of its own"), "{refusal}");
    world.put("b", &app_only(0));
    let refusal = world.refusal(json!({"action": "sign_in", "account": "b"})).await;
    assert!(refusal.contains("AADSTS7000218") && refusal.contains("public client"), "{refusal}");
    assert!(world.tenant.pending_device_codes().is_empty());
}

#[tokio::test]
async fn a_user_with_mfa_signs_in_at_the_page_and_the_account_goes_on_where_a_password_would_not() {
    let world = World::new().await;
    world.tenant.set_mfa(TENANT, &user(0), Some(50076));
    let code = begun(&world).await;
    let name = user(0);
    let page = async |code: &str, more: &[(&str, &str)]| {
        let form = [("otc", code), ("username", name.as_str()), ("password", PASSWORD)];
        let link = "https://login.microsoftonline.com/common/oauth2/deviceauth";
        browser::answer(&world.tenant.endpoint(), link, &[&form, more].concat()).await.text
    };
    assert!(page("WRONGCODE", &[("accept", "yes")]).await.contains("AADSTS70018"));
    assert!(page(&code, &[("accept", "yes")]).await.contains("AADSTS50076"), "the second factor is asked for");
    assert_eq!(world.tenant.pending_device_codes(), [code.as_str()]);
    assert!(page(&code, &[("accept", "yes"), ("second_factor", "654321")]).await.contains("You have signed in"));
    assert_eq!(world.ask(event()).await["state"], "signed_in");
    for _ in 0..2 {
        // The refresh token remembers the second factor.
        assert_eq!(world.next_round("a").await["succeeded"], 1, "{}", world.journal.text());
    }
    world.put("b", &password(0));
    world.sync().await;
    assert!(world.act("run", "b").await["reason"].as_str().unwrap().starts_with("AADSTS50076"));
}

#[tokio::test]
async fn who_declines_at_the_page_has_refused() {
    let world = World::new().await;
    let code = begun(&world).await;
    let link = "https://login.microsoftonline.com/common/oauth2/deviceauth";
    let form = [("otc", code.as_str()), ("username", &user(0)), ("password", PASSWORD), ("accept", "no")];
    browser::answer(&world.tenant.endpoint(), link, &form).await;
    assert_eq!(world.ask(event()).await["state"], "refused");
}
