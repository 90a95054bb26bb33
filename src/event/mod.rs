//! Events: the JSON that the function and the local program are asked with, parsed.

pub mod sqs;

use std::fmt;

use serde::Deserialize;
use serde_json::{Map, Value};
use thiserror::Error;

use crate::actions::sign_in::request::SignIn;
use crate::domain::account::AccountId;
use crate::domain::cloud::Cloud;
use crate::domain::fields::printable;
use crate::domain::secret::import::Format;
use crate::domain::seed::Seed;
use crate::event::sqs::QueueMessage;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Tick,
    RunRequests(Vec<QueueMessage>),
    Sync,
    List { after: Option<AccountId> },
    Show { account: AccountId },
    Run { account: AccountId, dry_run: bool, seed: Option<Seed> },
    Stop { account: AccountId },
    Resume { account: AccountId },
    History { account: AccountId, limit: u32 },
    SignIn { account: AccountId, asked: SignIn },
    ConsentUrl { account: AccountId },
    Grant { account: AccountId, apply: bool },
    Check { account: AccountId },
    Import { format: Format, text: Hidden, replace: bool },
    Export { after: Option<AccountId> },
    SetPolicy { account: AccountId, policy: Map<String, Value> },
}

/// The text of an import: may hold secrets, so it is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Hidden(pub String);

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hidden(..)")
    }
}

const DEFAULT_HISTORY_ROWS: u32 = 20;
const MAX_HISTORY_ROWS: u32 = 500;

/// Why an event is refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum EventError {
    #[error("unknown event; {ACCEPTED}")]
    Unknown,
    #[error("unknown action `{0}`; {ACCEPTED}")]
    UnknownAction(String),
    #[error("the action `{action}` needs `account`: an account's id")]
    NoAccount { action: &'static str },
    #[error("`{field}` {problem}")]
    Field { field: &'static str, problem: &'static str },
}

const ACCEPTED: &str = "expected EventBridge's scheduled event, messages of an SQS queue, or {\"action\": ...} with one \
                        of tick, sync, list, show, run (with dry_run), stop, resume, history, set_policy, sign_in, consent_url, grant, check, import, export";

/// Parses an event.
///
/// # Errors
/// Any event that is not one of the contract's; the error lists those.
pub fn parse(event: &Value) -> Result<Event, EventError> {
    #[derive(Deserialize)]
    struct Scheduled {
        #[serde(rename = "detail-type")]
        detail_type: String,
        source: String,
    }
    if let Ok(scheduled) = Scheduled::deserialize(event) {
        let tick = scheduled.detail_type == "Scheduled Event"
            && matches!(scheduled.source.as_str(), "aws.events" | "aws.scheduler");
        return if tick { Ok(Event::Tick) } else { Err(EventError::Unknown) };
    }
    if event.get("Records").is_some() {
        return sqs::messages(event).map(Event::RunRequests).ok_or(EventError::Unknown);
    }
    let action = event.get("action").and_then(Value::as_str).ok_or(EventError::Unknown)?;
    let account = |action| {
        let text = event.get("account").and_then(Value::as_str);
        text.and_then(|text| AccountId::parse(text).ok()).ok_or(EventError::NoAccount { action })
    };
    Ok(match action {
        "tick" => Event::Tick,
        "sync" => Event::Sync,
        "list" => Event::List { after: after(event)? },
        "show" => Event::Show { account: account("show")? },
        "run" => {
            Event::Run {
                account: account("run")?,
                dry_run: flag(event, "dry_run")?,
                seed: match event.get("seed") {
                    None | Some(Value::Null) => None,
                    Some(seed) => Some(seed.as_u64().filter(|seed| *seed <= Seed::MAX).map(Seed::new).ok_or(
                        EventError::Field { field: "seed", problem: "must be a whole number from 0 to 2^53 - 1" },
                    )?),
                },
            }
        }
        "stop" => Event::Stop { account: account("stop")? },
        "resume" => Event::Resume { account: account("resume")? },
        "history" => Event::History {
            account: account("history")?,
            limit: match event.get("limit") {
                None | Some(Value::Null) => DEFAULT_HISTORY_ROWS,
                Some(limit) => limit
                    .as_u64()
                    .and_then(|limit| u32::try_from(limit).ok())
                    .filter(|limit| (1..=MAX_HISTORY_ROWS).contains(limit))
                    .ok_or(EventError::Field { field: "limit", problem: "must be a whole number from 1 to 500" })?,
            },
        },
        "sign_in" => Event::SignIn {
            account: account("sign_in")?,
            asked: SignIn {
                tenant_id: text(event, "tenant_id")?,
                client_id: text(event, "client_id")?,
                cloud: match text(event, "cloud")? {
                    None => None,
                    Some(cloud) => Some(Cloud::parse(&cloud).ok_or(EventError::Field {
                        field: "cloud",
                        problem: "must be one of global, us_gov, us_gov_dod, china",
                    })?),
                },
                username: text(event, "username")?,
                replace: flag(event, "replace")?,
            },
        },
        "consent_url" => Event::ConsentUrl { account: account("consent_url")? },
        "grant" => Event::Grant { account: account("grant")?, apply: flag(event, "apply")? },
        "check" => Event::Check { account: account("check")? },
        "import" => Event::Import {
            format: match text(event, "format")?.as_deref() {
                None | Some("auto") => Format::Auto,
                Some("csv") => Format::Csv,
                Some("json") => Format::Json,
                Some("account_txt") => Format::AccountTxt,
                Some(_) => {
                    let problem = "must be one of auto, csv, json, account_txt";
                    return Err(EventError::Field { field: "format", problem });
                }
            },
            text: text(event, "text")?
                .map(Hidden)
                .ok_or(EventError::Field { field: "text", problem: "is missing: the accounts" })?,
            replace: flag(event, "replace")?,
        },
        "export" => Event::Export { after: after(event)? },
        "set_policy" => Event::SetPolicy {
            account: account("set_policy")?,
            policy: match event.get("policy") {
                Some(Value::Object(policy)) if !policy.is_empty() => policy.clone(),
                _ => {
                    return Err(EventError::Field {
                        field: "policy",
                        problem: "must be an object of fields to change",
                    });
                }
            },
        },
        unknown => return Err(EventError::UnknownAction(printable(unknown))),
    })
}

