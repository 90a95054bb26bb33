//! The outside world, each service in its own protocol. Adapters never use each other; all of them go through [`http`].

pub mod aws;
pub mod http;
pub mod microsoft;
pub mod system;
pub mod transport;
