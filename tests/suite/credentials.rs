//! Credentials without a shared secret, `certificate` and `federated`, against the fake tenant and the fake STS.

use chrono::TimeDelta;
use fake_tenant::{Fault, FaultAction, Recorded, When};
use serde_json::{Value, json};

use crate::support::function_fixture::{self, FunctionFixture};
use crate::support::sts::{self, FakeSts};
use crate::support::test_app::{
    APP, APP_SECRET, DOMAIN, PUBLIC_APP, TENANT, TestApp, app_only, password, reads, user, with_policy,
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

/// An app whose registration has no secret, but trusts the certificate and the function's role.
async fn app() -> TestApp {
    let app = TestApp::new().await;
    app.tenant.change_app(TENANT, APP, |app| {
        app.secrets.clear();
        app.thumbprints.push(THUMBPRINT.to_owned());
        app.federated.push(sts::trust());
    });
    app
}

fn only_login(app: &TestApp) -> Recorded {
    let mut logins = app.token_requests();
    assert_eq!(logins.len(), 1);
    logins.remove(0)
}

/// Asserts that the account runs once, with three calls and one token.
async fn assert_runs(app: &TestApp, secret: Value) {
    app.put("a", &with_policy(secret, reads(3)));
    app.begin().await;
    app.forget();
    assert_eq!(app.tick().await["succeeded"], 1, "{}", app.log.text());
    assert_eq!(app.last_run("a").await.calls_ok, 3);
    assert_eq!(only_login(app).status, Some(200));
}

/// The cause with which the account's first run fails as misconfigured.
async fn cause(app: &TestApp, secret: Value) -> String {
    app.put("a", &with_policy(secret, json!({"pause_after": 1})));
    app.begin().await;
    app.forget();
    app.tick().await;
    let run = app.last_run("a").await;
    assert_eq!(run.outcome, "misconfigured", "{}", app.log.text());
    run.reason.unwrap()
}

#[tokio::test]
async fn certificate_account_runs_with_either_key_format() {
    for (certificate, key) in [(CERTIFICATE, KEY), (CERTIFICATE, KEY_PKCS1), (CHAIN, KEY)] {
        assert_runs(&app().await, certified(certificate, key)).await;
    }
}

#[tokio::test]
async fn tenant_id_can_be_a_domain() {
    let mut secret = certified(CERTIFICATE, KEY);
    secret["tenant_id"] = json!(DOMAIN);
    assert_runs(&app().await, secret).await;
}

#[tokio::test]
async fn each_token_request_carries_a_new_assertion() {
    let app = app().await;
    assert_runs(&app, certified(CERTIFICATE, KEY)).await;
    app.advance(TimeDelta::hours(2));
    // The fake tenant refuses an assertion that was used before.
    assert_eq!(app.next_round("a").await["succeeded"], 1);
    assert_eq!(app.token_requests().len(), 2);
}

#[tokio::test]
async fn unusable_certificate_is_reported_without_a_token_request() {
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
        let app = app().await;
        let text = cause(&app, secret).await;
        assert!(text.starts_with(expected), "{text}");
        assert_eq!(app.token_requests().len(), 0);
    }
}

#[tokio::test]
async fn app_only_credential_needs_the_name_of_its_tenant() {
    let named = |mut secret: Value, tenant: &str| {
        secret["tenant_id"] = json!(tenant);
        secret
    };
    for secret in [
        named(app_only(0), "common"),
        named(certified(CERTIFICATE, KEY), "organizations"),
        named(federated(), "Consumers"),
    ] {
        let app = app().await;
        let text = cause(&app, secret).await;
        assert!(text.contains("`tenant_id` must be the tenant's own id or domain"), "{text}");
        assert_eq!(app.token_requests().len(), 0);
    }
    let app = app().await;
    let text = cause(&app, named(password(0), "common")).await;
    assert!(text.starts_with("AADSTS9001023: "), "the login service looks a user up, but not there: {text}");
}

#[tokio::test]
async fn certificate_missing_from_the_registration_pauses_and_names_the_portal_page() {
    let app = app().await;
    app.tenant.change_app(TENANT, APP, |app| app.thumbprints.clear());
    let text = cause(&app, certified(CERTIFICATE, KEY)).await;
    assert!(text.starts_with("AADSTS700027: ") && text.contains("Check the certificate"), "{text}");
}

#[tokio::test]
async fn federated_account_runs_with_the_role_of_the_function() {
    let app = app().await;
    assert_runs(&app, federated()).await;
    assert_eq!(app.sts.calls(), 1);
}

#[tokio::test]
async fn refusal_by_aws_sts_names_the_missing_permission() {
    for (status, code, expected) in [
        (400, "OutboundWebIdentityFederationDisabledException", "`aws iam enable-outbound-web-identity-federation`"),
        (403, "AccessDenied", "sts:GetWebIdentityToken"),
    ] {
        let app = app().await;
        app.sts.refuse(Some((status, code)));
        let text = cause(&app, federated()).await;
        assert!(text.contains(expected) && !text.contains("planted"), "{text}");
        assert_eq!((app.sts.calls(), app.token_requests().len()), (1, 0));
        assert_eq!(app.status("a").await, "paused");
        app.sts.refuse(None);
        app.next_round("a").await;
        assert_eq!(app.status("a").await, "active", "it resumes automatically");
    }
}

