//! Secrecy: values planted in secrets, tokens, mail and errors appear nowhere else.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};
use chrono::TimeDelta;
use fake_tenant::{App, Fault, FaultAction, Tenant, User, When};
use serde_json::{Value, json};

use crate::support::{
    aws_json,
    test_app::{APP, TENANT, TestApp, app_only, password, refresh_token, user, with_policy},
};

/// A value that no text contains by chance, with characters that JSON and URLs escape.
fn mark(place: &str) -> String {
    format!("MARKED \"{place}\" +/é= value")
}

/// The encodings of a value in a text: plain, JSON, URL or form, base64 at any offset.
fn forms(value: &str) -> Vec<String> {
    let json = json!(value).to_string();
    let percent: String = url::form_urlencoded::byte_serialize(value.as_bytes()).collect();
    let mut forms = vec![
        value.to_owned(),
        json[1..json.len() - 1].to_owned(),
        percent.replace('+', "%20"),
        percent,
        value.bytes().map(|byte| format!("{byte:02x}")).collect(),
    ];
    for offset in 0..3 {
        let shifted = [&b"xx"[..offset], value.as_bytes()].concat();
        for text in [STANDARD_NO_PAD.encode(&shifted), URL_SAFE_NO_PAD.encode(&shifted)] {
            // The first and last characters depend on the neighbouring bytes.
            forms.push(text[4..text.len() - 4].to_owned());
        }
    }
    forms
}

/// Everything that the app logs, answers or stores, except the secrets themselves.
struct Seen(String);

impl Seen {
    async fn of(app: &TestApp, answers: &[String]) -> Self {
        let stored = app.dynamo.everything_stored().await;
        Self([app.log.text(), answers.join("\n"), stored, app.dynamo.everything()].join("\n"))
    }

    fn assert_without(&self, what: &str, value: &str) {
        for form in forms(value) {
            if let Some(at) = self.0.find(&form) {
                let from = (0..=at.saturating_sub(200)).rev().find(|at| self.0.is_char_boundary(*at)).unwrap();
                panic!("{what} is found as {form:?}: {:.500}", &self.0[from..]);
            }
        }
    }
}

/// Sends every event, and returns all answers and errors.
async fn everything(app: &TestApp, accounts: &[&str]) -> Vec<String> {
    let mut said = Vec::new();
    let mut ask = async |event: Value| {
        said.push(match app.try_ask(event).await {
            Ok(answer) => answer.to_string(),
            Err(error) => format!("{error} {error:?}"),
        });
    };
    ask(json!({"action": "sync"})).await;
    for _ in 0..4 {
        app.advance(TimeDelta::hours(7));
        ask(json!({"action": "tick"})).await;
    }
    ask(json!({"action": "list"})).await;
    for account in accounts {
        for action in ["show", "run", "resume", "stop", "resume", "history"] {
            ask(json!({"action": action, "account": account})).await;
        }
        ask(json!({"action": "run", "account": account, "dry_run": true})).await;
    }
    said
}

#[test]
fn secret_search_finds_a_value_in_every_encoding() {
    let value = mark("here");
    for written in [
        value.clone(),
        json!({"a": value}).to_string(),
        url::form_urlencoded::Serializer::new(String::new()).append_pair("a", &value).finish(),
        STANDARD_NO_PAD.encode(format!("x{value}y")),
        URL_SAFE_NO_PAD.encode(json!({"a": "no"}).to_string() + &value),
    ] {
        let seen = Seen(format!("before {written} after"));
        assert!(std::panic::catch_unwind(|| seen.assert_without("it", &value)).is_err(), "{written}");
    }
    Seen("no such text".to_owned()).assert_without("it", &value);
}

#[tokio::test]
async fn secrets_and_tokens_are_never_written_in_normal_operation() {
    let app = TestApp::traced().await;
    let (secret, word) = (mark("client_secret"), mark("password"));
    app.tenant.set_secret(TENANT, APP, &secret);
    app.tenant.set_password(TENANT, &user(1), &word);
    let mut confidential = app_only(0);
    confidential["client_secret"] = json!(secret);
    let mut person = password(1);
    person["password"] = json!(word);
    let refresh = refresh_token(&app, 2);
    app.put("app", &confidential);
    app.put("person", &person);
    app.put("refresh", &refresh);
    let said = everything(&app, &["app", "person", "refresh"]).await;
    assert!(app.runs("refresh").await.iter().any(|run| run.outcome == "succeeded"), "{}", app.log.text());

    let seen = Seen::of(&app, &said).await;
    seen.assert_without("the client secret", &secret);
    seen.assert_without("the password", &word);
    seen.assert_without("the first refresh token", refresh["refresh_token"].as_str().unwrap());
    let rotated = app.secrets.value("evergreen/refresh").unwrap();
    assert_ne!(rotated["refresh_token"], refresh["refresh_token"]);
    seen.assert_without("the rotated refresh token", rotated["refresh_token"].as_str().unwrap());
    for (what, beginning) in [("a JWT", "eyJ0eXAi"), ("a refresh token", "1.A"), ("a bearer", "Bearer ")] {
        assert!(!seen.0.contains(beginning), "{what}");
    }
}

