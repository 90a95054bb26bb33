//! `import` makes secrets for many accounts; `export` tells of all accounts without any secret.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::actions::{ActionError, list, show};
use crate::domain::account::{AccountId, StoppedBy};
use crate::domain::import::{Format, parse};
use crate::house::House;
use crate::sync::sync;

/// Kept at the end of an invocation for the sync.
const RESERVE: TimeDelta = TimeDelta::seconds(20);

/// Makes a secret for each account of the text that has none, then the accounts. The answer holds ids and reasons,
/// never what was given.
pub async fn import(house: &House, format: Format, text: &str, deadline: DateTime<Utc>) -> Result<Value, ActionError> {
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
        if house.clock.now() + RESERVE > deadline || house.stopping() {
            not_reached += 1;
            continue;
        }
        let name = format!("{}{id}", house.settings.secret_prefix);
        if elsewhere(house, &id, &name).await? {
            existing.push(json!({"line": line, "account": id}));
            continue;
        }
        match house.secrets.create(&name, &text).await {
            Ok(Some(_)) => created.push(id),
            Ok(None) => existing.push(json!({"line": line, "account": id})),
            Err(broken) => failed.push(json!({"line": line, "account": id, "reason": broken.to_string()})),
        }
    }
    let report = sync(house).await?;
    Ok(json!({
        "created": created, "existing": existing, "failed": failed,
        // Import the same text again: what is there already is left as it is.
        "not_reached": not_reached, "sync": report,
    }))
}

/// Whether another secret defines the account already.
async fn elsewhere(house: &House, id: &AccountId, name: &str) -> Result<bool, ActionError> {
    let Some(found) = house.accounts.get(id).await? else { return Ok(false) };
    let account = found.account;
    Ok(account.stopped_by != Some(StoppedBy::SecretGone) && account.secret_name.is_some_and(|other| other != name))
}

/// State and policy of every account, without any secret.
pub async fn export(house: &House) -> Result<Value, ActionError> {
    let listed = list(house).await?;
    let mut accounts = Vec::new();
    for account in listed["accounts"].as_array().into_iter().flatten() {
        let Some(id) = account["account_id"].as_str().and_then(|id| AccountId::parse(id).ok()) else { continue };
        match show(house, &id).await {
            Ok(shown) => accounts.push(shown),
            // Gone since it was listed.
            Err(ActionError::NoAccount(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(json!({"accounts": accounts}))
}
