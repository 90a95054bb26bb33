//! Behaviour on real parts: real sockets, the real AWS SDK, the real function binary, stand-ins for what is far away.

mod function;
mod function_faults;
mod http;
mod local;
mod support;
mod tidy;
