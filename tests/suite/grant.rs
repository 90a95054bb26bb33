//! `grant`: what the policy needs, no more, said before it is done, and done again without harm.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use fake_tenant::{Fault, FaultAction, When};
use serde_json::{Value, json};

use crate::support::world::{APP, PUBLIC_APP, TENANT, World, app_only, refresh_token, under, user};

const ADMIN: [&str; 3] =
    ["Application.ReadWrite.All", "AppRoleAssignment.ReadWrite.All", "DelegatedPermissionGrant.ReadWrite.All"];

fn policy() -> Value {
    json!({"operations": {"include": ["users.list", "mail.*"]}})
}

/// A world whose account may grant, and has nothing else.
async fn bare(app: &str) -> World {
    let world = World::new().await;
    world.tenant.revoke_all_consent(TENANT, app);
    world.tenant.grant_consent(TENANT, app, &ADMIN);
    let secret = if app == APP { app_only(0) } else { refresh_token(&world, 0) };
    world.tenant.change_user(TENANT, &user(0), |user| {
        user.roles.insert("Cloud Application Administrator".to_owned());
    });
    world.put("a", &under(secret, policy()));
    world.sync().await;
    world
}

async fn apply(world: &World) -> Value {
    world.ask(json!({"action": "grant", "account": "a", "apply": true})).await
}

fn held(world: &World, app: &str) -> BTreeSet<String> {
    let mut held = BTreeSet::new();
    world.tenant.change_app(TENANT, app, |app| held = if app.public { app.scopes.clone() } else { app.roles.clone() });
    held
}

/// Permissions that the pages of consent find in the registration.
fn shown(world: &World, app: &str) -> BTreeSet<String> {
    let mut shown = BTreeSet::new();
    world.tenant.change_app(TENANT, app, |app| {
        shown = if app.public { app.registration.scopes.clone() } else { app.registration.roles.clone() };
    });
    shown
}

fn registration(world: &World, app: &str) -> Value {
    let snapshot = world.snapshot();
    let apps = snapshot["applications"].as_object().unwrap();
    apps.values().find(|one| one["appId"] == app).unwrap()["requiredResourceAccess"].clone()
}

#[tokio::test]
async fn it_says_what_it_would_do_and_changes_nothing() {
    for app in [APP, PUBLIC_APP] {
        let world = bare(app).await;
        let (before, consents) = (world.snapshot(), held(&world, app));
        let answer = world.act("grant", "a").await;
        assert!(!answer["consent_to"].as_array().unwrap().is_empty(), "{answer:#}");
        assert_eq!((&answer["applied"], &answer["not_offered"]), (&json!(false), &json!([])));
        assert!(answer["never"].as_str().unwrap().contains("never the administrative permissions"));
        world.assert_as_before(&before);
        assert_eq!(held(&world, app), consents);
    }
}

#[tokio::test]
async fn applied_it_grants_just_what_the_policy_needs_and_the_next_token_carries_it() {
    for app in [APP, PUBLIC_APP] {
        let world = bare(app).await;
        let needed = world.act("consent_url", "a").await["permissions"].clone();
        let old = registration(&world, app);
        let answer = apply(&world).await;
        assert_eq!((&answer["applied"], &answer["not_done"]), (&json!(true), &json!([])), "{answer:#}");
        let mut expected: BTreeSet<String> = ADMIN.iter().map(|name| (*name).to_owned()).collect();
        expected.extend(needed.as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()));
        assert_eq!(held(&world, app), expected);
        let new = registration(&world, app);
        assert_eq!(new[0], old[0], "another service's permissions stay");
        let access = |list: &Value| list[1]["resourceAccess"].as_array().unwrap().clone();
        assert!(access(&old).iter().all(|one| access(&new).contains(one)), "{new:#}");
        let added = answer["add_to_registration"].as_array().unwrap();
        assert_eq!(access(&new).len(), access(&old).len() + added.len());
        let shown = shown(&world, app);
        assert!(added.iter().all(|name| shown.contains(name.as_str().unwrap())), "{shown:?}");
        assert!(shown.len() <= added.len() + 1, "the pages of consent go by the new list: {shown:?}");

        let check = world.act("check", "a").await;
        assert_eq!(check["never_drawn"], json!([]), "{check:#}");
        let before = world.snapshot();
        let again = apply(&world).await;
        assert_eq!((&again["done"], &again["not_done"], &again["applied"]), (&json!([]), &json!([]), &json!(true)));
        world.assert_as_before(&before);
    }
}

