//! The pure core: no I/O, no clock, no global chance, no async. Time and chance are arguments.

pub mod catalogue;
pub mod contents;
mod words;
