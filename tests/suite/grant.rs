//! `grant`: adds exactly the policy's permissions, reports its plan first, and can be repeated.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use fake_tenant::{Fault, FaultAction, When};
use serde_json::{Value, json};

use crate::support::test_app::{APP, PUBLIC_APP, TENANT, TestApp, app_only, refresh_token, user, with_policy};

const ADMIN: [&str; 3] =
    ["Application.ReadWrite.All", "AppRoleAssignment.ReadWrite.All", "DelegatedPermissionGrant.ReadWrite.All"];

fn policy() -> Value {
    json!({"operations": {"include": ["users.list", "mail.*"]}})
}

/// An app whose account has only the admin permissions that `grant` needs.
async fn bare(client: &str) -> TestApp {
    let app = TestApp::new().await;
    app.tenant.revoke_all_consent(TENANT, client);
    app.tenant.grant_consent(TENANT, client, &ADMIN);
    let secret = if client == APP { app_only(0) } else { refresh_token(&app, 0) };
    app.tenant.change_user(TENANT, &user(0), |user| {
        user.roles.insert("Cloud Application Administrator".to_owned());
    });
    app.put("a", &with_policy(secret, policy()));
    app.sync().await;
    app
}

async fn apply(app: &TestApp) -> Value {
    app.ask(json!({"action": "grant", "account": "a", "apply": true})).await
}

fn held(app: &TestApp, client: &str) -> BTreeSet<String> {
    let mut held = BTreeSet::new();
    app.tenant.change_app(TENANT, client, |app| held = if app.public { app.scopes.clone() } else { app.roles.clone() });
    held
}

/// The permissions in the registration, which the consent pages show.
fn shown(app: &TestApp, client: &str) -> BTreeSet<String> {
    let mut shown = BTreeSet::new();
    app.tenant.change_app(TENANT, client, |app| {
        shown = if app.public { app.registration.scopes.clone() } else { app.registration.roles.clone() };
    });
    shown
}

fn registration(app: &TestApp, client: &str) -> Value {
    let snapshot = app.snapshot();
    let apps = snapshot["applications"].as_object().unwrap();
    apps.values().find(|one| one["appId"] == client).unwrap()["requiredResourceAccess"].clone()
}

#[tokio::test]
async fn grant_without_apply_reports_its_plan_and_changes_nothing() {
    for client in [APP, PUBLIC_APP] {
        let app = bare(client).await;
        let (before, consents) = (app.snapshot(), held(&app, client));
        let answer = app.act("grant", "a").await;
        assert!(!answer["consent_to"].as_array().unwrap().is_empty(), "{answer:#}");
        assert_eq!((&answer["applied"], &answer["not_offered"]), (&json!(false), &json!([])));
        assert!(answer["never"].as_str().unwrap().contains("never the administrative permissions"));
        app.assert_as_before(&before);
        assert_eq!(held(&app, client), consents);
    }
}

#[tokio::test]
async fn applied_grant_covers_exactly_the_policy_and_the_next_token_carries_it() {
    for client in [APP, PUBLIC_APP] {
        let app = bare(client).await;
        let needed = app.act("consent_url", "a").await["permissions"].clone();
        let old = registration(&app, client);
        let answer = apply(&app).await;
        assert_eq!((&answer["applied"], &answer["not_done"]), (&json!(true), &json!([])), "{answer:#}");
        let mut expected: BTreeSet<String> = ADMIN.iter().map(|name| (*name).to_owned()).collect();
        expected.extend(needed.as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()));
        assert_eq!(held(&app, client), expected);
        let new = registration(&app, client);
        assert_eq!(new[0], old[0], "permissions of another service stay");
        let access = |list: &Value| list[1]["resourceAccess"].as_array().unwrap().clone();
        assert!(access(&old).iter().all(|one| access(&new).contains(one)), "{new:#}");
        let added = answer["add_to_registration"].as_array().unwrap();
        assert_eq!(access(&new).len(), access(&old).len() + added.len());
        let shown = shown(&app, client);
        assert!(added.iter().all(|name| shown.contains(name.as_str().unwrap())), "{shown:?}");
        assert!(shown.len() <= added.len() + 1, "the consent pages show the new list: {shown:?}");

        let check = app.act("check", "a").await;
        assert_eq!(check["never_drawn"], json!([]), "{check:#}");
        let before = app.snapshot();
        let again = apply(&app).await;
        assert_eq!((&again["done"], &again["not_done"], &again["applied"]), (&json!([]), &json!([]), &json!(true)));
        app.assert_as_before(&before);
    }
}

