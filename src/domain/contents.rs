//! Random contents for what is written: readable words, never the same twice.

use chrono::{DateTime, Utc};
use rand::rngs::ChaCha12Rng;

/// Where random words, names and dates come from: one generator and one moment, so that the same
/// seed gives the same contents.
pub struct Contents {
    rng: ChaCha12Rng,
    now: DateTime<Utc>,
}

impl Contents {
    pub fn new(rng: ChaCha12Rng, now: DateTime<Utc>) -> Self {
        Self { rng, now }
    }
}
