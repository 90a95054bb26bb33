//! Waves: sends a plan, wave after wave, and cleans up whatever happens.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use rand::RngExt;
use rand::rngs::ChaCha12Rng;
use tracing::debug;

use crate::access::token;
use crate::app::App;
use crate::app::token_cache::AccessToken;
use crate::domain::account::Account;
use crate::domain::catalogue::Operation;
use crate::domain::plan::Plan;
use crate::domain::secret::AccountSecret;
use crate::ports::{BatchItem, BatchReply, Caller, GraphError, SecretText};
use crate::run::batching::{Batch, Lanes, OUTLOOK_AT_ONCE};
use crate::run::item_result::ItemResult;
use crate::run::progress::{EarlyEnd, Item, Progress, RunCalls};

/// The first wait of our own, where throttling comes without a header; doubled while it goes on.
const BACKOFF: TimeDelta = TimeDelta::seconds(4);

/// One HTTP request may take this long.
const REQUEST_TIME: Duration = Duration::from_secs(30);

/// What a run sends with.
pub struct Executor<'a> {
    pub app: &'a App,
    pub account: &'a mut Account,
    pub secret: &'a AccountSecret,
    pub text: &'a SecretText,
    pub access: AccessToken,
    /// Nothing is sent that may not be answered by then.
    pub deadline: DateTime<Utc>,
    /// Of that, what is kept for the clean-up.
    pub reserve: TimeDelta,
    pub rng: ChaCha12Rng,
}

