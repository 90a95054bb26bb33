//! The AADSTS codes that a token request or a sign-in by device code can meet, as one table in groups.
//!
//! Source: learn.microsoft.com/entra/identity-platform/reference-error-codes, gone through row by row.

mod app;
mod conditional_access;
mod consent;
mod federated;
pub(super) mod remedies;
mod row;
mod secret_fields;
mod service;
mod sign_in;
mod symbolic_names;
mod table;
mod tenant_shut;
mod user;

pub(super) use row::{LoginClass, LoginCode};
pub(super) use symbolic_names::symbolic_name;
pub(super) use table::find;
#[cfg(test)]
pub(super) use table::rows;
