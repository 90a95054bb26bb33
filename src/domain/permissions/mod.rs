//! Permissions: what a policy requires, and how that differs from what the tenant has granted.

pub(crate) mod diff;
pub(crate) mod required;
