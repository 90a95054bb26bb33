//! Access tokens of an account: cached, requested, renewed; and rotated refresh tokens, saved.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use secrecy::{ExposeSecret, SecretString};
use tracing::{debug, warn};

use crate::app::App;
use crate::app::stop_signal::StopSignal;
use crate::app::throttle::{Throttle, ThrottleKey, ThrottleScope};
use crate::app::token_cache::{AccessToken, TokenCache};
use crate::domain::account::{Account, AccountId};
use crate::domain::cause::LoginError;
use crate::domain::outcome::Outcome;
use crate::domain::outcome::calls::capped_wait;
use crate::domain::secret::{AccountSecret, Credential, with_refresh_token};
use crate::ports::{Clock, InfraError, Login, SecretText, Token};

/// A rotated refresh token is written to its secret once in this time: a secret keeps about 100 versions,
/// and the older token stays valid for 90 days.
const SAVE_EVERY: TimeDelta = TimeDelta::hours(24);

/// The longest that one token request may take.
const LOGIN_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a token request may still take once the process is asked to stop.
const STOP_GRACE: Duration = Duration::from_secs(3);

/// The lifetime of a token that came without `expires_in`: it is for this run alone.
const THIS_RUN: TimeDelta = TimeDelta::minutes(5);

/// Where a run gets a new access token when Graph refuses the one that it has.
#[async_trait]
pub(crate) trait TokenSource: Send + Sync {
    /// One token request, whatever is cached.
    ///
    /// # Errors
    /// The outcome that the run ends with.
    async fn renew(&self) -> Result<AccessToken, Outcome>;
}

/// The access tokens of one account.
pub(crate) struct AccountTokens<'a> {
    login: &'a dyn Login,
    clock: &'a dyn Clock,
    cache: &'a TokenCache,
    throttle: &'a Throttle,
    id: &'a AccountId,
    consecutive_failures: u32,
    secret: &'a AccountSecret,
    text: &'a SecretText,
    stop: &'a StopSignal,
    deadline: Option<DateTime<Utc>>,
}

impl<'a> AccountTokens<'a> {
    pub(crate) fn new(app: &'a App, account: &'a Account, secret: &'a AccountSecret, text: &'a SecretText) -> Self {
        Self {
            login: app.tokens.as_ref(),
            clock: app.clock.as_ref(),
            cache: &app.token_cache,
            throttle: &app.throttle,
            id: &account.id,
            consecutive_failures: account.consecutive_failures,
            secret,
            text,
            stop: &app.stop,
            deadline: None,
        }
    }

    /// The same, with all requests answered before the deadline.
    pub(crate) fn before(self, deadline: DateTime<Utc>) -> Self {
        Self { deadline: Some(deadline), ..self }
    }

    /// The cached access token, or one token request.
    ///
    /// # Errors
    /// As [`TokenSource::renew`].
    pub(crate) async fn get(&self) -> Result<AccessToken, Outcome> {
        match self.cache.access(self.id, &self.text.version, self.clock.now()) {
            Some(access) => Ok(access),
            None => self.renew().await,
        }
    }

    async fn request(&self) -> Result<Token, LoginError> {
        let newer = self.cache.refresh_token(self.id, &self.text.version);
        let answer = self.request_with(newer.as_ref()).await;
        if newer.is_some() && matches!(answer, Err(LoginError::Misconfigured(_))) {
            // The newer one may never have been activated; the secret's own may still be valid.
            self.cache.remove(self.id);
            return self.request_with(None).await;
        }
        answer
    }

    /// One request, within the time that is left. A process that stops does not wait long for it.
    async fn request_with(&self, refresh_token: Option<&SecretString>) -> Result<Token, LoginError> {
        let left = self.deadline.map(|deadline| (deadline - self.clock.now()).to_std().unwrap_or_default());
        let timeout = left.map_or(LOGIN_TIMEOUT, |left| left.min(LOGIN_TIMEOUT));
        if timeout.is_zero() {
            return Err(LoginError::Transient("there was no time left to request a token".to_owned()));
        }
        let stopped = async {
            self.stop.wait().await;
            // An answer that is already on its way may hold a rotated refresh token.
            self.clock.sleep(STOP_GRACE).await;
        };
        let sent_at = self.clock.now();
        let answer = tokio::select! {
            biased;
            answer = self.login.request_token(self.secret, refresh_token, timeout) => answer,
            () = stopped => Err(LoginError::Transient("the process stops before the login service answered".to_owned())),
        };
        let ms = (self.clock.now() - sent_at).num_milliseconds();
        debug!(account = %self.id, outcome = word(&answer), ms, "token request");
        answer
    }

