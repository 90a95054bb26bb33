//! What the local program shows people: pure functions from answers, width, colour and time zone to text.

pub mod accounts;
pub mod answer;
pub mod changes;
pub mod check;
pub mod history;
pub mod links;
pub mod log_line;
pub mod plan;
pub mod round;
pub mod style;
pub mod sync;
pub mod table;
pub mod text;
pub mod time;

#[cfg(test)]
mod examples;
