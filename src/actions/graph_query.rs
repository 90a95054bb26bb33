//! Queries of Graph that an action makes: one batch at a time, within what Graph asks to wait.

use std::time::Duration;

use chrono::TimeDelta;

use crate::app::App;
use crate::app::throttle::{ThrottleKey, ThrottleScope};
use crate::app::token_cache::AccessToken;
use crate::domain::secret::AccountSecret;
use crate::ports::{BatchItem, BatchReply, Caller, GraphError};

/// How long Graph may take to answer one batch.
pub(crate) const GRAPH_TIMEOUT: Duration = Duration::from_secs(20);

/// Sends one batch, unless Graph asked to wait. The error is a sentence for a person.
pub(crate) async fn ask(
    app: &App,
    secret: &AccountSecret,
    access: &AccessToken,
    items: &[BatchItem],
) -> Result<Vec<BatchReply>, String> {
    if items.is_empty() {
        return Ok(Vec::new());
    }
    let now = app.clock.now();
    let [graph, batch] =
        [ThrottleScope::Graph, ThrottleScope::Batch].map(|scope| ThrottleKey::new(&secret.tenant_id, scope));
    if let Some(until) = app.throttle.blocked_until(&graph, now).max(app.throttle.blocked_until(&batch, now)) {
        return Err(format!("Graph asks to wait until {}", until.format("%FT%TZ")));
    }
    let caller = Caller { cloud: secret.cloud, access_token: &access.token, timeout: GRAPH_TIMEOUT };
    let answer = app.graph.batch(&caller, items).await;
    // A wait that Graph asks for, in the batch or in one item, holds for the tenant, as in a run.
    let asked = match &answer {
        Ok(replies) => replies.iter().filter(|reply| reply.status == 429).filter_map(|reply| reply.retry_after).max(),
        Err(GraphError::Throttled { retry_after }) => *retry_after,
        Err(_) => None,
    };
    if let Some(wait) = asked {
        let now = app.clock.now();
        app.throttle.block_until(&graph, now + TimeDelta::from_std(wait).unwrap_or_default(), now);
    }
    answer.map_err(|error| error.to_string())
}
