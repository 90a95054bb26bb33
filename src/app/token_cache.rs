//! Warm: tokens that outlive a round, in memory alone.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Duration, Utc};
use secrecy::SecretString;

use crate::access::default_policy::Defaults;
use crate::actions::sign_in::pending::Pending;
use crate::domain::account::AccountId;
use crate::domain::catalogue::granted::GrantedPermissions;

/// Access tokens until five minutes before they expire, and the newest refresh tokens. What belongs to
/// another version of the secret is not used.
#[derive(Default)]
pub struct TokenCache {
    accounts: Mutex<HashMap<AccountId, Entry>>,
    defaults: Mutex<Option<Defaults>>,
    sign_ins: Mutex<HashMap<AccountId, Pending>>,
}

struct Entry {
    secret_version: String,
    access: Option<AccessToken>,
    refresh_token: Option<SecretString>,
}

/// An access token and what it allows.
#[derive(Clone, Debug)]
pub struct AccessToken {
    pub token: SecretString,
    pub granted: GrantedPermissions,
    /// As [`crate::ports::Token::user`].
    pub user: Vec<String>,
    pub expires_at: DateTime<Utc>,
}

/// Access tokens kept at most; beyond it, those that expire first go.
const MAX_ENTRIES: usize = 1024;

impl TokenCache {
    /// The default policy as it was read last; `None` before the first time.
    pub fn defaults(&self) -> Option<Defaults> {
        self.defaults.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn set_defaults(&self, defaults: Defaults) {
        *self.defaults.lock().unwrap_or_else(PoisonError::into_inner) = Some(defaults);
    }

    /// The account's sign-in that a person has not answered yet.
    pub fn sign_in(&self, id: &AccountId) -> Option<Pending> {
        self.sign_ins.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    pub fn set_sign_in(&self, id: &AccountId, pending: Option<Pending>) {
        let mut sign_ins = self.sign_ins.lock().unwrap_or_else(PoisonError::into_inner);
        match pending {
            Some(pending) => sign_ins.insert(id.clone(), pending),
            None => sign_ins.remove(id),
        };
    }

    pub fn access(&self, id: &AccountId, secret_version: &str, now: DateTime<Utc>) -> Option<AccessToken> {
        self.with(id, secret_version, |entry| entry.access.clone())
            .flatten()
            .filter(|access| access.expires_at - Duration::minutes(5) > now)
    }

    pub fn refresh_token(&self, id: &AccountId, secret_version: &str) -> Option<SecretString> {
        self.with(id, secret_version, |entry| entry.refresh_token.clone()).flatten()
    }

    fn with<T>(&self, id: &AccountId, secret_version: &str, read: impl FnOnce(&Entry) -> T) -> Option<T> {
        let accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        accounts.get(id).filter(|entry| entry.secret_version == secret_version).map(read)
    }

    pub fn insert(
        &self,
        id: &AccountId,
        secret_version: &str,
        access: Option<AccessToken>,
        refresh_token: Option<SecretString>,
    ) {
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        if accounts.len() >= MAX_ENTRIES && !accounts.contains_key(id) {
            evict(&mut accounts);
        }
        accounts.insert(id.clone(), Entry { secret_version: secret_version.to_owned(), access, refresh_token });
    }

    /// The access token was refused: only the refresh token stays.
    pub fn remove_access(&self, id: &AccountId) {
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = accounts.get_mut(id) {
            entry.access = None;
        }
    }

    /// The refresh token was refused.
    pub fn remove(&self, id: &AccountId) {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
    }

    /// The secret has a new version that says the same.
    pub fn set_version(&self, id: &AccountId, secret_version: &str) {
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = accounts.get_mut(id) {
            entry.secret_version = secret_version.to_owned();
        }
    }
}

/// Drops the half of the entries without a refresh token that expires first.
fn evict(accounts: &mut HashMap<AccountId, Entry>) {
    let expiry = |entry: &Entry| entry.access.as_ref().map_or(DateTime::<Utc>::MIN_UTC, |access| access.expires_at);
    let mut expiries: Vec<_> = accounts.values().filter(|entry| entry.refresh_token.is_none()).map(expiry).collect();
    expiries.sort_unstable();
    if let Some(middle) = expiries.get(expiries.len() / 2).copied() {
        accounts.retain(|_, entry| entry.refresh_token.is_some() || expiry(entry) > middle);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> DateTime<Utc> {
        "2026-03-02T10:00:00Z".parse().unwrap()
    }

    fn id(text: &str) -> AccountId {
        AccountId::parse(text).unwrap()
    }

    fn access(minutes: i64) -> Option<AccessToken> {
        Some(AccessToken {
            token: "t".to_owned().into(),
            granted: GrantedPermissions::Unknown,
            user: Vec::new(),
            expires_at: now() + Duration::minutes(minutes),
        })
    }

    #[test]
    fn an_access_token_is_used_until_five_minutes_before_it_expires() {
        let token_cache = TokenCache::default();
        token_cache.insert(&id("a"), "v1", access(60), None);
        assert!(token_cache.access(&id("a"), "v1", now() + Duration::minutes(54)).is_some());
        assert!(token_cache.access(&id("a"), "v1", now() + Duration::minutes(55)).is_none());
    }

    #[test]
    fn what_belongs_to_another_version_of_the_secret_is_not_used() {
        let token_cache = TokenCache::default();
        token_cache.insert(&id("a"), "v1", access(60), Some("r".to_owned().into()));
        assert!(token_cache.access(&id("a"), "v2", now()).is_none());
        assert!(token_cache.refresh_token(&id("a"), "v2").is_none());
        token_cache.set_version(&id("a"), "v2");
        assert!(token_cache.refresh_token(&id("a"), "v2").is_some());
    }

    #[test]
    fn memory_stays_bounded_and_refresh_tokens_are_kept() {
        let token_cache = TokenCache::default();
        token_cache.insert(&id("r"), "v", None, Some("r".to_owned().into()));
        for number in 0..10_000 {
            token_cache.insert(&id(&number.to_string()), "v", access(number), None);
        }
        assert!(token_cache.accounts.lock().unwrap().len() <= MAX_ENTRIES);
        assert!(token_cache.refresh_token(&id("r"), "v").is_some());
        assert!(token_cache.access(&id("9999"), "v", now()).is_some());
    }
}