impl Executor<'_> {
    /// Sends the plan. Whatever ends it early, what was made is removed as far as the deadline allows.
    pub async fn send(mut self, plan: &Plan) -> RunCalls {
        let mut work = Progress::new(plan, &mut self.rng);
        for wave in 0..plan.waves() {
            let mut items = work.ready(wave, self.must_end(&work.done));
            items.extend(work.found());
            self.send_items(items, &mut work).await;
        }
        let found = work.found();
        self.send_items(found, &mut work).await;
        work.finish()
    }

    /// Whether only clean-up is still sent.
    fn must_end(&self, done: &RunCalls) -> bool {
        done.ending.is_some() || self.out_of_time()
    }

    fn out_of_time(&self) -> bool {
        self.app.stopping() || self.app.clock.now() >= self.deadline - self.reserve
    }

    async fn send_items(&mut self, items: Vec<Item>, work: &mut Progress<'_>) {
        let mut again = Vec::new();
        for chunk in self.batches(items) {
            self.pace(work).await;
            again.extend(self.attempt(chunk, work, true).await);
        }
        if again.is_empty() {
            return;
        }
        if !self.wait_before_again(&again, work).await {
            for (item, verdict) in again {
                work.give_up(&item, &verdict, self.app.clock.now());
            }
            return;
        }
        let items = again.into_iter().map(|(item, _)| item).collect();
        for chunk in Lanes::narrow(items, |item: &Item| item.operation.service.outlook()) {
            for (item, verdict) in self.attempt(chunk, work, false).await {
                work.give_up(&item, &verdict, self.app.clock.now());
            }
        }
    }

    fn batches(&mut self, items: Vec<Item>) -> Vec<Batch<Item>> {
        match self.secret.policy.pacing {
            None => Lanes::wide(items, |item| item.operation.service.outlook()),
            Some(_) => {
                let size = self.rng.random_range(1..=OUTLOOK_AT_ONCE);
                Lanes::small(items, size)
            }
        }
    }

    /// The policy's random gap before each batch but the first; none where only clean-up is left.
    async fn pace(&mut self, work: &mut Progress<'_>) {
        let Some(pacing) = self.secret.policy.pacing else { return };
        if std::mem::replace(&mut work.begun, true) && !self.must_end(&work.done) {
            let gap = self.rng.random_range(pacing.min_ms..=pacing.max_ms);
            self.app.sleep(Duration::from_millis(gap.into())).await;
        }
    }

    /// Sends one batch. Gives back what may be sent once more, with why; what has ended is noted in `work`.
    async fn attempt(&mut self, chunk: Batch<Item>, work: &mut Progress<'_>, first: bool) -> Vec<(Item, ItemResult)> {
        let (chunk, unsendable): (Vec<_>, Vec<_>) =
            chunk.into_iter().partition(|(item, _)| self.sendable(item, &work.done));
        for (item, _) in unsendable {
            work.skip(&item);
        }
        if chunk.is_empty() {
            return Vec::new();
        }
        if let Err(ending) = self.pass_gates(&chunk).await {
            for (item, _) in chunk {
                work.skip(&item);
            }
            work.end(ending);
            return Vec::new();
        }
        let present: Vec<usize> = chunk.iter().map(|(item, _)| item.step).collect();
        let batch: Vec<BatchItem> = chunk
            .iter()
            .map(|(item, after)| BatchItem {
                id: item.step.to_string(),
                method: item.operation.method.as_str(),
                url: item.url.clone(),
                headers: item.operation.headers,
                payload: item.payload.clone(),
                depends_on: after.filter(|after| present.contains(after)).map(|after| after.to_string()),
            })
            .collect();
        let sent_at = self.app.clock.now();
        let replies = self.exchange(&batch, work).await;
        let ms = (self.app.clock.now() - sent_at).num_milliseconds();
        let replies = match replies {
            Ok(replies) => replies,
            Err(verdict) => {
                chunk.iter().for_each(|(item, _)| log_item(item, None, ms));
                let again: Vec<_> =
                    chunk.into_iter().filter_map(|(item, _)| self.judge(item, &verdict, work, first)).collect();
                if matches!(verdict, ItemResult::Transient { .. }) && again.is_empty() {
                    work.end_unanswered();
                }
                return again;
            }
        };
        let mut replies: BTreeMap<String, BatchReply> =
            replies.into_iter().map(|reply| (reply.id.clone(), reply)).collect();
        let mut again = Vec::new();
        for (item, _) in chunk {
            let reply = replies.remove(&item.step.to_string());
            log_item(&item, reply.as_ref(), ms);
            let verdict = match reply {
                None => ItemResult::Transient { status: 0, code: None, request_id: None, retry_after: None },
                Some(reply) => ItemResult::of(reply, item.operation),
            };
            self.close_gate(&verdict, Some(item.operation));
            again.extend(self.judge(item, &verdict, work, first));
        }
        again
    }

    fn sendable(&self, item: &Item, done: &RunCalls) -> bool {
        match &done.ending {
            Some(EarlyEnd::Unauthorized | EarlyEnd::Token(_)) => false,
            // Also when the house is asked to stop, what was made is removed while the deadline allows.
            _ if item.cleans() => self.app.clock.now() < self.deadline - self.reserve / 4,
            Some(_) => false,
            None => !self.out_of_time(),
        }
    }

    /// Ends here, asks for another chance, or fails.
    fn judge(
        &self,
        item: Item,
        verdict: &ItemResult,
        work: &mut Progress<'_>,
        first: bool,
    ) -> Option<(Item, ItemResult)> {
        let again = first
            && match verdict {
                ItemResult::Throttled { .. } | ItemResult::DependencyFailed => true,
                ItemResult::Transient { .. } => item.repeatable(),
                ItemResult::Unauthorized => true,
                ItemResult::Ok { .. } | ItemResult::Failed { .. } => false,
            };
        if again {
            work.doubt(&item, verdict);
            return Some((item, verdict.clone()));
        }
        work.settle(&item, verdict, self.app.clock.now());
        None
    }

    /// One HTTP request; its failure as a verdict on every item.
    async fn exchange(&mut self, batch: &[BatchItem], work: &mut Progress<'_>) -> Result<Vec<BatchReply>, ItemResult> {
        let left = (self.deadline - self.app.clock.now()).to_std().unwrap_or_default();
        let caller = Caller {
            cloud: self.secret.cloud,
            access_token: &self.access.token,
            timeout: left.min(REQUEST_TIME).max(Duration::from_millis(100)),
        };
        match self.app.graph.batch(&caller, batch).await {
            Ok(replies) => Ok(replies),
            Err(GraphError::Throttled { retry_after }) => {
                let verdict = ItemResult::Throttled { status: 429, code: None, request_id: None, retry_after };
                self.close_gate(&verdict, None);
                Err(verdict)
            }
            Err(GraphError::Unauthorized) => Err(ItemResult::Unauthorized),
            Err(GraphError::Transient { what, retry_after }) => {
                work.why.get_or_insert(what);
                let verdict = ItemResult::Transient { status: 0, code: None, request_id: None, retry_after };
                self.close_gate(&verdict, None);
                Err(verdict)
            }
            Err(GraphError::Refused { status, code }) => {
                work.why.get_or_insert(format!("Graph refused a batch ({status} {code})"));
                Err(ItemResult::Failed { status, code: Some(code), request_id: None })
            }
        }
    }

    /// Waits until the tenant, and the limits that these items count against, may be called again.
    async fn pass_gates(&self, items: &[(Item, Option<usize>)]) -> Result<(), EarlyEnd> {
        loop {
            let now = self.app.clock.now();
            let Some(until) = self.blocked_until(items.iter().map(|(item, _)| item), now) else { return Ok(()) };
            if until >= self.deadline - self.reserve || self.app.stopping() {
                return Err(EarlyEnd::Throttled { until });
            }
            self.app.sleep((until - now).to_std().unwrap_or_default()).await;
        }
    }

    /// When the last of the gates opens that stand before these items, if one is closed.
    fn blocked_until<'i>(&self, items: impl Iterator<Item = &'i Item>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let own = items.map(|item| self.gate(item.operation.service.limit()));
        let throttle = own.chain([self.gate("batch"), self.secret.tenant_id.clone()]);
        throttle.filter_map(|gate| self.app.throttle.blocked_until(&gate, now)).max()
    }

    fn gate(&self, limit: &str) -> String {
        format!("{} {limit}", self.secret.tenant_id)
    }

    /// What Graph asks to wait for, the whole tenant waits for. A limit that says nothing (OneNote's) has a
    /// gate of its own, which closes for longer each time.
    fn close_gate(&self, verdict: &ItemResult, operation: Option<&Operation>) {
        let now = self.app.clock.now();
        let asked = verdict.retry_after().and_then(|wait| TimeDelta::from_std(wait).ok());
        match (verdict, asked, operation) {
            (_, Some(wait), _) => self.app.throttle.block_until(&self.secret.tenant_id, now + wait, now),
            (ItemResult::Throttled { .. }, None, operation) => {
                let limit = operation.map_or("batch", |operation| operation.service.limit());
                self.app.throttle.back_off(&self.gate(limit), BACKOFF, now);
            }
            _ => {}
        }
    }

    /// Prepares the second sending: a new token, the wait that was asked for, or one of our own with
    /// jitter. `false` where it is not to be.
    async fn wait_before_again(&mut self, again: &[(Item, ItemResult)], work: &mut Progress<'_>) -> bool {
        if again.iter().any(|(_, verdict)| matches!(verdict, ItemResult::Unauthorized)) {
            self.app.token_cache.remove_access(&self.account.id);
            match token::renew(self.app, self.account, self.secret, self.text).await {
                Ok(access) => self.access = access,
                Err(outcome) => {
                    work.end(EarlyEnd::Token(outcome));
                    return false;
                }
            }
        }
        let asked = again.iter().filter_map(|(_, verdict)| verdict.retry_after()).max();
        let refused = again
            .iter()
            .any(|(_, verdict)| matches!(verdict, ItemResult::Throttled { .. } | ItemResult::Transient { .. }));
        if !refused {
            return true;
        }
        // Up to a second beyond what was asked, so that a tenant's accounts do not return all at once.
        let now = self.app.clock.now();
        let jitter = TimeDelta::milliseconds(self.rng.random_range(1..=1000));
        let opens = self.blocked_until(again.iter().map(|(item, _)| item), now);
        let asked = asked.and_then(|wait| now.checked_add_signed(TimeDelta::from_std(wait).ok()?));
        let until = opens.max(asked).unwrap_or(now + BACKOFF / 2) + jitter;
        let throttled = again.iter().any(|(_, verdict)| matches!(verdict, ItemResult::Throttled { .. }));
        if until >= self.deadline - self.reserve || self.app.stopping() {
            let why = work.why.clone().unwrap_or_else(|| "Graph is unavailable".to_owned());
            work.end(if throttled { EarlyEnd::Throttled { until } } else { EarlyEnd::Transient { why } });
            return false;
        }
        self.app.sleep((until - now).to_std().unwrap_or_default()).await;
        true
    }
}

/// `status` is 0 where Graph gave no answer for the item.
fn log_item(item: &Item, reply: Option<&BatchReply>, ms: i64) {
    let status = reply.map_or(0, |reply| reply.status);
    let graph_request_id = reply.and_then(|reply| reply.request_id.as_deref());
    debug!(operation = item.operation.id, status, ms, graph_request_id, "graph item");
}

#[cfg(test)]
mod tests;
