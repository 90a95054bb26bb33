//! E5 Evergreen: keeps Microsoft 365 developer tenants exercised and watched.
//!
//! # How a request flows
//!
//! ```text
//! event -> handler -> round -> claim -> run (secret, token, plan, batches, outcome, next time, record) -> report
//!                  -> an action of a person
//!                  -> sync (accounts follow the secrets)
//! ```
//!
//! Each module uses only those below it:
//!
//! | module | is |
//! | --- | --- |
//! | [`bootstrap`] | builds the [`app`] for function, local program, benchmark and tests |
//! | [`handler`], [`event`] | JSON event in, JSON answer out; everything between is typed |
//! | `round`, `actions` | one invocation over all due accounts; one request of a person |
//! | `run`, `sync`, `notifications` | one account, once; accounts follow the secrets; messages about changes |
//! | `access` | secret, default policy and access token of an account |
//! | [`app`] | what one process shares: ports, settings, caches |
//! | [`ports`] | the traits between the program and the outside world; one file a port |
//! | [`domain`] | the pure core: secret, policy, catalogue, plan, permissions, outcome |
//! | [`adapters`] | DynamoDB, Secrets Manager, SQS, SNS, STS, Entra, Graph, the clock; behind the ports |
//! | [`telemetry`] | log lines and metrics, from `tracing` |
//! | [`config`] | the environment |
//!
//! # What never happens here
//!
//! - `domain` does no I/O, reads no clock, uses no global randomness, and awaits nothing.
//! - Adapters never use each other; they share the HTTP stack and the readers of headers and SDK errors.
//! - Only [`config`] and the local program read the environment; only [`bootstrap`] and the local program know adapters.
//! - An account's failure is never an `Err`: it is an outcome, recorded and reported.
//! - No secret, token or content of mail or files reaches a log, an error, a metric or a table. Events of other crates
//!   are never logged.
//! - Nothing changes in a tenant but what the run itself created, or an earlier run left under our names; and the app's
//!   registration, when a person asks for it.

mod access;
mod actions;
pub mod adapters;
pub mod app;
pub mod bootstrap;
pub mod config;
pub mod domain;
pub mod event;
pub mod handler;
#[cfg(feature = "local")]
pub mod local;
mod notifications;
pub mod ports;
mod round;
mod run;
mod sync;
pub mod telemetry;
