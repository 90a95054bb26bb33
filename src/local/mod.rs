//! The local program: the application on one machine, with an embedded database and secrets as files; also the
//! demonstration, the benchmark and the simulation. Never part of the function.

mod app;
mod bench;
pub mod catalogue_view;
pub mod cli;
mod demo;
mod doctor;
mod dynamodb;
mod file_faults;
mod init;
mod network;
mod no_web_identity;
mod output;
mod policy_args;
mod print;
mod repair;
mod secret_files;
mod serve;
mod service;
mod signals;
mod simulate;
pub mod virtual_clock;
