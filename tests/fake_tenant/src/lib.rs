//! A stand-in for the Microsoft login service and Microsoft Graph: in this process, on loopback, with state and a
//! clock of the caller's choosing. The demonstration, the tests and the benchmarks run against it.
//!
//! It judges the client, so it shares no code with it: the paths, bodies and permissions come from Microsoft's own model
//! and permission table (`model/facts` names the sources). Where the behaviour of the real service is not known, the fake
//! is the stricter of the two. What a well-behaved client never does, although the real service would accept it, is
//! collected in [`FakeTenant::violations`].

mod administration;
mod clock;
mod fault_response;
mod graph;
mod handle;
mod login;
mod model;
mod server;
mod sign_ins;
mod state;
#[cfg(test)]
mod tests;
mod wire;

pub use clock::{Clock, SystemClock};
pub use handle::FakeTenant;
pub use model::facts::{application_permissions, delegated_permissions};
pub use state::fault::{Fault, FaultAction, FaultMatch, Stage, When};
pub use state::recorded::{Recorded, RecordedItem};
pub use state::tenant::{App, Federated, Registration, Secret, Tenant, User};
