//! What the login service has issued: access tokens, refresh tokens and device codes.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub tenant: String,
    pub app: String,
    /// User id; `None` for the app itself.
    pub user: Option<String>,
    pub permissions: BTreeSet<String>,
    pub expires: DateTime<Utc>,
}

#[derive(Clone, Debug)]
pub(crate) struct RefreshToken {
    pub tenant: String,
    pub app: String,
    pub user: String,
    pub scope: String,
    pub issued: DateTime<Utc>,
    pub revoked: bool,
    /// Issued for a sign-in with a second factor.
    pub strong: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct DeviceSignIn {
    pub user_code: String,
    pub tenant: String,
    pub app: String,
    pub scope: String,
    pub expires: DateTime<Utc>,
    pub polled: Option<DateTime<Utc>>,
    /// `Some(None)`: declined.
    pub answer: Option<Option<String>>,
    /// Answered with a second factor.
    pub strong: bool,
}
