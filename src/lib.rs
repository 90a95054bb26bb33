//! E5 Evergreen.

pub mod answers;
pub mod domain;
pub mod due;
pub mod gates;
pub mod house;
pub mod lanes;
pub mod log;
pub mod ports;
pub mod report;
pub mod round;
pub mod run;
pub mod token;
pub mod warm;
pub mod waves;
