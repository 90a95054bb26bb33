//! Fakes of the remote services. Each is as strict as its service, and fails on request.
#![allow(dead_code, reason = "a fake offers more than the present tests use")]

pub mod aws_json;
pub mod browser;
pub mod dynamodb;
pub mod function_fixture;
pub mod lambda_runtime;
pub mod local_program;
pub mod network;
pub mod secrets_manager;
pub mod sqs;
pub mod sts;
pub mod test_app;

use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region, retry::RetryConfig};
use e5_evergreen::adapters::http::{SdkHttp, Timeouts, client};

pub const REGION: &str = "eu-west-1";

/// An SDK configuration for the fake at `endpoint`, with the HTTP client of production.
pub fn sdk_config(endpoint: &str) -> aws_config::SdkConfig {
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
