//! A recording proxy: it forwards requests to a stand-in and records them, or answers them from the recording.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{CONNECTION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use tokio::net::TcpListener;

use crate::local::bench::recording::{RecordedAnswer, RecordedRequest, Recording, Service};

/// Every account has a client secret of its own, this followed by its id: a token request shows whose it is.
pub(super) const CLIENT_SECRET_PREFIX: &str = "secret-of-";

const MAX_REQUEST_BYTES: usize = 16 * 1024 * 1024;

pub(super) struct RecordingProxy {
    pub service: Service,
    /// Base URL of the stand-in.
    pub upstream: String,
    /// Latency of replayed answers; while recording, the stand-in itself takes that long.
    pub latency: Duration,
    pub recording: Arc<Recording>,
    pub client: reqwest::Client,
}

impl RecordingProxy {
    /// Listens on a free loopback port until the process ends; returns the base URL.
    pub(super) async fn open(self) -> anyhow::Result<String> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.context("listening on loopback")?;
        let address = format!("http://{}", listener.local_addr()?);
        let state = (Arc::new(self), address.clone());
        let router = Router::new().fallback(handle).with_state(state);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(address)
    }
}

async fn handle(State((proxy, address)): State<(Arc<RecordingProxy>, String)>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_REQUEST_BYTES).await else { return StatusCode::BAD_REQUEST.into_response() };
    let Some(sent) = sent(proxy.service, &address, &parts, &body) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    if let Some(recorded) = proxy.recording.recorded(&sent) {
        if !proxy.latency.is_zero() {
            tokio::time::sleep(proxy.latency).await;
        }
        return recorded.map_or_else(|| StatusCode::NOT_FOUND.into_response(), respond);
    }
    let number = proxy.recording.record(sent);
    match forward(&proxy, parts, body).await {
        Ok((answer, units)) => {
            proxy.recording.record_answer(number, answer.clone(), units);
            respond(answer)
        }
        Err(_) => StatusCode::BAD_GATEWAY.into_response(),
    }
}

fn sent(service: Service, address: &str, parts: &Parts, body: &Bytes) -> Option<RecordedRequest> {
    let body = std::str::from_utf8(body).ok()?.to_owned();
    let headers = parts.headers.iter().filter(|(name, _)| !set_by_the_client(name));
    Some(RecordedRequest {
        service,
        account: match service {
            Service::Login => secret_of(&body),
            Service::Dynamodb => key_of(&body),
            Service::Graph | Service::Secrets => None,
        },
        method: parts.method.to_string(),
        url: format!("{address}{}", parts.uri),
        headers: headers
            .map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())))
            .collect::<Option<_>>()?,
        body,
    })
}

/// Headers that every HTTP client adds.
fn set_by_the_client(name: &HeaderName) -> bool {
    [HOST, CONTENT_LENGTH, CONNECTION, TRANSFER_ENCODING].contains(name)
}

/// The account whose client secret the form contains.
fn secret_of(form: &str) -> Option<String> {
    let (_, rest) = form.split_once(&format!("client_secret={CLIENT_SECRET_PREFIX}"))?;
    rest.split('&').next().map(str::to_owned)
}

/// The account that a DynamoDB request names.
fn key_of(body: &str) -> Option<String> {
    let body: Value = serde_json::from_str(body).ok()?;
    let key = body.get("Key").or(body.get("Item"))?;
    key["account_id"]["S"].as_str().map(str::to_owned)
}

async fn forward(proxy: &RecordingProxy, parts: Parts, body: Bytes) -> anyhow::Result<(RecordedAnswer, f64)> {
    let dynamodb = proxy.service == Service::Dynamodb;
    let url = format!("{}{}", proxy.upstream, parts.uri);
    let mut headers = parts.headers;
    headers.remove(HOST);
    headers.remove(CONTENT_LENGTH);
    let body = if dynamodb { asking_for_units(&body) } else { body };
    let method = Method::from_bytes(parts.method.as_str().as_bytes())?;
    let answer = proxy.client.request(method, url).headers(headers).body(body).send().await?;
    let status = answer.status();
    let headers = kept(answer.headers());
    let body = answer.bytes().await?;
    let (body, units) = if dynamodb { without_units(body)? } else { (body, 0.0) };
    Ok((RecordedAnswer { status, headers, body }, units))
}

/// Requests the consumed capacity, which the application does not need; the proxy removes it from the answer.
fn asking_for_units(body: &Bytes) -> Bytes {
    match body.strip_prefix(b"{") {
        Some(rest) => [b"{\"ReturnConsumedCapacity\":\"TOTAL\",", rest].concat().into(),
        None => body.clone(),
    }
}

fn without_units(body: Bytes) -> anyhow::Result<(Bytes, f64)> {
    let mut answer: Value = serde_json::from_slice(&body)?;
    let consumed = answer.as_object_mut().and_then(|answer| answer.remove("ConsumedCapacity"));
    let units = consumed.and_then(|consumed| consumed.get("CapacityUnits")?.as_f64());
    Ok((answer.to_string().into(), units.unwrap_or_default()))
}

/// Without the headers that the proxy's own server writes, and without the checksum of the original body.
fn kept(headers: &HeaderMap) -> HeaderMap {
    let dropped = |name: &HeaderName| set_by_the_client(name) || ["date", "x-amz-crc32"].contains(&name.as_str());
    headers.iter().filter(|(name, _)| !dropped(name)).map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn respond(answer: RecordedAnswer) -> Response {
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = answer.status;
    *response.headers_mut() = answer.headers;
    response.headers_mut().entry("server").or_insert(HeaderValue::from_static("stand-in"));
    response
}
