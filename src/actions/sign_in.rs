//! `sign_in`: a person signs in elsewhere with a short code, and the account's secret gets the refresh token.
//!
//! The first call answers with the code at once, since an invocation answers once. What it waits for stands in
//! memory and in a reserved secret, so that the second call, in whatever instance, takes up where it was: it polls
//! until the person has answered, or its own deadline is near.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::actions::{ActionError, state};
use crate::app::App;
use crate::app::pending_sign_ins::PendingSignIn;
use crate::app::token_cache::AccessToken;
use crate::domain::account::{Account, AccountId};
use crate::domain::cloud::Cloud;
use crate::domain::policy::schedule;
use crate::domain::secret::rewrite;
use crate::domain::secret::{SecretDocument, is_name_in_a_path};
use crate::domain::seed::{RngStream, Seed};
use crate::log::{Level, line};
use crate::ports::{Client, InfraError, Poll, SecretFault, SecretText, Token, TokenError};

/// What the event says beside the account; what it leaves out comes from the account's secret.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SignIn {
    pub tenant_id: Option<String>,
    pub client_id: Option<String>,
    pub cloud: Option<Cloud>,
    /// Who is to sign in; anybody where it is not said.
    pub username: Option<String>,
}

/// Kept at the end of an invocation for writing secrets and accounts.
const RESERVE: TimeDelta = TimeDelta::seconds(10);

/// How much longer the interval gets each time when the service asks to slow down (RFC 8628).
const SLOWER: Duration = Duration::from_secs(5);

/// Somebody else may be writing the same secret: so often the refresh token is put in anew.
const TRIES: u32 = 3;

/// Begins a sign-in, or goes on with the one that was begun.
pub async fn sign_in(app: &App, id: &AccountId, asked: &SignIn, deadline: DateTime<Utc>) -> Result<Value, ActionError> {
    let account = app.accounts.get(id).await?.map(|found| found.account);
    let name = match account.as_ref().and_then(|account| account.secret_name.clone()) {
        Some(name) => name,
        None => app.settings.secret_name_for(id),
    };
    let kept = kept_name(app, id);
    let mut fetched = app.secrets.fetch(&[name.clone(), kept.clone()]).await?;
    let mut take = |wanted: &str| {
        let at = fetched.iter().position(|(name, _)| name == wanted);
        at.map_or(Err(SecretFault::Gone), |at| fetched.swap_remove(at).1)
    };
    let held = match take(&name) {
        Ok(text) => Some(text),
        Err(SecretFault::Gone) => None,
        Err(fault) => return Err(ActionError::Secret { secret: name, why: fault.to_string() }),
    };
    let client = client(id, &name, held.as_ref(), asked)?;
    let stored = take(&kept).ok().and_then(|text| PendingSignIn::read(&text.text));
    let pending = app.pending_sign_ins.get(id).or(stored).filter(|pending| pending.client == client);
    match pending {
        None => begin(app, id, client).await,
        Some(pending) => wait(app, id, account, &name, held, asked, pending, deadline).await,
    }
}

fn kept_name(app: &App, id: &AccountId) -> String {
    format!("{}_sign_in_{id}", app.settings.secret_prefix)
}

/// Which app is signed in to, by the event or else by the secret as it is.
fn client(id: &AccountId, name: &str, held: Option<&SecretText>, asked: &SignIn) -> Result<Client, ActionError> {
    let refused = |why: &str| ActionError::Secret { secret: name.to_owned(), why: why.to_owned() };
    let secret = match held {
        None => serde_json::Map::new(),
        Some(text) => rewrite::object(&text.text).map_err(|error| refused(&error.to_string()))?,
    };
    if secret.contains_key("accounts") {
        return Err(refused("holds many accounts; one with a refresh token needs a secret of its own"));
    }
    let known = |field: &str| secret.get(field).and_then(Value::as_str).map(str::to_owned);
    let named = |field: &'static str, asked: Option<&String>| {
        let found = asked.cloned().or_else(|| known(field)).ok_or_else(|| ActionError::SignIn {
            account: id.clone(),
            why: format!("the event must give `{field}`, since no secret does yet"),
        })?;
        if is_name_in_a_path(&found) {
            Ok(found)
        } else {
            Err(ActionError::SignIn { account: id.clone(), why: format!("`{field}` must be a GUID or a domain name") })
        }
    };
    let cloud = asked.cloud.or_else(|| Cloud::parse(&known("cloud")?)).unwrap_or_default();
    let tenant_id = named("tenant_id", asked.tenant_id.as_ref())?;
    Ok(Client { cloud, tenant_id, client_id: named("client_id", asked.client_id.as_ref())? })
}