#[tokio::test]
async fn a_token_that_may_not_is_told_which_permission_it_lacks_and_where_to_turn() {
    for (app, lacking) in [(APP, ADMIN[1]), (PUBLIC_APP, ADMIN[2])] {
        let world = bare(app).await;
        world.tenant.revoke_consent(TENANT, app, &[lacking]);
        world.forget();
        let answer = apply(&world).await;
        assert_eq!((&answer["applied"], &answer["lacking"]), (&json!(false), &json!([lacking])));
        let told = answer["message"].as_str().unwrap();
        assert!(told.contains(lacking) && told.contains("`consent_url`"), "{told}");
        assert!(world.batches().is_empty(), "nothing is asked that would be refused");
    }
}

#[tokio::test]
async fn a_user_without_an_administrators_role_is_told_so() {
    let world = bare(PUBLIC_APP).await;
    world.tenant.change_user(TENANT, &user(0), |user| user.roles.clear());
    let answer = apply(&world).await;
    let told = answer["message"].as_str().unwrap();
    assert!(told.contains("403") && told.contains("role") && told.contains("`consent_url`"), "{told}");
    assert_eq!((&answer["applied"], &answer["done"]), (&json!(false), &json!([])));
    assert_eq!(held(&world, PUBLIC_APP).len(), ADMIN.len());
}

#[tokio::test]
async fn what_a_failure_left_undone_is_told_and_done_the_next_time() {
    let world = bare(APP).await;
    let broken = FaultAction::Status { status: 503, retry_after: None, applied_anyway: false };
    world.tenant.inject(Fault::item("POST", "/servicePrincipals/*/appRoleAssignments", When::Nth(3), broken));
    let answer = apply(&world).await;
    let count = |list: &str| answer[list].as_array().unwrap().len();
    assert!(answer["applied"] == false && count("done") == 3 && count("not_done") > 0, "{answer:#}");
    assert_eq!(held(&world, APP).len(), ADMIN.len() + 2, "the registration and two consents");
    let rest = apply(&world).await;
    assert_eq!(rest["done"].as_array().unwrap().len(), count("not_done"));
    assert_eq!((&rest["applied"], &rest["not_done"]), (&json!(true), &json!([])));
}

#[tokio::test]
async fn a_wait_that_graph_asks_for_is_kept() {
    let world = bare(APP).await;
    let throttled = FaultAction::Status429 { retry_after: Some(120), applied_anyway: false };
    world.tenant.inject(Fault::item("PATCH", "/applications/*", When::First(1), throttled));
    let answer = apply(&world).await;
    assert!(answer["message"].as_str().unwrap().contains("429"), "{answer:#}");
    world.forget();
    assert!(apply(&world).await["message"].as_str().unwrap().contains("wait until"));
    assert!(world.batches().is_empty());
    world.advance(TimeDelta::seconds(121));
    assert_eq!(apply(&world).await["applied"], true);
}

#[tokio::test]
async fn what_was_set_aside_for_want_of_a_permission_can_be_drawn_again() {
    let world = bare(APP).await;
    // A token that does not say what it may: what is refused is learnt.
    world.tenant.change_app(TENANT, APP, |app| app.opaque_tokens = true);
    let policy = json!({"operations": {"include": ["users.list"]}, "pause_after": 10});
    world.put("a", &under(app_only(0), policy));
    world.sync().await;
    world.tenant.revoke_consent(TENANT, APP, &ADMIN);
    world.act("run", "a").await;
    assert!(world.act("show", "a").await["set_aside"]["users.list"].is_string());
    world.tenant.grant_consent(TENANT, APP, &ADMIN);
    world.tenant.expire_access_tokens();
    world.advance(TimeDelta::hours(2));
    let answer = apply(&world).await;
    assert_eq!(answer["applied"], true, "{answer:#}");
    assert_eq!(world.act("show", "a").await["set_aside"], json!({}));
    assert_eq!(world.act("run", "a").await["outcome"], "succeeded");
}

#[tokio::test]
async fn an_unknown_account_and_a_secret_that_is_no_use_are_clear_answers() {
    let world = World::new().await;
    world.put("b", &json!({"tenant_id": TENANT}));
    world.sync().await;
    let refused = world.refusal(json!({"action": "grant", "account": "nobody"})).await;
    assert!(refused.contains("there is no account nobody"), "{refused}");
    let refused = world.refusal(json!({"action": "grant", "account": "b", "apply": true})).await;
    assert!(refused.contains("account b") && refused.contains("`client_id`"), "{refused}");
}