#[tokio::test]
async fn sent_content_and_tenant_content_are_never_written() {
    let app = TestApp::traced().await;
    let policy = json!({"calls_per_run": {"min": 30, "max": 40}});
    app.put("a", &with_policy(app_only(0), policy.clone()));
    app.put("b", &with_policy(password(1), policy));
    app.begin().await;
    let mut said = Vec::new();
    for _ in 0..3 {
        app.advance(TimeDelta::hours(5));
        said.push(app.tick().await.to_string());
    }
    for account in ["a", "b"] {
        said.push(app.act("history", account).await.to_string());
        said.push(app.act("show", account).await.to_string());
    }
    let seen = Seen::of(&app, &said).await;
    let mut searched = 0;
    for item in app.batches().iter().flat_map(|batch| &batch.items) {
        for text in long_texts(&item.body) {
            searched += 1;
            assert!(!seen.0.contains(&text), "{} {}: {text}", item.method, item.url);
        }
    }
    assert!(searched > 30, "too little was sent to prove anything: {searched}");
    for text in ["Evergreen ", "Evergreen-", "example.com", "555-01"] {
        assert!(!seen.0.contains(text), "{text}");
    }
}

fn long_texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) if text.len() >= 16 && text.contains(' ') => vec![text.clone()],
        Value::Array(values) => values.iter().flat_map(long_texts).collect(),
        Value::Object(fields) => fields.values().flat_map(long_texts).collect(),
        _ => Vec::new(),
    }
}

#[tokio::test]
async fn wrong_credentials_are_never_written() {
    let app = TestApp::traced().await;
    let mut planted = Vec::new();
    let mut accounts = Vec::new();
    let mut plant = |account: &'static str, mut secret: Value, fields: &[&str]| {
        for field in fields {
            let value = mark(&format!("{account}.{field}"));
            secret[*field] = json!(value);
            planted.push(value);
        }
        app.put(account, &secret);
        accounts.push(account);
    };
    plant("client-secret", app_only(0), &["client_secret"]);
    plant("password", password(1), &["password"]);
    plant("refresh", refresh_token(&app, 2), &["refresh_token"]);
    let both = json!({"tenant_id": TENANT, "client_id": APP, "refresh_token": "x"});
    plant("both", both, &["refresh_token", "client_secret"]);
    let said = everything(&app, &accounts).await;
    assert_eq!(app.status("client-secret").await, "active", "resumed at the end");
    let seen = Seen::of(&app, &said).await;
    assert!(seen.0.contains("AADSTS7000215") && seen.0.contains("AADSTS50126"));
    for value in planted {
        seen.assert_without("a wrong credential", &value);
    }
}

