//! Actions: what a person asks of one account, or of all. Each answers with a typed value; `handler` makes JSON of it.

mod authenticated;
pub(crate) mod check;
pub(crate) mod consent_url;
pub(crate) mod error;
pub(crate) mod export;
pub(crate) mod grant;
mod graph_query;
pub(crate) mod import;
pub(crate) mod inspect;
pub(crate) mod lifecycle;
mod permission_text;
pub(crate) mod run_now;
pub(crate) mod set_policy;
pub(crate) mod sign_in;
mod timestamp;
