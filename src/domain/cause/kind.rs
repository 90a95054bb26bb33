//! Kind: who or what a cause is about, and so who has to act.

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CauseKind {
    /// The app registration or its credential.
    App,
    /// A field of the secret that names the wrong thing, e.g. `tenant_id` or `cloud`.
    SecretField,
    /// The user: missing, disabled, locked out, wrong password.
    User,
    /// A person has to sign in (again), perhaps with MFA.
    NeedsSignIn,
    /// Consent, an assignment or a service principal is missing in the tenant.
    Consent,
    /// A conditional-access policy, security defaults or a tenant restriction.
    ConditionalAccess,
    /// Microsoft has shut the tenant, or its subscription has ended.
    TenantShut,
    /// The clock of this machine, or of one that takes part in the sign-in.
    Clock,
    /// The login service itself; it passes.
    Service,
}
