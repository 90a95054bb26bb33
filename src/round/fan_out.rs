//! Fan-out: a round that claims the due accounts and hands them to workers, over a queue.
//!
//! A claim that the queue did not take is released; also where it is unknown whether the queue took it: the message then
//! finds that its claim no longer holds the account, and runs nothing.

use chrono::{DateTime, Utc};
use futures_util::future::join_all;
use serde_json::json;
use tracing::error;

use crate::app::App;
use crate::domain::run_request::{Handover, RunRequest};
use crate::domain::seed::Seed;
use crate::ports::{InfraError, Queue};
use crate::round::claims::{Claims, Counts, count};
use crate::round::report::RoundReport;
use crate::run::claim::{Claimed, release};
use crate::telemetry::as_fields;

/// Messages that one `SendMessageBatch` takes.
pub(crate) const MESSAGES_PER_REQUEST: usize = 10;

/// Accounts claimed together; their messages are sent at once.
const CLAIMS_TOGETHER: usize = 10 * MESSAGES_PER_REQUEST;

/// Claims the accounts that are due, oldest first, and sends them to the queue.
pub(crate) async fn fan_out(app: &App, queue: &dyn Queue, deadline: DateTime<Utc>, report: &mut RoundReport) -> Counts {
    let mut claims = Claims::new(app, report.seed, deadline);
    let mut queued = 0;
    while let Some(mut claimed) = claims.next(CLAIMS_TOGETHER).await {
        let mut batches = Vec::new();
        while !claimed.is_empty() {
            let rest = claimed.split_off(claimed.len().min(MESSAGES_PER_REQUEST));
            batches.push(send(app, queue, report.seed, std::mem::replace(&mut claimed, rest)));
        }
        let mut refused = None;
        for sent in join_all(batches).await {
            queued += sent.queued;
            claims.counts.deferred += sent.released;
            refused = sent.broken.or(refused);
        }
        // After a whole batch is refused, nothing more is sent until the next tick.
        if refused.is_some() {
            claims.counts.broken = refused;
            break;
        }
    }
    report.queued = Some(queued);
    claims.counts
}

struct Sent {
    queued: u32,
    released: u32,
    /// Why the whole batch was refused.
    broken: Option<InfraError>,
}

async fn send(app: &App, queue: &dyn Queue, seed: Seed, claimed: Vec<Claimed>) -> Sent {
    let request = |claimed: &Claimed| RunRequest {
        account: claimed.found.account.id.clone(),
        claim: Some(Handover { run_id: claimed.run_id.clone(), seed }),
    };
    let requests: Vec<RunRequest> = claimed.iter().map(request).collect();
    let all = count(claimed.len());
    let (unsent, why, broken) = match queue.send(&requests).await {
        Ok(unsent) if unsent.is_empty() => return Sent { queued: all, released: 0, broken: None },
        Ok(unsent) => {
            let why = unsent.first().map(|first| first.code.clone());
            let mut claimed: Vec<Option<Claimed>> = claimed.into_iter().map(Some).collect();
            let unsent = unsent.iter().filter_map(|unsent| claimed.get_mut(unsent.index)?.take()).collect();
            (unsent, why, None)
        }
        Err(broken) => (claimed, Some(broken.to_string()), Some(broken)),
    };
    let accounts: Vec<_> = unsent.iter().map(|claimed: &Claimed| &claimed.found.account.id).collect();
    let fields = as_fields(&json!({"accounts": accounts, "error": why}));
    error!(fields, "the queue did not take every account; the others are due again");
    // A claim that a worker has already taken over counts as queued.
    let released = join_all(unsent.into_iter().map(|claimed| release(app, claimed))).await;
    let released = count(released.into_iter().filter(|released| *released).count());
    Sent { queued: all - released, released, broken }
}
