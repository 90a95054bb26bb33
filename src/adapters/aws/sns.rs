//! Alerts to an SNS topic.

use async_trait::async_trait;
use aws_sdk_sns::Client;

use crate::adapters::aws::sdk_error::describe;
use crate::ports::{Alert, Alerts, InfraError};

/// SNS refuses a longer subject.
const MAX_SUBJECT_CHARS: usize = 99;

pub(crate) struct SnsTopic {
    client: Client,
    arn: String,
}

impl SnsTopic {
    pub(crate) fn new(client: Client, arn: String) -> Self {
        Self { client, arn }
    }
}

#[async_trait]
impl Alerts for SnsTopic {
    async fn publish(&self, alert: &Alert) -> Result<(), InfraError> {
        let subject: String = alert.subject.chars().take(MAX_SUBJECT_CHARS).collect();
        let request = self.client.publish().topic_arn(&self.arn).subject(subject).message(&alert.text);
        request
            .send()
            .await
            .map(|_| ())
            .map_err(|error| InfraError::unavailable("publishing an alert", describe(&error)))
    }
}
