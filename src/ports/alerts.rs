//! Messages to a person.

use crate::ports::error::InfraError;
use async_trait::async_trait;

/// A message to a person. Holds no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// One line of ASCII.
    pub subject: String,
    pub text: String,
}

/// Where changes of accounts are published.
#[async_trait]
pub trait Alerts: Send + Sync {
    async fn publish(&self, alert: &Alert) -> Result<(), InfraError>;
}
