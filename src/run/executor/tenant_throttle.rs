//! The throttle of one tenant: which waits hold a batch back, and which wait follows from a result.

use chrono::{DateTime, TimeDelta, Utc};

use crate::app::throttle::{Throttle, ThrottleKey, ThrottleScope};
use crate::domain::catalogue::Operation;
use crate::domain::outcome::calls::{Answer, capped_wait};
use crate::run::item::Item;
use crate::run::item_result::ItemResult;

/// The first wait of our own, where throttling comes without a header; doubled while it continues.
pub(super) const BACKOFF: TimeDelta = TimeDelta::seconds(4);

/// The waits of one tenant.
pub(super) struct TenantThrottle<'a> {
    pub throttle: &'a Throttle,
    pub tenant: &'a str,
}

impl TenantThrottle<'_> {
    /// The end of the last block that holds these items back, if there is one.
    pub(super) fn blocked_until<'i>(
        &self,
        items: impl Iterator<Item = &'i Item>,
        now: DateTime<Utc>,
    ) -> Option<DateTime<Utc>> {
        let limits = items.map(|item| ThrottleScope::Limit(item.operation.service.limit()));
        let scopes = limits.chain([ThrottleScope::Batch, ThrottleScope::Graph]);
        scopes.filter_map(|scope| self.throttle.blocked_until(&self.key(scope), now)).max()
    }

    /// Takes note of a result, of one item or of a whole batch. For a `Retry-After` the whole tenant waits. A limit that
    /// sends none (OneNote's) has a block of its own, which lasts longer each time.
    pub(super) fn note(&self, result: &ItemResult, operation: Option<&Operation>, now: DateTime<Utc>) {
        let asked = result.retry_after.map(capped_wait);
        match (result.answer, asked) {
            (Answer::Throttled | Answer::Transient, Some((wait, _))) => {
                self.throttle.block_until(&self.key(ThrottleScope::Graph), now + wait, now);
            }
            (Answer::Throttled, None) => {
                let limit = |operation: &Operation| ThrottleScope::Limit(operation.service.limit());
                let scope = operation.map_or(ThrottleScope::Batch, limit);
                self.throttle.back_off(&self.key(scope), BACKOFF, now);
            }
            _ => {}
        }
    }

    fn key(&self, scope: ThrottleScope) -> ThrottleKey {
        ThrottleKey::new(self.tenant, scope)
    }
}
