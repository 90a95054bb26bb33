//! `import`: makes secrets for many accounts.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::actions::error::ActionError;
use crate::app::App;
use crate::domain::account::{AccountId, StoppedBy};
use crate::domain::secret::import::{Format, parse};
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
