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
pub use graph::graph_cause;
pub use kind::CauseKind;
pub use login::{LoginError, login_cause, login_fault, not_microsofts};
