//! Writes to one account that follow from its secret: create, update, move to the due index, stop.

use chrono::{DateTime, TimeDelta, Utc};
use rand::rngs::ChaCha12Rng;
use tracing::warn;

use crate::app::App;
use crate::domain::account::{Account, AccountId, Status, StoppedBy};
use crate::domain::policy::{Policy, schedule};
use crate::domain::seed::{RngStream, Seed};
use crate::ports::InfraError;
use crate::sync::known_accounts::{is_too_far_ahead, missing_from_index};
use crate::sync::report::SyncResult;

/// What a secret says of one account.
pub(crate) struct Definition<'a> {
    pub secret_name: &'a str,
    pub version: &'a str,
    /// The default one where the account's part is faulty: its runs will say so, and pause it.
    pub policy: Policy,
}

/// Creates the account, due within two minutes.
pub(crate) async fn create(
    app: &App,
    id: &AccountId,
    definition: &Definition<'_>,
    seed: Seed,
) -> Result<SyncResult, InfraError> {
    let due = schedule::first_run(app.clock.now(), &definition.policy, &mut seed.rng(id, RngStream::FirstRun));
    let mut account = Account::new(id.clone(), due);
    account.secret_name = Some(definition.secret_name.to_owned());
    account.secret_version = Some(definition.version.to_owned());
    Ok(if app.accounts.create(&account).await? { SyncResult::Created } else { SyncResult::Busy })
}

/// Adapts the account to a new version of its secret: one that is paused or failing resumes. A next run that no schedule
/// would give is drawn again.
pub(crate) async fn update(
    app: &App,
    id: &AccountId,
    definition: &Definition<'_>,
    seed: Seed,
) -> Result<SyncResult, InfraError> {
    let Some(found) = app.accounts.get(id).await? else { return Ok(SyncResult::Busy) };
    let now = app.clock.now();
    let mut account = found.account;
    let rng = &mut seed.rng(id, RngStream::FirstRun);
    let too_far_ahead = is_too_far_ahead(&account, now);
    if too_far_ahead {
        let next_run_at = account.next_run_at.map(|at| at.format("%FT%TZ").to_string());
        warn!(account = %id, next_run_at, "the next run was further ahead than any schedule gives; it is drawn again");
        // A lease is minutes long: the run that held this one is over.
        account.release();
        account.next_run_at = Some(schedule::first_run(now, &definition.policy, rng));
    }
    let same_secret = account.secret_name.as_deref() == Some(definition.secret_name)
        && account.secret_version.as_deref() == Some(definition.version);
    let result = if too_far_ahead && same_secret {
        SyncResult::Changed
    } else {
        apply_definition(&mut account, definition, now, rng)
    };
    let written = if too_far_ahead {
        app.accounts.overwrite(&account).await.map(|()| true)?
    } else {
        app.accounts.update(&account, now).await?
    };
    Ok(if written { result } else { SyncResult::Busy })
}

fn apply_definition(
    account: &mut Account,
    definition: &Definition<'_>,
    now: DateTime<Utc>,
    rng: &mut ChaCha12Rng,
) -> SyncResult {
    account.secret_name = Some(definition.secret_name.to_owned());
    account.secret_version = Some(definition.version.to_owned());
    // A new credential may expire on another day.
    account.expiries.watched_at = None;
    let stopped_by_hand = account.status == Status::Stopped && account.stopped_by != Some(StoppedBy::SecretGone);
    let failing = account.status != Status::Active || account.consecutive_failures > 0;
    if stopped_by_hand {
        // Only a person starts again what a person stopped.
        SyncResult::Changed
    } else if failing || account.next_run_at.is_none() {
        account.reactivate(schedule::first_run(now, &definition.policy, rng));
        SyncResult::Resumed
    } else {
        reschedule(account, &definition.policy, now, rng);
        SyncResult::Changed
    }
}

/// Moves an account to a partition of the due index that rounds look in: the number of shards has become smaller.
pub(crate) async fn reindex(app: &App, id: &AccountId) -> Result<SyncResult, InfraError> {
    let (Some(found), now) = (app.accounts.get(id).await?, app.clock.now()) else { return Ok(SyncResult::Busy) };
    if !missing_from_index(&found.account, found.in_due_index) {
        return Ok(SyncResult::Unchanged);
    }
    let moved = !found.account.claimed(now) && app.accounts.update(&found.account, now).await?;
    Ok(if moved { SyncResult::Moved } else { SyncResult::Busy })
}

/// Stops an account whose secret is gone.
pub(crate) async fn stop(app: &App, id: &AccountId) -> Result<SyncResult, InfraError> {
    let Some(found) = app.accounts.get(id).await? else { return Ok(SyncResult::Stopped) };
    let mut account = found.account;
    account.stop(StoppedBy::SecretGone);
    app.accounts.overwrite(&account).await?;
    Ok(SyncResult::Stopped)
}

/// Moves the next run of an active account whose policy may have changed: another interval, other working hours.
pub(crate) fn reschedule(account: &mut Account, policy: &Policy, now: DateTime<Utc>, rng: &mut ChaCha12Rng) {
    if let Some(next) = account.next_run_at {
        let latest = now + TimeDelta::seconds(policy.interval_seconds.max.into());
        let next = if next > latest { schedule::next_run(now, policy, rng) } else { next };
        account.next_run_at = Some(schedule::into_working_hours(next, policy, rng));
    }
}
