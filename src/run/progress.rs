//! Progress of a plan: responses so far, objects still to clean up, results to report.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use rand::RngExt;
use rand::rngs::ChaCha12Rng;
use serde_json::Value;

use crate::domain::account::history::CallResult;
use crate::domain::catalogue::{Access, Effect, Operation, OrphanQuery};
use crate::domain::outcome::calls::{self, Answer, EarlyEnd, RunCalls, capped_wait};
use crate::domain::plan::{Payload, Plan, Role, Step};
use crate::ports::RawBody;
use crate::run::item::{Item, cleans};
use crate::run::item_result::ItemResult;
use crate::run::placeholders::{self, NextPage, Orphans};

/// Coming runs that look for orphans: after a clean-up that may have failed, and after mail, which arrives with a delay.
const SWEEPS_AFTER_DOUBT: u32 = 2;
const SWEEPS_AFTER_MAIL: u32 = 3;

/// Pages beyond the first that the sweeps of a run read; what lies further is left to the next one.
const MAX_SWEEP_PAGES: usize = 20;

/// The state of a plan under way. The executor sends; what is known is kept, and decided, here.
pub(super) struct Progress<'a> {
    plan: &'a Plan,
    answers: Vec<Option<Value>>,
    /// Decides which element of each answer is taken.
    dice: Vec<u64>,
    /// Creations that may have happened, by step; removed again when their clean-up is answered.
    standing: BTreeMap<usize, u32>,
    /// The clean-up of what sweeps have found.
    orphans: Vec<Item>,
    /// The next pages of sweeps' lists: read before anything that they list is removed.
    pages: Vec<Item>,
    /// Pages of lists that were read beyond the first.
    pages_read: usize,
    /// What a sweep takes for an orphan.
    orphan_rule: Orphans,
    /// Ids of what this run made, and of what it removes: no read takes them from a list.
    removable: BTreeSet<String>,
    sweeping: bool,
    sweeps_failed: bool,
    begun: bool,
    /// A new token was requested; a run requests one at most.
    renewed: bool,
    next_step: usize,
    /// All that this run writes: a sweep must not take it for an earlier run's.
    own: String,
    /// The first fault of the network or of Graph as a whole.
    fault: Option<String>,
    done: RunCalls,
}

impl<'a> Progress<'a> {
    pub(super) fn new(plan: &'a Plan, orphan_rule: Orphans, rng: &mut ChaCha12Rng) -> Self {
        Self {
            plan,
            answers: vec![None; plan.steps.len()],
            dice: plan.steps.iter().map(|_| rng.random()).collect(),
            standing: BTreeMap::new(),
            orphans: Vec::new(),
            pages: Vec::new(),
            pages_read: 0,
            orphan_rule,
            removable: BTreeSet::new(),
            sweeping: plan.steps.iter().any(|step| step.role == Role::Sweep),
            sweeps_failed: false,
            begun: false,
            renewed: false,
            next_step: plan.steps.len(),
            own: placeholders::written_text(plan),
            fault: None,
            done: RunCalls::default(),
        }
    }

    /// Why the run ends early, if it does.
    pub(super) fn early_end(&self) -> Option<&EarlyEnd> {
        self.done.early_end.as_ref()
    }

    /// Whether a batch was sent before; from now on, one was.
    pub(super) fn begin_batch(&mut self) -> bool {
        std::mem::replace(&mut self.begun, true)
    }

