//! AWS STS: the function's own identity, as a JWT for other services.
//!
//! Source: docs.aws.amazon.com/STS/latest/APIReference/API_GetWebIdentityToken.html.

use async_trait::async_trait;
use aws_sdk_sts::Client;
use aws_sdk_sts::error::SdkError;
use aws_sdk_sts::operation::get_web_identity_token::GetWebIdentityTokenError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use secrecy::SecretString;

use crate::adapters::aws::sdk_error::describe;
use crate::domain::cause::{Cause, LoginError};
use crate::ports::WebIdentity;

/// It is used at once.
const LIFETIME_SECONDS: i32 = 300;

pub struct StsIdentity {
    client: Client,
}

impl StsIdentity {
    pub fn new(client: Client) -> Self {
        Self { client }
    }
}

#[async_trait]
impl WebIdentity for StsIdentity {
    async fn token(&self, audience: &str) -> Result<SecretString, LoginError> {
        let request = self.client.get_web_identity_token();
        let request = request.audience(audience).signing_algorithm("RS256").duration_seconds(LIFETIME_SECONDS);
        let answer = request.send().await.map_err(|error| refusal(&error))?;
        let nothing = || LoginError::Transient("AWS STS answered without a token".to_owned());
        answer.web_identity_token.map(SecretString::from).ok_or_else(nothing)
    }
}

fn refusal(error: &SdkError<GetWebIdentityTokenError>) -> LoginError {
    let SdkError::ServiceError(answer) = error else {
        return LoginError::Transient(format!("AWS STS: {}", describe(error)));
    };
    let misconfigured =
        |code: &str, what: &str, remedy: &str| LoginError::Misconfigured(Cause::new(code, what, remedy));
    if answer.err().is_outbound_web_identity_federation_disabled_exception() {
        return misconfigured(
            "OutboundWebIdentityFederationDisabled",
            "outbound web identity federation is not enabled on the AWS account",
            "Run `aws iam enable-outbound-web-identity-federation` once",
        );
    }
    match answer.err().code() {
        Some(code @ ("AccessDenied" | "AccessDeniedException")) => misconfigured(
            code,
            "the function's role may not ask AWS STS for a token",
            "Allow the role the action sts:GetWebIdentityToken",
        ),
        Some(code @ ("RegionDisabledException" | "InvalidAction" | "OptInRequired")) => misconfigured(
            code,
            "AWS STS issues no such tokens in this region",
            "Enable STS for the region in the AWS account's settings, or deploy to another region",
        ),
        // Throttling, STS's own faults, and a role's credentials that are about to be replaced.
        _ => LoginError::Transient(format!("AWS STS: {}", describe(error))),
    }
}
