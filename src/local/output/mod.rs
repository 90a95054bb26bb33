//! What the local program shows people: pure functions from answers, width, colour and time zone to text.

pub(super) mod accounts;
pub(super) mod answer;
pub(super) mod changes;
pub(super) mod check;
pub(super) mod history;
pub(super) mod links;
pub(super) mod log_line;
pub(super) mod plan;
pub(super) mod round;
pub(super) mod style;
pub(super) mod sync;
pub(super) mod table;
pub(super) mod text;
pub(super) mod time;

#[cfg(test)]
mod examples;
