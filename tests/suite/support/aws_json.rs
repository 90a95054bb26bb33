//! The protocol of the AWS JSON services: one URL, an action in a header, errors with a `__type`. Records
//! all traffic, and fails or holds calls as a test requests.

use std::{
    collections::BTreeMap,
    panic::resume_unwind,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, State},
    http::{HeaderMap, Method, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use rand::{RngExt, SeedableRng, rngs::ChaCha12Rng};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::watch};

/// The faults of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Refused with this status and error type; the service never sees the call.
    Refused(u16, &'static str),
    /// The connection is closed before the service sees the call.
    Dropped,
    /// The service does the work, but the connection is closed before the answer.
    AnswerLost,
}

impl Fault {
    pub(crate) const THROTTLED: Self = Self::Refused(400, "ThrottlingException");
    pub(crate) const CAPACITY: Self = Self::Refused(400, "ProvisionedThroughputExceededException");
    pub(crate) const DENIED: Self = Self::Refused(400, "AccessDeniedException");
    /// Of DynamoDB.
    pub(crate) const SERVER_ERROR: Self = Self::Refused(500, "InternalServerError");
    /// Of Secrets Manager.
    pub(crate) const SERVICE_ERROR: Self = Self::Refused(500, "InternalServiceError");
}

/// Where a call is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum At {
    /// The service has not seen it; if the caller dies now, it never does.
    Request,
    /// The service has done the work; the caller has no response yet.
    Answer,
}

/// One call as it went over the wire.
#[derive(Clone, Debug)]
pub(crate) struct Exchange {
    pub action: String,
    pub request: String,
    /// 0: the connection was closed without an answer, or is still held.
    pub status: u16,
    pub answer: String,
}

impl Exchange {
    pub(crate) fn request_json(&self) -> Value {
        serde_json::from_str(&self.request).expect("a request is JSON")
    }
}

struct Rule {
    action: String,
    containing: String,
    left: usize,
    fault: Fault,
}

struct Barrier {
    action: String,
    containing: String,
    at: At,
    reached: watch::Sender<usize>,
    open: watch::Receiver<bool>,
}

struct Chance {
    rng: ChaCha12Rng,
    share: f64,
    faults: Vec<Fault>,
}

#[derive(Default)]
struct Inner {
    calls: BTreeMap<String, usize>,
    exchanges: Vec<Exchange>,
    /// How many exchanges preceded the first that is kept.
    forgotten: usize,
    rules: Vec<Rule>,
    barriers: Vec<Barrier>,
    chance: Option<Chance>,
}

/// The recorded traffic and the planned faults. Clones share both.
#[derive(Clone, Default)]
pub(crate) struct Traffic(Arc<Mutex<Inner>>);

impl Traffic {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap()
    }

    /// How often an action (`PutItem`) was called, including failed calls.
    pub(crate) fn calls(&self, action: &str) -> usize {
        self.inner().calls.get(action).copied().unwrap_or(0)
    }

    pub(crate) fn total_calls(&self) -> usize {
        self.inner().calls.values().sum()
    }

    /// Every call so far, in order of arrival.
    pub(crate) fn exchanges(&self) -> Vec<Exchange> {
        self.inner().exchanges.clone()
    }

    /// The calls of one action.
    pub(crate) fn exchanges_of(&self, action: &str) -> Vec<Exchange> {
        self.inner().exchanges.iter().filter(|exchange| exchange.action == action).cloned().collect()
    }

    /// All request and response bodies as one text to search.
    pub(crate) fn everything(&self) -> String {
        let inner = self.inner();
        inner.exchanges.iter().flat_map(|exchange| [&*exchange.request, "\n", &*exchange.answer, "\n"]).collect()
    }

    /// Clears counts and records; faults and holds stay.
    pub(crate) fn forget(&self) {
        let mut inner = self.inner();
        inner.calls.clear();
        inner.forgotten += inner.exchanges.len();
        inner.exchanges.clear();
    }

    /// The next `count` calls of `action` (any, when empty) fail.
    pub(crate) fn fail_next(&self, count: usize, action: &str, fault: Fault) {
        self.fail_next_containing(count, action, "", fault);
    }

    /// The same, only for calls whose body contains a text, e.g. an account id.
    pub(crate) fn fail_next_containing(&self, count: usize, action: &str, containing: &str, fault: Fault) {
        let (action, containing) = (action.to_owned(), containing.to_owned());
        self.inner().rules.push(Rule { action, containing, left: count, fault });
    }

    /// From now on this share (0.0 to 1.0) of all calls fails, with one of `faults`; the same seed draws the same way.
    pub(crate) fn fail_randomly(&self, seed: u64, share: f64, faults: &[Fault]) {
        let rng = ChaCha12Rng::seed_from_u64(seed);
        self.inner().chance = Some(Chance { rng, share, faults: faults.to_vec() });
    }

    /// Removes all faults.
    pub(crate) fn heal(&self) {
        let mut inner = self.inner();
        inner.rules.clear();
        inner.chance = None;
    }

    /// Holds every call of `action` whose body contains a text (may be empty) until the hold is released or dropped.
    pub(crate) fn hold(&self, action: &str, containing: &str, at: At) -> Hold {
        let (reached, arrivals) = watch::channel(0);
        let (gate, open) = watch::channel(false);
        let (action, containing) = (action.to_owned(), containing.to_owned());
        self.inner().barriers.push(Barrier { action, containing, at, reached, open });
        Hold { arrivals, gate }
    }

    fn begin(&self, action: &str, request: &str) -> (usize, Option<Fault>) {
        let mut inner = self.inner();
        *inner.calls.entry(action.to_owned()).or_default() += 1;
        let exchange =
            Exchange { action: action.to_owned(), request: request.to_owned(), status: 0, answer: String::new() };
        inner.exchanges.push(exchange);
        let index = inner.forgotten + inner.exchanges.len() - 1;

        let rule = inner.rules.iter_mut().find(|rule| {
            rule.left > 0 && (rule.action.is_empty() || rule.action == action) && request.contains(&rule.containing)
        });
        let mut fault = rule.map(|rule| {
            rule.left -= 1;
            rule.fault
        });
        if let Some(chance) = inner.chance.as_mut().filter(|_| fault.is_none())
            && chance.rng.random_bool(chance.share)
        {
            fault = Some(chance.faults[chance.rng.random_range(0..chance.faults.len())]);
        }
        (index, fault)
    }

    fn end(&self, index: usize, status: u16, answer: &str) {
        let mut inner = self.inner();
        let kept = index.checked_sub(inner.forgotten);
        if let Some(exchange) = kept.and_then(|index| inner.exchanges.get_mut(index)) {
            exchange.status = status;
            exchange.answer = answer.to_owned();
        }
    }

    async fn wait(&self, action: &str, request: &str, at: At) {
        let gates: Vec<_> = {
            let mut inner = self.inner();
            inner.barriers.retain(|barrier| !*barrier.open.borrow() && barrier.open.has_changed().is_ok());
            let met = inner.barriers.iter().filter(|barrier| {
                barrier.at == at && barrier.action == action && request.contains(&barrier.containing)
            });
            met.map(|barrier| {
                barrier.reached.send_modify(|count| *count += 1);
                barrier.open.clone()
            })
            .collect()
        };
        for mut gate in gates {
            let _released_or_dropped = gate.wait_for(|open| *open).await;
        }
    }
}

