//! A tenant with everything in it.

use chrono::{DateTime, Utc};
use rand::rngs::ChaCha12Rng;
use serde_json::Value;

use crate::state::ids::Id;
use crate::state::store::{Object, Store};
use crate::state::tenant::{App, Tenant, User};

pub(crate) struct TenantState {
    pub definition: Tenant,
    pub store: Store,
    pub rng: ChaCha12Rng,
    /// Sent mail on its way: when it arrives, at whose mailbox, what.
    pub post: Vec<(DateTime<Utc>, String, Object)>,
}

impl TenantState {
    pub(crate) fn user(&self, name: &str) -> Option<&User> {
        self.definition.users.iter().find(|u| u.id.eq_ignore_ascii_case(name) || u.upn.eq_ignore_ascii_case(name))
    }

    pub(crate) fn app(&self, client_id: &str) -> Option<&App> {
        self.definition.apps.iter().find(|a| a.client_id.eq_ignore_ascii_case(client_id))
    }

    pub(crate) fn app_mut(&mut self, client_id: &str) -> Option<&mut App> {
        self.definition.apps.iter_mut().find(|a| a.client_id.eq_ignore_ascii_case(client_id))
    }

    pub(crate) fn id(&mut self, style: Id) -> String {
        style.make(&mut self.rng)
    }

    pub(crate) fn snapshot(&self) -> Value {
        self.store.snapshot()
    }
}
