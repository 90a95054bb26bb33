//! Run requests to an SQS queue.

use std::collections::{HashMap, HashSet};

use async_trait::async_trait;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;

use crate::adapters::aws::sdk_error::describe;
use crate::domain::run_request::RunRequest;
use crate::ports::{FailureCode, InfraError, Queue, Unsent};

pub struct SqsQueue {
    client: Client,
    url: String,
}

impl SqsQueue {
    pub fn new(client: Client, url: String) -> Self {
        Self { client, url }
    }
}

#[async_trait]
impl Queue for SqsQueue {
    async fn send(&self, requests: &[RunRequest]) -> Result<Vec<Unsent>, InfraError> {
        let broken = |code: FailureCode| InfraError::unavailable("sending accounts to the queue", code);
        let mut request = self.client.send_message_batch().queue_url(&self.url);
        for (at, run_request) in requests.iter().enumerate() {
            let entry = SendMessageBatchRequestEntry::builder().id(at.to_string()).message_body(run_request.body());
            request = request.entries(entry.build().map_err(|error| broken(error.to_string().into()))?);
        }
        let answer = request.send().await.map_err(|error| broken(describe(&error)))?;
        let mut codes: HashMap<String, String> =
            answer.failed.into_iter().map(|failed| (failed.id, failed.code)).collect();
        let sent: HashSet<String> = answer.successful.into_iter().map(|sent| sent.id).collect();
        // A message that the answer does not confirm was not sent.
        let unsent = (0..requests.len()).map(|at| (at, at.to_string())).filter(|(_, id)| !sent.contains(id));
        Ok(unsent
            .map(|(index, id)| Unsent { index, code: codes.remove(&id).unwrap_or_else(|| "unanswered".to_owned()) })
            .collect())
    }
}
