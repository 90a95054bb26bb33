//! Findings about what expires: the subscription and the app's credentials; and whether security defaults refuse a
//! password.

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::actions::check::finding::Finding;
use crate::actions::check::reply::Reply;
use crate::domain::account::expiry::{self, Subscription};
use crate::domain::secret::{AccountSecret, Credential};

/// Warn when fewer days than this are left.
const EXPIRY_WARNING_DAYS: i64 = 30;

pub(crate) const SUBSCRIPTION: &str = "subscription";
pub(crate) const SECURITY_DEFAULTS: &str = "security_defaults";
pub(crate) const APP_CREDENTIALS: &str = "app_credentials";

pub(crate) fn security_defaults(reply: &Reply, _: &AccountSecret, _: DateTime<Utc>) -> Option<Finding> {
    reply.succeeded().then(|| judge_security_defaults(&reply.body))
}

pub(crate) fn app_credentials(reply: &Reply, secret: &AccountSecret, now: DateTime<Utc>) -> Option<Finding> {
    reply.succeeded().then(|| judge_app_credentials(&reply.body, secret, now))
}

pub(crate) fn subscription(reply: &Reply, _: &AccountSecret, now: DateTime<Utc>) -> Option<Finding> {
    reply.succeeded().then(|| judge_subscription(&reply.body, now))
}

fn judge_security_defaults(answer: &Value) -> Finding {
    match answer["isEnabled"].as_bool() {
        Some(true) => Finding::bad(
            SECURITY_DEFAULTS,
            "Security defaults are on, so this password will be refused once MFA is asked for: leave them on, and use \
             `sign_in` or a client secret instead.",
        ),
        Some(false) => {
            Finding::good(SECURITY_DEFAULTS, "Security defaults are off, so they do not block the password.")
        }
        None => Finding::unknown(SECURITY_DEFAULTS, "Graph does not say whether security defaults are on."),
    }
}

fn judge_app_credentials(answer: &Value, secret: &AccountSecret, now: DateTime<Utc>) -> Finding {
    let own = match &secret.credential {
        Credential::Certificate { certificate, .. } => {
            let remedy = "make a new one, register it, and put it into the secret";
            return ends(APP_CREDENTIALS, "The certificate", certificate.not_after, now, remedy);
        }
        Credential::Federated => {
            return Finding::good(
                APP_CREDENTIALS,
                "The function signs in with its AWS role: there is nothing that could expire.",
            );
        }
        credential => expiry::own_secret(credential),
    };
    match expiry::registered_end(answer, own) {
        None if !expiry::registered_here(answer) => Finding::unknown(
            APP_CREDENTIALS,
            "The app is registered in another tenant: only that tenant shows its secrets and certificates.",
        ),
        None if own.is_none() => {
            Finding::good(APP_CREDENTIALS, "The app has no secret or certificate that could expire.")
        }
        None => Finding::unknown(APP_CREDENTIALS, "The registration shows no secret or certificate with an end."),
        Some(end) => {
            let remedy = "make a new one and put it into the secret";
            ends(APP_CREDENTIALS, "The app's secret or certificate", end, now, remedy)
        }
    }
}

fn judge_subscription(answer: &Value, now: DateTime<Utc>) -> Finding {
    let remedy = "see the developer programme's dashboard; no one can promise a renewal";
    match Subscription::of(answer) {
        Some(Subscription { enabled: true, changes_at: Some(end), .. }) => {
            ends(SUBSCRIPTION, "The subscription", end, now, remedy)
        }
        Some(Subscription { enabled: false, changes_at, .. }) => {
            let next = changes_at.map(|at| format!(", and its next stage begins on {}", at.format("%F")));
            let next = next.unwrap_or_default();
            Finding::bad(SUBSCRIPTION, format!("The subscription has ended{next}: {remedy}."))
        }
        _ => Finding::unknown(SUBSCRIPTION, "No subscription of the tenant says when it ends or is renewed."),
    }
}

fn ends(about: &'static str, what: &str, end: DateTime<Utc>, now: DateTime<Utc>, remedy: &str) -> Finding {
    let (days, date) = ((end - now).num_days(), end.format("%F"));
    if end <= now {
        return Finding::bad(about, format!("{what} ended on {date}: {remedy}."));
    }
    let left = format!("{what} has {days} days left, until {date}");
    if days < EXPIRY_WARNING_DAYS {
        Finding::bad(about, format!("{left}: {remedy}."))
    } else {
        Finding::good(about, format!("{left}."))
    }
}