/// Held calls. Dropping it releases them.
pub(crate) struct Hold {
    arrivals: watch::Receiver<usize>,
    gate: watch::Sender<bool>,
}

impl Hold {
    /// Returns when a call is held.
    pub(crate) async fn reached(&mut self) {
        self.reached_by(1).await;
    }

    /// Returns when at least `count` calls have been held.
    pub(crate) async fn reached_by(&mut self, count: usize) {
        self.arrivals.wait_for(|arrived| *arrived >= count).await.expect("the traffic still exists");
    }

    /// Returns when no call is held any more: the callers have died and their connections are closed.
    pub(crate) async fn left(&self) {
        const THE_BARRIER_ITSELF: usize = 1;
        while self.gate.receiver_count() > THE_BARRIER_ITSELF {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// Releases the held calls, and lets all later ones pass.
    pub(crate) fn release(self) {
        let _none_held = self.gate.send(true);
    }
}

/// The service behind the wire. Answers with a status and a body.
pub(crate) trait Service: Clone + Send + Sync + 'static {
    /// The prefix of `X-Amz-Target`, including the dot.
    const TARGET_PREFIX: &'static str;
    const CONTENT_TYPE: &'static str;

    fn answer(
        &self,
        action: &str,
        headers: &HeaderMap,
        body: &str,
    ) -> impl Future<Output = (StatusCode, HeaderMap, String)> + Send;
}

/// Serves on loopback for as long as the test's runtime lives; returns the address.
pub(crate) async fn serve<S: Service>(service: S, traffic: Traffic) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new()
        .fallback(handle::<S>)
        .layer(DefaultBodyLimit::max(16 * 1024 * 1024))
        .with_state((service, traffic));
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

async fn handle<S: Service>(
    State((service, traffic)): State<(S, Traffic)>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let refuse = |kind: &str| (StatusCode::BAD_REQUEST, HeaderMap::new(), error_body(kind, kind));
    let reply = |(status, headers, body): (StatusCode, HeaderMap, String)| {
        let mut answer = (status, headers, body).into_response();
        answer.headers_mut().insert("content-type", S::CONTENT_TYPE.parse().unwrap());
        answer
    };

    if method != Method::POST || uri.path() != "/" || header("content-type") != S::CONTENT_TYPE {
        return reply(refuse("UnknownOperationException"));
    }
    if !header("authorization").starts_with("AWS4-HMAC-SHA256 ") {
        return reply(refuse("MissingAuthenticationTokenException"));
    }
    let Some(action) = header("x-amz-target").strip_prefix(S::TARGET_PREFIX) else {
        return reply(refuse("UnknownOperationException"));
    };
    let Ok(request) = std::str::from_utf8(&body) else { return reply(refuse("SerializationException")) };

    let (index, fault) = traffic.begin(action, request);
    traffic.wait(action, request, At::Request).await;
    let answer = match fault {
        Some(Fault::Dropped) => drop_connection(),
        Some(Fault::Refused(status, kind)) => {
            (StatusCode::from_u16(status).unwrap(), HeaderMap::new(), error_body(kind, "requested by the test"))
        }
        None | Some(Fault::AnswerLost) => service.answer(action, &headers, request).await,
    };
    if fault == Some(Fault::AnswerLost) {
        drop_connection();
    }
    traffic.end(index, answer.0.as_u16(), &answer.2);
    traffic.wait(action, request, At::Answer).await;
    reply(answer)
}

/// Closes the connection by ending the task that serves it; the unwinding is silent.
fn drop_connection() -> ! {
    resume_unwind(Box::new("dropped connection, requested by the test"))
}

/// An error in the form of these services.
pub(crate) fn error_body(kind: &str, message: &str) -> String {
    json!({"__type": kind, "message": message, "Message": message}).to_string()
}
