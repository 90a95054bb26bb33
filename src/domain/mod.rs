//! The pure core: no I/O, no clock, no global chance, no async. Time and chance are arguments.

pub mod catalogue;
pub mod contents;
#[rustfmt::skip] // lists of words, a line full each
mod words;
