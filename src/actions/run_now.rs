//! `run`: one run of one account now, or with `dry_run` only its plan.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::actions::authenticated::{Authenticated, authenticate, find};
use crate::actions::error::ActionError;
use crate::actions::permission_text::{NO_OPERATION, NO_PERMISSION};
use crate::app::App;
use crate::domain::account::{AccountId, Status};
use crate::domain::permissions::required;
use crate::domain::plan::Step;
use crate::domain::secret::AccountSecret;
use crate::domain::seed::Seed;
use crate::notifications::{self, Outbox};
use crate::ports::{ClaimKind, InfraError};
use crate::run;
use crate::run::claim::{claim, with_secrets};
use crate::run::draw::{SeedChoice, draw};
use crate::run::report::RunReport;

/// The answer to `run` with `dry_run`: what a run with this seed would send now.
#[derive(Debug, Serialize)]
pub(crate) struct DryRun {
    account: AccountId,
    seed: Seed,
    waves: usize,
    plan: Vec<Step>,
    /// Why the plan is empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'static str>,
}

/// Runs the account once, due or not. A paused account is called, not only probed.
pub(crate) async fn run(
    app: &App,
    id: &AccountId,
    seed: Option<Seed>,
    deadline: DateTime<Utc>,
) -> Result<RunReport, ActionError> {
    if find(app, id).await?.account.status == Status::Stopped {
        return Err(ActionError::Stopped(id.clone()));
    }
    let now = app.clock.now();
    let Some(claimed) = claim(app, id, ClaimKind::Manual, seed_choice(app, seed), now).await? else {
        return Err(ActionError::Busy(id.clone()));
    };
    let mut ready = with_secrets(app, vec![claimed], true).await;
    match ready.pop() {
        Some((claimed, secret)) => {
            let run = run::run(app, claimed, secret, deadline).await;
            notifications::notify(app, &Outbox::of(&run)).await;
            Ok(run)
        }
        None => Err(InfraError::unavailable("running the account", "its secret was not asked for").into()),
    }
}

/// The seed of the event, or a new one.
fn seed_choice(app: &App, seed: Option<Seed>) -> SeedChoice {
    seed.map_or_else(|| SeedChoice::FromRound(Seed::new(app.random_u64())), SeedChoice::Fixed)
}

/// Plans a run without sending it. A token is requested, since its permissions decide; Graph is not called.
pub(crate) async fn plan(app: &App, id: &AccountId, seed: Option<Seed>) -> Result<DryRun, ActionError> {
    let no_plan = |why| ActionError::NoPlan { account: id.clone(), why };
    let loaded = authenticate(app, id).await.map_err(|error| error.into_action_error(no_plan))?;
    let Authenticated { account, secret, access, .. } = loaded;
    let (seed, plan) = draw(&account, &secret, &access, seed_choice(app, seed), app.clock.now());
    let message = plan.is_empty().then(|| empty_plan(&secret));
    Ok(DryRun { account: id.clone(), seed, waves: plan.waves(), plan: plan.steps, message })
}

/// Why nothing can be drawn.
fn empty_plan(secret: &AccountSecret) -> &'static str {
    let subject = secret.credential.access();
    match required::wanted(&secret.policy, subject, secret.user_id.as_deref()).is_empty() {
        true => NO_OPERATION,
        false => NO_PERMISSION,
    }
}
