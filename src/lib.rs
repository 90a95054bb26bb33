//! E5 Evergreen: keeps Microsoft 365 developer tenants exercised and watched.
//!
//! # The way through the house
//!
//! ```text
//! event -> handler -> due -> claim -> secret -> token -> plan -> waves -> outcome -> schedule -> record -> report
//! ```
//!
//! Read in this order:
//!
//! - [`event`] and [`handler`]: what may be asked, and which story answers it.
//! - [`round`] tells the story of one invocation: [`due`] accounts are claimed ([`claims`]), their secrets fetched, their
//!   runs go on side by side. [`run`] tells of one account, once: [`token`], plan, [`waves`], record.
//! - For thousands of accounts, a round sends its claims to a queue ([`fan_out`]) as [`order`]s, and each [`worker`]
//!   takes a few of them over.
//! - [`waves`] sends a plan: [`lanes`] cut it into batches, [`answers`] fill what later requests need,
//!   [`verdict`] says what became of an item, [`work`] keeps the books, [`gates`] hold back who was told to wait,
//!   and [`turns`] who shares a mailbox.
//! - [`sync`] makes accounts from secrets; [`actions`] are what a person asks of one account. [`defaults`] is the
//!   policy under all others, [`set_policy`] changes an account's own; [`sign_in`] gets a refresh token from a person,
//!   [`consent`] tells where to agree to what the policy needs, [`grant`] does it, [`check`] tells what stands in the way,
//!   [`import`] brings many accounts at once.
//! - [`domain`] is the pure core: policy, schedule, catalogue, plan, outcome, pause, expiry.
//! - [`ports`] are the traits in between, [`adapters`] the world behind them.
//! - [`app`] holds the ports, [`warm`] the tokens between rounds; [`report`], [`log`] and [`alerts`] are what is told.
//!
//! # What never happens here
//!
//! - `domain` does no I/O, reads no clock, draws on no global chance, and awaits nothing.
//! - Adapters never use each other, but for the one HTTP stack and what is read of its answers.
//! - Only [`config`] reads the environment; only the binaries, and `local`, know adapters.
//! - An account's failure is never an `Err`: it is an outcome, recorded and reported.
//! - No secret, token or content of mail or files is ever written to a log, an error, a metric or a table.
//! - Nothing is changed in a tenant but what the run itself made, or an earlier run left under our names; and the app's
//!   own permissions, when a person asks [`grant`] for it.

pub mod access;
pub mod actions;
pub mod adapters;
pub mod app;
pub mod bootstrap;
pub mod config;
pub mod domain;
pub mod event;
pub mod handler;
#[cfg(feature = "local")]
pub mod local;
pub mod notifications;
pub mod ports;
pub mod round;
pub mod run;
pub mod sync;
pub mod telemetry;
