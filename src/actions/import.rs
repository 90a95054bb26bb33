//! `import`: makes secrets for many accounts.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use secrecy::SecretString;
use serde::Serialize;

use crate::actions::error::ActionError;
use crate::app::App;
use crate::domain::account::{AccountId, StoppedBy};
use crate::domain::secret::import::{Format, ImportedAccount, parse};
use crate::domain::secret::rewrite;
use crate::ports::{SecretFault, SecretText};
use crate::sync::{SyncReport, sync_written};

/// Kept at the end of an invocation for the sync.
const RESERVE: TimeDelta = TimeDelta::seconds(20);

/// What an import did. It holds ids, names of fields and reasons, never a value that may be a secret.
#[derive(Debug, Serialize)]
pub(crate) struct ImportReport {
    created: Vec<AccountId>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    replaced: Vec<AccountId>,
    existing: Vec<Existing>,
    failed: Vec<Failed>,
    understood: Vec<Understood>,
    /// Accounts that there was no time for. Import the same text again: what exists is left as it is.
    not_reached: usize,
    sync: SyncReport,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'static str>,
}

/// An account that has a secret, which was left as it is.
#[derive(Debug, Serialize)]
struct Existing {
    line: usize,
    account: AccountId,
}

#[derive(Debug, Serialize)]
struct Failed {
    line: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<AccountId>,
    reason: String,
}

/// How a line was read: as which kind of account, with which fields of the secret.
#[derive(Debug, Serialize)]
struct Understood {
    line: usize,
    account: AccountId,
    kind: &'static str,
    fields: Vec<&'static str>,
    /// What the line holds and the account does not need.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ignored: Vec<&'static str>,
}

const LEFT: &str =
    "Accounts under `existing` have a secret, which was left as it is. With \"replace\": true an import replaces it.";

/// What became of one account.
enum Written {
    Created(SecretText),
    Replaced(SecretText),
    Existing,
    Failed(String),
}

/// Makes a secret for each account of the text, and the accounts themselves from what was written. A secret that exists
/// is left as it is, or with `replace` replaced.
pub(crate) async fn import(
    app: &App,
    format: Format,
    text: &str,
    replace: bool,
    deadline: DateTime<Utc>,
) -> Result<ImportReport, ActionError> {
    let records = parse(format, text).map_err(|error| ActionError::Import(error.to_string()))?;
    let (mut created, mut replaced, mut existing, mut failed) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (mut understood, mut written, mut not_reached) = (Vec::new(), HashMap::new(), 0);
    for record in records {
        let line = record.number;
        let ImportedAccount { id: account, kind, fields, ignored, secret } = match record.account {
            Ok(account) => account,
            Err(refusal) => {
                failed.push(Failed { line, account: None, reason: refusal.to_string() });
                continue;
            }
        };
        understood.push(Understood { line, account: account.clone(), kind, fields, ignored });
        if app.clock.now() + RESERVE > deadline || app.stopping() {
            not_reached += 1;
            continue;
        }
        let name = format!("{}{account}", app.settings.secret_prefix);
        match write(app, &account, &name, secret, replace).await? {
            Written::Created(text) => {
                written.insert(name, text);
                created.push(account);
            }
            Written::Replaced(text) => {
                written.insert(name, text);
                replaced.push(account);
            }
            Written::Existing => existing.push(Existing { line, account }),
            Written::Failed(reason) => failed.push(Failed { line, account: Some(account), reason }),
        }
    }
    let sync = sync_written(app, written).await?;
    let message = (!replace && !existing.is_empty()).then_some(LEFT);
    Ok(ImportReport { created, replaced, existing, failed, understood, not_reached, sync, message })
}

async fn write(
    app: &App,
    id: &AccountId,
    name: &str,
    text: SecretString,
    replace: bool,
) -> Result<Written, ActionError> {
    if let Some(other) = elsewhere(app, id, name).await? {
        let reason = format!("the account is defined by secret `{other}`, which an import does not change");
        return Ok(if replace { Written::Failed(reason) } else { Written::Existing });
    }
    Ok(match app.secrets.create(name, &text).await {
        Ok(Some(version)) => Written::Created(SecretText { text, version }),
        Ok(None) if replace => overwrite(app, name, &text).await?,
        Ok(None) => Written::Existing,
        Err(broken) => Written::Failed(broken.to_string()),
    })
}

/// Replaces what the secret says now; what it said stays as its previous version.
async fn overwrite(app: &App, name: &str, new: &SecretString) -> Result<Written, ActionError> {
    let fetched = app.secrets.fetch(&[name.to_owned()]).await?.pop();
    let old = match fetched.map_or(Err(SecretFault::Gone), |(_, text)| text) {
        Ok(old) => old,
        Err(fault) => return Ok(Written::Failed(format!("secret `{name}` {fault}"))),
    };
    let text = match rewrite::replaced(&old.text, new) {
        Ok(Some(text)) => text,
        Ok(None) => return Ok(Written::Existing),
        Err(error) => return Ok(Written::Failed(format!("secret `{name}`: {error}"))),
    };
    Ok(match app.secrets.replace(name, &old.version, &text).await {
        Ok(Some(version)) => Written::Replaced(SecretText { text, version }),
        Ok(None) => Written::Failed(format!("secret `{name}` has just been changed; import the line again")),
        Err(broken) => Written::Failed(broken.to_string()),
    })
}

/// The other secret that defines the account, if one does.
async fn elsewhere(app: &App, id: &AccountId, name: &str) -> Result<Option<String>, ActionError> {
    let Some(found) = app.accounts.get(id).await? else { return Ok(None) };
    let gone = found.account.stopped_by == Some(StoppedBy::SecretGone);
    Ok(found.account.secret_name.filter(|other| !gone && other != name))
}
