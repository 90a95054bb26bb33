//! Microsoft's model of Graph: its paths, permissions and types, and which service is behind a path.

pub(crate) mod facts;
pub(crate) mod path;
pub(crate) mod route;
pub(crate) mod schema;
pub(crate) mod service;
pub(crate) mod types;
