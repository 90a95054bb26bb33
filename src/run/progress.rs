//! Work: what is known of a plan under way: answers, what stands and must go, what to tell.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use rand::RngExt;
use rand::rngs::ChaCha12Rng;
use serde_json::Value;

use crate::domain::account::history::CallResult;
use crate::domain::catalogue::{Access, Effect, Method, Operation};
use crate::domain::outcome::Outcome;
use crate::domain::plan::{Payload, Plan, Role, Step, WRITES};
use crate::ports::{NO_DRIVE, RawBody};
use crate::run::batching::Numbered;
use crate::run::item_result::ItemResult;
use crate::run::placeholders;

/// An operation that answered 403 is left out for this long; a missing mailbox or drive for a day.
const SET_ASIDE: TimeDelta = TimeDelta::days(7);
const SET_ASIDE_A_DAY: TimeDelta = TimeDelta::days(1);

/// Coming runs that look for leftovers: after a clean-up that may have failed, and after mail, which
/// arrives when it arrives.
const SWEEPS_AFTER_DOUBT: u32 = 2;
const SWEEPS_AFTER_MAIL: u32 = 3;

/// What a plan's calls came to.
#[derive(Debug, Default)]
pub struct RunCalls {
    pub calls: Vec<CallResult>,
    pub ok: u32,
    pub failed: u32,
    pub throttled: u32,
    /// Not sent: its input was not there, or the run ended before.
    pub skipped: u32,
    pub set_aside: BTreeMap<String, DateTime<Utc>>,
    /// Coming runs that must look for leftovers.
    pub sweeps: u32,
    /// Everything that the plan's sweeps could find was found and removed.
    pub swept: bool,
    /// What the watching steps were answered, by row; `None` where the answer was a refusal.
    pub watched: BTreeMap<&'static str, Option<Value>>,
    pub ending: Option<EarlyEnd>,
}

/// Why a run ended before its plan did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EarlyEnd {
    Throttled {
        until: DateTime<Utc>,
    },
    /// The token was refused, and so was the next one.
    Unauthorized,
    /// A new token was not had.
    Token(Outcome),
    Transient {
        why: String,
    },
}

/// A step whose inputs are known.
pub struct Item {
    /// Index among all steps, those found by a sweep after the plan's own.
    pub step: usize,
    pub operation: &'static Operation,
    pub role: Role,
    pub url: String,
    pub payload: Payload,
}

impl Item {
    /// Whether it is still sent when the run must end: it removes what stands by itself.
    pub fn cleans(&self) -> bool {
        cleans(self.role, self.operation)
    }

    /// Whether it may be sent again though the first sending may have been carried out.
    pub fn repeatable(&self) -> bool {
        self.operation.method == Method::Get || matches!(self.operation.effect, Effect::Read | Effect::Remove { .. })
    }
}

fn cleans(role: Role, operation: &Operation) -> bool {
    role == Role::CleanUp || matches!(operation.effect, Effect::Remove { .. })
}

/// What is known so far of a plan under way.
pub struct Progress<'a> {
    plan: &'a Plan,
    answers: Vec<Option<Value>>,
    /// Decides which element of each answer is taken.
    dice: Vec<u64>,
    /// Creations that may have happened, by step; removed again when their clean-up is answered.
    standing: BTreeMap<usize, u32>,
    found: Vec<Item>,
    sweeps_failed: bool,
    sweeping: bool,
    /// A batch has been sent.
    pub begun: bool,
    next_step: usize,
    /// All that this run writes: a sweep must not take it for an earlier run's.
    own: String,
    pub why: Option<String>,
    pub done: RunCalls,
}

impl<'a> Progress<'a> {
    pub fn new(plan: &'a Plan, rng: &mut ChaCha12Rng) -> Self {
        Self {
            plan,
            answers: vec![None; plan.steps.len()],
            dice: plan.steps.iter().map(|_| rng.random()).collect(),
            standing: BTreeMap::new(),
            found: Vec::new(),
            sweeps_failed: false,
            sweeping: plan.steps.iter().any(|step| step.role == Role::Sweep),
            begun: false,
            next_step: plan.steps.len(),
            own: placeholders::written(plan),
            why: None,
            done: RunCalls::default(),
        }
    }

