//! The recording: every exchange of the round, and whose it was.

use std::collections::{HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::Value;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Service {
    Login,
    Graph,
    Dynamodb,
    Secrets,
}

/// A request as it came over the wire.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Sent {
    pub service: Service,
    /// `None` where it is for many accounts.
    pub account: Option<String>,
    pub method: String,
    pub url: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

#[derive(Clone, Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// How much of what went over the wire in the round.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Traffic {
    pub token_requests: u32,
    pub graph_requests: u32,
    pub dynamodb_requests: u32,
    pub dynamodb_units: f64,
    pub secrets_requests: u32,
    /// Breaches of Microsoft's rules that the fake tenant saw.
    pub violations: u32,
}

impl Traffic {
    pub fn total(&self) -> u32 {
        self.token_requests + self.graph_requests + self.dynamodb_requests + self.secrets_requests
    }
}

#[derive(Default)]
struct Pages {
    sent: Vec<Sent>,
    answers: Vec<Option<Answer>>,
    /// Whose access token an `Authorization` header holds.
    owners: HashMap<String, String>,
    units: f64,
    /// The answers by request, played in a circle; `None` while the recording is being made.
    played: Option<HashMap<u64, VecDeque<Answer>>>,
}

/// All that is recorded, shared by the doors.
#[derive(Default)]
pub struct Book(Mutex<Pages>);

impl Book {
    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The recorded answer to a request, where the recording is being played. `Some(None)`: it was never sent.
    pub fn recorded(&self, sent: &Sent) -> Option<Option<Answer>> {
        let mut pages = self.pages();
        let played = pages.played.as_mut()?;
        let answers = played.get_mut(&fingerprint(sent));
        Some(answers.and_then(|answers| {
            answers.rotate_left(1);
            answers.back().cloned()
        }))
    }

    /// Notes a request; gives the number under which its answer is to be noted.
    pub fn note(&self, mut sent: Sent) -> usize {
        let mut pages = self.pages();
        if sent.service == Service::Graph {
            sent.account = sent.header("authorization").and_then(|bearer| pages.owners.get(bearer).cloned());
        }
        pages.sent.push(sent);
        pages.answers.push(None);
        pages.sent.len() - 1
    }

    pub fn note_answer(&self, number: usize, answer: Answer, units: f64) {
        #[derive(Deserialize)]
        struct Token {
            access_token: String,
        }
        let mut pages = self.pages();
        pages.units += units;
        let Some(sent) = pages.sent.get(number) else { return };
        if let (Service::Login, Some(account), Ok(token)) =
            (sent.service, sent.account.clone(), serde_json::from_slice::<Token>(&answer.body))
        {
            pages.owners.insert(format!("Bearer {}", token.access_token), account);
        }
        if let Some(place) = pages.answers.get_mut(number) {
            *place = Some(answer);
        }
    }

    /// From now on the doors answer from the recording.
    pub fn play(&self) -> Traffic {
        let mut pages = self.pages();
        let mut played: HashMap<u64, VecDeque<Answer>> = HashMap::new();
        let answers = std::mem::take(&mut pages.answers);
        for (sent, answer) in pages.sent.iter().zip(answers) {
            played.entry(fingerprint(sent)).or_default().extend(answer);
        }
        pages.played = Some(played);
        let count = |service| {
            let of_service = pages.sent.iter().filter(|sent| sent.service == service).count();
            u32::try_from(of_service).unwrap_or(u32::MAX)
        };
        Traffic {
            token_requests: count(Service::Login),
            graph_requests: count(Service::Graph),
            dynamodb_requests: count(Service::Dynamodb),
            dynamodb_units: pages.units,
            secrets_requests: count(Service::Secrets),
            violations: 0,
        }
    }

    /// Every request of the round, in order of arrival.
    pub fn requests(&self) -> Vec<Sent> {
        self.pages().sent.clone()
    }
}

impl Sent {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }
}

/// By what a request is known again. The SDK signs anew, and writes its fields in any order: so what is AWS's is compared
/// as JSON, without its signature.
fn fingerprint(sent: &Sent) -> u64 {
    let mut hasher = DefaultHasher::new();
    (sent.service, &sent.method, &sent.url).hash(&mut hasher);
    match (sent.service, serde_json::from_str::<Value>(&sent.body)) {
        (Service::Dynamodb | Service::Secrets, Ok(body)) => body.to_string().hash(&mut hasher),
        _ => (sent.header("authorization"), &sent.body).hash(&mut hasher),
    }
    hasher.finish()
}