#[tokio::test]
async fn grant_without_admin_permission_names_it_and_the_alternative() {
    for (client, lacking) in [(APP, ADMIN[1]), (PUBLIC_APP, ADMIN[2])] {
        let app = bare(client).await;
        app.tenant.revoke_consent(TENANT, client, &[lacking]);
        app.forget();
        let answer = apply(&app).await;
        assert_eq!((&answer["applied"], &answer["lacking"]), (&json!(false), &json!([lacking])));
        let text = answer["message"].as_str().unwrap();
        assert!(text.contains(lacking) && text.contains("`consent_url`"), "{text}");
        assert!(app.batches().is_empty(), "no query is sent that would be refused");
    }
}

#[tokio::test]
async fn grant_by_a_user_without_admin_role_reports_the_role() {
    let app = bare(PUBLIC_APP).await;
    app.tenant.change_user(TENANT, &user(0), |user| user.roles.clear());
    let answer = apply(&app).await;
    let text = answer["message"].as_str().unwrap();
    assert!(text.contains("403") && text.contains("role") && text.contains("`consent_url`"), "{text}");
    assert_eq!((&answer["applied"], &answer["done"]), (&json!(false), &json!([])));
    assert_eq!(held(&app, PUBLIC_APP).len(), ADMIN.len());
}

#[tokio::test]
async fn grant_reports_failed_steps_and_completes_them_when_repeated() {
    let app = bare(APP).await;
    let broken = FaultAction::Status { status: 503, retry_after: None, applied_anyway: false };
    app.tenant.inject(Fault::item("POST", "/servicePrincipals/*/appRoleAssignments", When::Nth(3), broken));
    let answer = apply(&app).await;
    let count = |list: &str| answer[list].as_array().unwrap().len();
    assert!(answer["applied"] == false && count("done") == 3 && count("not_done") > 0, "{answer:#}");
    assert_eq!(held(&app, APP).len(), ADMIN.len() + 2, "the registration and two consents");
    let rest = apply(&app).await;
    assert_eq!(rest["done"].as_array().unwrap().len(), count("not_done"));
    assert_eq!((&rest["applied"], &rest["not_done"]), (&json!(true), &json!([])));
}

#[tokio::test]
async fn grant_waits_as_long_as_graph_requests() {
    let app = bare(APP).await;
    let throttled = FaultAction::Status429 { retry_after: Some(120), applied_anyway: false };
    app.tenant.inject(Fault::item("PATCH", "/applications/*", When::First(1), throttled));
    let answer = apply(&app).await;
    assert!(answer["message"].as_str().unwrap().contains("429"), "{answer:#}");
    app.forget();
    assert!(apply(&app).await["message"].as_str().unwrap().contains("wait until"));
    assert!(app.batches().is_empty());
    app.advance(TimeDelta::seconds(121));
    assert_eq!(apply(&app).await["applied"], true);
}

#[tokio::test]
async fn grant_makes_operations_set_aside_by_403_drawable_again() {
    let app = bare(APP).await;
    // An opaque token: missing permissions are learnt from refusals.
    app.tenant.change_app(TENANT, APP, |app| app.opaque_tokens = true);
    let policy = json!({"operations": {"include": ["users.list"]}, "pause_after": 10});
    app.put("a", &with_policy(app_only(0), policy));
    app.sync().await;
    app.tenant.revoke_consent(TENANT, APP, &ADMIN);
    app.act("run", "a").await;
    assert!(app.act("show", "a").await["set_aside"]["users.list"].is_string());
    app.tenant.grant_consent(TENANT, APP, &ADMIN);
    app.tenant.expire_access_tokens();
    app.advance(TimeDelta::hours(2));
    let answer = apply(&app).await;
    assert_eq!(answer["applied"], true, "{answer:#}");
    assert_eq!(app.act("show", "a").await["set_aside"], json!({}));
    assert_eq!(app.act("run", "a").await["outcome"], "succeeded");
}

#[tokio::test]
async fn grant_refuses_an_unknown_account_and_an_unusable_secret_clearly() {
    let app = TestApp::new().await;
    app.put("b", &json!({"tenant_id": TENANT}));
    app.sync().await;
    let refused = app.refusal(json!({"action": "grant", "account": "nobody"})).await;
    assert!(refused.contains("there is no account nobody"), "{refused}");
    let refused = app.refusal(json!({"action": "grant", "account": "b", "apply": true})).await;
    assert!(refused.contains("account b") && refused.contains("`client_id`"), "{refused}");
}
