//! The local program: the application on one machine, with an embedded database and secrets as files; also the
//! demonstration, the benchmark and the simulation. Never part of the function.

mod app;
mod bench;
pub mod catalogue_view;
pub mod cli;
mod demo;
mod dynamodb;
mod init;
mod no_web_identity;
mod secret_files;
mod serve;
mod simulate;
mod table;
pub mod virtual_clock;
