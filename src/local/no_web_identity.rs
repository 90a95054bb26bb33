//! The local program's web identity: none, since no cloud issues one.

use async_trait::async_trait;
use secrecy::SecretString;

use crate::domain::cause::{Cause, LoginError};
use crate::ports::WebIdentity;

pub(super) struct NoWebIdentity;

#[async_trait]
impl WebIdentity for NoWebIdentity {
    async fn token(&self, _audience: &str) -> Result<SecretString, LoginError> {
        Err(LoginError::Misconfigured(Cause::new(
            "federated_needs_aws",
            "`federated` works only on AWS: the token is the function's own, from AWS STS",
            "Use `certificate` or `client_secret` here",
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn federated_account_gets_a_cause_that_names_aws() {
        let Err(LoginError::Misconfigured(cause)) = NoWebIdentity.token("api://audience").await else {
            panic!("misconfigured")
        };
        assert!(cause.to_string().contains("works only on AWS"), "{cause}");
    }
}
