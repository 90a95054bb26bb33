//! Progress of a plan: responses so far, objects still to clean up, results to report.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use rand::RngExt;
use rand::rngs::ChaCha12Rng;
use serde_json::Value;

use crate::domain::account::history::CallResult;
use crate::domain::catalogue::{Access, Effect, Operation};
use crate::domain::outcome::calls::{Answer, EarlyEnd, RunCalls};
use crate::domain::plan::{Payload, Plan, Role, Step};
use crate::ports::RawBody;
use crate::run::item::{Item, cleans};
use crate::run::item_result::ItemResult;
use crate::run::placeholders;

/// Coming runs that look for orphans: after a clean-up that may have failed, and after mail, which arrives with a delay.
const SWEEPS_AFTER_DOUBT: u32 = 2;
const SWEEPS_AFTER_MAIL: u32 = 3;

/// The state of a plan under way. The executor sends; what is known is kept, and decided, here.
pub struct Progress<'a> {
    plan: &'a Plan,
    answers: Vec<Option<Value>>,
    /// Decides which element of each answer is taken.
    dice: Vec<u64>,
    /// Creations that may have happened, by step; removed again when their clean-up is answered.
    standing: BTreeMap<usize, u32>,
    orphans: Vec<Item>,
    sweeping: bool,
    sweeps_failed: bool,
    begun: bool,
    next_step: usize,
    /// All that this run writes: a sweep must not take it for an earlier run's.
    own: String,
    /// The first fault of the network or of Graph as a whole.
    fault: Option<String>,
    done: RunCalls,
}

impl<'a> Progress<'a> {
    pub fn new(plan: &'a Plan, rng: &mut ChaCha12Rng) -> Self {
        Self {
            plan,
            answers: vec![None; plan.steps.len()],
            dice: plan.steps.iter().map(|_| rng.random()).collect(),
            standing: BTreeMap::new(),
            orphans: Vec::new(),
            sweeping: plan.steps.iter().any(|step| step.role == Role::Sweep),
            sweeps_failed: false,
            begun: false,
            next_step: plan.steps.len(),
            own: placeholders::written_text(plan),
            fault: None,
            done: RunCalls::default(),
        }
    }

    /// Why the run ends early, if it does.
    pub fn early_end(&self) -> Option<&EarlyEnd> {
        self.done.early_end.as_ref()
    }

    /// Whether a batch was sent before; from now on, one was.
    pub fn begin_batch(&mut self) -> bool {
        std::mem::replace(&mut self.begun, true)
    }

    /// The items of a wave whose inputs are known; when the run must end, only those that clean up.
    pub fn ready(&mut self, wave: usize, must_end: bool) -> Vec<Item> {
        let mut items = Vec::new();
        for (index, step) in self.plan.steps.iter().enumerate().filter(|(_, step)| step.wave == wave) {
            let filled = (!must_end || cleans(step.role, step.operation)).then(|| self.fill(step)).flatten();
            match filled {
                Some((url, payload)) => {
                    items.push(Item { step: index, operation: step.operation, role: step.role, url, payload });
                }
                None => {
                    self.done.skipped += 1;
                    self.sweeps_failed |= step.role == Role::Sweep;
                }
            }
        }
        items
    }

    fn fill(&self, step: &Step) -> Option<(String, Payload)> {
        let mut values = BTreeMap::new();
        for input in &step.inputs {
            let answer = self.answers.get(input.step)?.as_ref()?;
            let value = placeholders::resolve(answer, &input.need, *self.dice.get(input.step)?)?;
            values.insert(input.need.placeholder, value);
        }
        (step.inputs.len() == step.operation.needs.len() || step.leftover.is_some())
            .then(|| (placeholders::fill_url(&step.url, &values), placeholders::fill_payload(&step.payload, &values)))
    }

    /// The clean-up of the orphans that sweeps have found since the last call.
    pub fn take_orphans(&mut self) -> Vec<Item> {
        std::mem::take(&mut self.orphans)
    }

    /// Records a result, unless the item may be sent once more: then both are returned.
    pub fn retry_or_record(
        &mut self,
        item: Item,
        result: ItemResult,
        first: bool,
        now: DateTime<Utc>,
    ) -> Option<(Item, ItemResult)> {
        let retry = first
            && match result.answer {
                Answer::Throttled | Answer::DependencyFailed | Answer::Unauthorized => true,
                Answer::Transient => item.repeatable(),
                Answer::Ok | Answer::Refused => false,
            };
        if retry {
            self.sweep_if_applied(&item, &result);
            return Some((item, result));
        }
        if result.answer == Answer::Ok {
            self.succeed(&item, &result);
        } else {
            self.fail(&item, &result, now);
        }
        None
    }

    fn succeed(&mut self, item: &Item, result: &ItemResult) {
        self.record(item, result);
        self.forget_removed(item);
        if self.is_read(item) {
            self.read(item, &result.body);
        }
    }

