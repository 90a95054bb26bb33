//! The executor: sends a plan, wave after wave, and removes what it made however the run ends.

mod tenant_throttle;

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use rand::RngExt;
use rand::rngs::ChaCha12Rng;
use tracing::debug;

use crate::access::token::TokenSource;
use crate::app::stop_signal::StopSignal;
use crate::app::throttle::Throttle;
use crate::app::token_cache::AccessToken;
use crate::domain::outcome::calls::{Answer, EarlyEnd, RunCalls, capped_wait};
use crate::domain::plan::Plan;
use crate::domain::secret::AccountSecret;
use crate::ports::{BatchItem, BatchReply, Caller, Clock, Graph, GraphError};
use crate::run::batching::{self, Batch, MAX_OUTLOOK_IN_FLIGHT};
use crate::run::executor::tenant_throttle::{BACKOFF, TenantThrottle};
use crate::run::item::Item;
use crate::run::item_result::ItemResult;
use crate::run::placeholders::Orphans;
use crate::run::progress::Progress;

/// The longest that one HTTP request may take.
const GRAPH_TIMEOUT: Duration = Duration::from_secs(30);

/// What a plan is sent with.
pub(crate) struct Executor<'a> {
    pub graph: &'a dyn Graph,
    pub clock: &'a dyn Clock,
    pub throttle: &'a Throttle,
    pub stop: &'a StopSignal,
    pub tokens: &'a dyn TokenSource,
    pub secret: &'a AccountSecret,
    pub access: AccessToken,
    /// Nothing is sent that may not be answered by then.
    pub deadline: DateTime<Utc>,
    /// Of that, the time kept for the clean-up and the record.
    pub reserve: TimeDelta,
    /// What a sweep takes for an orphan.
    pub orphans: Orphans,
    pub rng: ChaCha12Rng,
}

