//! The credentials without a shared secret: `certificate` and `federated`, as far as the tenant and AWS can tell.

use chrono::TimeDelta;
use fake_tenant::{Fault, FaultAction, Recorded, When};
use serde_json::{Value, json};

use crate::support::sts::{self, FakeSts};
use crate::support::surroundings::{self, Surroundings};
use crate::support::world::{
    APP, APP_SECRET, DOMAIN, PUBLIC_APP, TENANT, World, app_only, password, reads, under, user,
};

const THUMBPRINT: &str = "uEF3dnCNDe8omRqRXXA0-rAYLKk3hWKEY7gjlo2csq0";
const CERTIFICATE: &str = include_str!("../fixtures/right.pem");
const CHAIN: &str = include_str!("../fixtures/chain.pem");
const EXPIRED: &str = include_str!("../fixtures/expired.pem");
const EC: &str = include_str!("../fixtures/ec.pem");
const EC_KEY: &str = include_str!("../fixtures/ec_key_sec1.pem");
const KEY: &str = include_str!("../fixtures/right_key_pkcs8.pem");
const KEY_PKCS1: &str = include_str!("../fixtures/right_key_pkcs1.pem");
const OTHER_KEY: &str = include_str!("../fixtures/other_key.pem");

fn certified(certificate: &str, key: &str) -> Value {
    json!({"tenant_id": TENANT, "client_id": APP, "certificate": certificate, "private_key": key, "user_id": user(0)})
}

fn federated() -> Value {
    json!({"tenant_id": TENANT, "client_id": APP, "auth": "federated", "user_id": user(0)})
}

/// A world whose app has no secret, but trusts the certificate and the function's role.
async fn world() -> World {
    let world = World::new().await;
    world.tenant.change_app(TENANT, APP, |app| {
        app.secrets.clear();
        app.thumbprints.push(THUMBPRINT.to_owned());
        app.federated.push(sts::trust());
    });
    world
}

fn only_login(world: &World) -> Recorded {
    let mut logins = world.token_requests();
    assert_eq!(logins.len(), 1);
    logins.remove(0)
}

/// The account runs once, with three calls, on one token.
async fn assert_runs(world: &World, secret: Value) {
    world.put("a", &under(secret, reads(3)));
    world.begin().await;
    world.forget();
    assert_eq!(world.tick().await["succeeded"], 1, "{}", world.journal.text());
    assert_eq!(world.last_run("a").await.calls_ok, 3);
    assert_eq!(only_login(world).status, Some(200));
}

/// What makes an account's run fail for wrong configuration, be it the first.
async fn cause(world: &World, secret: Value) -> String {
    world.put("a", &under(secret, json!({"pause_after": 1})));
    world.begin().await;
    world.forget();
    world.tick().await;
    let run = world.last_run("a").await;
    assert_eq!(run.outcome, "misconfigured", "{}", world.journal.text());
    run.reason.unwrap()
}

#[tokio::test]
async fn a_certificate_with_its_key_in_either_form_runs_the_account() {
    for (certificate, key) in [(CERTIFICATE, KEY), (CERTIFICATE, KEY_PKCS1), (CHAIN, KEY)] {
        assert_runs(&world().await, certified(certificate, key)).await;
    }
}

#[tokio::test]
async fn a_tenant_may_be_named_by_its_domain() {
    let mut secret = certified(CERTIFICATE, KEY);
    secret["tenant_id"] = json!(DOMAIN);
    assert_runs(&world().await, secret).await;
}

#[tokio::test]
async fn each_token_request_bears_an_assertion_of_its_own() {
    let world = world().await;
    assert_runs(&world, certified(CERTIFICATE, KEY)).await;
    world.advance(TimeDelta::hours(2));
    // The fake tenant refuses an assertion that it has seen.
    assert_eq!(world.next_round("a").await["succeeded"], 1);
    assert_eq!(world.token_requests().len(), 2);
}

#[tokio::test]
async fn a_certificate_that_cannot_work_is_told_without_asking_the_login_service() {
    for (secret, expected) in [
        (certified(EXPIRED, KEY), "certificate_expired: `certificate` expired on 2026-11-24. Make a new certificate"),
        (certified(CERTIFICATE, OTHER_KEY), "secret: secret `evergreen/a`: `private_key` does not belong to"),
        (certified(CERTIFICATE, "none"), "secret: secret `evergreen/a`: `private_key` must be PEM"),
        (certified("none", KEY), "secret: secret `evergreen/a`: `certificate` must be PEM"),
        (
            certified(CERTIFICATE, EC_KEY),
            "secret: secret `evergreen/a`: `private_key` is on an elliptic curve; the login service takes RSA only",
        ),
        (
            certified(EC, KEY),
            "secret: secret `evergreen/a`: `certificate` is on an elliptic curve; the login service takes RSA only",
        ),
    ] {
        let world = world().await;
        let told = cause(&world, secret).await;
        assert!(told.starts_with(expected), "{told}");
        assert_eq!(world.token_requests().len(), 0);
    }
}

