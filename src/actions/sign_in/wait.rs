//! The wait for a person: polls the login service until the sign-in ends or the deadline is near.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::actions::error::ActionError;
use crate::app::App;
use crate::app::pending_sign_ins::PendingSignIn;
use crate::domain::account::AccountId;
use crate::domain::cause::LoginError;
use crate::ports::{Poll, Token};

/// Time left at the end of an invocation for writing secrets and accounts.
const TIME_TO_FINISH: TimeDelta = TimeDelta::seconds(10);

/// How much longer the interval gets each time when the service asks to slow down (RFC 8628).
const SLOW_DOWN: Duration = Duration::from_secs(5);

/// The least and the most time between two polls, whatever the login service asks for.
pub(crate) const MIN_INTERVAL: Duration = Duration::from_secs(1);
pub(crate) const MAX_INTERVAL: Duration = Duration::from_hours(1);

/// How a wait ended.
pub(crate) enum WaitResult {
    /// No answer yet; the deadline is near.
    Waiting(PendingSignIn),
    SignedIn {
        token: Box<Token>,
        username: Option<String>,
    },
    Refused,
    Expired,
}

/// Polls until the person has answered.
///
/// # Errors
/// Where the login service refuses for good.
pub(crate) async fn wait(
    app: &App,
    id: &AccountId,
    mut pending: PendingSignIn,
    deadline: DateTime<Utc>,
) -> Result<WaitResult, ActionError> {
    loop {
        let now = app.clock.now();
        if now >= pending.expires_at {
            return Ok(WaitResult::Expired);
        }
        if pending.next_poll + TIME_TO_FINISH > deadline || app.stopping() {
            return Ok(WaitResult::Waiting(pending));
        }
        if now < pending.next_poll {
            app.sleep((pending.next_poll - now).to_std().unwrap_or_default()).await;
            continue;
        }
        let answer = poll(app, &mut pending).await;
        app.pending_sign_ins.insert(id, pending.clone());
        match answer {
            Ok(Poll::Pending | Poll::SlowDown) => {}
            Ok(Poll::Refused) => return Ok(WaitResult::Refused),
            Ok(Poll::Expired) => return Ok(WaitResult::Expired),
            Ok(Poll::SignedIn { token, username }) => return Ok(WaitResult::SignedIn { token, username }),
            Err(error) => return Err(refusal(id, error)),
        }
    }
}

/// Asks once, and moves the next poll. A passing failure counts as no answer yet.
async fn poll(app: &App, pending: &mut PendingSignIn) -> Result<Poll, LoginError> {
    let answer = match app.tokens.poll(&pending.client, &pending.device_code).await {
        Err(LoginError::Transient(_)) => Ok(Poll::Pending),
        Err(LoginError::Throttled { retry_after }) => {
            pending.interval =
                slower(retry_after.map_or(pending.interval + SLOW_DOWN, |wait| wait.max(pending.interval)));
            Ok(Poll::Pending)
        }
        Ok(Poll::SlowDown) => {
            pending.interval = slower(pending.interval + SLOW_DOWN);
            Ok(Poll::SlowDown)
        }
        other => other,
    };
    pending.next_poll = app.clock.now() + pending.interval;
    answer
}

fn slower(interval: Duration) -> Duration {
    interval.min(MAX_INTERVAL)
}

/// Why the login service does not let a person sign in.
pub(crate) fn refusal(id: &AccountId, error: LoginError) -> ActionError {
    let why = match error {
        LoginError::Misconfigured(cause) | LoginError::LongBackoff(cause) | LoginError::NotYet(cause) => {
            cause.to_string()
        }
        LoginError::Throttled { .. } => "the login service asks to wait; try again in a few minutes".to_owned(),
        LoginError::Transient(why) => format!("{why}; try again"),
    };
    ActionError::SignIn { account: id.clone(), why }
}
