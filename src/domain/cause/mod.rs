//! Causes: what went wrong with an account, in plain words, and what its owner can do about it.
//!
//! One catalogue, used wherever a failure is reported: logs, `show`, the table's `pause_cause`.

mod explanation;
mod graph;
mod kind;
mod login;
mod login_codes;
mod login_words;

pub use explanation::Cause;
pub use graph::{
    NO_DRIVE, NO_SHAREPOINT_LICENCE, NOT_APPLICABLE_TO_TENANT, ONENOTE_LIBRARY_TOO_LARGE, ONENOTE_WITHOUT_ONEDRIVE,
    TENANT_WITHOUT_EXCHANGE, WITHOUT_MAILBOX, graph_cause, user_missing,
};
pub use kind::CauseKind;
pub use login::{LoginError, login_cause, login_fault, not_microsofts};
