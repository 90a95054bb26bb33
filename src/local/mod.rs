//! What only the local program and the tests need: the world in a box.

pub mod embedded;
pub mod secret_files;
pub mod virtual_clock;
