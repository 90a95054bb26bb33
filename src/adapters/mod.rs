//! Adapters: each implements a port over one service. They never use each other; all of them share [`http`].

pub mod aws;
pub mod http;
pub mod microsoft;
pub mod system;
pub mod transport;