#[tokio::test]
async fn an_apps_own_credential_needs_the_tenants_own_name() {
    let named = |mut secret: Value, tenant: &str| {
        secret["tenant_id"] = json!(tenant);
        secret
    };
    for secret in [
        named(app_only(0), "common"),
        named(certified(CERTIFICATE, KEY), "organizations"),
        named(federated(), "Consumers"),
    ] {
        let world = world().await;
        let told = cause(&world, secret).await;
        assert!(told.contains("`tenant_id` must be the tenant's own id or domain"), "{told}");
        assert_eq!(world.token_requests().len(), 0);
    }
    let world = world().await;
    let told = cause(&world, named(password(0), "common")).await;
    assert!(told.starts_with("AADSTS9001023: "), "the login service looks a user up, but not there: {told}");
}

#[tokio::test]
async fn a_certificate_that_the_app_does_not_know_pauses_and_says_where_to_look() {
    let world = world().await;
    world.tenant.change_app(TENANT, APP, |app| app.thumbprints.clear());
    let told = cause(&world, certified(CERTIFICATE, KEY)).await;
    assert!(told.starts_with("AADSTS700027: ") && told.contains("Check the certificate"), "{told}");
}

#[tokio::test]
async fn a_federated_account_runs_on_the_functions_own_identity() {
    let world = world().await;
    assert_runs(&world, federated()).await;
    assert_eq!(world.sts.calls(), 1);
}

#[tokio::test]
async fn what_aws_refuses_says_what_to_allow() {
    for (status, code, expected) in [
        (400, "OutboundWebIdentityFederationDisabledException", "`aws iam enable-outbound-web-identity-federation`"),
        (403, "AccessDenied", "sts:GetWebIdentityToken"),
    ] {
        let world = world().await;
        world.sts.refuse(Some((status, code)));
        let told = cause(&world, federated()).await;
        assert!(told.contains(expected) && !told.contains("planted"), "{told}");
        assert_eq!((world.sts.calls(), world.token_requests().len()), (1, 0));
        assert_eq!(world.status("a").await, "paused");
        world.sts.refuse(None);
        world.next_round("a").await;
        assert_eq!(world.status("a").await, "active", "it comes back by itself");
    }
}

#[tokio::test]
async fn an_outage_of_aws_sts_never_pauses() {
    let world = world().await;
    world.put("a", &under(federated(), json!({"pause_after": 1})));
    world.begin().await;
    for (status, code) in [(500, "InternalFailure"), (400, "Throttling"), (403, "ExpiredToken")] {
        world.sts.refuse(Some((status, code)));
        world.next_round("a").await;
        assert_eq!(world.last_run("a").await.outcome, "transient", "{code}");
        assert!(world.last_run("a").await.reason.unwrap().contains(code));
    }
    assert_eq!(world.status("a").await, "active");
}

#[tokio::test]
async fn a_federated_credential_that_is_not_there_is_given_two_runs_and_then_counts() {
    let world = world().await;
    world.tenant.change_app(TENANT, APP, |app| app.federated.clear());
    world.put("a", &under(federated(), reads(2)));
    world.sync().await;
    let mut outcomes = Vec::new();
    while world.status("a").await == "active" {
        world.next_round("a").await;
        outcomes.push(world.last_run("a").await.outcome);
    }
    assert_eq!(outcomes, ["transient", "transient", "misconfigured", "misconfigured", "misconfigured"]);
    let told = world.attribute("a", "pause_cause").await.unwrap();
    assert!(told.starts_with("AADSTS70021: ") && told.contains("api://AzureADTokenExchange"), "{told}");
    world.tenant.change_app(TENANT, APP, |app| app.federated.push(sts::trust()));
    world.next_round("a").await;
    assert_eq!(world.status("a").await, "active");
}

#[tokio::test]
async fn a_federated_credential_that_comes_within_minutes_is_no_fault() {
    let world = world().await;
    world.tenant.inject(Fault::login(When::First(1), FaultAction::Aadsts(70_021)));
    world.put("a", &under(federated(), json!({"pause_after": 1})));
    world.sync().await;
    world.next_round("a").await;
    assert_eq!((world.status("a").await.as_str(), world.last_run("a").await.outcome.as_str()), ("active", "transient"));
    assert_eq!(world.next_round("a").await["succeeded"], 1);
}

