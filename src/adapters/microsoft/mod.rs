//! Microsoft services: the login service (Entra ID) and Graph.

pub(crate) mod entra;
pub mod graph;
mod retry_after;
