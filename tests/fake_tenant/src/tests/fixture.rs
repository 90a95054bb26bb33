//! The fake tenant over real sockets, against a clock that is turned by hand.

mod batch;
mod faults;
mod login;
mod rules;
mod state;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use chrono::{DateTime, TimeDelta, TimeZone, Utc};
use serde_json::{Value, json};

use super::{App, FakeTenant, Tenant, User};
use crate::ports::Clock;

pub const TENANT: &str = "11111111-1111-4111-8111-111111111111";
pub const APP: &str = "22222222-2222-4222-8222-222222222222";
pub const NATIVE: &str = "33333333-3333-4333-8333-333333333333";
pub const ANN: &str = "ann@contoso.onmicrosoft.com";
pub const BOB: &str = "bob@contoso.onmicrosoft.com";
pub const SCOPE: &str = "https://graph.microsoft.com/.default";

pub struct Hand(Mutex<DateTime<Utc>>);

impl Hand {
    pub fn turn(&self, seconds: i64) {
        *self.0.lock().expect("the clock") += TimeDelta::seconds(seconds);
    }
}

#[async_trait]
impl Clock for Hand {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().expect("the clock")
    }

    async fn sleep(&self, duration: Duration) {
        self.turn(i64::try_from(duration.as_secs()).expect("a short time"));
        // Whoever else is there gets a turn meanwhile.
        for _ in 0..5000 {
            tokio::task::yield_now().await;
        }
    }
}

/// A fake with one tenant, a confidential and a public app, and two users; and a client.
pub struct Stage {
    pub clock: Arc<Hand>,
    pub fake: FakeTenant,
    http: reqwest::Client,
}

pub struct Answer {
    pub status: u16,
    pub body: Value,
    pub headers: reqwest::header::HeaderMap,
}

impl Stage {
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub async fn with(change: impl FnOnce(&mut Tenant)) -> Self {
        let start = Utc.with_ymd_and_hms(2026, 11, 23, 12, 0, 0).single().expect("a time");
        let clock = Arc::new(Hand(Mutex::new(start)));
        let fake = FakeTenant::start(clock.clone(), 7).await.expect("a free port");
        let mut bob = User::new(BOB, "bobs");
        bob.manager = Some(ANN.into());
        bob.photo = false;
        let mut tenant = Tenant::new(TENANT, "contoso.onmicrosoft.com")
            .with_user(User::new(ANN, "anns"))
            .with_user(bob)
            .with_app(App::confidential(APP, "s3cret"))
            .with_app(App::public(NATIVE));
        change(&mut tenant);
        fake.add_tenant(tenant);
        Self { clock, fake, http: client() }
    }

    /// A token request to the tenant.
    pub async fn ask(&self, fields: &[(&str, &str)]) -> Answer {
        self.ask_at(TENANT, fields).await
    }

    pub async fn ask_at(&self, tenant: &str, fields: &[(&str, &str)]) -> Answer {
        self.form(&format!("/{tenant}/oauth2/v2.0/token"), fields).await.expect("an answer")
    }

    pub async fn form(&self, path: &str, fields: &[(&str, &str)]) -> Result<Answer, reqwest::Error> {
        let body: Vec<String> = fields.iter().map(|(n, v)| format!("{n}={}", super::query::encode(v))).collect();
        let request = self.http.post(self.fake.endpoint() + path);
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(body.join("&"));
        read(request.send().await?).await
    }

    /// An access token for Ann.
    pub async fn ann(&self) -> String {
        self.password(ANN, "anns").await
    }

    pub async fn password(&self, user: &str, password: &str) -> String {
        let fields = [
            ("grant_type", "password"),
            ("client_id", NATIVE),
            ("username", user),
            ("password", password),
            ("scope", SCOPE),
        ];
        token(&self.ask(&fields).await)
    }

    /// An access token for the app itself.
    pub async fn app(&self) -> String {
        let fields =
            [("grant_type", "client_credentials"), ("client_id", APP), ("client_secret", "s3cret"), ("scope", SCOPE)];
        token(&self.ask(&fields).await)
    }

    pub async fn get(&self, token: &str, path: &str) -> Answer {
        self.send(token, "GET", path, None).await
    }

    pub async fn post(&self, token: &str, path: &str, body: Value) -> Answer {
        self.send(token, "POST", path, Some(body)).await
    }

