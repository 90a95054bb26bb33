//! The HTTP server: which part of the fake a request is for, and how its answer is sent.

use std::future::pending;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, Request};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::Response;

use crate::graph::{exchange, links};
use crate::login;
use crate::login::pages::{self, Page};
use crate::state::shared::Shared;
use crate::wire::call;
use crate::wire::exchange::{Ending, Incoming};
use crate::wire::reply::Reply;
use crate::wire::socket::{ResetSwitch, half};

/// Above the largest file that Graph accepts in one request.
const MAX_REQUEST_BYTES: usize = 260 * 1024 * 1024;

pub(crate) fn router(shared: Arc<Shared>) -> Router {
    Router::new().fallback(move |ConnectInfo(cut): ConnectInfo<ResetSwitch>, request: Request| {
        let shared = Arc::clone(&shared);
        async move { answer(&shared, &cut, request).await }
    })
}

async fn answer(shared: &Arc<Shared>, cut: &ResetSwitch, request: Request) -> Response {
    let Some(incoming) = read(request).await else { return respond(&Reply::bad("The body could not be read."), false) };
    match serve(shared, incoming).await {
        Ending::Answer(reply) => respond(&reply, false),
        Ending::Half(reply) => respond(&reply, true),
        Ending::Hang => pending().await,
        Ending::Reset => {
            cut.reset();
            respond(&Reply::empty(500), false)
        }
    }
}

async fn read(request: Request) -> Option<Incoming> {
    let (parts, body) = request.into_parts();
    let headers =
        parts.headers.iter().map(|(n, v)| (n.as_str().to_owned(), String::from_utf8_lossy(v.as_bytes()).into_owned()));
    Some(Incoming {
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: headers.collect(),
        body: to_bytes(body, MAX_REQUEST_BYTES).await.ok()?.to_vec(),
    })
}

async fn serve(shared: &Arc<Shared>, incoming: Incoming) -> Ending {
    if incoming.path.starts_with("/_") {
        return Ending::Answer(links::answer(shared, &incoming));
    }
    if let Some(path) = incoming.path.strip_prefix("/v1.0").filter(|p| p.starts_with('/')).map(str::to_owned) {
        return exchange::answer(shared, incoming, path).await;
    }
    if let Some((tenant, page)) = Page::of(&incoming.path) {
        return Ending::Answer(pages::answer(&mut shared.state(), &incoming, tenant, page));
    }
    let segments: Vec<&str> = incoming.path.trim_start_matches('/').split('/').collect();
    if let [tenant, "oauth2", "v2.0", what @ ("token" | "devicecode")] = segments[..] {
        return login::answer(shared, &incoming, tenant, what).await;
    }
    shared.state().report_violation(format!("{} {} is no address of Microsoft's", incoming.method, incoming.path));
    Ending::Answer(Reply::error(404, "ResourceNotFound", "Nothing is served here; in particular no beta."))
}

fn respond(reply: &Reply, half_only: bool) -> Response {
    let bytes = match &reply.body {
        call::Body::None => Vec::new(),
        call::Body::Json(value) => value.to_string().into_bytes(),
        call::Body::Bytes(bytes) => bytes.clone(),
    };
    let length = bytes.len();
    let body = if half_only { half(&bytes) } else { Body::from(bytes) };
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in &reply.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    if half_only {
        response.headers_mut().insert("content-length", HeaderValue::from(length));
    }
    response
}