#[tokio::test]
async fn malformed_secrets_are_never_written() {
    let value = mark("malformed");
    let marked = json!(value);
    let good = app_only(0);
    let with = |field: &str, wrong: Value| {
        let mut secret = good.clone();
        secret[field] = wrong;
        secret.to_string()
    };
    let mut texts = vec![
        value.clone(),
        format!("{{\"client_secret\": {value}"),
        marked.to_string(),
        json!([marked]).to_string(),
        json!({"accounts": marked}).to_string(),
        json!({"accounts": {"a": marked, "b": [marked]}, "more": marked}).to_string(),
        json!({"accounts": {"a": {"client_secret": marked, "tenant_id": marked}}}).to_string(),
        with("client_secret", json!(format!("{value}{}", "x".repeat(70_000)))),
        with("unknown", marked.clone()),
        with("auth", marked.clone()),
        with("policy", marked.clone()),
        with("policy", json!({"operations": {"include": [value.clone()], "exclude": marked}})),
        with("policy", json!({"working_hours": {"from": marked, "to": marked}, "working_days": [marked]})),
        with("policy", json!({"interval_seconds": {"min": marked}})),
        with("policy", json!({"timezone": marked})),
        with("policy", json!({"writes": marked})),
    ];
    for field in ["tenant_id", "client_id", "client_secret", "user_id", "cloud", "username", "password", "certificate"]
    {
        // A user may have any name, and plans contain the name.
        if field != "user_id" {
            texts.push(with(field, marked.clone()));
        }
        texts.push(with(field, json!([marked])));
        texts.push(with(field, json!({"x": marked})));
    }
    let app = TestApp::traced().await;
    let mut accounts = Vec::new();
    for (number, text) in texts.iter().enumerate() {
        app.secrets.force_put(&format!("evergreen/bad{number:02}"), text);
        accounts.push(format!("bad{number:02}"));
    }
    let mut said = everything(&app, &["bad00", "bad01"]).await;
    for account in &accounts {
        for event in [
            json!({"action": "show", "account": account}),
            json!({"action": "run", "account": account, "dry_run": true}),
        ] {
            said.push(format!("{:?}", app.try_ask(event).await));
        }
    }
    let seen = Seen::of(&app, &said).await;
    seen.assert_without("a malformed secret", &value);
    assert!(seen.0.contains("is not JSON") && seen.0.contains("`policy.timezone`"));
}

#[tokio::test]
async fn error_texts_of_the_tenant_are_never_written() {
    let value = mark("error");
    let acts = |status| FaultAction::Error { status, code: value.clone(), message: value.clone() };
    let app = TestApp::traced().await;
    for (number, account) in ["a", "b"].into_iter().enumerate() {
        let secret = if number == 0 { app_only(0) } else { password(1) };
        app.put(account, &with_policy(secret, json!({"calls_per_run": {"min": 10, "max": 20}, "pause_after": 1})));
    }
    let mut said = Vec::new();
    for status in [400, 401, 403, 500] {
        for fault in [
            Fault::login(When::Always, acts(status)),
            Fault::http(When::Always, acts(status)),
            Fault::item("GET", "*", When::Always, acts(status)),
            Fault::item("POST", "*", When::Always, acts(status)),
        ] {
            app.tenant.inject(fault);
            said.push(app.sync().await.to_string());
            for account in ["a", "b"] {
                said.push(app.act("resume", account).await.to_string());
                said.push(app.act("run", account).await.to_string());
                said.push(app.act("show", account).await.to_string());
            }
            app.tenant.clear_faults();
        }
    }
    Seen::of(&app, &said).await.assert_without("the text of an error", &value);
}

#[tokio::test]
async fn error_texts_of_aws_are_never_written() {
    let app = TestApp::traced().await;
    app.put("a", &with_policy(refresh_token(&app, 0), json!({"calls_per_run": {"min": 1, "max": 2}})));
    app.begin().await;
    let mut said = Vec::new();
    for action in ["ListSecrets", "BatchGetSecretValue", "GetSecretValue", "PutSecretValue", "UpdateSecretVersionStage"]
    {
        for fault in [aws_json::Fault::DENIED, aws_json::Fault::AnswerLost] {
            app.secrets.fail_next(3, action, fault);
            said.extend(everything(&app, &["a"]).await);
            app.secrets.heal();
        }
    }
    let text = app.secrets.text("evergreen/a").unwrap();
    let token = serde_json::from_str::<Value>(&text).unwrap()["refresh_token"].as_str().unwrap().to_owned();
    let seen = Seen::of(&app, &said).await;
    seen.assert_without("the refresh token", &token);
    assert!(!seen.0.contains("requested by the test"), "the message of an error");
}

#[tokio::test]
async fn texts_of_a_tenant_are_never_written() {
    let app = TestApp::traced().await;
    let (tenant, domain) = ("1a2b3c4d-8a54-4c7e-9b51-2f6f3f1f7a11", "fabrikam.onmicrosoft.com");
    let mut lee = User::new(&format!("lee@{domain}"), "x");
    lee.name = mark("name");
    let registration = App::confidential(APP, "s");
    app.tenant.add_tenant(Tenant::new(tenant, domain).with_user(lee.clone()).with_app(registration));
    let secret = json!({"tenant_id": tenant, "client_id": APP, "client_secret": "s", "user_id": lee.upn});
    app.put("a", &with_policy(secret, json!({"calls_per_run": {"min": 20, "max": 40}})));
    let said = everything(&app, &["a"]).await;
    Seen::of(&app, &said).await.assert_without("a person's name", &lee.name);
}