impl Executor<'_> {
    /// Sends the plan. Whatever ends it early, what it made is removed as far as the deadline allows.
    pub(crate) async fn send(mut self, plan: &Plan) -> RunCalls {
        let mut progress = Progress::new(plan, self.orphans, &mut self.rng);
        for wave in 0..plan.waves() {
            let mut items = progress.ready(wave, self.must_end(&progress));
            items.extend(progress.take_found());
            self.send_items(items, &mut progress).await;
        }
        loop {
            let found = progress.take_found();
            if found.is_empty() {
                return progress.finish();
            }
            self.send_items(found, &mut progress).await;
        }
    }

    /// Whether only clean-up is still sent.
    fn must_end(&self, progress: &Progress<'_>) -> bool {
        progress.early_end().is_some() || self.out_of_time()
    }

    fn out_of_time(&self) -> bool {
        self.stop.is_set() || self.clock.now() >= self.deadline - self.reserve
    }

    async fn sleep_until(&self, until: DateTime<Utc>) {
        let duration = (until - self.clock.now()).to_std().unwrap_or_default();
        self.stop.sleep(self.clock, duration).await;
    }

    async fn send_items(&mut self, items: Vec<Item>, progress: &mut Progress<'_>) {
        let mut retries = Vec::new();
        for batch in self.batches(items) {
            self.pace(progress).await;
            retries.extend(self.send_batch(batch, progress, true).await);
        }
        if retries.is_empty() {
            return;
        }
        if !self.prepare_retry(&retries, progress).await {
            for (item, result) in retries {
                progress.fail(&item, &result, self.clock.now());
            }
            return;
        }
        let items = retries.into_iter().map(|(item, _)| item).collect();
        for batch in batching::independent(items, |item: &Item| item.operation.service.outlook()) {
            self.send_batch(batch, progress, false).await;
        }
    }

    fn batches(&mut self, items: Vec<Item>) -> Vec<Batch<Item>> {
        match self.secret.policy.pacing {
            None => batching::full(items, |item| item.operation.service.outlook()),
            Some(_) => {
                let size = self.rng.random_range(1..=MAX_OUTLOOK_IN_FLIGHT);
                batching::small(items, size)
            }
        }
    }

    /// The policy's random gap before each batch but the first; none where only clean-up is left.
    async fn pace(&mut self, progress: &mut Progress<'_>) {
        let Some(pacing) = self.secret.policy.pacing else { return };
        if progress.begin_batch() && !self.must_end(progress) {
            let gap = self.rng.random_range(pacing.min_ms..=pacing.max_ms);
            self.stop.sleep(self.clock, Duration::from_millis(gap.into())).await;
        }
    }

    /// Sends one batch and records its results. Returns the items that may be sent once more, with their results.
    async fn send_batch(
        &mut self,
        batch: Batch<Item>,
        progress: &mut Progress<'_>,
        first: bool,
    ) -> Vec<(Item, ItemResult)> {
        let (batch, unsendable): (Vec<_>, Vec<_>) =
            batch.into_iter().partition(|(item, _)| self.sendable(item, progress));
        for (item, _) in unsendable {
            progress.skip(&item);
        }
        if batch.is_empty() {
            return Vec::new();
        }
        if let Err(end) = self.wait_for_throttle(&batch).await {
            for (item, _) in batch {
                progress.skip(&item);
            }
            progress.end(end);
            return Vec::new();
        }
        let results = self.exchange(batch, progress).await;
        let now = self.clock.now();
        let failed = |(_, result): &(Item, ItemResult)| result.whole_batch && result.answer == Answer::Transient;
        let whole_batch_failed = results.iter().any(failed);
        let renewable = progress.may_renew_token(&results);
        let mut retries = Vec::new();
        for (item, result) in results {
            retries.extend(progress.retry_or_record(item, result, first, renewable, now));
        }
        if whole_batch_failed && retries.is_empty() {
            progress.end_transient("Graph left a request unanswered");
        }
        retries
    }

    fn sendable(&self, item: &Item, progress: &Progress<'_>) -> bool {
        // However the run ends, what it made is removed while the deadline allows; the token may still be good for that.
        if item.cleans() {
            return self.clock.now() < self.deadline - self.reserve / 4;
        }
        progress.early_end().is_none() && !self.out_of_time()
    }

    /// One HTTP request, and the result of each item.
    async fn exchange(&mut self, batch: Batch<Item>, progress: &mut Progress<'_>) -> Vec<(Item, ItemResult)> {
        let caller = Caller {
            cloud: self.secret.cloud,
            access_token: &self.access.token,
            timeout: self.timeout(batch.iter().all(|(item, _)| item.cleans())),
        };
        let sent_at = self.clock.now();
        let answer = self.graph.batch(&caller, &requests(&batch)).await;
        let now = self.clock.now();
        let ms = (now - sent_at).num_milliseconds();
        let items = batch.into_iter().map(|(item, _)| item);
        match answer {
            Ok(replies) => {
                let mut replies: BTreeMap<String, BatchReply> =
                    replies.into_iter().map(|reply| (reply.id.clone(), reply)).collect();
                let result = |item: Item| {
                    let reply = replies.remove(&item.step.to_string());
                    log_item(&item, reply.as_ref(), ms);
                    let result = reply.map_or_else(ItemResult::without_reply, |r| ItemResult::of(r, item.operation));
                    self.tenant().note(&result, Some(item.operation), now);
                    (item, result)
                };
                items.map(result).collect()
            }
            Err(error) => {
                let result = of_whole_batch(error, progress);
                self.tenant().note(&result, None, now);
                let with_result = |item: Item| {
                    log_item(&item, None, ms);
                    (item, result.clone())
                };
                items.map(with_result).collect()
            }
        }
    }

    /// How long a request may take: of the time that is left, the reserve belongs to the clean-up, and the end of it to the
    /// record.
    fn timeout(&self, cleans: bool) -> Duration {
        let until = self.deadline - if cleans { self.reserve / 8 } else { self.reserve };
        let left = (until - self.clock.now()).to_std().unwrap_or_default();
        left.min(GRAPH_TIMEOUT).max(Duration::from_millis(100))
    }

    fn tenant(&self) -> TenantThrottle<'_> {
        TenantThrottle { throttle: self.throttle, tenant: &self.secret.tenant_id }
    }

    /// Waits until the tenant, and the limits that these items count against, may be called again.
    async fn wait_for_throttle(&self, batch: &Batch<Item>) -> Result<(), EarlyEnd> {
        loop {
            let blocked = self.tenant().blocked_until(batch.iter().map(|(item, _)| item), self.clock.now());
            let Some(until) = blocked else { return Ok(()) };
            if until >= self.deadline - self.reserve || self.stop.is_set() {
                return Err(EarlyEnd::Throttled { until, longer: false });
            }
            self.sleep_until(until).await;
        }
    }

    /// Prepares the second sending: a new token, then the wait that was asked for, or one of our own with jitter.
    /// `false` where the run ends instead.
    async fn prepare_retry(&mut self, retries: &[(Item, ItemResult)], progress: &mut Progress<'_>) -> bool {
        let any = |answer: Answer| retries.iter().any(|(_, result)| result.answer == answer);
        if any(Answer::Unauthorized) {
            match self.tokens.renew().await {
                Ok(access) => self.access = access,
                Err(outcome) => {
                    progress.end(EarlyEnd::Token(outcome));
                    return false;
                }
            }
        }
        if !any(Answer::Throttled) && !any(Answer::Transient) {
            return true;
        }
        // Up to a second beyond what was asked, so that a tenant's accounts do not return all at once.
        let now = self.clock.now();
        let jitter = TimeDelta::milliseconds(self.rng.random_range(1..=1000));
        let blocked = self.tenant().blocked_until(retries.iter().map(|(item, _)| item), now);
        let asked = retries.iter().filter_map(|(_, result)| result.retry_after).max().map(capped_wait);
        let until = blocked.max(asked.map(|(wait, _)| now + wait)).unwrap_or(now + BACKOFF / 2) + jitter;
        if until >= self.deadline - self.reserve || self.stop.is_set() {
            if any(Answer::Throttled) {
                progress.end(EarlyEnd::Throttled { until, longer: asked.is_some_and(|(_, longer)| longer) });
            } else {
                progress.end_transient("Graph is unavailable");
            }
            return false;
        }
        self.sleep_until(until).await;
        true
    }
}

