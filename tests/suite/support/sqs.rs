//! Fake SQS queue with `SendMessageBatch`, and the Lambda event for its messages.

use std::collections::BTreeSet;
use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::http::{HeaderMap, StatusCode};
use rand::{RngExt, SeedableRng, rngs::ChaCha12Rng};
use serde_json::{Value, json};

use super::REGION;
use super::aws_json::{Service, Traffic, error_body, serve};

const ENTRIES: usize = 10;
/// The limit of all bodies of a batch together. SQS now accepts 1 MiB; no batch of the app needs that.
const BYTES: usize = 256 * 1024;

/// Derefs to `Traffic` for faults, holds and records.
#[derive(Clone)]
pub(crate) struct FakeQueue {
    /// The SDK's endpoint (`AWS_ENDPOINT_URL_SQS`).
    pub endpoint: String,
    /// The value of `QUEUE_URL`.
    pub url: String,
    traffic: Traffic,
    store: Store,
}

#[derive(Clone, Default)]
struct Store(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    sent: usize,
    waiting: Vec<Value>,
    /// The share of the entries that is refused, and the generator that selects them.
    refuses: Option<(f64, ChaCha12Rng)>,
}

impl Deref for FakeQueue {
    type Target = Traffic;

    fn deref(&self) -> &Traffic {
        &self.traffic
    }
}

impl FakeQueue {
    pub(crate) async fn start() -> Self {
        let (store, traffic) = (Store::default(), Traffic::default());
        let endpoint = serve(store.clone(), traffic.clone()).await;
        Self { url: format!("{endpoint}/123456789012/evergreen-accounts"), endpoint, traffic, store }
    }

    /// Sets the share of the entries, drawn one by one, that is refused from now on.
    pub(crate) fn refuse_entries(&self, share: f64, seed: u64) {
        self.store.inner().refuses = (share > 0.0).then(|| (share, ChaCha12Rng::seed_from_u64(seed)));
    }

    /// Removes every message from the queue, in the order of sending, as records of Lambda's event.
    pub(crate) fn receive(&self) -> Vec<Value> {
        std::mem::take(&mut self.store.inner().waiting)
    }
}

/// Lambda's event.
pub(crate) fn event(records: &[Value]) -> Value {
    json!({"Records": records})
}

pub(crate) fn record(id: &str, body: &str) -> Value {
    json!({
        "messageId": id,
        "receiptHandle": format!("handle-{id}"),
        "body": body,
        "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1545082649183"},
        "messageAttributes": {},
        "md5OfBody": "e4e68fb7bd0e697a0ae8f1bb342846b3",
        "eventSource": "aws:sqs",
        "eventSourceARN": format!("arn:aws:sqs:{REGION}:123456789012:evergreen-accounts"),
        "awsRegion": REGION
    })
}

impl Store {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap()
    }

    fn send(&self, request: &Value) -> Result<Value, &'static str> {
        let fields = request.as_object().ok_or("SerializationException")?;
        if fields.keys().any(|name| !["QueueUrl", "Entries"].contains(&name.as_str())) {
            return Err("InvalidParameterValue");
        }
        let url = fields.get("QueueUrl").and_then(Value::as_str).ok_or("MissingParameter")?;
        if !url.ends_with("/123456789012/evergreen-accounts") {
            return Err("QueueDoesNotExist");
        }
        let entries = fields.get("Entries").and_then(Value::as_array).ok_or("MissingParameter")?;
        let text = |entry: &Value, name: &str| entry[name].as_str().map(str::to_owned).ok_or("MissingParameter");
        let ids = entries.iter().map(|entry| text(entry, "Id")).collect::<Result<Vec<_>, _>>()?;
        let bodies = entries.iter().map(|entry| text(entry, "MessageBody")).collect::<Result<Vec<_>, _>>()?;
        let id = |id: &String| {
            (1..=80).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        };
        match () {
            () if entries.is_empty() => return Err("EmptyBatchRequest"),
            () if entries.len() > ENTRIES => return Err("TooManyEntriesInBatchRequest"),
            () if !ids.iter().all(id) => return Err("InvalidBatchEntryId"),
            () if ids.iter().collect::<BTreeSet<_>>().len() < ids.len() => return Err("BatchEntryIdsNotDistinct"),
            () if bodies.iter().map(String::len).sum::<usize>() > BYTES => return Err("BatchRequestTooLong"),
            () if bodies.iter().any(String::is_empty) => return Err("InvalidParameterValue"),
            () => {}
        }
        let mut inner = self.inner();
        let (mut successful, mut failed) = (Vec::new(), Vec::new());
        for (id, body) in ids.iter().zip(&bodies) {
            if inner.refuses.as_mut().is_some_and(|(share, rng)| rng.random_bool(*share)) {
                failed.push(json!({"Id": id, "SenderFault": false, "Code": "InternalError", "Message": "try again"}));
                continue;
            }
            inner.sent += 1;
            let message = format!("5fea7756-0ea4-451a-a703-{:012}", inner.sent);
            inner.waiting.push(record(&message, body));
            successful.push(json!({"Id": id, "MessageId": message, "MD5OfMessageBody": "not looked at"}));
        }
        // Empty lists are omitted.
        let mut answer = json!({});
        for (name, list) in [("Successful", successful), ("Failed", failed)] {
            if !list.is_empty() {
                answer[name] = json!(list);
            }
        }
        Ok(answer)
    }
}

impl Service for Store {
    const TARGET_PREFIX: &'static str = "AmazonSQS.";
    const CONTENT_TYPE: &'static str = "application/x-amz-json-1.0";

    async fn answer(&self, action: &str, _: &HeaderMap, body: &str) -> (StatusCode, HeaderMap, String) {
        let refuse = |kind: &str| {
            let kind = format!("com.amazonaws.sqs#{kind}");
            (StatusCode::BAD_REQUEST, HeaderMap::new(), error_body(&kind, "refused"))
        };
        let Ok(request) = serde_json::from_str(body) else { return refuse("SerializationException") };
        match action {
            "SendMessageBatch" => match self.send(&request) {
                Ok(answer) => (StatusCode::OK, HeaderMap::new(), answer.to_string()),
                Err(kind) => refuse(kind),
            },
            _ => refuse("UnsupportedOperation"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queue_refuses_what_sqs_refuses() {
        let store = Store::default();
        let url = "http://127.0.0.1/123456789012/evergreen-accounts";
        let entry = |id: &str, body: &str| json!({"Id": id, "MessageBody": body});
        let send = |entries: Vec<Value>| store.send(&json!({"QueueUrl": url, "Entries": entries}));
        let many = |count: usize| (0..count).map(|id| entry(&id.to_string(), "x")).collect();
        assert_eq!(send(vec![]), Err("EmptyBatchRequest"));
        assert_eq!(send(many(11)), Err("TooManyEntriesInBatchRequest"));
        assert_eq!(send(vec![entry("a", "x"), entry("a", "y")]), Err("BatchEntryIdsNotDistinct"));
        assert_eq!(send(vec![entry("a b", "x")]), Err("InvalidBatchEntryId"));
        assert_eq!(send(vec![entry("a", "")]), Err("InvalidParameterValue"));
        assert_eq!(send(vec![entry("a", &"x".repeat(BYTES + 1))]), Err("BatchRequestTooLong"));
        assert_eq!(store.send(&json!({"QueueUrl": "u", "Entries": []})), Err("QueueDoesNotExist"));
        assert_eq!(send(many(10)).unwrap()["Successful"].as_array().unwrap().len(), 10);
    }
}
