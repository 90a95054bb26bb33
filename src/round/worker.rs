//! A worker: takes over the accounts that a queue delivers, and runs them together.
//!
//! Messages arrive at least once, at any time, in any order. The one decision is a conditional write: an account is taken
//! over only while the message's claim holds it, and from then on another claim holds it. So a second delivery, a late
//! one, or one for an account that was claimed again finds nothing to do, and is done.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures_util::future::join_all;
use tokio::sync::mpsc;
use tracing::instrument::WithSubscriber;
use tracing::{Instrument, error};

use crate::app::App;
use crate::domain::run_request::RunRequest;
use crate::domain::seed::Seed;
use crate::event::sqs::{QueueMessage, SqsBatchResponse};
use crate::ports::{ClaimKind, InfraError};
use crate::round::claims::{count, last_start};
use crate::round::report::RoundReport;
use crate::round::{PREFETCH, run_all, secrets_together};
use crate::run::claim::{Claimed, Ready, claim, release, with_secrets};
use crate::run::draw::SeedChoice;

/// Runs the accounts of the messages, as far as the deadline allows. The answer names the messages that must be delivered
/// again: malformed ones, which end in the dead-letter queue, and those whose account could not be taken over since
/// infrastructure failed. A failed account is not a failed message.
///
/// # Errors
/// Where the worker itself fails: then all messages are delivered again, and those that are done find nothing to do.
pub(crate) async fn work(
    app: &Arc<App>,
    messages: Vec<QueueMessage>,
    deadline: DateTime<Utc>,
) -> Result<SqsBatchResponse, InfraError> {
    let mut report = RoundReport::of_worker(Seed::new(app.random_u64()), app.clock.now());
    let (ready, taken) = mpsc::channel(PREFETCH);
    let taking = take_all(Arc::clone(app), messages, report.seed, deadline, ready);
    let taking = tokio::spawn(taking.in_current_span().with_current_subscriber());
    run_all(app, taken, deadline, &mut report).await;
    let taken = taking.await.map_err(|error| InfraError::unavailable("taking accounts over", error.to_string()))?;
    report.claimed = taken.claimed;
    report.deferred += taken.deferred;
    report.finish(app.clock.now(), true);
    Ok(SqsBatchResponse::of_failed(taken.failed))
}

#[derive(Default)]
struct Taken {
    /// Accounts that were due and not claimed before.
    claimed: u32,
    deferred: u32,
    /// Ids of messages that must be delivered again.
    failed: Vec<String>,
}

async fn take_all(
    app: Arc<App>,
    messages: Vec<QueueMessage>,
    seed: Seed,
    deadline: DateTime<Utc>,
    ready: mpsc::Sender<Ready>,
) -> Taken {
    let mut taken = Taken::default();
    let last_start = last_start(app.clock.now(), deadline);
    let mut messages = messages.into_iter().peekable();
    while messages.peek().is_some() {
        let (limit, with_defaults) = secrets_together(&app);
        let next: Vec<QueueMessage> = messages.by_ref().take(limit).collect();
        let claimed = take(&app, next, seed, &mut taken).await;
        if app.stopping() || app.clock.now() > last_start {
            let released = join_all(claimed.into_iter().map(|claimed| release(&app, claimed))).await;
            taken.deferred += count(released.len());
            continue;
        }
        for account in with_secrets(&app, claimed, with_defaults).await {
            if ready.send(account).await.is_err() {
                return taken;
            }
        }
    }
    taken
}

/// Takes over the messages' accounts, those whose claims still hold them.
async fn take(app: &App, messages: Vec<QueueMessage>, seed: Seed, taken: &mut Taken) -> Vec<Claimed> {
    let now = app.clock.now();
    let takes = messages.into_iter().map(|QueueMessage { id, request: order }| async move {
        let claimed = match &order {
            Some(order) => Some(take_one(app, order, seed, now).await),
            None => None,
        };
        (id, order, claimed)
    });
    let mut claims = Vec::new();
    for (id, order, claimed) in join_all(takes).await {
        let (message, error) = match claimed {
            Some(Ok(claimed)) => {
                let own = order.is_some_and(|order| order.claim.is_none());
                taken.claimed += u32::from(own && claimed.is_some());
                claims.extend(claimed);
                continue;
            }
            Some(Err(broken)) => {
                ("the account could not be taken over; its message is delivered again", broken.to_string())
            }
            // Without the body: it may hold anything.
            None => ("a worker cannot read a message of the queue", "malformed".to_owned()),
        };
        let account = order.map(|order| order.account.to_string());
        error!(message_id = id, account, error, "{message}");
        taken.failed.push(id);
    }
    claims
}

async fn take_one(
    app: &App,
    order: &RunRequest,
    seed: Seed,
    now: DateTime<Utc>,
) -> Result<Option<Claimed>, InfraError> {
    let (kind, seed) = match &order.claim {
        Some(handed) => (ClaimKind::Handover(handed.run_id.clone()), handed.seed),
        None => (ClaimKind::Due, seed),
    };
    claim(app, &order.account, kind, SeedChoice::FromRound(seed), now).await
}