fn requests(batch: &Batch<Item>) -> Vec<BatchItem> {
    let present: Vec<usize> = batch.iter().map(|(item, _)| item.step).collect();
    let request = |(item, after): &(Item, Option<usize>)| BatchItem {
        id: item.step.to_string(),
        method: item.operation.method.as_str(),
        url: item.url.clone(),
        headers: item.operation.headers,
        payload: item.payload.clone(),
        depends_on: after.filter(|after| present.contains(after)).map(|after| after.to_string()),
    };
    batch.iter().map(request).collect()
}

/// `status` is 0 where Graph gave no answer for the item.
fn log_item(item: &Item, reply: Option<&BatchReply>, ms: i64) {
    let status = reply.map_or(0, |reply| reply.status);
    let graph_request_id = reply.and_then(|reply| reply.request_id.as_deref());
    debug!(operation = item.operation.id, status, ms, graph_request_id, "graph item");
}

/// The result of every item of a batch that failed as a whole.
fn of_whole_batch(error: GraphError, progress: &mut Progress<'_>) -> ItemResult {
    match error {
        GraphError::Throttled { retry_after } => ItemResult::of_whole_batch(Answer::Throttled, 429, retry_after),
        GraphError::Unauthorized => ItemResult::of_whole_batch(Answer::Unauthorized, 401, None),
        GraphError::Transient { what, retry_after } => {
            progress.note_fault(what);
            ItemResult::of_whole_batch(Answer::Transient, 0, retry_after)
        }
        GraphError::Refused { status, code } => {
            progress.note_refusal(status, code.clone());
            ItemResult { code: Some(code), ..ItemResult::of_whole_batch(Answer::Refused, status, None) }
        }
    }
}

#[cfg(test)]
mod tests;
