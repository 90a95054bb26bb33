//! Fake AWS STS with `GetWebIdentityToken`: the Query protocol, answers in XML.

use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Router, body::Bytes};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use e5_evergreen::ports::Clock;
use fake_tenant::Federated;
use serde_json::{Value, json};
use tokio::net::TcpListener;

pub(crate) const ISSUER: &str = "https://1f0c2d3e.tokens.sts.global.api.aws";
pub(crate) const ROLE: &str = "arn:aws:iam::123456789012:role/evergreen-function";
pub(crate) const AUDIENCE: &str = "api://AzureADTokenExchange";

#[derive(Clone)]
pub(crate) struct FakeSts {
    pub endpoint: String,
    held: Arc<Held>,
}

struct Held {
    clock: Arc<dyn Clock>,
    fault: Mutex<Option<(u16, &'static str)>>,
    calls: Mutex<usize>,
}

impl FakeSts {
    pub(crate) async fn start(clock: Arc<dyn Clock>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let held = Arc::new(Held { clock, fault: Mutex::default(), calls: Mutex::default() });
        let router = Router::new().route("/", post(answer)).with_state(Arc::clone(&held));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { endpoint, held }
    }

    /// Refuses every call with this status and code from now on; `None` ends that.
    pub(crate) fn refuse(&self, fault: Option<(u16, &'static str)>) {
        *self.held.fault.lock().unwrap() = fault;
    }

    pub(crate) fn calls(&self) -> usize {
        *self.held.calls.lock().unwrap()
    }
}

/// The federated credential of an app in Entra that trusts the role.
pub(crate) fn trust() -> Federated {
    Federated { issuer: ISSUER.to_owned(), subject: ROLE.to_owned(), audience: AUDIENCE.to_owned() }
}

async fn answer(State(held): State<Arc<Held>>, headers: HeaderMap, body: Bytes) -> Response {
    *held.calls.lock().unwrap() += 1;
    let signed = headers.get(header::AUTHORIZATION).is_some_and(|value| {
        value.to_str().is_ok_and(|value| value.starts_with("AWS4-HMAC-SHA256 ") && value.contains("/sts/aws4_request"))
    });
    if !signed {
        return error(403, "MissingAuthenticationToken");
    }
    if let Some((status, code)) = *held.fault.lock().unwrap() {
        return error(status, code);
    }
    let mut fields: Vec<_> = url::form_urlencoded::parse(&body).collect();
    fields.sort();
    let expected = [
        ("Action", "GetWebIdentityToken"),
        ("Audience.member.1", AUDIENCE),
        ("DurationSeconds", "300"),
        ("SigningAlgorithm", "RS256"),
        ("Version", "2011-06-15"),
    ];
    if !fields.iter().map(|(name, value)| (&**name, &**value)).eq(expected) {
        return error(400, "ValidationError");
    }
    let now = held.clock.now().timestamp();
    let claims = json!({"iss": ISSUER, "sub": ROLE, "aud": AUDIENCE, "iat": now, "exp": now + 300, "jti": "1"});
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let token = format!(
        "{}.{}.{}",
        part(&json!({"alg": "RS256", "typ": "JWT", "kid": "1"})),
        part(&claims),
        URL_SAFE_NO_PAD.encode([7; 256])
    );
    let until = (held.clock.now() + chrono::TimeDelta::seconds(300)).format("%FT%TZ");
    xml(
        200,
        format!(
            "<GetWebIdentityTokenResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetWebIdentityTokenResult>\
             <WebIdentityToken>{token}</WebIdentityToken><Expiration>{until}</Expiration></GetWebIdentityTokenResult>\
             <ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></GetWebIdentityTokenResponse>"
        ),
    )
}

fn error(status: u16, code: &str) -> Response {
    let fault = if status < 500 { "Sender" } else { "Receiver" };
    xml(
        status,
        format!(
            "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>{fault}</Type><Code>{code}</Code>\
             <Message>planted words that are never repeated</Message></Error><RequestId>r</RequestId></ErrorResponse>"
        ),
    )
}

fn xml(status: u16, body: String) -> Response {
    (StatusCode::from_u16(status).unwrap(), [(header::CONTENT_TYPE, "text/xml")], body).into_response()
}
