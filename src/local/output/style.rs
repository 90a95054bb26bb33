//! The form of text: width, colour and time zone.

use chrono::{DateTime, Local, NaiveDateTime, Utc};

/// Where a text goes.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// Columns of the terminal; `None` in a pipe, where nothing is wrapped and times are UTC in RFC 3339.
    pub width: Option<usize>,
    pub colour: bool,
    pub zone: Zone,
    pub now: DateTime<Utc>,
}

/// The time zone of the times shown on a terminal.
#[derive(Clone, Copy, Debug)]
pub enum Zone {
    Local,
    /// For examples, which must not depend on the machine.
    #[cfg(test)]
    Fixed(chrono::FixedOffset),
}

/// What a part of a text says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Paint {
    #[default]
    Plain,
    Good,
    Warning,
    Bad,
    Heading,
}

impl Paint {
    const fn code(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Good => "32",
            Self::Warning => "33",
            Self::Bad => "31",
            Self::Heading => "1",
        }
    }
}

impl Style {
    /// The text in colour, on a terminal that has colours.
    pub fn paint(&self, text: &str, paint: Paint) -> String {
        if self.colour && paint != Paint::Plain && !text.is_empty() {
            format!("\u{1b}[{}m{text}\u{1b}[0m", paint.code())
        } else {
            text.to_owned()
        }
    }

    pub const fn on_terminal(&self) -> bool {
        self.width.is_some()
    }

    /// The time on the wall.
    pub fn local(&self, at: DateTime<Utc>) -> NaiveDateTime {
        match self.zone {
            Zone::Local => at.with_timezone(&Local).naive_local(),
            #[cfg(test)]
            Zone::Fixed(offset) => at.with_timezone(&offset).naive_local(),
        }
    }
}
