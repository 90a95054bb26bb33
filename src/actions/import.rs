//! `import` makes secrets for many accounts; `export` tells of all accounts without any secret.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::access::default_policy;
use crate::actions::{ActionError, describe, some};
use crate::app::App;
use crate::domain::account::{AccountId, StoppedBy};
use crate::domain::secret::import::{Format, parse};
use crate::ports::SecretFault;
use crate::sync::sync;

/// Kept at the end of an invocation for the sync.
const RESERVE: TimeDelta = TimeDelta::seconds(20);

/// Makes a secret for each account of the text that has none, then the accounts. The answer holds ids and reasons,
/// never what was given.
pub async fn import(app: &App, format: Format, text: &str, deadline: DateTime<Utc>) -> Result<Value, ActionError> {
    let records = parse(format, text).map_err(|error| ActionError::Import(error.to_string()))?;
    let (mut created, mut existing, mut failed) = (Vec::new(), Vec::new(), Vec::new());
    let mut not_reached = 0_usize;
    for record in records {
        let line = record.number;
        let (id, text) = match record.account {
            Ok(account) => account,
            Err(reason) => {
                failed.push(json!({"line": line, "reason": reason}));
                continue;
            }
        };
        if app.clock.now() + RESERVE > deadline || app.stopping() {
            not_reached += 1;
            continue;
        }
        let name = format!("{}{id}", app.settings.secret_prefix);
        if elsewhere(app, &id, &name).await? {
            existing.push(json!({"line": line, "account": id}));
            continue;
        }
        match app.secrets.create(&name, &text).await {
            Ok(Some(_)) => created.push(id),
            Ok(None) => existing.push(json!({"line": line, "account": id})),
            Err(broken) => failed.push(json!({"line": line, "account": id, "reason": broken.to_string()})),
        }
    }
    let report = sync(app).await?;
    Ok(json!({
        "created": created, "existing": existing, "failed": failed,
        // Import the same text again: what is there already is left as it is.
        "not_reached": not_reached, "sync": report,
    }))
}

/// Whether another secret defines the account already.
async fn elsewhere(app: &App, id: &AccountId, name: &str) -> Result<bool, ActionError> {
    let Some(found) = app.accounts.get(id).await? else { return Ok(false) };
    let account = found.account;
    Ok(account.stopped_by != Some(StoppedBy::SecretGone) && account.secret_name.is_some_and(|other| other != name))
}

/// Accounts that one answer tells of, with their policies.
const MOST_EXPORTED: usize = 500;

/// Secrets read at once, beside the default policy.
const TOGETHER: usize = 19;

/// State and policy of the accounts, without any secret. Where there are more than one answer holds, `next` is the
/// `after` of the next one.
pub async fn export(app: &App, after: Option<&AccountId>) -> Result<Value, ActionError> {
    let (found, next) = some(app, after, MOST_EXPORTED).await?;
    let mut accounts = Vec::with_capacity(found.len());
    for found in found.chunks(TOGETHER) {
        let names: BTreeSet<String> = found.iter().map(|found| app.settings.secret_name(&found.account)).collect();
        let names: Vec<String> = names.into_iter().collect();
        let secrets: HashMap<_, _> = default_policy::fetch(app, &names).await?.into_iter().collect();
        for found in found {
            let name = app.settings.secret_name(&found.account);
            let secret = secrets.get(&name).cloned().unwrap_or(Err(SecretFault::Gone));
            accounts.push(describe(app, found, &name, secret));
        }
    }
    let mut answer = json!({"accounts": accounts});
    if let Some(next) = next {
        answer["next"] = json!(next);
    }
    Ok(answer)
}
