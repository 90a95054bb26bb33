//! Throttle: until when a tenant must not be called, because it asked to wait.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

/// Waits that tenants have asked for, shared by all accounts of a process: two accounts of one tenant are throttled
/// together, also where their secrets name it differently.
#[derive(Default)]
pub struct Throttle(Mutex<State>);

#[derive(Default)]
struct State {
    blocks: HashMap<ThrottleKey, Block>,
    /// A tenant's own id by each other name that a token has been requested under.
    ids: HashMap<String, String>,
}

/// What is held back together.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ThrottleKey {
    /// In lower case: the tenant's own id where it is known, else the name that the secret has for it.
    tenant: String,
    scope: ThrottleScope,
}

/// The part of a tenant that a wait is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ThrottleScope {
    /// All of Microsoft Graph.
    Graph,
    /// Whole batches.
    Batch,
    /// One of Graph's limits, as [`Service::limit`](crate::domain::catalogue::Service::limit) names it.
    Limit(&'static str),
    /// The login service.
    Login,
}

impl ThrottleKey {
    pub fn new(tenant: &str, scope: ThrottleScope) -> Self {
        Self { tenant: normalised(tenant), scope }
    }
}

#[derive(Clone, Copy)]
struct Block {
    until: DateTime<Utc>,
    /// The last wait of our own choosing, to be doubled.
    backoff: TimeDelta,
}

/// A wait of our own choosing is doubled up to this.
const MAX_BACKOFF: TimeDelta = TimeDelta::minutes(10);

/// Beyond this many blocks, those that are long over are removed; beyond this many names of tenants, all are.
const MAX_ENTRIES: usize = 1024;

impl Throttle {
    /// Takes note that a token requested under `name` belongs to the tenant `id`: from now on both are one.
    pub fn learn_tenant(&self, name: &str, id: &str) {
        let (name, id) = (normalised(name), normalised(id));
        let mut state = self.state();
        if name == id || !is_guid(&id) || state.ids.get(&name) == Some(&id) {
            return;
        }
        let moved: Vec<ThrottleKey> = state.blocks.keys().filter(|key| key.tenant == name).cloned().collect();
        for key in moved {
            if let Some(old) = state.blocks.remove(&key) {
                let block = state.blocks.entry(ThrottleKey { tenant: id.clone(), ..key }).or_insert(old);
                block.until = block.until.max(old.until);
            }
        }
        if state.ids.len() >= MAX_ENTRIES {
            state.ids.clear();
        }
        state.ids.insert(name, id);
    }

    /// Blocks until `until` at least; an earlier block is never shortened.
    pub fn block_until(&self, key: &ThrottleKey, until: DateTime<Utc>, now: DateTime<Utc>) {
        self.change(key, now, |block| block.until = block.until.max(until));
    }

    /// Blocks for `first`, or for twice as long as the last time where that is not long ago.
    pub fn back_off(&self, key: &ThrottleKey, first: TimeDelta, now: DateTime<Utc>) {
        self.change(key, now, |block| {
            // Several refusals of one moment are one.
            if block.until > now {
                return;
            }
            let repeated = block.backoff > TimeDelta::zero() && now - block.until < block.backoff * 4;
            block.backoff = if repeated { (block.backoff * 2).min(MAX_BACKOFF) } else { first };
            block.until = now + block.backoff;
        });
    }

    fn change(&self, key: &ThrottleKey, now: DateTime<Utc>, change: impl FnOnce(&mut Block)) {
        let mut state = self.state();
        if state.blocks.len() >= MAX_ENTRIES {
            state.blocks.retain(|_, block| block.until + block.backoff * 4 > now);
        }
        let key = state.resolve(key);
        let open = Block { until: DateTime::<Utc>::MIN_UTC, backoff: TimeDelta::zero() };
        change(state.blocks.entry(key).or_insert(open));
    }

