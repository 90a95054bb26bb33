//! A fake with one tenant, and a client that calls it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use chrono::{DateTime, TimeDelta, TimeZone, Utc};
use serde_json::{Value, json};

use crate::clock::Clock;
use crate::handle::FakeTenant;
use crate::state::tenant::{App, Tenant, User};

pub(super) const TENANT: &str = "11111111-1111-4111-8111-111111111111";
pub(super) const APP: &str = "22222222-2222-4222-8222-222222222222";
pub(super) const NATIVE: &str = "33333333-3333-4333-8333-333333333333";
pub(super) const ANN: &str = "ann@contoso.onmicrosoft.com";
pub(super) const BOB: &str = "bob@contoso.onmicrosoft.com";
pub(super) const SCOPE: &str = "https://graph.microsoft.com/.default";

pub(super) struct HandTurnedClock(Mutex<DateTime<Utc>>);

impl HandTurnedClock {
    pub(super) fn advance(&self, seconds: i64) {
        *self.0.lock().expect("the clock") += TimeDelta::seconds(seconds);
    }
}

#[async_trait]
impl Clock for HandTurnedClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().expect("the clock")
    }

    async fn sleep(&self, duration: Duration) {
        self.advance(i64::try_from(duration.as_secs()).expect("a short time"));
        // Other tasks get a turn meanwhile.
        for _ in 0..5000 {
            tokio::task::yield_now().await;
        }
    }
}

/// A fake with one tenant, a confidential and a public app, and two users; and a client.
pub(super) struct Fixture {
    pub clock: Arc<HandTurnedClock>,
    pub fake: FakeTenant,
    http: reqwest::Client,
}

pub(super) struct Answer {
    pub status: u16,
    pub body: Value,
    pub headers: reqwest::header::HeaderMap,
}

impl Fixture {
    pub(super) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub(super) async fn with(change: impl FnOnce(&mut Tenant)) -> Self {
        let start = Utc.with_ymd_and_hms(2026, 11, 23, 12, 0, 0).single().expect("a time");
        let clock = Arc::new(HandTurnedClock(Mutex::new(start)));
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
    pub(super) async fn ask(&self, fields: &[(&str, &str)]) -> Answer {
        self.ask_at(TENANT, fields).await
    }

    pub(super) async fn ask_at(&self, tenant: &str, fields: &[(&str, &str)]) -> Answer {
        self.form(&format!("/{tenant}/oauth2/v2.0/token"), fields).await.expect("an answer")
    }

    pub(super) async fn form(&self, path: &str, fields: &[(&str, &str)]) -> Result<Answer, reqwest::Error> {
        let body: Vec<String> =
            fields.iter().map(|(n, v)| format!("{n}={}", crate::wire::encoding::percent_encode(v))).collect();
        let request = self.http.post(self.fake.endpoint() + path);
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(body.join("&"));
        read(request.send().await?).await
    }

    /// An access token for Ann.
    pub(super) async fn ann(&self) -> String {
        self.password(ANN, "anns").await
    }

    pub(super) async fn password(&self, user: &str, password: &str) -> String {
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
    pub(super) async fn app(&self) -> String {
        let fields =
            [("grant_type", "client_credentials"), ("client_id", APP), ("client_secret", "s3cret"), ("scope", SCOPE)];
        token(&self.ask(&fields).await)
    }

    pub(super) async fn get(&self, token: &str, path: &str) -> Answer {
        self.send(token, "GET", path, None).await
    }

    pub(super) async fn post(&self, token: &str, path: &str, body: Value) -> Answer {
        self.send(token, "POST", path, Some(body)).await
    }

    pub(super) async fn delete(&self, token: &str, path: &str) -> Answer {
        self.send(token, "DELETE", path, None).await
    }

    pub(super) async fn send(&self, token: &str, method: &str, path: &str, body: Option<Value>) -> Answer {
        self.try_send(token, method, path, body).await.expect("an answer")
    }

    pub(super) async fn try_send(
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

    pub(super) async fn put(&self, token: &str, path: &str, kind: &str, bytes: Vec<u8>) -> Answer {
        let url = format!("{}/v1.0{path}", self.fake.endpoint());
        let request =
            self.http.put(url).header("authorization", format!("Bearer {token}")).header("content-type", kind);
        read(request.body(bytes).send().await.expect("an answer")).await.expect("a body")
    }

    pub(super) async fn html(&self, token: &str, path: &str, html: &str) -> Answer {
        let url = format!("{}/v1.0{path}", self.fake.endpoint());
        let request =
            self.http.post(url).header("authorization", format!("Bearer {token}")).header("content-type", "text/html");
        read(request.body(html.to_owned()).send().await.expect("an answer")).await.expect("a body")
    }

    /// Sends a batch; the responses by id.
    pub(super) async fn batch(&self, token: &str, requests: Value) -> Answer {
        self.post(token, "/$batch", json!({"requests": requests})).await
    }

    pub(super) fn snapshot(&self) -> Value {
        self.fake.snapshot(TENANT)
    }

    /// Asserts that there was no violation.
    pub(super) fn behaved(&self) {
        assert_eq!(self.fake.violations(), Vec::<String>::new());
    }
}

impl Answer {
    pub(super) fn id(&self) -> String {
        self.body["id"].as_str().unwrap_or_else(|| panic!("no id in {} {}", self.status, self.body)).to_owned()
    }

    /// Graph's error code.
    pub(super) fn code(&self) -> &str {
        self.body["error"]["code"].as_str().unwrap_or_default()
    }

    /// The login service's error code.
    pub(super) fn aadsts(&self) -> u64 {
        self.body["error_codes"][0].as_u64().unwrap_or_default()
    }

    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default()
    }

    pub(super) fn values(&self) -> &Vec<Value> {
        self.body["value"].as_array().unwrap_or_else(|| panic!("no list in {} {}", self.status, self.body))
    }

    /// The response of a batch to the request of this id.
    pub(super) fn of(&self, id: &str) -> &Value {
        let all = self.body["responses"]
            .as_array()
            .unwrap_or_else(|| panic!("no responses in {} {}", self.status, self.body));
        all.iter().find(|r| r["id"] == id).unwrap_or_else(|| panic!("no response {id} in {}", self.body))
    }
}

pub(super) fn token(answer: &Answer) -> String {
    answer.body["access_token"].as_str().unwrap_or_else(|| panic!("no token in {}", answer.body)).to_owned()
}

/// The claims of a JWT.
pub(super) fn claims(token: &str) -> Value {
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
pub(super) fn find(answer: &Answer, name: &str, value: &str) -> String {
    let found = answer.values().iter().find(|v| v[name] == value);
    found.and_then(|v| v["id"].as_str()).unwrap_or_else(|| panic!("no {value} in {}", answer.body)).to_owned()
}
