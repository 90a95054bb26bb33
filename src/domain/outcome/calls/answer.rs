//! What Graph's answer to one item means for that item.

use crate::domain::catalogue::Operation;

/// What Graph's answer to one item means for that item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Ok,
    /// Will be refused again.
    Refused,
    Throttled,
    /// A fault of the network or of Graph: the next try may succeed.
    Transient,
    /// Not carried out, since the item that it waits for failed (424).
    DependencyFailed,
    /// Refused for its token, or so Graph says (401): services answer so too where only the operation is not allowed.
    Unauthorized,
}

impl Answer {
    /// `code` is Graph's own. A 401 or a 403 without one is another's answer, a proxy's or a portal's, and passes.
    pub(crate) fn of(status: u16, code: Option<&str>, operation: &Operation) -> Self {
        match status {
            200..=299 => Self::Ok,
            _ if operation.expected.contains(&status) => Self::Ok,
            401 | 403 if code.is_none() => Self::Transient,
            401 => Self::Unauthorized,
            424 => Self::DependencyFailed,
            429 => Self::Throttled,
            0 | 500 | 502..=504 | 509 => Self::Transient,
            _ => Self::Refused,
        }
    }
}
