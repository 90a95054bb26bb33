//! The pure core: no I/O, no clock, no global randomness, no async. Time and randomness are arguments.

pub mod account;
pub mod account_id;
pub mod catalogue;
pub mod cause;
pub mod cloud;
pub mod fields;
pub mod hash;
pub mod outcome;
pub mod permissions;
pub mod plan;
pub mod policy;
pub mod run_request;
pub mod secret;
pub mod seed;
