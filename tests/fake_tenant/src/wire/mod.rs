//! Requests and replies as they are sent: what login, Graph and its batches have in common.

pub(crate) mod call;
pub(crate) mod encoding;
pub(crate) mod exchange;
pub(crate) mod reply;
pub(crate) mod socket;
