//! What it takes to call Graph for an account: its secret, its policy, an access token.

pub mod default_policy;
pub mod secret;
pub mod token;