    pub async fn delete(&self, token: &str, path: &str) -> Answer {
        self.send(token, "DELETE", path, None).await
    }

    pub async fn send(&self, token: &str, method: &str, path: &str, body: Option<Value>) -> Answer {
        self.try_send(token, method, path, body).await.expect("an answer")
    }

    pub async fn try_send(
        &self,
        token: &str,
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> Result<Answer, reqwest::Error> {
        let method = reqwest::Method::from_bytes(method.as_bytes()).expect("a method");
        let url = format!("{}/v1.0{path}", self.fake.endpoint());
        let mut request = self.http.request(method, url).header("authorization", format!("Bearer {token}"));
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        read(request.send().await?).await
    }

    pub async fn put(&self, token: &str, path: &str, kind: &str, bytes: Vec<u8>) -> Answer {
        let url = format!("{}/v1.0{path}", self.fake.endpoint());
        let request =
            self.http.put(url).header("authorization", format!("Bearer {token}")).header("content-type", kind);
        read(request.body(bytes).send().await.expect("an answer")).await.expect("a body")
    }

    pub async fn html(&self, token: &str, path: &str, html: &str) -> Answer {
        let url = format!("{}/v1.0{path}", self.fake.endpoint());
        let request =
            self.http.post(url).header("authorization", format!("Bearer {token}")).header("content-type", "text/html");
        read(request.body(html.to_owned()).send().await.expect("an answer")).await.expect("a body")
    }

    /// Sends a batch; the responses by id.
    pub async fn batch(&self, token: &str, requests: Value) -> Answer {
        self.post(token, "/$batch", json!({"requests": requests})).await
    }

    pub fn snapshot(&self) -> Value {
        self.fake.snapshot(TENANT)
    }

    /// Asserts that nothing was done that a well-behaved client does not do.
    pub fn behaved(&self) {
        assert_eq!(self.fake.violations(), Vec::<String>::new());
    }
}

impl Answer {
    pub fn id(&self) -> String {
        self.body["id"].as_str().unwrap_or_else(|| panic!("no id in {} {}", self.status, self.body)).to_owned()
    }

    /// Graph's error code.
    pub fn code(&self) -> &str {
        self.body["error"]["code"].as_str().unwrap_or_default()
    }

    /// The login service's error code.
    pub fn aadsts(&self) -> u64 {
        self.body["error_codes"][0].as_u64().unwrap_or_default()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default()
    }

    pub fn values(&self) -> &Vec<Value> {
        self.body["value"].as_array().unwrap_or_else(|| panic!("no list in {} {}", self.status, self.body))
    }

    /// The response of a batch to the request of this id.
    pub fn of(&self, id: &str) -> &Value {
        let all = self.body["responses"]
            .as_array()
            .unwrap_or_else(|| panic!("no responses in {} {}", self.status, self.body));
        all.iter().find(|r| r["id"] == id).unwrap_or_else(|| panic!("no response {id} in {}", self.body))
    }
}

pub fn token(answer: &Answer) -> String {
    answer.body["access_token"].as_str().unwrap_or_else(|| panic!("no token in {}", answer.body)).to_owned()
}

/// The claims of a JWT.
pub fn claims(token: &str) -> Value {
    let part = token.split('.').nth(1).expect("a JWT has three parts");
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part).expect("base64url");
    serde_json::from_slice(&bytes).expect("JSON")
}

async fn read(response: reqwest::Response) -> Result<Answer, reqwest::Error> {
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let bytes = response.bytes().await?;
    let body = serde_json::from_slice(&bytes).unwrap_or_else(|_| String::from_utf8_lossy(&bytes).into_owned().into());
    Ok(Answer { status, body, headers })
}

fn client() -> reqwest::Client {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let tls = tls.expect("TLS versions").with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth();
    let client = reqwest::Client::builder().tls_backend_preconfigured(tls).redirect(reqwest::redirect::Policy::none());
    client.no_proxy().build().expect("a client")
}

/// The id of the first list element whose property is the value.
pub fn find(answer: &Answer, name: &str, value: &str) -> String {
    let found = answer.values().iter().find(|v| v[name] == value);
    found.and_then(|v| v["id"].as_str()).unwrap_or_else(|| panic!("no {value} in {}", answer.body)).to_owned()
}
