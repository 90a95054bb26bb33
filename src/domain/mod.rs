//! The pure core: no I/O, no clock, no global chance, no async. Time and chance are arguments.

pub mod account;
pub mod catalogue;
pub mod cause;
pub mod certificate;
pub mod cloud;
pub mod contents;
pub mod credential;
pub mod der;
pub mod expiry;
pub mod fields;
pub mod grant;
pub mod granted;
pub mod habits;
pub mod history;
pub mod hours;
pub mod import;
pub mod language;
pub mod needed;
pub mod outcome;
pub mod pause;
pub mod pem;
pub mod plan;
pub mod policy;
pub mod rewrite;
pub mod schedule;
pub mod seed;
pub mod selection;
#[rustfmt::skip] // lists of words, a line full each
mod words;
pub mod zone;
