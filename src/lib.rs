//! E5 Evergreen.

pub mod domain;
#[cfg(feature = "local")]
pub mod local;
pub mod ports;
