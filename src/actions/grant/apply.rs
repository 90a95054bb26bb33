//! Applies a grant: carries out its steps in order until one fails, and lifts what was set aside for lack of them.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use crate::actions::authenticated::find;
use crate::actions::error::ActionError;
use crate::actions::grant::grantor::{Grantor, item, status_text};
use crate::actions::graph_query::GRAPH_TIMEOUT;
use crate::domain::account::Status;
use crate::domain::account::set_aside::SetAside;
use crate::domain::catalogue;
use crate::domain::catalogue::granted::GrantedPermissions;
use crate::domain::permissions::diff::{Diff, Step, Tenant};
use crate::domain::plan::Payload;
use crate::ports::BatchItem;

/// Steps in one batch, each waiting for the one before.
const STEPS_PER_BATCH: usize = 20;

/// What came of a grant's steps.
pub(crate) struct Applied {
    /// Whether all of them were carried out.
    pub completed: bool,
    pub done: Vec<String>,
    pub not_done: Vec<String>,
    pub message: String,
}

/// Carries the steps out, one after the other, until one fails or the deadline is near.
pub(crate) async fn apply(
    grantor: &Grantor<'_>,
    found: &Diff,
    tenant: &Tenant,
    deadline: DateTime<Utc>,
) -> Result<Applied, ActionError> {
    let steps = found.steps(grantor.subject, tenant);
    let (done, failure) = carry_out(grantor, &steps, deadline).await;
    let mut consented = tenant.consented.clone();
    consented.extend(steps[..done].iter().flat_map(|step| &step.consents).map(|name| (*name).to_owned()));
    let does = |steps: &[Step]| steps.iter().map(|step| step.does.clone()).collect::<Vec<_>>();
    let completed = failure.is_none();
    let mut message = match failure {
        Some(why) => format!("{why} What was done stays; `grant` again does the rest."),
        None if steps.is_empty() => "Nothing to do: all that the policy needs is granted.".to_owned(),
        None => "Done. The next token carries it; Microsoft may take some minutes.".to_owned(),
    };
    grantor.app.token_cache.remove_access(grantor.id);
    if let Some(more) = lift_set_aside(grantor, consented).await? {
        message.push_str(more);
    }
    Ok(Applied { completed, done: does(&steps[..done]), not_done: does(&steps[done..]), message })
}

/// How many steps were done, and why not all.
async fn carry_out(grantor: &Grantor<'_>, steps: &[Step], deadline: DateTime<Utc>) -> (usize, Option<String>) {
    let mut done = 0;
    for batch in steps.chunks(STEPS_PER_BATCH) {
        if grantor.app.clock.now() + TimeDelta::from_std(GRAPH_TIMEOUT).unwrap_or_default() > deadline {
            return (done, Some("The time was over.".to_owned()));
        }
        let (count, failure) = send(grantor, batch).await;
        done += count;
        if failure.is_some() {
            return (done, failure);
        }
    }
    (done, None)
}

async fn send(grantor: &Grantor<'_>, steps: &[Step]) -> (usize, Option<String>) {
    let one = |(index, step): (usize, &Step)| {
        item(index, step.method, step.url.clone(), Payload::Json(step.body.clone()), index.checked_sub(1))
    };
    let items: Vec<BatchItem> = steps.iter().enumerate().map(one).collect();
    let replies = match grantor.ask(&items).await {
        Ok(replies) => replies,
        Err(why) => return (0, Some(format!("{why}: steps listed as not done may have been carried out."))),
    };
    for index in 0..steps.len() {
        let reply = replies.iter().find(|reply| reply.id == index.to_string());
        if !reply.is_some_and(|reply| (200..300).contains(&reply.status)) {
            return (index, Some(format!("Graph answered {}.", status_text(reply))));
        }
    }
    (steps.len(), None)
}

/// Lets operations be drawn again that were set aside because they were refused. Returns what is left for a person.
async fn lift_set_aside(
    grantor: &Grantor<'_>,
    consented: BTreeSet<String>,
) -> Result<Option<&'static str>, ActionError> {
    let granted = GrantedPermissions::Known(consented);
    let app = grantor.app;
    let mut account = find(app, grantor.id).await?.account;
    let before = account.set_aside.len();
    let allowed = |key: &SetAside| match key {
        SetAside::Operation(id) => {
            catalogue::find(id).is_some_and(|operation| granted.allow(operation, grantor.subject))
        }
        SetAside::Service(_) | SetAside::Writes => false,
    };
    account.set_aside.retain(|key, _| !allowed(key));
    if account.set_aside.len() != before && !app.accounts.update(&account, app.clock.now()).await? {
        return Ok(Some(" The account is being run: `grant` again, so that refused operations are drawn again."));
    }
    Ok((account.status == Status::Paused).then_some(" The account is paused: `resume` it."))
}
