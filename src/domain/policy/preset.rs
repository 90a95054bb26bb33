//! Preset: a selection of operations by one word, for policies that name none.

use serde::Serialize;

use crate::domain::catalogue::{Effect, Operation, Service};

/// From few operations to many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Preset {
    /// Reads of the user's own mail, calendar, contacts, files and to-do lists, and a few writes there.
    Gentle,
    /// Every operation that need not be named.
    #[default]
    Balanced,
    /// As [`Preset::Balanced`], and what later versions add beyond it.
    Full,
}

/// The writes of [`Preset::Gentle`]: each creates one object that is removed in the same run.
const GENTLE_WRITES: [&str; 5] =
    ["mail.draft.create", "event.create", "contact.create", "drive.folder.create", "todo.list.create"];

impl Preset {
    pub const WORDS: [&str; 3] = ["gentle", "balanced", "full"];

    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "gentle" => Some(Self::Gentle),
            "balanced" => Some(Self::Balanced),
            "full" => Some(Self::Full),
            _ => None,
        }
    }

    /// Whether the preset selects the operation.
    pub fn selects(self, operation: &Operation) -> bool {
        match self {
            Self::Gentle => is_gentle(operation),
            Self::Balanced | Self::Full => !must_be_named(operation),
        }
    }
}

fn is_gentle(operation: &Operation) -> bool {
    let own_data = matches!(
        operation.service,
        Service::Mail | Service::Calendar | Service::Contacts | Service::Files | Service::Todo
    );
    match operation.effect {
        Effect::Read => own_data && operation.is_user_scoped(),
        _ => GENTLE_WRITES.contains(&operation.id),
    }
}

/// Whether only a policy that names the operation may draw it: writes to objects that other people of the tenant use.
pub(super) fn must_be_named(operation: &Operation) -> bool {
    let shared =
        matches!(operation.service, Service::Applications | Service::Directory | Service::Groups | Service::Presence);
    shared && operation.writes()
}
