//! Microsoft Graph: requests and batches over HTTP, and the services behind them.

mod batch;
mod batch_execution;
mod context;
pub(crate) mod crud;
pub(crate) mod exchange;
mod filter;
pub(crate) mod initial_data;
pub(crate) mod links;
mod mailbox_concurrency;
mod ownership;
mod query;
mod request;
mod resource_path;
mod services;
