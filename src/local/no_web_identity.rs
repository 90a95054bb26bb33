//! The local program has no identity that a cloud vouches for.

use async_trait::async_trait;
use secrecy::SecretString;

use crate::domain::cause::{Cause, LoginError};
use crate::ports::WebIdentity;

pub struct NoWebIdentity;

#[async_trait]
impl WebIdentity for NoWebIdentity {
    async fn token(&self, _audience: &str) -> Result<SecretString, LoginError> {
        Err(LoginError::Misconfigured(Cause::new(
            "federated_needs_aws",
            "`federated` works on AWS alone: the token is the function's own, from AWS STS",
            "Use `certificate` or `client_secret` here",
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_federated_account_is_told_that_it_needs_aws() {
        let Err(LoginError::Misconfigured(cause)) = NoWebIdentity.token("anybody").await else {
            panic!("misconfigured")
        };
        assert!(cause.to_string().contains("works on AWS alone"), "{cause}");
    }
}