    /// The items of a wave whose inputs are there.
    pub fn ready(&mut self, wave: usize, ending: bool) -> Vec<Item> {
        let mut items = Vec::new();
        for (index, step) in self.plan.steps.iter().enumerate().filter(|(_, step)| step.wave == wave) {
            let filled = (!ending || cleans(step.role, step.operation)).then(|| self.fill(step)).flatten();
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
            values
                .insert(input.need.placeholder, placeholders::take(answer, &input.need, *self.dice.get(input.step)?)?);
        }
        (step.inputs.len() == step.operation.needs.len() || step.orphans.is_some())
            .then(|| (placeholders::fill_url(&step.url, &values), placeholders::fill_payload(&step.payload, &values)))
    }

    /// The clean-up of what the sweeps have found since the last call.
    pub fn found(&mut self) -> Vec<Item> {
        std::mem::take(&mut self.found)
    }

    pub fn settle(&mut self, item: &Item, verdict: &ItemResult, now: DateTime<Utc>) {
        match verdict {
            ItemResult::Ok { status, body } => self.succeeded(item, *status, body),
            _ => self.give_up(item, verdict, now),
        }
    }

    fn succeeded(&mut self, item: &Item, status: u16, body: &RawBody) {
        self.done.ok += 1;
        self.note(item, true, status, None, None);
        self.removed(item);
        if !self.is_read(item) {
            return;
        }
        let body = body.read();
        if item.role == Role::Watch {
            self.done.watched.insert(item.operation.id, Some(body.clone()));
        }
        if let Effect::Create { orphans, .. } = item.operation.effect {
            // Mail that was sent answers with no id: only a later run can find it.
            let known = body.get("id").is_some() || body.get(orphans.take).is_some();
            self.standing.insert(item.step, if known { SWEEPS_AFTER_DOUBT } else { SWEEPS_AFTER_MAIL });
        }
        let step = self.plan.steps.get(item.step);
        if let Some((orphans, undo)) = step.and_then(|step| step.orphans) {
            for values in placeholders::leftovers(&body, &orphans, undo, &self.own) {
                let url = placeholders::fill_url(&self.url_like(item, undo), &values);
                let step = self.next_step;
                self.next_step += 1;
                self.found.push(Item { step, operation: undo, role: Role::CleanUp, url, payload: Payload::None });
            }
        }
        if let Some(answer) = self.answers.get_mut(item.step) {
            *answer = Some(body);
        }
    }

    /// Whether anybody asks for what the answer says.
    fn is_read(&self, item: &Item) -> bool {
        let needed = || self.plan.steps.iter().flat_map(|step| &step.inputs).any(|input| input.step == item.step);
        matches!(item.role, Role::Watch | Role::Sweep)
            || matches!(item.operation.effect, Effect::Create { .. })
            || needed()
    }

    /// The path of the clean-up for what a sweep found, rooted at the same user as the sweep.
    fn url_like(&self, item: &Item, undo: &Operation) -> String {
        let root = item.url.strip_prefix("/users/").and_then(|rest| rest.split(['/', '?']).next());
        match root {
            Some(user) if item.operation.is_user_scoped() => undo.path_for(Access::AppOnly, user),
            _ => undo.path.to_owned(),
        }
    }

    fn removed(&mut self, item: &Item) {
        if let Effect::Remove { made_by } = item.operation.effect
            && item.step < self.plan.steps.len()
        {
            let plan = self.plan;
            self.standing.retain(|step, _| plan.steps[*step].operation.id != made_by);
        }
    }

    /// A write that was refused for now may have been carried out all the same.
    pub fn doubt(&mut self, item: &Item, verdict: &ItemResult) {
        let carried_out = matches!(verdict, ItemResult::Throttled { .. } | ItemResult::Transient { .. });
        if carried_out && matches!(item.operation.effect, Effect::Create { .. }) {
            self.done.sweeps = self.done.sweeps.max(SWEEPS_AFTER_DOUBT);
        }
    }

