//! Mailbox concurrency: the requests of one app that a mailbox serves at once, over all connections.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::path;
use crate::model::service::service_of;
use crate::state::issued::Token;
use crate::state::service_state::ServiceState;
use crate::state::shared::Shared;
use crate::wire::call::Call;
use crate::wire::reply::Reply;

/// Concurrent requests of one app that Outlook serves for one mailbox.
pub(super) const MAX_CONCURRENT: usize = 4;

/// Slots of mailboxes, held while a request is served; released on drop, even when the client disconnects.
pub(super) struct Slots {
    shared: Arc<Shared>,
    taken: BTreeMap<String, usize>,
    /// Slots that other requests held when this one arrived.
    before: BTreeMap<String, usize>,
}

impl Slots {
    pub(super) fn take(shared: &Arc<Shared>, taken: BTreeMap<String, usize>) -> Self {
        let state = &mut *shared.state();
        let before = taken.keys().map(|m| (m.clone(), state.in_flight.get(m).copied().unwrap_or(0))).collect();
        for (mailbox, n) in &taken {
            *state.in_flight.entry(mailbox.clone()).or_default() += n;
        }
        Self { shared: Arc::clone(shared), taken, before }
    }

    pub(super) fn others(&self, mailbox: &str) -> usize {
        self.before.get(mailbox).copied().unwrap_or(0)
    }

    pub(super) fn crowded(&self, mailbox: &Option<String>) -> bool {
        mailbox.as_ref().is_some_and(|m| self.others(m) + 1 > MAX_CONCURRENT)
    }
}

impl Drop for Slots {
    fn drop(&mut self) {
        let state = &mut *self.shared.state();
        for (mailbox, n) in &self.taken {
            if let Some(held) = state.in_flight.get_mut(mailbox) {
                *held = held.saturating_sub(*n);
            }
        }
    }
}

/// The mailbox of a request, with the app: the limit is by both.
pub(super) fn mailbox_of(state: &ServiceState, token: &Token, call: &Call) -> Option<String> {
    let found = path::find(&call.path).ok()?;
    service_of(&found.route.template).outlook().then_some(())?;
    let held = state.tenants.get(&token.tenant)?;
    let owner = match found.segments.first().map(String::as_str) {
        Some("me") => token.user.clone()?,
        _ => {
            let named = found.segments.get(1)?;
            held.user(named).map_or_else(|| named.clone(), |u| u.id.clone())
        }
    };
    Some(format!("{} {owner}", token.app))
}

/// The refusal of a request above the limit, which is a violation too.
pub(super) fn too_many(state: &mut ServiceState, mailbox: &Option<String>) -> Reply {
    let mailbox = mailbox.as_deref().unwrap_or_default();
    state.report_violation(format!("more than {MAX_CONCURRENT} Outlook requests at once (app and mailbox: {mailbox})"));
    Reply::error(429, "ApplicationThrottled", "Application is over its MailboxConcurrency limit.")
}
