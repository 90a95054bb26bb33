//! Secrecy: what is planted in secrets, tokens, mail and errors is found nowhere but where it belongs.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};
use chrono::TimeDelta;
use fake_tenant::{App, Fault, FaultAction, Tenant, User, When};
use serde_json::{Value, json};

use crate::support::{
    aws_json,
    world::{APP, TENANT, World, app_only, password, refresh_token, under, user},
};

/// Something that is in no text by chance; has characters that JSON and URLs write otherwise.
fn mark(place: &str) -> String {
    format!("MARKED \"{place}\" +/é= value")
}

/// The ways in which a value may stand in a text: as it is, in JSON, in a URL or a form, in base64 at any offset.
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
            // The first and last characters depend on the neighbours.
            forms.push(text[4..text.len() - 4].to_owned());
        }
    }
    forms
}

/// Everything that the house writes, says or stores, but for the secrets themselves.
struct Seen(String);

impl Seen {
    async fn of(world: &World, answers: &[String]) -> Self {
        let stored = world.dynamo.everything_stored().await;
        Self([world.journal.text(), answers.join("\n"), stored, world.dynamo.everything()].join("\n"))
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

/// Does everything that can be done, and gives back all answers and errors.
async fn everything(world: &World, accounts: &[&str]) -> Vec<String> {
    let mut said = Vec::new();
    let mut ask = async |event: Value| {
        said.push(match world.try_ask(event).await {
            Ok(answer) => answer.to_string(),
            Err(error) => format!("{error} {error:?}"),
        });
    };
    ask(json!({"action": "sync"})).await;
    for _ in 0..4 {
        world.advance(TimeDelta::hours(7));
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
fn the_search_finds_a_value_in_every_form() {
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
    Seen("nothing of the kind".to_owned()).assert_without("it", &value);
}

#[tokio::test]
async fn secrets_and_tokens_are_written_nowhere_while_all_goes_well() {
    let world = World::new().await;
    let (secret, word) = (mark("client_secret"), mark("password"));
    world.tenant.set_secret(TENANT, APP, &secret);
    world.tenant.set_password(TENANT, &user(1), &word);
    let mut app = app_only(0);
    app["client_secret"] = json!(secret);
    let mut person = password(1);
    person["password"] = json!(word);
    let refresh = refresh_token(&world, 2);
    world.put("app", &app);
    world.put("person", &person);
    world.put("refresh", &refresh);
    let said = everything(&world, &["app", "person", "refresh"]).await;
    assert!(world.runs("refresh").await.iter().any(|run| run.outcome == "succeeded"), "{}", world.journal.text());

    let seen = Seen::of(&world, &said).await;
    seen.assert_without("the client secret", &secret);
    seen.assert_without("the password", &word);
    seen.assert_without("the first refresh token", refresh["refresh_token"].as_str().unwrap());
    let rotated = world.secrets.value("evergreen/refresh").unwrap();
    assert_ne!(rotated["refresh_token"], refresh["refresh_token"]);
    seen.assert_without("the rotated refresh token", rotated["refresh_token"].as_str().unwrap());
    for (what, beginning) in [("a JWT", "eyJ0eXAi"), ("a refresh token", "1.A"), ("a bearer", "Bearer ")] {
        assert!(!seen.0.contains(beginning), "{what}");
    }
}

#[tokio::test]
async fn what_is_sent_and_what_the_tenant_holds_is_written_nowhere() {
    let world = World::new().await;
    let policy = json!({"calls_per_run": {"min": 30, "max": 40}});
    world.put("a", &under(app_only(0), policy.clone()));
    world.put("b", &under(password(1), policy));
    world.begin().await;
    let mut said = Vec::new();
    for _ in 0..3 {
        world.advance(TimeDelta::hours(5));
        said.push(world.tick().await.to_string());
    }
    for account in ["a", "b"] {
        said.push(world.act("history", account).await.to_string());
        said.push(world.act("show", account).await.to_string());
    }
    let seen = Seen::of(&world, &said).await;
    let mut searched = 0;
    for item in world.batches().iter().flat_map(|batch| &batch.items) {
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
async fn wrong_credentials_are_written_nowhere() {
    let world = World::new().await;
    let mut planted = Vec::new();
    let mut accounts = Vec::new();
    let mut plant = |account: &'static str, mut secret: Value, fields: &[&str]| {
        for field in fields {
            let value = mark(&format!("{account}.{field}"));
            secret[*field] = json!(value);
            planted.push(value);
        }
        world.put(account, &secret);
        accounts.push(account);
    };
    plant("client-secret", app_only(0), &["client_secret"]);
    plant("password", password(1), &["password"]);
    plant("refresh", refresh_token(&world, 2), &["refresh_token"]);
    let both = json!({"tenant_id": TENANT, "client_id": APP, "refresh_token": "x"});
    plant("both", both, &["refresh_token", "client_secret"]);
    let said = everything(&world, &accounts).await;
    assert_eq!(world.status("client-secret").await, "active", "resumed at the end");
    let seen = Seen::of(&world, &said).await;
    assert!(seen.0.contains("AADSTS7000215") && seen.0.contains("AADSTS50126"));
    for value in planted {
        seen.assert_without("a wrong credential", &value);
    }
}

#[tokio::test]
async fn malformed_secrets_are_written_nowhere() {
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
        // Any text may be the name of a user, and plans name the user.
        if field != "user_id" {
            texts.push(with(field, marked.clone()));
        }
        texts.push(with(field, json!([marked])));
        texts.push(with(field, json!({"x": marked})));
    }
    let world = World::new().await;
    let mut accounts = Vec::new();
    for (number, text) in texts.iter().enumerate() {
        world.secrets.force_put(&format!("evergreen/bad{number:02}"), text);
        accounts.push(format!("bad{number:02}"));
    }
    let mut said = everything(&world, &["bad00", "bad01"]).await;
    for account in &accounts {
        for event in [
            json!({"action": "show", "account": account}),
            json!({"action": "run", "account": account, "dry_run": true}),
        ] {
            said.push(format!("{:?}", world.try_ask(event).await));
        }
    }
    let seen = Seen::of(&world, &said).await;
    seen.assert_without("a malformed secret", &value);
    assert!(seen.0.contains("is not JSON") && seen.0.contains("`policy.timezone`"));
}

#[tokio::test]
async fn what_the_tenant_says_in_its_errors_is_written_nowhere() {
    let value = mark("error");
    let acts = |status| FaultAction::Error { status, code: value.clone(), message: value.clone() };
    let world = World::new().await;
    for (number, account) in ["a", "b"].into_iter().enumerate() {
        let secret = if number == 0 { app_only(0) } else { password(1) };
        world.put(account, &under(secret, json!({"calls_per_run": {"min": 10, "max": 20}, "pause_after": 1})));
    }
    let mut said = Vec::new();
    for status in [400, 401, 403, 500] {
        for fault in [
            Fault::login(When::Always, acts(status)),
            Fault::http(When::Always, acts(status)),
            Fault::item("GET", "*", When::Always, acts(status)),
            Fault::item("POST", "*", When::Always, acts(status)),
        ] {
            world.tenant.inject(fault);
            said.push(world.sync().await.to_string());
            for account in ["a", "b"] {
                said.push(world.act("resume", account).await.to_string());
                said.push(world.act("run", account).await.to_string());
                said.push(world.act("show", account).await.to_string());
            }
            world.tenant.clear_faults();
        }
    }
    Seen::of(&world, &said).await.assert_without("the text of an error", &value);
}

#[tokio::test]
async fn what_aws_says_in_its_errors_is_written_nowhere() {
    let world = World::new().await;
    world.put("a", &under(refresh_token(&world, 0), json!({"calls_per_run": {"min": 1, "max": 2}})));
    world.begin().await;
    let mut said = Vec::new();
    for action in ["ListSecrets", "BatchGetSecretValue", "GetSecretValue", "PutSecretValue"] {
        for fault in [aws_json::Fault::DENIED, aws_json::Fault::AnswerLost] {
            world.secrets.fail_next(3, action, fault);
            said.extend(everything(&world, &["a"]).await);
            world.secrets.heal();
        }
    }
    let text = world.secrets.text("evergreen/a").unwrap();
    let token = serde_json::from_str::<Value>(&text).unwrap()["refresh_token"].as_str().unwrap().to_owned();
    let seen = Seen::of(&world, &said).await;
    seen.assert_without("the refresh token", &token);
    assert!(!seen.0.contains("as the test asked"), "the message of an error");
}

#[tokio::test]
async fn a_tenants_own_texts_are_written_nowhere() {
    let world = World::new().await;
    let (tenant, domain) = ("1a2b3c4d-8a54-4c7e-9b51-2f6f3f1f7a11", "fabrikam.onmicrosoft.com");
    let mut lee = User::new(&format!("lee@{domain}"), "x");
    lee.name = mark("name");
    let app = App::confidential(APP, "s");
    world.tenant.add_tenant(Tenant::new(tenant, domain).with_user(lee.clone()).with_app(app));
    let secret = json!({"tenant_id": tenant, "client_id": APP, "client_secret": "s", "user_id": lee.upn});
    world.put("a", &under(secret, json!({"calls_per_run": {"min": 20, "max": 40}})));
    let said = everything(&world, &["a"]).await;
    Seen::of(&world, &said).await.assert_without("a person's name", &lee.name);
}
