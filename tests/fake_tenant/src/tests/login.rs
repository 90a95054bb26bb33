//! Every grant, and every refusal.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::fixture::{ANN, APP, Fixture, NATIVE, SCOPE, TENANT, claims, token};
use crate::clock::Clock as _;
use crate::state::tenant::{Federated, Secret};

const OFFLINE: &str = "https://graph.microsoft.com/.default offline_access";

fn credentials<'a>(secret: &'a str, scope: &'a str) -> [(&'a str, &'a str); 4] {
    [("grant_type", "client_credentials"), ("client_id", APP), ("client_secret", secret), ("scope", scope)]
}

fn password<'a>(user: &'a str, password: &'a str) -> [(&'a str, &'a str); 5] {
    [("grant_type", "password"), ("client_id", NATIVE), ("username", user), ("password", password), ("scope", OFFLINE)]
}

fn refresh(token: &str) -> [(&str, &str); 4] {
    [("grant_type", "refresh_token"), ("client_id", NATIVE), ("refresh_token", token), ("scope", OFFLINE)]
}

#[tokio::test]
async fn an_apps_token_has_roles_and_comes_without_a_refresh_token() {
    let fixture = Fixture::new().await;
    let answer = fixture.ask(&credentials("s3cret", SCOPE)).await;
    assert_eq!((answer.status, answer.body["expires_in"].as_i64()), (200, Some(3599)));
    assert!(answer.body.get("refresh_token").is_none() && answer.body.get("scope").is_none());
    let claims = claims(&token(&answer));
    assert_eq!((claims["tid"].as_str(), claims["appid"].as_str()), (Some(TENANT), Some(APP)));
    assert!(claims["roles"].as_array().is_some_and(|r| r.contains(&json!("Mail.ReadWrite"))));
}

#[tokio::test]
async fn a_users_token_has_scopes_and_a_refresh_token_only_with_offline_access() {
    let fixture = Fixture::new().await;
    let answer = fixture.ask(&password(ANN, "anns")).await;
    assert!(claims(&token(&answer))["scp"].as_str().is_some_and(|s| s.contains("Mail.Read")));
    assert!(answer.body["scope"].as_str().is_some_and(|s| s.contains("User.Read")));
    assert!(answer.body["refresh_token"].is_string());
    let mut fields = password(ANN, "anns");
    fields[4].1 = SCOPE;
    assert!(fixture.ask(&fields).await.body.get("refresh_token").is_none());
}

#[tokio::test]
async fn an_error_has_entras_shape() {
    let fixture = Fixture::new().await;
    let answer = fixture.ask(&credentials("wrong", SCOPE)).await;
    assert_eq!((answer.status, answer.body["error"].as_str()), (401, Some("invalid_client")));
    let text = answer.body["error_description"].as_str().unwrap_or_default();
    assert!(
        text.starts_with("AADSTS7000215: Invalid client secret provided.") && text.contains(" Trace ID: "),
        "{text}"
    );
    assert_eq!(answer.body["error_codes"], json!([7_000_215]));
}

#[tokio::test]
async fn each_wrong_configuration_of_an_app_has_its_code() {
    let fixture = Fixture::new().await;
    let ask = async |fields: &[(&str, &str)]| fixture.ask(fields).await.aadsts();
    assert_eq!(ask(&credentials("wrong", SCOPE)).await, 7_000_215);
    assert_eq!(ask(&credentials("s3cret", "https://graph.microsoft.com/Mail.Read")).await, 1_002_012);
    assert_eq!(ask(&credentials("s3cret", "https://vault.azure.net/.default")).await, 500_011);
    assert_eq!(ask(&credentials("s3cret", SCOPE)[..2]).await, 900_144);
    let no_secret = [("grant_type", "client_credentials"), ("client_id", APP), ("scope", SCOPE)];
    assert_eq!(ask(&no_secret).await, 7_000_218);
    let unknown =
        [("grant_type", "client_credentials"), ("client_id", TENANT), ("client_secret", "x"), ("scope", SCOPE)];
    assert_eq!(ask(&unknown).await, 700_016);
    assert_eq!(
        fixture.ask_at("99999999-9999-4999-8999-999999999999", &credentials("s3cret", SCOPE)).await.aadsts(),
        90002
    );
    assert_eq!(fixture.ask_at("nonsense", &credentials("s3cret", SCOPE)).await.aadsts(), 900_023);
    assert_eq!(fixture.ask_at("organizations", &credentials("s3cret", SCOPE)).await.aadsts(), 50059);
    assert_eq!(fixture.ask_at("contoso.onmicrosoft.com", &credentials("s3cret", SCOPE)).await.status, 200);
    fixture.fake.expire_secret(TENANT, APP);
    assert_eq!(ask(&credentials("s3cret", SCOPE)).await, 7_000_222);
    fixture.fake.set_secret(TENANT, APP, "fresh");
    assert_eq!(fixture.ask(&credentials("fresh", SCOPE)).await.status, 200);
    fixture.fake.set_app_enabled(TENANT, APP, false);
    assert_eq!(ask(&credentials("fresh", SCOPE)).await, 7_000_112);
}

