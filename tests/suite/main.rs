//! Behaviour on real parts: real sockets, the real AWS SDK, the real function binary, stand-ins for what is far away.

mod claim;
mod function;
mod function_faults;
mod http;
mod leftovers;
mod local;
mod outage;
mod pause;
mod round;
mod support;
mod throttling;
mod tidy;
