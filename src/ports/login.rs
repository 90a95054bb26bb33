//! The login service, and the identity of the program itself.

use crate::domain::catalogue::granted::GrantedPermissions;
use crate::domain::cause::LoginError;
use crate::domain::cloud::Cloud;
use crate::domain::secret::AccountSecret;
use async_trait::async_trait;
use secrecy::SecretString;
use std::time::Duration;

/// The login service.
#[async_trait]
pub trait Login: Send + Sync {
    /// One token request, answered within `timeout`. `refresh_token` replaces the secret's own where a newer one is known.
    async fn request_token(
        &self,
        secret: &AccountSecret,
        refresh_token: Option<&SecretString>,
        timeout: Duration,
    ) -> Result<Token, LoginError>;
    /// Starts a sign-in by device code.
    async fn device_code(&self, client: &Client) -> Result<DeviceCode, LoginError>;
    /// Polls once whether the person has signed in.
    async fn poll(&self, client: &Client, device_code: &SecretString) -> Result<Poll, LoginError>;
}

/// The app that a person signs in to: a public client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    pub cloud: Cloud,
    pub tenant_id: String,
    pub client_id: String,
}

/// A device code: what the person is shown, and how to poll.
#[derive(Clone, Debug)]
pub struct DeviceCode {
    pub device_code: SecretString,
    pub user_code: String,
    pub verification_uri: String,
    pub expires_in: Duration,
    /// The minimum time between two polls.
    pub interval: Duration,
}

#[derive(Clone, Debug)]
pub enum Poll {
    /// The person has not answered yet.
    Pending,
    /// The same, and the interval must grow by five seconds.
    SlowDown,
    /// With the user's name where the answer has it.
    SignedIn {
        token: Box<Token>,
        username: Option<String>,
    },
    Refused,
    Expired,
}

#[derive(Clone, Debug)]
pub struct Token {
    pub access_token: SecretString,
    /// `None` where the answer had none: the token is for this run alone.
    pub lifetime: Option<Duration>,
    pub granted: GrantedPermissions,
    /// Object id and UPN of the user whose token it is, as far as it can be read.
    pub user: Vec<String>,
    /// The tenant's own id (`tid`), where the token can be read: a secret may name the tenant by a domain instead.
    pub tenant: Option<String>,
    /// A rotated refresh token.
    pub refresh_token: Option<SecretString>,
}

/// The identity of the program itself, attested by the cloud that it runs in.
#[async_trait]
pub trait WebIdentity: Send + Sync {
    /// A short-lived JWT for `audience`.
    async fn token(&self, audience: &str) -> Result<SecretString, LoginError>;
}