#[tokio::test]
async fn each_failed_sign_in_of_a_user_has_its_code() {
    let fixture = Fixture::new().await;
    let ask = async |user: &str, secret: &str| fixture.ask(&password(user, secret)).await.aadsts();
    assert_eq!(ask("eve@contoso.onmicrosoft.com", "x").await, 50034);
    assert_eq!(ask(ANN, "wrong").await, 50126);
    fixture.fake.change_user(TENANT, ANN, |u| u.password_expired = true);
    assert_eq!(ask(ANN, "anns").await, 50055);
    fixture.fake.set_password(TENANT, ANN, "new");
    for code in [50076, 50079, 53003] {
        fixture.fake.set_mfa(TENANT, ANN, Some(code));
        assert_eq!(ask(ANN, "new").await, u64::from(code));
    }
    fixture.fake.set_mfa(TENANT, ANN, None);
    fixture.fake.disable_user(TENANT, ANN);
    assert_eq!(ask(ANN, "new").await, 50057);
    fixture.fake.enable_user(TENANT, ANN);
    fixture.fake.revoke_all_consent(TENANT, NATIVE);
    assert_eq!(ask(ANN, "new").await, 65001);
    assert_eq!(fixture.ask_at("organizations", &password(ANN, "new")).await.aadsts(), 65001);
    assert_eq!(fixture.ask_at("common", &password(ANN, "new")).await.aadsts(), 9_001_023);
}

#[tokio::test]
async fn a_public_client_must_not_present_a_secret_and_a_confidential_one_must() {
    let fixture = Fixture::new().await;
    let mut fields = password(ANN, "anns").to_vec();
    fields.push(("client_secret", "x"));
    assert_eq!(fixture.ask(&fields).await.aadsts(), 700_025);
    fields[1].1 = APP;
    assert_eq!(fixture.ask(&fields).await.aadsts(), 7_000_215);
    assert_eq!(fixture.ask(&fields[..5]).await.aadsts(), 7_000_218);
}

#[tokio::test]
async fn a_refresh_token_rotates_and_the_old_one_stays_valid() {
    let fixture = Fixture::new().await;
    let first = fixture.fake.issue_refresh_token(TENANT, NATIVE, ANN);
    let answer = fixture.ask(&refresh(&first)).await;
    let second = answer.body["refresh_token"].as_str().expect("a new one").to_owned();
    assert_ne!(first, second);
    assert_eq!(fixture.ask(&refresh(&first)).await.status, 200);
    assert_eq!(fixture.ask(&refresh(&second)).await.status, 200);
}

#[tokio::test]
async fn a_refresh_token_of_a_strict_tenant_is_valid_once() {
    let fixture = Fixture::with(|t| t.single_use_refresh_tokens = true).await;
    let first = fixture.fake.issue_refresh_token(TENANT, NATIVE, ANN);
    assert_eq!(fixture.ask(&refresh(&first)).await.status, 200);
    assert_eq!(fixture.ask(&refresh(&first)).await.aadsts(), 50173);
}

#[tokio::test]
async fn age_a_new_password_and_revocation_end_a_refresh_token() {
    let fixture = Fixture::new().await;
    let old = fixture.fake.issue_refresh_token(TENANT, NATIVE, ANN);
    fixture.clock.advance(90 * 86400);
    assert_eq!(fixture.ask(&refresh(&old)).await.aadsts(), 700_082);
    let revoked = fixture.fake.issue_refresh_token(TENANT, NATIVE, ANN);
    fixture.fake.set_password(TENANT, ANN, "new");
    assert_eq!(fixture.ask(&refresh(&revoked)).await.aadsts(), 50173);
    assert_eq!(fixture.ask(&refresh("nonsense")).await.aadsts(), 9_002_313);
}

