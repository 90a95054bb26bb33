//! E5 Evergreen.

pub mod domain;
pub mod ports;
