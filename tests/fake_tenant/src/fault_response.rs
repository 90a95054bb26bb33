//! The reply of a request that a fault strikes.

use chrono::{DateTime, TimeDelta, Utc};

use crate::state::fault::FaultAction;
use crate::state::service_state::ServiceState;
use crate::wire::exchange::Ending;
use crate::wire::reply::Reply;

/// Ends the exchange as the fault says.
pub(crate) fn broken(state: &mut ServiceState, act: &FaultAction, scope: &str, now: DateTime<Utc>) -> Ending {
    match act {
        FaultAction::Reset { .. } => Ending::Reset,
        FaultAction::Hang { .. } => Ending::Hang,
        FaultAction::Html => Ending::Answer(Reply::bytes(
            "text/html",
            b"<html><body>Our services aren't available right now</body></html>".to_vec(),
        )),
        act => {
            if let FaultAction::Status429 { retry_after: Some(seconds), .. }
            | FaultAction::Status { retry_after: Some(seconds), .. } = act
            {
                state.throttles.open(scope, now + TimeDelta::seconds(*seconds));
            }
            Ending::Answer(answer_of(act))
        }
    }
}

pub(crate) fn answer_of(act: &FaultAction) -> Reply {
    let wait = |reply: Reply, after: &Option<i64>| match after {
        Some(seconds) => reply.with("Retry-After", &seconds.to_string()),
        None => reply,
    };
    match act {
        FaultAction::Status429 { retry_after, .. } => {
            wait(Reply::error(429, "TooManyRequests", "Please retry again later."), retry_after)
        }
        FaultAction::Status { status, retry_after, .. } => {
            let (code, message) = words(*status);
            wait(Reply::error(*status, code, message), retry_after)
        }
        FaultAction::Error { status, code, message } => Reply::error(*status, code, message),
        FaultAction::Foreign(status) => {
            let page = b"<html><body>Access denied by policy</body></html>".to_vec();
            Reply { status: *status, ..Reply::bytes("text/html", page) }
        }
        FaultAction::TokenExpired => {
            Reply::error(401, "InvalidAuthenticationToken", "Lifetime validation failed, the token is expired.")
        }
        _ => Reply::error(500, "generalException", "General exception while processing."),
    }
}

fn words(status: u16) -> (&'static str, &'static str) {
    match status {
        401 => ("InvalidAuthenticationToken", "Access token has expired or is not yet valid."),
        403 => ("Authorization_RequestDenied", "Insufficient privileges to complete the operation."),
        404 => ("ResourceNotFound", "The resource could not be found."),
        409 => ("conflict", "The request conflicts with the current state."),
        412 => ("preconditionFailed", "The precondition failed."),
        423 => ("resourceLocked", "The resource is locked."),
        502 => ("BadGateway", "The gateway got no answer."),
        503 => ("ServiceUnavailable", "The service is unavailable. Try again later."),
        504 => ("GatewayTimeout", "The service did not answer in time."),
        507 => ("quotaLimitReached", "The quota limit was reached."),
        509 => ("BandwidthLimitExceeded", "The bandwidth limit was exceeded."),
        _ => ("InternalServerError", "An unexpected error occurred."),
    }
}
