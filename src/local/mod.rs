//! What only the local program, the tests and the benchmarks need: the world in a box. Never part of the function.

pub mod bench;
pub mod cli;
pub mod demo;
pub mod embedded;
pub mod init;
pub mod no_identity;
pub mod operations;
pub mod secret_files;
pub mod serve;
pub mod simulate;
pub mod station;
pub mod table;
pub mod virtual_clock;
