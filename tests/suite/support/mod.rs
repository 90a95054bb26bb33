//! The stand-ins. Each is strict like the service that it stands for, and misbehaves on request.
#![allow(dead_code, reason = "a stand-in offers more than the tests of today use")]

pub mod aws_json;
pub mod browser;
pub mod dynamodb;
pub mod lambda_runtime;
pub mod secrets_manager;
pub mod sqs;
pub mod sts;
pub mod surroundings;
pub mod world;

use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region, retry::RetryConfig};
use e5_evergreen::adapters::http::{SdkHttp, Timeouts, client};

pub const REGION: &str = "eu-west-1";

/// What the SDK needs to speak to the stand-in at `endpoint`, over the client of production.
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
