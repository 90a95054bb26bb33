//! Run request: a claimed account on its way from a tick through the queue to a worker.

use serde::{Deserialize, Serialize};

use crate::domain::account_id::AccountId;
use crate::domain::seed::Seed;

/// An account for a worker to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunRequest {
    pub account: AccountId,
    /// The claim of the tick. Without one, the worker claims the account itself if it is due.
    pub claim: Option<Handover>,
}

/// A claim that a worker takes over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handover {
    /// The run that holds the account until the first take-over.
    pub run_id: String,
    /// The seed of the round that claimed it.
    pub seed: Seed,
}

/// A request is far shorter: an account's id has at most 128 characters.
const MAX_BODY_BYTES: usize = 1024;
/// Ids of runs have 16 characters.
const MAX_ID_LENGTH: usize = 128;

/// A request as it is written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    account: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    run_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    seed: Option<u64>,
}

impl RunRequest {
    /// The body of a message, at most 1 KiB.
    pub fn body(&self) -> String {
        let claim = self.claim.as_ref();
        let body = Body {
            account: self.account.to_string(),
            run_id: claim.map(|claim| claim.run_id.clone()),
            seed: claim.map(|claim| claim.seed.number()),
        };
        serde_json::to_string(&body).unwrap_or_default()
    }

    /// `None` for a body that is not a run request.
    pub fn parse(body: &str) -> Option<Self> {
        let body: Body = serde_json::from_str(body).ok().filter(|_| body.len() <= MAX_BODY_BYTES)?;
        let claim = match (body.run_id, body.seed) {
            (None, None) => None,
            (Some(run_id), Some(seed)) if is_id(&run_id) && seed <= Seed::MAX => {
                Some(Handover { run_id, seed: Seed::new(seed) })
            }
            _ => return None,
        };
        Some(Self { account: AccountId::parse(&body.account).ok()?, claim })
    }
}

fn is_id(text: &str) -> bool {
    (1..=MAX_ID_LENGTH).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(claim: Option<Handover>) -> RunRequest {
        RunRequest { account: AccountId::parse(&"a".repeat(128)).unwrap(), claim }
    }

    #[test]
    fn request_reads_back_as_it_was_written() {
        let handed = Handover { run_id: "00ff".repeat(4), seed: Seed::new(Seed::MAX) };
        for request in [request(None), request(Some(handed))] {
            assert!(request.body().len() < MAX_BODY_BYTES);
            assert_eq!(RunRequest::parse(&request.body()), Some(request));
        }
    }

    #[test]
    fn other_body_is_none() {
        let long = format!("{{\"account\":\"a\"{}}}", " ".repeat(MAX_BODY_BYTES));
        for body in [
            "",
            "a",
            "[]",
            "{}",
            r#"{"account":"_a"}"#,
            r#"{"account":"a","run_id":"r"}"#,
            r#"{"account":"a","seed":1}"#,
            r#"{"account":"a","run_id":"r r","seed":1}"#,
            r#"{"account":"a","run_id":"r","seed":-1}"#,
            r#"{"account":"a","run_id":"r","seed":9007199254740992}"#,
            r#"{"account":"a","more":1}"#,
            &long,
        ] {
            assert_eq!(RunRequest::parse(body), None, "{body}");
        }
    }
}
