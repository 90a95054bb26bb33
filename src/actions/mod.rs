//! Actions: what a person asks of one account, or of all. Each answers with a typed value; `handler` makes JSON of it.

mod authenticated;
pub mod check;
pub mod consent_url;
pub mod error;
pub mod export;
pub mod grant;
mod graph_query;
pub mod import;
pub mod inspect;
pub mod lifecycle;
mod permission_text;
pub mod run_now;
pub mod set_policy;
pub mod sign_in;
mod timestamp;
