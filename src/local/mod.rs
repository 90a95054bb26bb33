//! What the demonstration, the tests and the benchmarks need on one machine; never part of the function.

pub mod fake_tenant;
