//! The finding about the clock: whether the time here is the login service's, by the token that it issued.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta};
use secrecy::ExposeSecret;
use serde::Deserialize;

use crate::actions::check::finding::Finding;
use crate::app::token_cache::AccessToken;

const CLOCK: &str = "clock";

/// Beyond this the login service refuses what is signed here.
const MAX_OFFSET: TimeDelta = TimeDelta::minutes(5);

/// The lifetime that a token counts as having where the login service does not say.
const UNKNOWN_LIFETIME: TimeDelta = TimeDelta::minutes(5);

/// The most that a token request takes.
const REQUEST_TIME: TimeDelta = TimeDelta::minutes(1);

pub(crate) fn clock(access: &AccessToken) -> Finding {
    let Some(offset) = offset(access) else {
        return Finding::unknown(CLOCK, "The token does not say when it was issued, so the clocks cannot be compared.");
    };
    if offset.abs() <= MAX_OFFSET {
        return Finding::good(CLOCK, "The clock here agrees with the login service's.");
    }
    let (minutes, direction) =
        (offset.num_minutes().abs(), if offset > TimeDelta::zero() { "ahead" } else { "behind" });
    Finding::bad(
        CLOCK,
        format!(
            "The clock here is {minutes} minutes {direction} of the login service's: set it right. Beyond {} minutes \
             certificates are refused, and runs come at the wrong time.",
            MAX_OFFSET.num_minutes()
        ),
    )
}

/// How far the clock here was ahead when the token was issued; `None` where the token cannot be read. When it expires is
/// known twice: by our clock, which adds its lifetime, and in the token by theirs.
fn offset(access: &AccessToken) -> Option<TimeDelta> {
    #[derive(Deserialize)]
    struct Claims {
        iat: i64,
        exp: i64,
    }
    let payload = access.token.expose_secret().split('.').nth(1)?;
    let claims: Claims = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()?;
    let (issued_at, expires_at) = (DateTime::from_timestamp(claims.iat, 0)?, DateTime::from_timestamp(claims.exp, 0)?);
    let offset = access.expires_at.signed_duration_since(expires_at);
    // Without `expires_in` our time of expiry is made up.
    let made_up = UNKNOWN_LIFETIME - expires_at.signed_duration_since(issued_at);
    ((offset - made_up).abs() > REQUEST_TIME).then_some(offset)
}

#[cfg(test)]
mod tests {
    use chrono::Utc;
    use serde_json::json;

    use super::*;
    use crate::domain::catalogue::granted::GrantedPermissions;

    fn at(minutes: i64) -> DateTime<Utc> {
        "2026-03-02T10:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::minutes(minutes)
    }

    /// Issued at 10:00 for an hour, by the login service's clock.
    fn access(expires_at: DateTime<Utc>) -> AccessToken {
        let claims = json!({"iat": at(0).timestamp(), "exp": at(60).timestamp()});
        let token = format!("e30.{}.s", URL_SAFE_NO_PAD.encode(claims.to_string()));
        AccessToken { token: token.into(), granted: GrantedPermissions::Unknown, user: Vec::new(), expires_at }
    }

    #[test]
    fn clock_that_differs_by_more_than_five_minutes_is_wrong() {
        for (minutes, text) in
            [(12, "12 minutes ahead"), (-7, "7 minutes behind"), (60, "60 minutes ahead"), (-60, "behind")]
        {
            let finding = clock(&access(at(60 + minutes)));
            assert!(finding.good == Some(false) && finding.verdict.contains(text), "{minutes}: {}", finding.verdict);
        }
        for minutes in [-4, 0, 4] {
            assert_eq!(clock(&access(at(60 + minutes))).good, Some(true), "{minutes}");
        }
    }

    #[test]
    fn clock_is_unknown_where_the_token_does_not_say() {
        // No `expires_in`: the token counts for five minutes.
        assert_eq!(clock(&access(at(5))).good, None);
        for token in ["", "opaque", "a.b.c", "a.e30.c", "a..c"] {
            let access = AccessToken { token: token.to_owned().into(), ..access(at(60)) };
            assert_eq!(clock(&access).good, None, "{token}");
        }
    }
}