    pub fn give_up(&mut self, item: &Item, verdict: &ItemResult, now: DateTime<Utc>) {
        self.doubt(item, verdict);
        if item.role == Role::Sweep || (item.role == Role::CleanUp && item.step >= self.plan.steps.len()) {
            self.sweeps_failed = true;
        }
        match verdict {
            ItemResult::Ok { .. } => {}
            ItemResult::Failed { status, code, request_id } => {
                self.done.failed += 1;
                self.note(item, false, *status, code.clone(), request_id.clone());
                if item.role == Role::Watch {
                    self.done.watched.insert(item.operation.id, None);
                }
                self.learn(item.operation, *status, code.as_deref().unwrap_or_default(), now);
            }
            ItemResult::Throttled { status, code, request_id, retry_after } => {
                self.done.throttled += 1;
                self.note(item, false, *status, code.clone(), request_id.clone());
                let wait = retry_after.and_then(|wait| TimeDelta::from_std(wait).ok()).unwrap_or_default();
                self.end(EarlyEnd::Throttled { until: now + wait });
            }
            ItemResult::Transient { status, code, request_id, .. } => {
                self.done.failed += 1;
                self.note(item, false, *status, code.clone(), request_id.clone());
            }
            ItemResult::DependencyFailed => {
                self.done.failed += 1;
                self.note(item, false, 424, None, None);
            }
            ItemResult::Unauthorized => {
                self.done.failed += 1;
                self.note(item, false, 401, None, None);
                self.end(EarlyEnd::Unauthorized);
            }
        }
    }

    /// What an answer says about the account for the days to come.
    fn learn(&mut self, operation: &Operation, status: u16, code: &str, now: DateTime<Utc>) {
        let mut aside = |keys: &[&str], time| {
            for key in keys {
                self.done.set_aside.insert((*key).to_owned(), now + time);
            }
        };
        match (status, code) {
            (_, "MailboxNotEnabledForRESTAPI" | "MailboxNotSupportedForRESTAPI") => {
                aside(&["mail", "mailboxSettings", "calendar", "contacts", "todo"], SET_ASIDE);
            }
            (_, NO_DRIVE) => aside(&["files", "excel"], SET_ASIDE_A_DAY),
            (403, _) => aside(&[operation.id], SET_ASIDE),
            (507, _) => aside(&[WRITES], SET_ASIDE_A_DAY),
            _ => {}
        }
    }

    fn note(&mut self, item: &Item, ok: bool, status: u16, error_code: Option<String>, request_id: Option<String>) {
        let operation = item.operation.id.to_owned();
        self.done.calls.push(CallResult { operation, ok, status, error_code, request_id });
    }

    pub fn skip(&mut self, item: &Item) {
        self.done.skipped += 1;
        if item.role == Role::Sweep || item.step >= self.plan.steps.len() {
            self.sweeps_failed = true;
        }
    }

    /// The first ending stands, but for a token that is refused, which ends also the clean-up.
    pub fn end(&mut self, ending: EarlyEnd) {
        let last = matches!(ending, EarlyEnd::Unauthorized | EarlyEnd::Token(_));
        let later = match (&self.done.ending, &ending) {
            (Some(EarlyEnd::Throttled { until: old }), EarlyEnd::Throttled { until }) => until > old,
            _ => false,
        };
        if self.done.ending.is_none() || last || later {
            self.done.ending = Some(ending);
        }
    }

    pub fn end_unanswered(&mut self) {
        let why = self.why.clone().unwrap_or_else(|| "Graph left a request unanswered".to_owned());
        self.end(EarlyEnd::Transient { why });
    }

    pub fn finish(mut self) -> RunCalls {
        let standing = self.standing.values().copied().max().unwrap_or(0);
        self.done.sweeps = self.done.sweeps.max(standing);
        self.done.swept = self.sweeping && !self.sweeps_failed;
        self.done
    }
}

impl Numbered for Item {
    fn number(&self) -> usize {
        self.step
    }
}
