//! What only the local program, the tests and the benchmarks need: the world in a box. Never part of the function.

pub mod app;
pub mod bench;
pub mod catalogue_view;
pub mod cli;
pub mod demo;
pub mod dynamodb;
pub mod init;
pub mod no_web_identity;
pub mod secret_files;
pub mod serve;
pub mod simulate;
pub mod table;
pub mod virtual_clock;
