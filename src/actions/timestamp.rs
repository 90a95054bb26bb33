//! Times in answers: RFC 3339, UTC, whole seconds, `Z`.

use chrono::{DateTime, Utc};
use serde::{Serialize, Serializer};

/// A time as answers show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Timestamp(pub DateTime<Utc>);

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0.format("%FT%TZ"))
    }
}
