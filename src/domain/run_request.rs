//! Run request: a claimed account on its way from a tick through the queue to a worker.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::account_id::AccountId;
use crate::domain::seed::Seed;

/// An account for a worker to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunRequest {
    pub account: AccountId,
    /// The claim of the tick. Without one, the worker claims the account itself if it is due.
    pub claim: Option<Handover>,
}

/// A claim that a worker takes over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handover {
    /// The run that holds the claim.
    pub run_id: String,
    /// The seed of the round that claimed it.
    pub seed: Seed,
}

/// A message as a worker gets it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The queue's own name for it, for the answer.
    pub id: String,
    /// `None` where it says nothing that a worker understands.
    pub order: Option<RunRequest>,
}

/// Lambda hands over no more at once.
const MOST_MESSAGES: usize = 10_000;
/// Largest body that is read. Ours are far shorter: an account's id has at most 128 characters.
const MAX_BODY_BYTES: usize = 1024;
/// Longest id of a message or a run; they have some 36 and 16 characters.
const MAX_ID_LENGTH: usize = 128;

/// The JSON of a request.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    account: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    run_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    seed: Option<u64>,
}

impl RunRequest {
    /// The body of a message, at most 1 KiB.
    pub fn body(&self) -> String {
        let claim = self.claim.as_ref();
        let body = Body {
            account: self.account.to_string(),
            run_id: claim.map(|claim| claim.run_id.clone()),
            seed: claim.map(|claim| claim.seed.number()),
        };
        serde_json::to_string(&body).unwrap_or_default()
    }

    fn parse(body: &str) -> Option<Self> {
        let body: Body = serde_json::from_str(body).ok().filter(|_| body.len() <= MAX_BODY_BYTES)?;
        let claim = match (body.run_id, body.seed) {
            (None, None) => None,
            (Some(run_id), Some(seed)) if is_id(&run_id) && seed <= Seed::MAX => {
                Some(Handover { run_id, seed: Seed::new(seed) })
            }
            _ => return None,
        };
        Some(Self { account: AccountId::parse(&body.account).ok()?, claim })
    }
}

/// The messages of an SQS event; `None` where it is none.
pub fn messages(event: &Value) -> Option<Vec<Message>> {
    let records = event.get("Records")?.as_array().filter(|records| (1..=MOST_MESSAGES).contains(&records.len()))?;
    records.iter().map(message).collect()
}

fn message(record: &Value) -> Option<Message> {
    let text = |name| record.get(name).and_then(Value::as_str);
    let id = text("messageId").filter(|id| is_id(id) && text("eventSource") == Some("aws:sqs"))?;
    Some(Message { id: id.to_owned(), order: text("body").and_then(RunRequest::parse) })
}

fn is_id(text: &str) -> bool {
    (1..=MAX_ID_LENGTH).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn order(claim: Option<Handover>) -> RunRequest {
        RunRequest { account: AccountId::parse(&"a".repeat(128)).unwrap(), claim }
    }

    #[test]
    fn a_request_parses_from_its_own_body() {
        let handed = Handover { run_id: "00ff".repeat(4), seed: Seed::new(Seed::MAX) };
        for order in [order(None), order(Some(handed))] {
            assert!(order.body().len() < MAX_BODY_BYTES);
            assert_eq!(RunRequest::parse(&order.body()), Some(order));
        }
    }

    #[test]
    fn a_malformed_body_is_refused() {
        let long = format!("{{\"account\":\"a\"{}}}", " ".repeat(MAX_BODY_BYTES));
        for body in [
            "",
            "a",
            "[]",
            "{}",
            r#"{"account":"_a"}"#,
            r#"{"account":"a","run_id":"r"}"#,
            r#"{"account":"a","seed":1}"#,
            r#"{"account":"a","run_id":"r r","seed":1}"#,
            r#"{"account":"a","run_id":"r","seed":-1}"#,
            r#"{"account":"a","run_id":"r","seed":9007199254740992}"#,
            r#"{"account":"a","more":1}"#,
            &long,
        ] {
            assert_eq!(RunRequest::parse(body), None, "{body}");
        }
    }

    #[test]
    fn sqs_event_with_invalid_record_is_rejected() {
        let good = json!({"messageId": "m-1", "eventSource": "aws:sqs", "body": "x"});
        let event = |change: &dyn Fn(&mut Value)| {
            let mut event = json!({"Records": [good.clone(), good.clone()]});
            change(&mut event["Records"][1]);
            messages(&event)
        };
        assert_eq!(event(&|_| ()).map(|messages| messages.len()), Some(2));
        assert_eq!(event(&|record| record["messageId"] = json!(1)), None);
        assert_eq!(event(&|record| record["messageId"] = json!("m\n1")), None);
        assert_eq!(event(&|record| record["eventSource"] = json!("aws:s3")), None);
        assert_eq!(messages(&json!({"Records": []})), None);
        assert_eq!(event(&|record| record["body"] = json!(1)).map(|messages| messages[1].order.clone()), Some(None));
    }
}
