//! Microsoft services: the login service (Entra ID) and Graph.

pub mod entra;
pub mod graph;
pub mod retry_after;
