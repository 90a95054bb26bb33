//! What only the local program and the tests need: the world in a box.

pub mod virtual_clock;
