//! Token cache: tokens kept between rounds, in memory only.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use secrecy::SecretString;

use crate::domain::account::AccountId;
use crate::domain::catalogue::granted::GrantedPermissions;

/// Access tokens until five minutes before they expire, and the newest refresh tokens. An entry of another version of
/// the secret is not used.
#[derive(Default)]
pub struct TokenCache {
    accounts: Mutex<HashMap<AccountId, Entry>>,
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

/// Beyond this many entries, the access tokens that expire first are removed.
const MAX_ENTRIES: usize = 1024;

impl TokenCache {
    pub fn access(&self, id: &AccountId, secret_version: &str, now: DateTime<Utc>) -> Option<AccessToken> {
        self.with(id, secret_version, |entry| entry.access.clone())
            .flatten()
            .filter(|access| access.expires_at - TimeDelta::minutes(5) > now)
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

    /// Removes an access token that was refused; the refresh token stays.
    pub fn remove_access(&self, id: &AccountId) {
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = accounts.get_mut(id) {
            entry.access = None;
        }
    }

    /// Removes the entry of a refresh token that was refused.
    pub fn remove(&self, id: &AccountId) {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
    }

    /// The secret has a new version with the same credential.
    pub fn set_version(&self, id: &AccountId, secret_version: &str) {
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = accounts.get_mut(id) {
            entry.secret_version = secret_version.to_owned();
        }
    }
}

/// Removes the half of the entries without a refresh token that expires first.
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
            expires_at: now() + TimeDelta::minutes(minutes),
        })
    }

    #[test]
    fn an_access_token_is_used_until_five_minutes_before_it_expires() {
        let token_cache = TokenCache::default();
        token_cache.insert(&id("a"), "v1", access(60), None);
        assert!(token_cache.access(&id("a"), "v1", now() + TimeDelta::minutes(54)).is_some());
        assert!(token_cache.access(&id("a"), "v1", now() + TimeDelta::minutes(55)).is_none());
    }

    #[test]
    fn a_token_of_another_version_of_the_secret_is_not_used() {
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
