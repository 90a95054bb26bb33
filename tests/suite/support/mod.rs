//! Fakes of the remote services. Each is as strict as its service, and fails on request.
#![allow(dead_code, reason = "a fake offers more than the present tests use")]

pub(crate) mod aws_json;
pub(crate) mod browser;
pub(crate) mod dynamodb;
pub(crate) mod function_fixture;
pub(crate) mod lambda_runtime;
pub(crate) mod local_program;
pub(crate) mod network;
pub(crate) mod secrets_manager;
pub(crate) mod sqs;
pub(crate) mod sts;
pub(crate) mod test_app;

use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region, retry::RetryConfig};
use e5_evergreen::adapters::http::{SdkHttp, Timeouts, client};

pub(crate) const REGION: &str = "eu-west-1";

/// An SDK configuration for the fake at `endpoint`, with the HTTP client of production.
pub(crate) fn sdk_config(endpoint: &str) -> aws_config::SdkConfig {
    aws_config::SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(SdkHttp(client(Timeouts::default()).unwrap()))
        .region(Region::new(REGION))
        .credentials_provider(aws_sdk_dynamodb::config::SharedCredentialsProvider::new(Credentials::new(
            "AKIDTEST", "test", None, None, "tests",
        )))
        .retry_config(
            RetryConfig::standard().with_max_attempts(3).with_initial_backoff(std::time::Duration::from_millis(1)),
        )
        .endpoint_url(endpoint)
        .build()
}
