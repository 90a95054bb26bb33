//! Faults as data: which requests they strike, when, and what happens then.

use std::time::Duration;

use rand::RngExt;
use rand::rngs::ChaCha12Rng;

use crate::model::path;
use crate::model::service::service_of;
use crate::wire::call::Call;

#[derive(Clone, Debug)]
pub struct Fault {
    pub requests: FaultMatch,
    pub when: When,
    pub action: FaultAction,
}

/// Which requests a fault may strike. Every field left `None` matches everything.
#[derive(Clone, Debug, Default)]
pub struct FaultMatch {
    pub stage: Stage,
    pub tenant: Option<String>,
    pub method: Option<String>,
    /// Path below the version (login: the whole path); `*` matches any characters.
    pub path: Option<String>,
    /// Only Outlook's paths, or only the others.
    pub outlook: Option<bool>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stage {
    /// `POST /{tenant}/oauth2/v2.0/...`
    Login,
    /// An HTTP request to Graph, `$batch` or single.
    #[default]
    Http,
    /// One request inside a `$batch`.
    Item,
}

#[derive(Clone, Copy, Debug)]
pub enum When {
    Always,
    /// The first so many matching requests.
    First(u64),
    /// Only the nth matching request, counted from 1.
    Nth(u64),
    /// Each matching request with this probability, by the fake's seed.
    Chance(f64),
}

#[derive(Clone, Debug)]
pub enum FaultAction {
    /// 429; with `retry_after` (seconds) a throttling window opens for the tenant.
    Status429 { retry_after: Option<i64>, applied_anyway: bool },
    /// Any other status, worded as Graph does. Inside a batch and outside.
    Status { status: u16, retry_after: Option<i64>, applied_anyway: bool },
    /// Any Graph error.
    Error { status: u16, code: String, message: String },
    /// The connection is reset: after the request took effect, or before.
    Reset { after: bool },
    /// The request is never answered; `after`: although it took effect.
    Hang { after: bool },
    /// The right headers, then only half of the body, then the end of the connection.
    Truncated,
    /// 200 with a page of HTML.
    Html,
    /// This status with a page of HTML: a proxy's answer, not Microsoft's.
    Foreign(u16),
    /// 401 as for an expired token.
    TokenExpired,
    /// Login only: this AADSTS code in its usual shape.
    Aadsts(u32),
    /// The answer takes so much of the clock's time.
    Slow(Duration),
}

impl Fault {
    pub fn login(when: When, action: FaultAction) -> Self {
        Self { requests: FaultMatch { stage: Stage::Login, ..FaultMatch::default() }, when, action }
    }

    pub fn http(when: When, action: FaultAction) -> Self {
        Self { requests: FaultMatch::default(), when, action }
    }

    /// Batch items by method and path glob.
    pub fn item(method: &str, path: &str, when: When, action: FaultAction) -> Self {
        let requests = FaultMatch {
            stage: Stage::Item,
            method: Some(method.into()),
            path: Some(path.into()),
            ..FaultMatch::default()
        };
        Self { requests, when, action }
    }

    pub fn of_tenant(mut self, tenant: &str) -> Self {
        self.requests.tenant = Some(tenant.into());
        self
    }
}

impl FaultAction {
    /// Whether the request takes effect in spite of the fault.
    pub fn lets_request_take_effect(&self) -> bool {
        match self {
            Self::Slow(_) | Self::Truncated => true,
            Self::Reset { after } | Self::Hang { after } => *after,
            Self::Status429 { applied_anyway, .. } | Self::Status { applied_anyway, .. } => *applied_anyway,
            Self::Error { .. } | Self::Html | Self::Foreign(_) | Self::TokenExpired | Self::Aadsts(_) => false,
        }
    }
}

impl FaultMatch {
    fn matches(&self, stage: Stage, tenant: &str, method: &str, path: &str) -> bool {
        let outlook = |want: &bool| path::find(path).is_ok_and(|f| service_of(&f.route.template).outlook() == *want);
        self.stage == stage
            && self.tenant.as_ref().is_none_or(|t| t == tenant)
            && self.method.as_ref().is_none_or(|m| m == method)
            && self.path.as_ref().is_none_or(|p| glob(p, path))
            && self.outlook.as_ref().is_none_or(outlook)
    }
}

/// The faults in force, each with its count of matches.
#[derive(Default)]
pub(crate) struct Faults(Vec<(Fault, u64)>);

impl Faults {
    pub(crate) fn add(&mut self, fault: Fault) {
        self.0.push((fault, 0));
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// The first fault that strikes this request.
    pub(crate) fn strike(
        &mut self,
        stage: Stage,
        tenant: &str,
        method: &str,
        path: &str,
        rng: &mut ChaCha12Rng,
    ) -> Option<FaultAction> {
        for (fault, seen) in &mut self.0 {
            if !fault.requests.matches(stage, tenant, method, path) {
                continue;
            }
            *seen += 1;
            let strikes = match fault.when {
                When::Always => true,
                When::First(n) => *seen <= n,
                When::Nth(n) => *seen == n,
                When::Chance(p) => rng.random::<f64>() < p,
            };
            if strikes {
                return Some(fault.action.clone());
            }
        }
        None
    }

    pub(crate) fn strike_item(&mut self, tenant: &str, call: &Call, rng: &mut ChaCha12Rng) -> Option<FaultAction> {
        self.strike(Stage::Item, tenant, &call.method, &call.path, rng)
    }
}

/// `*` matches any characters, slashes too.
fn glob(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = text.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_matches_any_characters() {
        assert!(glob("/me/*/messages", "/me/mailFolders/x/messages"));
        assert!(glob("*", "") && glob("/me", "/me") && glob("/me*", "/me/drive"));
        assert!(!glob("/me", "/me/drive") && !glob("*/messages", "/me/messages/1"));
    }
}