    /// The end of the block, if there is one at `now`.
    pub fn blocked_until(&self, key: &ThrottleKey, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let state = self.state();
        state.blocks.get(&state.resolve(key)).map(|block| block.until).filter(|until| *until > now)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The key under the tenant's own id, where that is known.
    fn resolve(&self, key: &ThrottleKey) -> ThrottleKey {
        let tenant = self.ids.get(&key.tenant).unwrap_or(&key.tenant).clone();
        ThrottleKey { tenant, scope: key.scope }
    }
}

fn normalised(tenant: &str) -> String {
    tenant.trim().to_ascii_lowercase()
}

/// Eight, four, four, four and twelve hexadecimal digits with hyphens between.
fn is_guid(text: &str) -> bool {
    text.split('-').map(str::len).eq([8, 4, 4, 4, 12]) && text.bytes().all(|b| b == b'-' || b.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "6f8a2b1c-0d4e-4a5b-9c3d-7e1f2a3b4c5d";

    fn now() -> DateTime<Utc> {
        "2026-03-02T10:00:00Z".parse().unwrap()
    }

    fn key(tenant: &str) -> ThrottleKey {
        ThrottleKey::new(tenant, ThrottleScope::Graph)
    }

    #[test]
    fn a_block_lasts_until_the_latest_time_that_was_named() {
        let throttle = Throttle::default();
        throttle.block_until(&key("a"), now() + TimeDelta::seconds(60), now());
        throttle.block_until(&key("a"), now() + TimeDelta::seconds(10), now());
        assert_eq!(throttle.blocked_until(&key("a"), now()), Some(now() + TimeDelta::seconds(60)));
        assert_eq!(throttle.blocked_until(&key("a"), now() + TimeDelta::seconds(60)), None);
        assert_eq!(throttle.blocked_until(&key("b"), now()), None);
    }

    #[test]
    fn a_scope_of_a_tenant_blocks_no_other() {
        let throttle = Throttle::default();
        throttle.block_until(&ThrottleKey::new("a", ThrottleScope::Login), now() + TimeDelta::seconds(60), now());
        assert_eq!(throttle.blocked_until(&key("a"), now()), None);
    }

    #[test]
    fn a_wait_of_our_own_doubles_while_refusals_continue_and_is_reset_after() {
        let mut now = now();
        let throttle = Throttle::default();
        let mut waits = Vec::new();
        for _ in 0..10 {
            throttle.back_off(&key("a"), TimeDelta::seconds(4), now);
            throttle.back_off(&key("a"), TimeDelta::seconds(4), now);
            let until = throttle.blocked_until(&key("a"), now).unwrap();
            waits.push((until - now).num_seconds());
            now = until + TimeDelta::seconds(1);
        }
        assert_eq!(waits, [4, 8, 16, 32, 64, 128, 256, 512, 600, 600]);
        now += TimeDelta::hours(1);
        throttle.back_off(&key("a"), TimeDelta::seconds(4), now);
        assert_eq!(throttle.blocked_until(&key("a"), now), Some(now + TimeDelta::seconds(4)));
    }

    #[test]
    fn one_tenant_named_by_id_by_domain_and_in_capitals_is_blocked_under_every_name() {
        let throttle = Throttle::default();
        let until = now() + TimeDelta::seconds(60);
        throttle.block_until(&key("Contoso.onmicrosoft.com"), until, now());
        assert_eq!(throttle.blocked_until(&key("contoso.onmicrosoft.com"), now()), Some(until));
        assert_eq!(throttle.blocked_until(&key(ID), now()), None, "not known to be one yet");
        throttle.learn_tenant("contoso.onmicrosoft.com", ID);
        for name in ["CONTOSO.onmicrosoft.com", ID, &ID.to_uppercase()] {
            assert_eq!(throttle.blocked_until(&key(name), now()), Some(until), "{name}");
        }
        let later = now() + TimeDelta::seconds(90);
        throttle.block_until(&key(&ID.to_uppercase()), later, now());
        assert_eq!(throttle.blocked_until(&key("contoso.onmicrosoft.com"), now()), Some(later));
    }

    #[test]
    fn an_id_that_is_not_a_guid_makes_no_two_tenants_one() {
        let throttle = Throttle::default();
        for id in ["", "x", "contoso.onmicrosoft.com", "6f8a2b1c0d4e4a5b9c3d7e1f2a3b4c5d"] {
            throttle.learn_tenant("a", id);
        }
        throttle.block_until(&key("a"), now() + TimeDelta::seconds(60), now());
        assert!(throttle.0.lock().unwrap().ids.is_empty());
        assert!(throttle.blocked_until(&key("a"), now()).is_some());
    }

    #[test]
    fn memory_stays_bounded() {
        let throttle = Throttle::default();
        for number in 0..5000 {
            throttle.block_until(&key(&number.to_string()), now(), now());
            throttle.learn_tenant(&number.to_string(), ID);
        }
        let state = throttle.0.lock().unwrap();
        assert!(state.blocks.len() <= MAX_ENTRIES && state.ids.len() <= MAX_ENTRIES);
    }
}
