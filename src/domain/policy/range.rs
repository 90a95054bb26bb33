//! Range: whole numbers with a lower and an upper bound, and the fields that hold one.

use serde::Serialize;

use crate::domain::fields::{FieldError, Fields};

/// Whole numbers `min..=max`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Range {
    pub min: u32,
    pub max: u32,
}

impl Range {
    pub const FIELDS: &[&str] = &["min", "max"];

    /// Reads `min` and `max`, each within `bounds`. Where only one is given, the other is that of `default`, moved as far
    /// as it must be: `{"min": 20000}` alone is not an error.
    pub fn parse(mut fields: Fields, bounds: Self, default: Self) -> Result<Self, FieldError> {
        let range = match Self::ends(&mut fields, ["min", "max"], bounds)? {
            (Some(min), Some(max)) => Self { min, max },
            (Some(min), None) => Self { min, max: default.max.max(min) },
            (None, Some(max)) => Self { min: default.min.min(max), max },
            (None, None) => default,
        };
        Ok(range)
    }

    /// The two ends by their names; refused where they are crossed.
    fn ends(
        fields: &mut Fields,
        [min, max]: [&str; 2],
        bounds: Self,
    ) -> Result<(Option<u32>, Option<u32>), FieldError> {
        let ends = (fields.integer(min, bounds.min, bounds.max)?, fields.integer(max, bounds.min, bounds.max)?);
        match ends {
            (Some(low), Some(high)) if low > high => Err(fields.error(min, format!("must not be above `{max}`"))),
            ends => Ok(ends),
        }
    }
}

/// A random pause of `min_ms..=max_ms` milliseconds before each small batch but the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Pacing {
    pub min_ms: u32,
    pub max_ms: u32,
}

/// Milliseconds.
const PACING: Range = Range { min: 0, max: 60_000 };

impl Pacing {
    pub const FIELDS: &[&str] = &["min_ms", "max_ms"];
    pub const EXAMPLE: &str = r#"{"min_ms": 500, "max_ms": 5000}"#;

    /// Reads `min_ms` and `max_ms`. `min_ms` alone is a constant pause, `max_ms` alone begins at 0.
    pub fn parse(mut fields: Fields) -> Result<Self, FieldError> {
        let pacing = match Range::ends(&mut fields, ["min_ms", "max_ms"], PACING)? {
            (Some(min_ms), max_ms) => Self { min_ms, max_ms: max_ms.unwrap_or(min_ms) },
            (None, Some(max_ms)) => Self { min_ms: 0, max_ms },
            (None, None) => return Err(fields.error("min_ms", "is missing")),
        };
        Ok(pacing)
    }
}