#[tokio::test]
async fn no_part_of_a_key_or_an_assertion_is_told_whatever_happens() {
    let world = world().await;
    let mut ill = certified(CERTIFICATE, KEY);
    ill["policy"] = json!({"pause_after": "many"});
    let accounts = [
        ("right", under(certified(CERTIFICATE, KEY), reads(2))),
        ("federated", under(federated(), reads(2))),
        ("expired", certified(EXPIRED, KEY_PKCS1)),
        ("mismatched", certified(CERTIFICATE, OTHER_KEY)),
        ("swapped", certified(KEY, CERTIFICATE)),
        ("broken", certified(CERTIFICATE, &KEY[..KEY.len() - 60])),
        ("ill", ill),
        ("named", {
            let mut secret = app_only(0);
            secret["auth"] = json!(KEY);
            secret
        }),
        ("misplaced", {
            let mut secret = app_only(0);
            secret[KEY_PKCS1] = json!("x");
            secret
        }),
    ];
    for (account, secret) in &accounts {
        world.put(account, secret);
    }
    let mut said = vec![world.sync().await.to_string()];
    for _ in 0..4 {
        world.advance(TimeDelta::hours(7));
        said.push(world.tick().await.to_string());
    }
    for (account, _) in &accounts {
        for action in ["show", "run", "history"] {
            let answer = world.try_ask(json!({"action": action, "account": account})).await;
            said.push(answer.map_or_else(|error| format!("{error} {error:?}"), |answer| answer.to_string()));
        }
    }
    assert_eq!(world.last_run("right").await.outcome, "succeeded");
    assert_eq!(world.last_run("federated").await.outcome, "succeeded");
    let written = [world.journal.text(), said.join("\n"), world.dynamo.everything()].join("\n");
    for line in [KEY, KEY_PKCS1, OTHER_KEY].iter().flat_map(|key| key.lines()).filter(|line| line.len() > 20) {
        assert!(line.starts_with("-----") || !written.contains(line), "{line} is told");
    }
    for start in ["PRIVATE KEY-----M", "PRIVATE KEY-----\\nM", "eyJ"] {
        assert!(!written.contains(start), "{start} is told");
    }
}

#[tokio::test]
async fn the_deployed_function_finds_aws_sts_by_itself() {
    let around = Surroundings::new().await;
    around.tenant.change_app(surroundings::TENANT, surroundings::APP, |app| {
        app.secrets.clear();
        app.federated.push(sts::trust());
    });
    let mut secret = surroundings::app_only(json!({}));
    secret.as_object_mut().unwrap().remove("client_secret");
    secret["auth"] = json!("federated");
    around.secret(surroundings::ACCOUNT, secret);
    let sts = FakeSts::start(std::sync::Arc::new(e5_evergreen::adapters::system::clock::SystemClock)).await;
    let function = around.function_with(&[("AWS_ENDPOINT_URL_STS", &*sts.endpoint)]).await;
    surroundings::answered(&function, "sync").await;
    let run = surroundings::answered(&function, "run").await;
    assert_eq!((run["outcome"].as_str(), sts.calls()), (Some("succeeded"), 1), "{run:#}");
}

#[tokio::test]
async fn users_and_apps_are_called_for_with_public_and_confidential_apps_in_every_cloud() {
    let world = World::new().await;
    let confidential = |mut secret: Value| {
        secret["client_id"] = json!(APP);
        secret["client_secret"] = json!(APP_SECRET);
        secret
    };
    let issued = |app| json!({"tenant_id": TENANT, "client_id": app, "refresh_token": world.tenant.issue_refresh_token(TENANT, app, &user(0))});
    for (what, secret) in [
        ("password, public", password(0)),
        ("password, confidential", confidential(password(0))),
        ("refresh token, public", issued(PUBLIC_APP)),
        ("refresh token, confidential", confidential(issued(APP))),
        ("client secret", app_only(0)),
    ] {
        for cloud in ["global", "us_gov", "us_gov_dod", "china"] {
            let mut secret = under(secret.clone(), reads(2));
            secret["cloud"] = json!(cloud);
            world.put("a", &secret);
            world.sync().await;
            let run = world.act("run", "a").await;
            assert_eq!((&run["outcome"], &run["calls_ok"]), (&json!("succeeded"), &json!(2)), "{what}, {cloud}: {run}");
        }
    }
}
