//! The pure core: no I/O, no clock, no global chance, no async. Time and chance are arguments.

pub mod account;
pub mod catalogue;
pub mod cause;
pub mod cloud;
pub mod fields;
pub mod language;
pub mod outcome;
pub mod permissions;
pub mod plan;
pub mod policy;
pub mod run_request;
pub mod secret;
pub mod seed;
pub mod suggest;
