//! Set-asides: what an account does not call for a while, since it was refused.

use std::borrow::Cow;
use std::fmt;

use serde::{Serialize, Serializer};

use crate::domain::catalogue::{self, Operation, Service};

/// An operation, a service or all writes, left out of an account's plans. Stored and shown as its text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SetAside {
    /// By id; one that the catalogue no longer has is harmless.
    Operation(Cow<'static, str>),
    Service(Service),
    /// All operations that write: the mailbox or the drive is full.
    Writes,
}

const WRITES: &str = "writes";

impl SetAside {
    pub const fn operation(operation: &Operation) -> Self {
        Self::Operation(Cow::Borrowed(operation.id))
    }

    /// Reads the stored text. Operations' ids hold a dot, and names of services do not.
    pub fn parse(text: &str) -> Self {
        if text == WRITES {
            return Self::Writes;
        }
        let service = catalogue::all().map(|operation| operation.service).find(|service| service.as_str() == text);
        service.map_or_else(|| Self::Operation(Cow::Owned(text.to_owned())), Self::Service)
    }
}

impl fmt::Display for SetAside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Operation(id) => id,
            Self::Service(service) => service.as_str(),
            Self::Writes => WRITES,
        })
    }
}

impl Serialize for SetAside {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_set_aside_reads_back_as_it_was_written() {
        let all = catalogue::all().flat_map(|row| [SetAside::operation(row), SetAside::Service(row.service)]);
        let gone = SetAside::Operation("mail.goneOperation".into());
        for set_aside in all.chain([SetAside::Writes, gone]) {
            assert_eq!(SetAside::parse(&set_aside.to_string()), set_aside);
        }
        assert_eq!(SetAside::Service(Service::MailboxSettings).to_string(), "mailboxSettings");
        assert_eq!(SetAside::Writes.to_string(), "writes");
    }
}
