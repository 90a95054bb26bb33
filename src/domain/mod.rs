//! The pure core: no I/O, no clock, no global randomness, no async. Time and randomness are arguments.

pub mod account;
pub mod account_id;
pub mod catalogue;
pub mod cause;
pub(crate) mod cloud;
pub(crate) mod fields;
pub(crate) mod hash;
pub(crate) mod invisible;
pub(crate) mod json;
pub(crate) mod language;
pub mod lenient_json;
pub(crate) mod outcome;
pub(crate) mod path_segment;
pub(crate) mod permissions;
pub mod plan;
pub mod policy;
pub(crate) mod run_request;
pub mod secret;
pub mod seed;
pub(crate) mod suggest;
