//! The answer to `sign_in`: how far the sign-in has come, and what the person does next.

use serde::Serialize;

use crate::actions::inspect::AccountState;
use crate::actions::timestamp::Timestamp;
use crate::app::pending_sign_ins::PendingSignIn;
use crate::domain::account::AccountId;

#[derive(Debug, Serialize)]
pub(crate) struct SignInAnswer {
    account: AccountId,
    state: State,
    message: String,
    #[serde(flatten)]
    code: Option<CodeShown>,
    #[serde(flatten)]
    stored: Option<Stored>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum State {
    Waiting,
    Expired,
    Refused,
    WrongAccount,
    SignedIn,
}

/// What the person enters, and where.
#[derive(Debug, Serialize)]
struct CodeShown {
    user_code: String,
    verification_uri: String,
    expires_at: Timestamp,
}

/// The secret that now holds the refresh token, and the account's state.
#[derive(Debug, Serialize)]
struct Stored {
    secret: String,
    now: AccountState,
}

impl SignInAnswer {
    pub(crate) fn waiting(id: &AccountId, pending: &PendingSignIn) -> Self {
        let (uri, code) = (&pending.verification_uri, &pending.user_code);
        let code_shown = CodeShown {
            user_code: code.clone(),
            verification_uri: uri.clone(),
            expires_at: Timestamp(pending.expires_at),
        };
        let message = format!("Open {uri} in a browser and enter {code}; then send this event once more.");
        Self { code: Some(code_shown), ..Self::end(id, State::Waiting, &message) }
    }

    pub(crate) fn expired(id: &AccountId) -> Self {
        Self::end(id, State::Expired, "The code was not used in time. Ask again for a new one.")
    }

    pub(crate) fn refused(id: &AccountId) -> Self {
        Self::end(id, State::Refused, "The sign-in was refused. Ask again for a new code, and agree to it.")
    }

    pub(crate) fn wrong_account(id: &AccountId) -> Self {
        let message = "Another user than `username` has signed in; nothing was kept. Ask again, and sign in as that user, \
                       perhaps in a private window.";
        Self::end(id, State::WrongAccount, message)
    }

    pub(crate) fn signed_in(id: &AccountId, secret: String, now: AccountState, message: &str) -> Self {
        Self { stored: Some(Stored { secret, now }), ..Self::end(id, State::SignedIn, message) }
    }

    fn end(id: &AccountId, state: State, message: &str) -> Self {
        Self { account: id.clone(), state, message: message.to_owned(), code: None, stored: None }
    }
}