    fn read(&mut self, item: &Item, body: &RawBody) {
        let body = body.read();
        if item.role == Role::Watch {
            self.done.watched.insert(item.operation.id, Some(body.clone()));
        }
        if let Effect::Create { leftover, .. } = item.operation.effect {
            // Mail that was sent is answered without an id: only a later run can find it.
            let known = body.get("id").is_some() || body.get(leftover.take).is_some();
            self.standing.insert(item.step, if known { SWEEPS_AFTER_DOUBT } else { SWEEPS_AFTER_MAIL });
        }
        let step = self.plan.steps.get(item.step);
        if let Some((query, undo)) = step.and_then(|step| step.leftover) {
            for values in placeholders::find_orphans(&body, &query, undo, &self.own) {
                let url = placeholders::fill_url(&self.url_like(item, undo), &values);
                let step = self.next_step;
                self.next_step += 1;
                self.orphans.push(Item { step, operation: undo, role: Role::CleanUp, url, payload: Payload::None });
            }
        }
        if let Some(answer) = self.answers.get_mut(item.step) {
            *answer = Some(body);
        }
    }

    /// Whether the body is used; most are not, and are never parsed.
    fn is_read(&self, item: &Item) -> bool {
        let needed = || self.plan.steps.iter().flat_map(|step| &step.inputs).any(|input| input.step == item.step);
        matches!(item.role, Role::Watch | Role::Sweep) || item.creates() || needed()
    }

    /// The path of the clean-up of an orphan, rooted at the same user as the sweep.
    fn url_like(&self, item: &Item, undo: &Operation) -> String {
        let root = item.url.strip_prefix("/users/").and_then(|rest| rest.split(['/', '?']).next());
        match root {
            Some(user) if item.operation.is_user_scoped() => undo.path_for(Access::AppOnly, user),
            _ => undo.path.to_owned(),
        }
    }

    fn forget_removed(&mut self, item: &Item) {
        if let Effect::Remove { made_by } = item.operation.effect
            && item.step < self.plan.steps.len()
        {
            let plan = self.plan;
            self.standing.retain(|step, _| plan.steps[*step].operation.id != made_by);
        }
    }

    /// Lets coming runs look for an object that may have been made though the answer is not a success.
    fn sweep_if_applied(&mut self, item: &Item, result: &ItemResult) {
        if item.creates() && result.may_have_applied() {
            self.done.sweeps = self.done.sweeps.max(SWEEPS_AFTER_DOUBT);
        }
    }

    /// Records a result that stays a failure.
    pub fn fail(&mut self, item: &Item, result: &ItemResult, now: DateTime<Utc>) {
        self.record(item, result);
        self.sweep_if_applied(item, result);
        self.fail_sweep(item);
        match result.answer {
            Answer::Refused if item.role == Role::Watch => {
                self.done.watched.insert(item.operation.id, None);
            }
            Answer::Throttled => {
                let wait = result.retry_after.and_then(|wait| TimeDelta::from_std(wait).ok()).unwrap_or_default();
                self.end(EarlyEnd::Throttled { until: now + wait });
            }
            Answer::Unauthorized => self.end(EarlyEnd::Unauthorized),
            _ => {}
        }
    }

    fn fail_sweep(&mut self, item: &Item) {
        self.sweeps_failed |= item.role == Role::Sweep || item.step >= self.plan.steps.len();
    }

    fn record(&mut self, item: &Item, result: &ItemResult) {
        let ok = result.answer == Answer::Ok;
        self.done.calls.push(CallResult {
            operation: item.operation.id.to_owned(),
            ok,
            status: result.status,
            error_code: result.code.clone().filter(|_| !ok),
            request_id: result.request_id.clone().filter(|_| !ok),
        });
    }

    pub fn skip(&mut self, item: &Item) {
        self.done.skipped += 1;
        self.fail_sweep(item);
    }

    /// Notes a fault of the network or of Graph as a whole; the first one is reported.
    pub fn note_fault(&mut self, fault: String) {
        self.fault.get_or_insert(fault);
    }

    pub fn end(&mut self, end: EarlyEnd) {
        self.done.early_end = Some(EarlyEnd::merge(self.done.early_end.take(), end));
    }

    /// Ends the run for the fault that was noted, else for `otherwise`.
    pub fn end_transient(&mut self, otherwise: &str) {
        let why = self.fault.clone().unwrap_or_else(|| otherwise.to_owned());
        self.end(EarlyEnd::Transient { why });
    }

    pub fn finish(mut self) -> RunCalls {
        let standing = self.standing.values().copied().max().unwrap_or(0);
        self.done.sweeps = self.done.sweeps.max(standing);
        self.done.swept = self.sweeping && !self.sweeps_failed;
        self.done
    }
}
