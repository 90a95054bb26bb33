//! The fake tenant over real sockets, against a clock that is turned by hand.

mod batch;
mod faults;
mod fixture;
mod login;
mod rules;
mod state;
