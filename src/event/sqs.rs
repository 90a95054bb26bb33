//! An SQS event: the queue's messages, and which of them failed.
//!
//! Source: docs.aws.amazon.com, "Using Lambda with Amazon SQS", "Reporting batch item failures".

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::run_request::RunRequest;

/// Lambda delivers no more at once.
const MAX_MESSAGES: usize = 10_000;
/// Ids of messages have some 36 characters.
const MAX_ID_LENGTH: usize = 128;

/// A message as a worker gets it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueMessage {
    /// The queue's own id of it, for the answer.
    pub id: String,
    /// `None` for a body that is not a run request.
    pub request: Option<RunRequest>,
}

/// The answer to an SQS event.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SqsBatchResponse {
    /// The messages that must be delivered again.
    pub batch_item_failures: Vec<BatchItemFailure>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchItemFailure {
    /// The id of the message.
    pub item_identifier: String,
}

impl SqsBatchResponse {
    pub fn of_failed(ids: Vec<String>) -> Self {
        let failure = |item_identifier| BatchItemFailure { item_identifier };
        Self { batch_item_failures: ids.into_iter().map(failure).collect() }
    }
}

#[derive(Deserialize)]
struct SqsEvent {
    #[serde(rename = "Records")]
    records: Vec<SqsRecord>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SqsRecord {
    message_id: String,
    event_source: String,
    #[serde(default)]
    body: Value,
}

/// The messages of an SQS event; `None` where the event is another, or one of its records could not be named in the
/// answer.
pub(super) fn messages(event: &Value) -> Option<Vec<QueueMessage>> {
    let SqsEvent { records } = SqsEvent::deserialize(event).ok()?;
    if !(1..=MAX_MESSAGES).contains(&records.len()) {
        return None;
    }
    records.into_iter().map(message).collect()
}

fn message(record: SqsRecord) -> Option<QueueMessage> {
    let SqsRecord { message_id, event_source, body } = record;
    let id = Some(message_id).filter(|id| is_id(id) && event_source == "aws:sqs")?;
    Some(QueueMessage { id, request: body.as_str().and_then(RunRequest::parse) })
}

fn is_id(text: &str) -> bool {
    (1..=MAX_ID_LENGTH).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

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
        assert_eq!(event(&|record| record["body"] = json!(1)).map(|messages| messages[1].request.clone()), Some(None));
    }

    #[test]
    fn answer_names_failed_messages_as_lambda_reads_them() {
        let answer = json!(SqsBatchResponse::of_failed(vec!["m-1".to_owned()]));
        assert_eq!(answer, json!({"batchItemFailures": [{"itemIdentifier": "m-1"}]}));
        assert_eq!(json!(SqsBatchResponse::default()), json!({"batchItemFailures": []}));
    }
}
