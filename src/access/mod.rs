//! What it takes to call Graph for an account: its secret, its policy, an access token.

pub(crate) mod default_policy;
pub(crate) mod secret;
pub(crate) mod token;
