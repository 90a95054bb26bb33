//! `export`: state and policy of all accounts, without any secret.

use std::collections::{BTreeSet, HashMap};

use serde::Serialize;

use crate::access::default_policy;
use crate::actions::error::ActionError;
use crate::actions::inspect::{AccountDescription, describe, list_page};
use crate::app::App;
use crate::domain::account::AccountId;
use crate::ports::SecretFault;

/// Accounts in one answer, each with its policy.
const MAX_ACCOUNTS_EXPORTED: usize = 500;

/// Secrets that one request reads, beside the default policy.
const SECRETS_PER_REQUEST: usize = 19;

/// The answer to `export`.
#[derive(Debug, Serialize)]
pub(crate) struct Export {
    accounts: Vec<AccountDescription>,
    /// The `after` of the next `export`, where there are more accounts than one answer holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<AccountId>,
}

/// Describes the accounts, from the one after `after` on.
pub(crate) async fn export(app: &App, after: Option<&AccountId>) -> Result<Export, ActionError> {
    let (found, next) = list_page(app, after, MAX_ACCOUNTS_EXPORTED).await?;
    let mut accounts = Vec::with_capacity(found.len());
    let mut found = found.into_iter().peekable();
    while found.peek().is_some() {
        let chunk: Vec<_> = found.by_ref().take(SECRETS_PER_REQUEST).collect();
        let names: BTreeSet<String> = chunk.iter().map(|found| app.settings.secret_name(&found.account)).collect();
        let names: Vec<String> = names.into_iter().collect();
        let secrets: HashMap<_, _> = default_policy::fetch(app, &names).await?.into_iter().collect();
        for found in chunk {
            let name = app.settings.secret_name(&found.account);
            let secret = secrets.get(&name).cloned().unwrap_or(Err(SecretFault::Gone));
            accounts.push(describe(app, found, name, secret));
        }
    }
    Ok(Export { accounts, next })
}