#[tokio::test]
async fn a_device_sign_in_waits_for_its_user() {
    let fixture = Fixture::new().await;
    let path = format!("/{TENANT}/oauth2/v2.0/devicecode");
    let start =
        async || fixture.form(&path, &[("client_id", NATIVE), ("scope", OFFLINE)]).await.expect("an answer").body;
    let poll = async |code: &Value| {
        fixture.clock.advance(5);
        let code = code["device_code"].as_str().expect("a code").to_owned();
        let fields = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
            ("client_id", NATIVE),
            ("device_code", &code),
        ];
        fixture.ask(&fields).await
    };
    let code = start().await;
    assert_eq!(poll(&code).await.body["error"], "authorization_pending");
    fixture.fake.approve_device(code["user_code"].as_str().expect("a code"), ANN);
    assert!(poll(&code).await.body["refresh_token"].is_string());
    let declined = start().await;
    fixture.fake.decline_device(declined["user_code"].as_str().expect("a code"));
    assert_eq!(poll(&declined).await.body["error"], "authorization_declined");
    let late = start().await;
    fixture.clock.advance(900);
    assert_eq!(poll(&late).await.body["error"], "expired_token");
    fixture.behaved();
}

fn jwt(header: &Value, claims: &Value) -> String {
    let part = |v: &Value| URL_SAFE_NO_PAD.encode(v.to_string());
    format!("{}.{}.{}", part(header), part(claims), URL_SAFE_NO_PAD.encode([7; 256]))
}

#[tokio::test]
async fn every_claim_of_a_certificates_assertion_is_checked_and_it_is_valid_once() {
    let fixture = Fixture::with(|t| t.apps[0].thumbprints.push("thumb".into())).await;
    let now = fixture.clock.now().timestamp();
    let aud = format!("{}/{TENANT}/oauth2/v2.0/token", fixture.fake.endpoint());
    let header = json!({"alg": "PS256", "typ": "JWT", "x5t#S256": "thumb"});
    let good = json!({"aud": aud, "iss": APP, "sub": APP, "nbf": now, "iat": now, "exp": now + 300, "jti": "1"});
    let ask = async |header: &Value, claims: &Value| {
        let jwt = jwt(header, claims);
        let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
        let fields = [
            ("grant_type", "client_credentials"),
            ("client_id", APP),
            ("scope", SCOPE),
            ("client_assertion_type", kind),
            ("client_assertion", &jwt),
        ];
        fixture.ask(&fields).await
    };
    assert_eq!(ask(&header, &good).await.status, 200);
    assert_eq!(ask(&header, &good).await.aadsts(), 700_027);
    for (name, value) in [
        ("aud", json!("https://x")),
        ("sub", json!(TENANT)),
        ("exp", json!(now)),
        ("nbf", json!(now + 999)),
        ("jti", json!("")),
    ] {
        let mut bad = good.clone();
        bad["jti"] = name.into();
        bad[name] = value;
        assert_eq!(ask(&header, &bad).await.aadsts(), 700_027, "{name}");
    }
    assert_eq!(ask(&json!({"alg": "PS256", "x5t#S256": "other"}), &good).await.aadsts(), 700_027);
}

#[tokio::test]
async fn a_federated_assertion_needs_a_matching_credential() {
    let known = Federated {
        issuer: "https://aws".into(),
        subject: "role".into(),
        audience: "api://AzureADTokenExchange".into(),
    };
    let fixture = Fixture::with(|t| t.apps[0].federated.push(known)).await;
    let now = fixture.clock.now().timestamp();
    let claims = |sub: &str| json!({"aud": "api://AzureADTokenExchange", "iss": "https://aws", "sub": sub, "iat": now, "exp": now + 300});
    let ask = async |sub: &str| {
        let jwt = jwt(&json!({"alg": "RS256"}), &claims(sub));
        let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
        let fields = [
            ("grant_type", "client_credentials"),
            ("client_id", APP),
            ("scope", SCOPE),
            ("client_assertion_type", kind),
            ("client_assertion", &jwt),
        ];
        fixture.ask(&fields).await
    };
    assert_eq!(ask("role").await.status, 200);
    assert_eq!(ask("other").await.aadsts(), 700_213);
    assert_eq!(ask("Role").await.aadsts(), 7_002_138);
}

#[tokio::test]
async fn an_app_can_have_opaque_tokens_full_scopes_and_no_lifetime() {
    let fixture = Fixture::with(|t| {
        let app = &mut t.apps[1];
        (app.opaque_tokens, app.full_uri_scopes, app.omit_expires_in) = (true, true, true);
    })
    .await;
    let answer = fixture.ask(&password(ANN, "anns")).await;
    assert!(!token(&answer).contains('.'));
    assert!(answer.body["scope"].as_str().is_some_and(|s| s.starts_with("https://graph.microsoft.com/")));
    assert!(answer.body.get("expires_in").is_none());
}

#[tokio::test]
async fn each_of_several_secrets_is_valid() {
    let fixture = Fixture::with(|t| t.apps[0].secrets.push(Secret { value: "second".into(), expires: None })).await;
    assert_eq!(fixture.ask(&credentials("second", SCOPE)).await.status, 200);
}