/// The account after which a listing continues.
fn after(event: &Value) -> Result<Option<AccountId>, EventError> {
    let problem = "must be the `next` of the answer before";
    let after = text(event, "after")?.map(|id| AccountId::parse(&id)).transpose();
    after.map_err(|_| EventError::Field { field: "after", problem })
}

fn flag(event: &Value, field: &'static str) -> Result<bool, EventError> {
    match event.get(field) {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Bool(flag)) => Ok(*flag),
        Some(_) => Err(EventError::Field { field, problem: "must be true or false" }),
    }
}

fn text(event: &Value, field: &'static str) -> Result<Option<String>, EventError> {
    match event.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if !text.trim().is_empty() => Ok(Some(text.clone())),
        Some(_) => Err(EventError::Field { field, problem: "must be a string that is not empty" }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn unknown_event_is_refused_with_a_list_of_what_is_expected() {
        for event in [
            json!(null),
            json!([]),
            json!({}),
            json!("tick"),
            json!({"action": 1}),
            json!({"action": "tock"}),
            json!({"detail-type": "Object Created", "source": "aws.s3"}),
            json!({"Records": []}),
            json!({"Records": [{"eventSource": "aws:s3", "messageId": "m"}]}),
        ] {
            let error = parse(&event).unwrap_err().to_string();
            assert!(error.contains("expected ") && error.contains("history"), "{event}: {error}");
        }
    }

    #[test]
    fn action_on_an_account_needs_one() {
        for action in ["show", "run", "stop", "resume", "history", "sign_in", "consent_url", "grant", "check"] {
            let error = parse(&json!({"action": action})).unwrap_err();
            assert!(error.to_string().contains("needs `account`"), "{error}");
            assert!(parse(&json!({"action": action, "account": "_x"})).is_err());
            assert!(parse(&json!({"action": action, "account": "a"})).is_ok());
        }
    }

    #[test]
    fn field_of_wrong_type_is_named() {
        for (event, field) in [
            (json!({"action": "run", "account": "a", "dry_run": "yes"}), "dry_run"),
            (json!({"action": "grant", "account": "a", "apply": "yes"}), "apply"),
            (json!({"action": "run", "account": "a", "seed": -1}), "seed"),
            (json!({"action": "history", "account": "a", "limit": 0}), "limit"),
            (json!({"action": "history", "account": "a", "limit": 501}), "limit"),
            (json!({"action": "list", "after": "_x"}), "after"),
            (json!({"action": "export", "after": 1}), "after"),
            (json!({"action": "import", "text": "x", "replace": "yes"}), "replace"),
            (json!({"action": "sign_in", "account": "a", "username": 1}), "username"),
            (json!({"action": "sign_in", "account": "a", "replace": "yes"}), "replace"),
            (json!({"action": "sign_in", "account": "a", "cloud": "MARKED"}), "cloud"),
            (json!({"action": "set_policy", "account": "a", "policy": "MARKED"}), "policy"),
        ] {
            assert!(parse(&event).unwrap_err().to_string().starts_with(&format!("`{field}`")));
        }
    }
}
