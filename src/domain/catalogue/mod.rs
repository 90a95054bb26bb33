//! The catalogue: one table of Microsoft Graph requests, one row an operation.
//!
//! A new operation is one more row in the file of its service; nothing else changes. What a row may
//! hold is the [`Operation`] struct; what must hold of every row is tested at the foot of this file.
//! Paths, permissions and property names are those of Microsoft Graph v1.0 (each row links its page).

mod operation;

pub use operation::{Body, Effect, Leftover, Method, Need, Operation, Service, Subject};
