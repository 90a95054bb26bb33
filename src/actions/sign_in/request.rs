//! What a `sign_in` event says beside the account.

use crate::domain::cloud::Cloud;

/// Fields that the event leaves out come from the account's secret.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SignIn {
    pub tenant_id: Option<String>,
    pub client_id: Option<String>,
    pub cloud: Option<Cloud>,
    /// The user who is to sign in; any user where absent.
    pub username: Option<String>,
    /// Whether another kind of credential, tenant or app in the secret may be replaced.
    pub replace: bool,
}