#[tokio::test]
async fn outage_of_aws_sts_never_pauses_an_account() {
    let app = app().await;
    app.put("a", &with_policy(federated(), json!({"pause_after": 1})));
    app.begin().await;
    for (status, code) in [(500, "InternalFailure"), (400, "Throttling"), (403, "ExpiredToken")] {
        app.sts.refuse(Some((status, code)));
        app.next_round("a").await;
        assert_eq!(app.last_run("a").await.outcome, "transient", "{code}");
        assert!(app.last_run("a").await.reason.unwrap().contains(code));
    }
    assert_eq!(app.status("a").await, "active");
}

#[tokio::test]
async fn missing_federated_credential_counts_as_misconfiguration_from_the_third_run() {
    let app = app().await;
    app.tenant.change_app(TENANT, APP, |app| app.federated.clear());
    app.put("a", &with_policy(federated(), reads(2)));
    app.sync().await;
    let mut outcomes = Vec::new();
    while app.status("a").await == "active" {
        app.next_round("a").await;
        outcomes.push(app.last_run("a").await.outcome);
    }
    assert_eq!(outcomes, ["transient", "transient", "misconfigured", "misconfigured", "misconfigured"]);
    let text = app.attribute("a", "pause_cause").await.unwrap();
    assert!(text.starts_with("AADSTS70021: ") && text.contains("api://AzureADTokenExchange"), "{text}");
    app.tenant.change_app(TENANT, APP, |app| app.federated.push(sts::trust()));
    app.next_round("a").await;
    assert_eq!(app.status("a").await, "active");
}

#[tokio::test]
async fn federated_credential_that_appears_within_minutes_is_not_a_fault() {
    let app = app().await;
    app.tenant.inject(Fault::login(When::First(1), FaultAction::Aadsts(70_021)));
    app.put("a", &with_policy(federated(), json!({"pause_after": 1})));
    app.sync().await;
    app.next_round("a").await;
    assert_eq!((app.status("a").await.as_str(), app.last_run("a").await.outcome.as_str()), ("active", "transient"));
    assert_eq!(app.next_round("a").await["succeeded"], 1);
}

#[tokio::test]
async fn no_part_of_a_key_or_an_assertion_is_ever_written() {
    let app = app().await;
    let mut ill = certified(CERTIFICATE, KEY);
    ill["policy"] = json!({"pause_after": "many"});
    let accounts = [
        ("right", with_policy(certified(CERTIFICATE, KEY), reads(2))),
        ("federated", with_policy(federated(), reads(2))),
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
        app.put(account, secret);
    }
    let mut said = vec![app.sync().await.to_string()];
    for _ in 0..4 {
        app.advance(TimeDelta::hours(7));
        said.push(app.tick().await.to_string());
    }
    for (account, _) in &accounts {
        for action in ["show", "run", "history"] {
            let answer = app.try_ask(json!({"action": action, "account": account})).await;
            said.push(answer.map_or_else(|error| format!("{error} {error:?}"), |answer| answer.to_string()));
        }
    }
    assert_eq!(app.last_run("right").await.outcome, "succeeded");
    assert_eq!(app.last_run("federated").await.outcome, "succeeded");
    let written = [app.log.text(), said.join("\n"), app.dynamo.everything()].join("\n");
    for line in [KEY, KEY_PKCS1, OTHER_KEY].iter().flat_map(|key| key.lines()).filter(|line| line.len() > 20) {
        assert!(line.starts_with("-----") || !written.contains(line), "{line} was written");
    }
    for start in ["PRIVATE KEY-----M", "PRIVATE KEY-----\\nM", "eyJ"] {
        assert!(!written.contains(start), "{start} was written");
    }
}

#[tokio::test]
async fn deployed_function_resolves_the_sts_endpoint() {
    let fixture = FunctionFixture::new().await;
    fixture.tenant.change_app(function_fixture::TENANT, function_fixture::APP, |app| {
        app.secrets.clear();
        app.federated.push(sts::trust());
    });
    let mut secret = function_fixture::app_only(json!({}));
    secret.as_object_mut().unwrap().remove("client_secret");
    secret["auth"] = json!("federated");
    fixture.secret(function_fixture::ACCOUNT, secret);
    let sts = FakeSts::start(std::sync::Arc::new(e5_evergreen::adapters::system::clock::SystemClock)).await;
    let function = fixture.function_with(&[("AWS_ENDPOINT_URL_STS", &*sts.endpoint)]).await;
    function_fixture::answered(&function, "sync").await;
    let run = function_fixture::answered(&function, "run").await;
    assert_eq!((run["outcome"].as_str(), sts.calls()), (Some("succeeded"), 1), "{run:#}");
}

#[tokio::test]
async fn every_credential_works_with_public_and_confidential_apps_in_every_cloud() {
    let app = TestApp::new().await;
    let confidential = |mut secret: Value| {
        secret["client_id"] = json!(APP);
        secret["client_secret"] = json!(APP_SECRET);
        secret
    };
    let issued = |client| json!({"tenant_id": TENANT, "client_id": client, "refresh_token": app.tenant.issue_refresh_token(TENANT, client, &user(0))});
    for (what, secret) in [
        ("password, public", password(0)),
        ("password, confidential", confidential(password(0))),
        ("refresh token, public", issued(PUBLIC_APP)),
        ("refresh token, confidential", confidential(issued(APP))),
        ("client secret", app_only(0)),
    ] {
        for cloud in ["global", "us_gov", "us_gov_dod", "china"] {
            let mut secret = with_policy(secret.clone(), reads(2));
            secret["cloud"] = json!(cloud);
            app.put("a", &secret);
            app.sync().await;
            let run = app.act("run", "a").await;
            assert_eq!((&run["outcome"], &run["calls_ok"]), (&json!("succeeded"), &json!(2)), "{what}, {cloud}: {run}");
        }
    }
}