    fn outcome(&self, error: LoginError, login: &ThrottleKey) -> Outcome {
        match error {
            LoginError::Misconfigured(cause) => Outcome::Misconfigured { cause },
            LoginError::LongBackoff(cause) => Outcome::LongBackoff { cause },
            LoginError::NotYet(cause) => Outcome::not_yet(cause, self.consecutive_failures),
            LoginError::Transient(why) => Outcome::Transient { why },
            LoginError::Throttled { retry_after } => {
                let now = self.clock.now();
                let asked = retry_after.map(capped_wait);
                let until = asked.map(|(wait, _)| now + wait);
                if let Some(until) = until {
                    self.throttle.block_until(login, until, now);
                }
                Outcome::Throttled { until, longer: asked.is_some_and(|(_, longer)| longer) }
            }
        }
    }
}

/// How a token request ended, for the log.
fn word(answer: &Result<Token, LoginError>) -> &str {
    match answer {
        Ok(_) => "ok",
        Err(LoginError::Misconfigured(cause) | LoginError::LongBackoff(cause) | LoginError::NotYet(cause)) => {
            &cause.code
        }
        Err(LoginError::Throttled { .. }) => "throttled",
        Err(LoginError::Transient(why)) => why,
    }
}

#[async_trait]
impl TokenSource for AccountTokens<'_> {
    async fn renew(&self) -> Result<AccessToken, Outcome> {
        self.cache.remove_access(self.id);
        let login = ThrottleKey::new(&self.secret.tenant_id, ThrottleScope::Login);
        if let Some(until) = self.throttle.blocked_until(&login, self.clock.now()) {
            return Err(Outcome::Throttled { until: Some(until), longer: false });
        }
        let token = self.request().await.map_err(|error| self.outcome(error, &login))?;
        let Token { access_token, lifetime, granted, user, tenant, refresh_token } = token;
        if let Some(tenant) = tenant {
            self.throttle.learn_tenant(&self.secret.tenant_id, &tenant);
        }
        let lifetime = lifetime.and_then(|lifetime| TimeDelta::from_std(lifetime).ok()).unwrap_or(THIS_RUN);
        let access = AccessToken { token: access_token, granted, user, expires_at: self.clock.now() + lifetime };
        let newest = refresh_token.or_else(|| self.cache.refresh_token(self.id, &self.text.version));
        self.cache.insert(self.id, &self.text.version, Some(access.clone()), newest);
        Ok(access)
    }
}

/// Writes a rotated refresh token to its secret, at most once a day. A version of the secret that was not written here
/// holds a token of unknown age, so that one is replaced at once.
pub(crate) async fn save_rotated(app: &App, account: &mut Account, secret: &AccountSecret, text: &SecretText) {
    let Credential::RefreshToken { refresh_token: stored, .. } = &secret.credential else { return };
    let Some(newest) = app.token_cache.refresh_token(&account.id, &text.version) else { return };
    let now = app.clock.now();
    let own = account.secret_version.as_deref() == Some(text.version.as_str());
    let recent = account.refresh_token_saved_at.is_some_and(|saved| now - saved < SAVE_EVERY);
    if (own && recent) || newest.expose_secret() == stored.expose_secret() {
        return;
    }
    let name = app.settings.secret_name(account);
    let written = match with_refresh_token(&text.text, &newest) {
        Ok(new) => app.secrets.replace(&name, &text.version, &new).await.map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    match written {
        Ok(Some(version)) => {
            app.token_cache.set_version(&account.id, &version);
            account.secret_version = Some(version);
            account.refresh_token_saved_at = Some(now);
        }
        Ok(None) => {
            let message =
                "the secret changed meanwhile: the rotated refresh token was not written, the new secret applies";
            warn!(account = %account.id, "{message}");
        }
        Err(error) => {
            let message =
                "the rotated refresh token could not be written; it is kept in memory, and the next run tries again";
            warn!(account = %account.id, error, "{message}");
        }
    }
}

/// As [`save_rotated`], for an action: no run records the account afterwards, so it is written here, unless a run holds
/// it.
///
/// # Errors
/// Where the account cannot be written.
pub(crate) async fn save_outside_a_run(
    app: &App,
    account: &mut Account,
    secret: &AccountSecret,
    text: &SecretText,
) -> Result<(), InfraError> {
    let version = account.secret_version.clone();
    save_rotated(app, account, secret, text).await;
    if account.secret_version != version {
        app.accounts.update(account, app.clock.now()).await?;
    }
    Ok(())
}
