//! The world, spoken to in its own protocols. Adapters never use each other; all of them go through `http`.

pub mod http;
