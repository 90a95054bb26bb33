//! Permissions: what a policy requires, and how that differs from what the tenant has granted.

pub mod diff;
pub mod required;
