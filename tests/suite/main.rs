//! Behaviour on real parts: real sockets, the real AWS SDK, the real function binary, stand-ins for what is far away.

mod check;
mod claim;
mod consent;
mod http;
mod import;
mod leftovers;
mod outage;
mod pause;
mod round;
mod secrecy;
mod set_policy;
mod sign_in;
mod support;
mod throttling;
