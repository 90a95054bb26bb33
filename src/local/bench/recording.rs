//! The recording: every exchange of the round, and the account that it belongs to.

use std::collections::{HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::Value;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Service {
    Login,
    Graph,
    Dynamodb,
    Secrets,
}

/// A request as received.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct RecordedRequest {
    pub service: Service,
    /// `None` if the request is for many accounts.
    pub account: Option<String>,
    pub method: String,
    pub url: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

#[derive(Clone, Debug)]
pub(super) struct RecordedAnswer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// The requests of a round, counted by service.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Traffic {
    pub token_requests: u32,
    pub graph_requests: u32,
    pub dynamodb_requests: u32,
    pub dynamodb_units: f64,
    pub secrets_requests: u32,
    /// Violations of Microsoft's rules, as counted by the fake tenant.
    pub violations: u32,
}

impl Traffic {
    pub(crate) fn total(&self) -> u32 {
        self.token_requests + self.graph_requests + self.dynamodb_requests + self.secrets_requests
    }
}

#[derive(Default)]
struct State {
    sent: Vec<RecordedRequest>,
    answers: Vec<Option<RecordedAnswer>>,
    /// The account of an access token, by `Authorization` header.
    owners: HashMap<String, String>,
    units: f64,
    /// The answers by request, replayed in turn; `None` while recording.
    replay: Option<HashMap<u64, VecDeque<RecordedAnswer>>>,
}

/// Everything that is recorded, shared by the proxies.
#[derive(Default)]
pub(super) struct Recording(Mutex<State>);

impl Recording {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the recorded answer to a request, or `None` while recording. `Some(None)`: the request was never recorded.
    pub(super) fn recorded(&self, sent: &RecordedRequest) -> Option<Option<RecordedAnswer>> {
        let mut state = self.state();
        let replay = state.replay.as_mut()?;
        let answers = replay.get_mut(&fingerprint(sent));
        Some(answers.and_then(|answers| {
            answers.rotate_left(1);
            answers.back().cloned()
        }))
    }

    /// Records a request; returns the number to record its answer under.
    pub(super) fn record(&self, mut sent: RecordedRequest) -> usize {
        let mut state = self.state();
        if sent.service == Service::Graph {
            sent.account = sent.header("authorization").and_then(|bearer| state.owners.get(bearer).cloned());
        }
        state.sent.push(sent);
        state.answers.push(None);
        state.sent.len() - 1
    }

    pub(super) fn record_answer(&self, number: usize, answer: RecordedAnswer, units: f64) {
        #[derive(Deserialize)]
        struct Token {
            access_token: String,
        }
        let mut state = self.state();
        state.units += units;
        let Some(sent) = state.sent.get(number) else { return };
        if let (Service::Login, Some(account), Ok(token)) =
            (sent.service, sent.account.clone(), serde_json::from_slice::<Token>(&answer.body))
        {
            state.owners.insert(format!("Bearer {}", token.access_token), account);
        }
        if let Some(slot) = state.answers.get_mut(number) {
            *slot = Some(answer);
        }
    }

    /// Ends the recording: the proxies answer from it from now on. Returns the traffic so far.
    pub(super) fn play(&self) -> Traffic {
        let mut state = self.state();
        let mut replay: HashMap<u64, VecDeque<RecordedAnswer>> = HashMap::new();
        let answers = std::mem::take(&mut state.answers);
        for (sent, answer) in state.sent.iter().zip(answers) {
            replay.entry(fingerprint(sent)).or_default().extend(answer);
        }
        state.replay = Some(replay);
        let count = |service| {
            let of_service = state.sent.iter().filter(|sent| sent.service == service).count();
            u32::try_from(of_service).unwrap_or(u32::MAX)
        };
        Traffic {
            token_requests: count(Service::Login),
            graph_requests: count(Service::Graph),
            dynamodb_requests: count(Service::Dynamodb),
            dynamodb_units: state.units,
            secrets_requests: count(Service::Secrets),
            violations: 0,
        }
    }

    /// Returns every request of the round, in order of arrival.
    pub(super) fn requests(&self) -> Vec<RecordedRequest> {
        self.state().sent.clone()
    }
}

impl RecordedRequest {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }
}

/// Identifies equal requests. The SDK signs each request again and writes fields in any order, so requests to AWS are
/// compared as JSON, without their signature.
fn fingerprint(sent: &RecordedRequest) -> u64 {
    let mut hasher = DefaultHasher::new();
    (sent.service, &sent.method, &sent.url).hash(&mut hasher);
    match (sent.service, serde_json::from_str::<Value>(&sent.body)) {
        (Service::Dynamodb | Service::Secrets, Ok(body)) => body.to_string().hash(&mut hasher),
        _ => (sent.header("authorization"), &sent.body).hash(&mut hasher),
    }
    hasher.finish()
}