async fn begin(app: &App, id: &AccountId, client: Client) -> Result<Value, ActionError> {
    let code = app.tokens.device_code(&client).await.map_err(|error| refusal(id, error))?;
    let now = app.clock.now();
    let pending = PendingSignIn {
        client,
        device_code: code.device_code,
        user_code: code.user_code,
        verification_uri: code.verification_uri,
        expires_at: now + code.expires_in,
        interval: code.interval,
        next_poll: now + code.interval,
    };
    app.pending_sign_ins.insert(id, pending.clone());
    if let Err(error) = keep(app, id, &pending).await {
        let said = "the sign-in is kept in memory alone";
        app.journal.write(&line(Level::Warn, said, json!({"account": id, "error": error.to_string()})));
    }
    Ok(pending.waiting(id))
}

/// Writes the pending sign-in to its reserved secret, over what an earlier one left.
async fn keep(app: &App, id: &AccountId, pending: &PendingSignIn) -> Result<(), InfraError> {
    let (name, text) = (kept_name(app, id), pending.text());
    if app.secrets.create(&name, &text).await?.is_some() {
        return Ok(());
    }
    let old = app.secrets.fetch(std::slice::from_ref(&name)).await?.pop();
    if let Some((name, Ok(old))) = old {
        app.secrets.replace(&name, &old.version, &text).await?;
    }
    Ok(())
}

#[expect(clippy::too_many_arguments, reason = "all that the first call has found out")]
async fn wait(
    app: &App,
    id: &AccountId,
    account: Option<Account>,
    name: &str,
    held: Option<SecretText>,
    asked: &SignIn,
    mut pending: PendingSignIn,
    deadline: DateTime<Utc>,
) -> Result<Value, ActionError> {
    let end = |state: &str, message: &str| json!({"account": id, "state": state, "message": message});
    let expired = || end("expired", "The code was not used in time. Ask again for a new one.");
    loop {
        let now = app.clock.now();
        if now >= pending.expires_at {
            forget(app, id).await;
            return Ok(expired());
        }
        if pending.next_poll + RESERVE > deadline || app.stopping() {
            return Ok(pending.waiting(id));
        }
        if now < pending.next_poll {
            app.sleep((pending.next_poll - now).to_std().unwrap_or_default()).await;
            continue;
        }
        let answer = app.tokens.poll(&pending.client, &pending.device_code).await;
        let answer = match answer {
            Err(TokenError::Transient(_)) => Ok(Poll::Pending),
            Err(TokenError::Throttled { retry_after }) => {
                pending.interval = pending.interval.max(retry_after.unwrap_or(pending.interval + SLOWER));
                Ok(Poll::Pending)
            }
            other => other,
        };
        if matches!(answer, Ok(Poll::SlowDown)) {
            pending.interval += SLOWER;
        }
        pending.next_poll = app.clock.now() + pending.interval;
        app.pending_sign_ins.insert(id, pending.clone());
        match answer {
            Ok(Poll::Pending | Poll::SlowDown) => {}
            Ok(Poll::Refused) => {
                forget(app, id).await;
                return Ok(end("refused", "The sign-in was refused. Ask again for a new code, and agree to it."));
            }
            Ok(Poll::Expired) => {
                forget(app, id).await;
                return Ok(expired());
            }
            Ok(Poll::SignedIn { token, username }) => {
                if !is_wanted(asked.username.as_deref(), username.as_deref()) {
                    forget(app, id).await;
                    let message = "Another user than `username` has signed in; nothing was kept. Ask again, and sign in \
                                   as that user, perhaps in a private window.";
                    return Ok(end("wrong_account", message));
                }
                let answer = finish(app, id, account, name, held, &pending.client, *token).await;
                forget(app, id).await;
                return answer;
            }
            Err(error) => {
                forget(app, id).await;
                return Err(refusal(id, error));
            }
        }
    }
}

fn is_wanted(wanted: Option<&str>, signed_in: Option<&str>) -> bool {
    wanted.is_none_or(|wanted| signed_in.is_some_and(|name| name.eq_ignore_ascii_case(wanted)))
}

/// Ends the wait: what is left behind expires within minutes, so that it may fail.
async fn forget(app: &App, id: &AccountId) {
    app.pending_sign_ins.remove(id);
    if let Err(error) = app.secrets.delete(&kept_name(app, id)).await {
        let said = "what was kept of a sign-in could not be deleted; it has expired";
        app.journal.write(&line(Level::Warn, said, json!({"account": id, "error": error.to_string()})));
    }
}

