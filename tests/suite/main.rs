//! Behaviour on real parts: real sockets, the real AWS SDK, the real function binary, stand-ins for what is far away.

mod action;
mod action_secrecy;
#[cfg(unix)]
mod bench;
mod check;
mod claim;
mod consent;
mod credentials;
mod deadline;
mod function;
mod function_faults;
mod http;
mod import;
mod leftovers;
mod local;
mod outage;
mod pause;
mod permission;
mod readme;
mod round;
mod secrecy;
mod set_policy;
mod sign_in;
mod support;
mod sync;
mod table;
mod throttling;
mod tidy;
mod tokens;