    /// The items of a wave whose inputs are known; when the run must end, only those that clean up.
    pub(super) fn ready(&mut self, wave: usize, must_end: bool) -> Vec<Item> {
        let mut items = Vec::new();
        for (index, step) in self.plan.steps.iter().enumerate().filter(|(_, step)| step.wave == wave) {
            let filled = (!must_end || cleans(step.role, step.operation)).then(|| self.fill(step)).flatten();
            match filled {
                Some((url, payload)) => {
                    let Step { operation, role, orphans: sweep, .. } = *step;
                    items.push(Item { step: index, operation, role, url, payload, sweep });
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
            let dice = *self.dice.get(input.step)?;
            let value = placeholders::resolve(answer, &input.need, dice, |id| self.removable.contains(id))?;
            values.insert(input.need.placeholder, value);
        }
        (step.inputs.len() == step.operation.needs.len() || step.orphans.is_some())
            .then(|| (placeholders::fill_url(&step.url, &values), placeholders::fill_payload(&step.payload, &values)))
    }

    /// What the sweeps so far give to send: the next pages of their lists, and when all are read, the clean-up of the
    /// orphans in them.
    pub(super) fn take_found(&mut self) -> Vec<Item> {
        if self.pages.is_empty() { std::mem::take(&mut self.orphans) } else { std::mem::take(&mut self.pages) }
    }

    /// Whether the token is to blame for a batch's results, and a new one was not requested yet; from then on, it was.
    pub(super) fn may_renew_token(&mut self, batch: &[(Item, ItemResult)]) -> bool {
        let answers = batch.iter().map(|(item, result)| (item.operation, result.answer, result.code.as_deref()));
        let whole = batch.iter().any(|(_, result)| result.whole_batch && result.answer == Answer::Unauthorized);
        let may = !self.renewed && (whole || calls::blames_token(&self.done, answers));
        self.renewed |= may;
        may
    }

    /// Records a result, unless the item may be sent once more: then both are returned. `renewable`: the token is to
    /// blame for a 401, and a new one may be requested.
    pub(super) fn retry_or_record(
        &mut self,
        item: Item,
        result: ItemResult,
        first: bool,
        renewable: bool,
        now: DateTime<Utc>,
    ) -> Option<(Item, ItemResult)> {
        let retry = first
            && match result.answer {
                Answer::Throttled | Answer::DependencyFailed => true,
                Answer::Unauthorized => renewable,
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
        if item.operation.writes() {
            placeholders::collect_ids(&result.body.read(), &mut self.removable);
        }
        if self.is_read(item) {
            self.read(item, &result.body);
        }
    }

    fn read(&mut self, item: &Item, body: &RawBody) {
        let body = body.read();
        if item.role == Role::Watch {
            self.done.watched.insert(item.operation.id, Some(body.clone()));
        }
        if let Effect::Create { orphans, .. } = item.operation.effect {
            // Mail that was sent is answered without an id: only a later run can find it.
            let known = body.get("id").is_some() || body.get(orphans.take).is_some();
            self.standing.insert(item.step, if known { SWEEPS_AFTER_DOUBT } else { SWEEPS_AFTER_MAIL });
        }
        if let Some((query, undo)) = item.sweep {
            self.find_orphans(item, &body, &query, undo);
        }
        if let Some(answer) = self.answers.get_mut(item.step) {
            *answer = Some(body);
        }
    }

    fn find_orphans(&mut self, item: &Item, body: &Value, query: &OrphanQuery, undo: &'static Operation) {
        let found = placeholders::find_orphans(body, query, undo, &self.own, self.orphan_rule);
        // What is too young is looked for again.
        self.sweeps_failed |= found.too_young;
        for (id, values) in found.orphans {
            self.removable.insert(id);
            let url = placeholders::fill_url(&self.url_like(item, undo), &values);
            let orphan = self.later_item(undo, Role::CleanUp, url);
            self.orphans.push(orphan);
        }
        match placeholders::next_page(body, &item.url) {
            NextPage::None => {}
            NextPage::At(url) if self.pages_read < MAX_SWEEP_PAGES => {
                self.pages_read += 1;
                let page = Item { sweep: item.sweep, ..self.later_item(item.operation, Role::Sweep, url) };
                self.pages.push(page);
            }
            NextPage::At(_) | NextPage::Unknown => self.sweeps_failed = true,
        }
    }

    fn later_item(&mut self, operation: &'static Operation, role: Role, url: String) -> Item {
        let step = self.next_step;
        self.next_step += 1;
        Item { step, operation, role, url, payload: Payload::None, sweep: None }
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
    pub(super) fn fail(&mut self, item: &Item, result: &ItemResult, now: DateTime<Utc>) {
        self.record(item, result);
        self.sweep_if_applied(item, result);
        self.fail_sweep(item);
        match result.answer {
            Answer::Refused if item.role == Role::Watch => {
                self.done.watched.insert(item.operation.id, None);
            }
            Answer::Throttled => {
                let (wait, longer) = capped_wait(result.retry_after.unwrap_or_default());
                self.end(EarlyEnd::Throttled { until: now + wait, longer });
            }
            Answer::Unauthorized if result.whole_batch => self.end(EarlyEnd::Unauthorized),
            _ => {}
        }
    }

    fn fail_sweep(&mut self, item: &Item) {
        self.sweeps_failed |= item.role == Role::Sweep || item.step >= self.plan.steps.len();
    }

    fn record(&mut self, item: &Item, result: &ItemResult) {
        let ok = result.answer == Answer::Ok;
        let calls = if result.whole_batch { &mut self.done.unanswered } else { &mut self.done.calls };
        calls.push(CallResult {
            operation: item.operation.id.to_owned(),
            ok,
            status: result.status,
            error_code: result.code.clone().filter(|_| !ok),
            request_id: result.request_id.clone().filter(|_| !ok),
        });
    }

    pub(super) fn skip(&mut self, item: &Item) {
        self.done.skipped += 1;
        self.fail_sweep(item);
    }

    /// Notes a fault of the network or of Graph as a whole; the first one is reported.
    pub(super) fn note_fault(&mut self, fault: String) {
        self.fault.get_or_insert(fault);
    }

    /// Notes that a batch was refused as a whole.
    pub(super) fn note_refusal(&mut self, status: u16, code: String) {
        self.note_fault(format!("Graph refused a batch ({status} {code})"));
        self.done.batch_refusal.get_or_insert((status, code));
    }

    pub(super) fn end(&mut self, end: EarlyEnd) {
        self.done.early_end = Some(EarlyEnd::merge(self.done.early_end.take(), end));
    }

    /// Ends the run for the fault that was noted, else for `otherwise`.
    pub(super) fn end_transient(&mut self, otherwise: &str) {
        let why = self.fault.clone().unwrap_or_else(|| otherwise.to_owned());
        self.end(EarlyEnd::Transient { why });
    }

    pub(super) fn finish(mut self) -> RunCalls {
        let standing = self.standing.values().copied().max().unwrap_or(0);
        self.done.sweeps = self.done.sweeps.max(standing);
        self.done.swept = self.sweeping && !self.sweeps_failed;
        self.done
    }
}