/// Writes the refresh token to the account's secret, and makes the account due.
async fn finish(
    app: &App,
    id: &AccountId,
    account: Option<Account>,
    name: &str,
    mut held: Option<SecretText>,
    client: &Client,
    token: Token,
) -> Result<Value, ActionError> {
    let refused = |why: String| ActionError::SignIn { account: id.clone(), why };
    let Some(refresh_token) = &token.refresh_token else {
        return Err(refused("the login service gave no refresh token".to_owned()));
    };
    let identity = (client.cloud, client.tenant_id.as_str(), client.client_id.as_str());
    let mut version = None;
    let mut policy = None;
    for _ in 0..TRIES {
        let text = rewrite::signed_in(held.as_ref().map(|held| &held.text), identity, refresh_token)
            .map_err(|error| ActionError::Secret { secret: name.to_owned(), why: error.to_string() })?;
        let read =
            SecretDocument::parse(&text).and_then(|one| one.account_with_defaults(id, &app.default_policy.policy()));
        policy =
            Some(read.map_err(|error| ActionError::Secret { secret: name.to_owned(), why: error.to_string() })?.policy);
        version = match &held {
            None => app.secrets.create(name, &text).await?,
            Some(held) => app.secrets.replace(name, &held.version, &text).await?,
        };
        if version.is_some() {
            break;
        }
        let again = app.secrets.fetch(&[name.to_owned()]).await?.pop();
        held = again.and_then(|(_, text)| text.ok());
    }
    let (Some(version), Some(policy)) = (version, policy) else { return Err(ActionError::Racing(id.clone())) };
    let now = app.clock.now();
    let lifetime = token.lifetime.and_then(|lifetime| TimeDelta::from_std(lifetime).ok()).unwrap_or_default();
    let Token { access_token, granted, user, .. } = token;
    let access = AccessToken { token: access_token, granted, user, expires_at: now + lifetime };
    app.token_cache.insert(id, &version, Some(access), None);

    let due = schedule::into_working_hours(now, &policy, &mut Seed::new(app.random_u64()).rng(id, RngStream::FirstRun));
    let known = account.is_some();
    let mut account = account.unwrap_or_else(|| Account::new(id.clone(), due));
    account.reactivate(due);
    account.secret_name = Some(name.to_owned());
    account.secret_version = Some(version);
    account.refresh_token_saved_at = Some(now);
    // Where a run holds the account just now, the next sync sees the new secret and resumes it.
    let written = if known { app.accounts.update(&account, now).await? } else { app.accounts.create(&account).await? };
    let message = if written {
        "Signed in; the account is due."
    } else {
        "Signed in, and the secret is written; the account is being run just now, so `sync` once that run is over."
    };
    Ok(json!({"account": id, "state": "signed_in", "secret": name, "message": message, "now": state(&account)}))
}

fn refusal(id: &AccountId, error: TokenError) -> ActionError {
    let why = match error {
        TokenError::Misconfigured(cause) | TokenError::LongBackoff(cause) | TokenError::NotYet(cause) => {
            cause.to_string()
        }
        TokenError::Throttled { .. } => "the login service asks to wait; try again in a few minutes".to_owned(),
        TokenError::Transient(why) => format!("{why}; try again"),
    };
    ActionError::SignIn { account: id.clone(), why }
}

impl PendingSignIn {
    fn waiting(&self, id: &AccountId) -> Value {
        let (uri, code) = (&self.verification_uri, &self.user_code);
        json!({
            "account": id,
            "state": "waiting",
            "user_code": code,
            "verification_uri": uri,
            "expires_at": self.expires_at.format("%FT%TZ").to_string(),
            "message": format!("Open {uri} in a browser and enter {code}; then send this event once more."),
        })
    }

    fn text(&self) -> SecretString {
        json!({
            "cloud": self.client.cloud, "tenant_id": self.client.tenant_id, "client_id": self.client.client_id,
            "device_code": self.device_code.expose_secret(), "user_code": self.user_code,
            "verification_uri": self.verification_uri, "expires_at": self.expires_at,
            "interval": self.interval.as_secs(), "next_poll": self.next_poll,
        })
        .to_string()
        .into()
    }

    /// What an earlier call has kept; anything else counts as nothing.
    fn read(text: &SecretString) -> Option<Self> {
        #[derive(Deserialize)]
        struct Kept {
            cloud: String,
            tenant_id: String,
            client_id: String,
            device_code: SecretString,
            user_code: String,
            verification_uri: String,
            expires_at: DateTime<Utc>,
            interval: u64,
            next_poll: DateTime<Utc>,
        }
        let kept: Kept = serde_json::from_str(text.expose_secret()).ok()?;
        let cloud = Cloud::parse(&kept.cloud)?;
        Some(Self {
            client: Client { cloud, tenant_id: kept.tenant_id, client_id: kept.client_id },
            device_code: kept.device_code,
            user_code: kept.user_code,
            verification_uri: kept.verification_uri,
            expires_at: kept.expires_at,
            interval: Duration::from_secs(kept.interval.clamp(1, 3600)),
            next_poll: kept.next_poll,
        })
    }
}
