//! A door: the address at which a stand-in is reached. What goes through is recorded, or answered from the recording.

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

use crate::local::bench::environment::CLIENT_SECRET;
use crate::local::bench::recording::{Answer, Book, Sent, Service};

const MOST_BYTES: usize = 16 * 1024 * 1024;

pub struct Door {
    pub service: Service,
    /// The stand-in behind it.
    pub upstream: String,
    /// How long the service takes; the stand-in itself sees to that while the recording is made.
    pub takes: Duration,
    pub book: Arc<Book>,
    pub client: reqwest::Client,
}

impl Door {
    /// Opens on a free port of loopback, for as long as the process lives; gives the address.
    pub async fn open(self) -> anyhow::Result<String> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.context("listening on loopback")?;
        let address = format!("http://{}", listener.local_addr()?);
        let state = (Arc::new(self), address.clone());
        let router = Router::new().fallback(pass).with_state(state);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(address)
    }
}

async fn pass(State((door, address)): State<(Arc<Door>, String)>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MOST_BYTES).await else { return StatusCode::BAD_REQUEST.into_response() };
    let Some(sent) = sent(door.service, &address, &parts, &body) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    if let Some(recorded) = door.book.recorded(&sent) {
        if !door.takes.is_zero() {
            tokio::time::sleep(door.takes).await;
        }
        return recorded.map_or_else(|| StatusCode::NOT_FOUND.into_response(), respond);
    }
    let number = door.book.note(sent);
    match forward(&door, parts, body).await {
        Ok((answer, units)) => {
            door.book.note_answer(number, answer.clone(), units);
            respond(answer)
        }
        Err(_) => StatusCode::BAD_GATEWAY.into_response(),
    }
}

fn sent(service: Service, address: &str, parts: &Parts, body: &Bytes) -> Option<Sent> {
    let body = std::str::from_utf8(body).ok()?.to_owned();
    let headers = parts.headers.iter().filter(|(name, _)| !set_by_the_client(name));
    Some(Sent {
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

/// What any client adds by itself.
fn set_by_the_client(name: &HeaderName) -> bool {
    [HOST, CONTENT_LENGTH, CONNECTION, TRANSFER_ENCODING].contains(name)
}

/// The account whose client secret stands in a form.
fn secret_of(form: &str) -> Option<String> {
    let (_, rest) = form.split_once(&format!("client_secret={CLIENT_SECRET}"))?;
    rest.split('&').next().map(str::to_owned)
}

/// The account that a DynamoDB request names.
fn key_of(body: &str) -> Option<String> {
    let body: Value = serde_json::from_str(body).ok()?;
    let key = body.get("Key").or(body.get("Item"))?;
    key["account_id"]["S"].as_str().map(str::to_owned)
}

async fn forward(door: &Door, parts: Parts, body: Bytes) -> anyhow::Result<(Answer, f64)> {
    let dynamodb = door.service == Service::Dynamodb;
    let url = format!("{}{}", door.upstream, parts.uri);
    let mut headers = parts.headers;
    headers.remove(HOST);
    headers.remove(CONTENT_LENGTH);
    let body = if dynamodb { asking_for_units(&body) } else { body };
    let method = Method::from_bytes(parts.method.as_str().as_bytes())?;
    let answer = door.client.request(method, url).headers(headers).body(body).send().await?;
    let status = answer.status();
    let headers = kept(answer.headers());
    let body = answer.bytes().await?;
    let (body, units) = if dynamodb { without_units(body)? } else { (body, 0.0) };
    Ok((Answer { status, headers, body }, units))
}

/// The house has no use for consumed capacity: the door asks for it, and keeps it to itself.
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

/// Without what this connection's own server writes, and without the checksum of what was cut.
fn kept(headers: &HeaderMap) -> HeaderMap {
    let dropped = |name: &HeaderName| set_by_the_client(name) || ["date", "x-amz-crc32"].contains(&name.as_str());
    headers.iter().filter(|(name, _)| !dropped(name)).map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn respond(answer: Answer) -> Response {
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = answer.status;
    *response.headers_mut() = answer.headers;
    response.headers_mut().entry("server").or_insert(HeaderValue::from_static("stand-in"));
    response
}
