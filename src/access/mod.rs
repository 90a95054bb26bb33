//! What a run needs to call Graph: secret, policy, access token.

pub mod default_policy;
pub mod token;
