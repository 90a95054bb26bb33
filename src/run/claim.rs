//! Claims: an account taken for one run, with its secret; or released.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use tracing::error;

use crate::access::default_policy::{self, Fetched};
use crate::app::App;
use crate::domain::account::AccountId;
use crate::ports::{Claim, ClaimKind, ClaimRequest, InfraError, RecordResult, SecretFault, SecretText, StoredAccount};
use crate::run::draw::SeedChoice;

/// A claim lasts this long: no invocation lives longer, so a run that is still alive holds its account.
pub(crate) const LEASE: TimeDelta = TimeDelta::minutes(15);

/// An account that is claimed for a run.
pub(crate) struct Claimed {
    pub found: StoredAccount,
    pub run_id: String,
    pub seed: SeedChoice,
    pub previous_run_crashed: bool,
    /// Asked for by a person: a paused account is called, not only probed.
    pub manual: bool,
    pub started_at: DateTime<Utc>,
}

/// A claimed account and its secret.
pub(crate) type Ready = (Claimed, Result<SecretText, SecretFault>);

/// Takes an account for one run; `None` where another run has it, or it is not due.
pub(crate) async fn claim(
    app: &App,
    id: &AccountId,
    kind: ClaimKind,
    seed: SeedChoice,
    now: DateTime<Utc>,
) -> Result<Option<Claimed>, InfraError> {
    let (run_id, manual) = (format!("{:016x}", app.random_u64()), kind == ClaimKind::Manual);
    let request = ClaimRequest { run_id: run_id.clone(), now, lease_ends_at: now + LEASE, kind };
    Ok(match app.accounts.claim(id, &request).await? {
        Claim::Taken { found, previous_run_crashed } => {
            Some(Claimed { found: *found, run_id, seed, previous_run_crashed, manual, started_at: now })
        }
        Claim::Lost => None,
    })
}

/// Releases a claimed account, due as before; `false` where another run has it by now.
pub(crate) async fn release(app: &App, claimed: Claimed) -> bool {
    let mut account = claimed.found.account;
    account.run_id = None;
    account.next_run_at = Some(claimed.started_at);
    if claimed.previous_run_crashed {
        account.mark_crashed();
    }
    match app.accounts.record(&account, &claimed.run_id).await {
        Ok(recorded) => recorded == RecordResult::Written,
        Err(error) => {
            let message = "the account could not be released; it is due again when the claim runs out";
            error!(account = %account.id, %error, "{message}");
            true
        }
    }
}

/// Fetches the secrets of claimed accounts, each secret once, with the default policy where that is asked for.
pub(crate) async fn with_secrets(app: &App, claimed: Vec<Claimed>, with_defaults: bool) -> Vec<Ready> {
    let name = |claimed: &Claimed| app.settings.secret_name(&claimed.found.account);
    let names: BTreeSet<String> = claimed.iter().map(name).collect();
    if names.is_empty() {
        return Vec::new();
    }
    let names: Vec<String> = names.into_iter().collect();
    let fetched: BTreeMap<String, Result<SecretText, SecretFault>> = match fetch(app, &names, with_defaults).await {
        Ok(fetched) => fetched.into_iter().collect(),
        Err(broken) => {
            error!(error = %broken, "secrets could not be read");
            let fault = SecretFault::Transient(broken.into_code());
            names.into_iter().map(|name| (name, Err(fault.clone()))).collect()
        }
    };
    let with_secret = |claimed: Claimed| {
        let secret = fetched.get(&name(&claimed)).cloned().unwrap_or(Err(SecretFault::Gone));
        (claimed, secret)
    };
    claimed.into_iter().map(with_secret).collect()
}

async fn fetch(app: &App, names: &[String], with_defaults: bool) -> Result<Fetched, InfraError> {
    if with_defaults { default_policy::fetch(app, names).await } else { app.secrets.fetch(names).await }
}
