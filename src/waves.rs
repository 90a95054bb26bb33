//! Waves: sends a plan, wave after wave, and cleans up whatever happens.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use rand::RngExt;
use rand::rngs::ChaCha12Rng;
use serde_json::Value;

use crate::answers;
use crate::domain::account::Account;
use crate::domain::catalogue::{Effect, Method, Operation};
use crate::domain::credential::AccountSecret;
use crate::domain::history::CallResult;
use crate::domain::plan::{Payload, Plan, Role, Step, WRITES};
use crate::house::House;
use crate::lanes::{Lanes, Numbered};
use crate::ports::{BatchItem, BatchReply, Caller, GraphError, NO_DRIVE, SecretText};
use crate::token;
use crate::warm::Access;

/// An operation that answered 403 is left out for this long; a missing mailbox or drive for a day.
const SET_ASIDE: TimeDelta = TimeDelta::days(7);
const SET_ASIDE_A_DAY: TimeDelta = TimeDelta::days(1);

/// Coming runs that look for leftovers: after a clean-up that may have failed, and after mail, which
/// arrives when it arrives.
const SWEEPS_AFTER_DOUBT: u32 = 2;
const SWEEPS_AFTER_MAIL: u32 = 3;

/// One HTTP request may take this long.
const REQUEST_TIME: Duration = Duration::from_secs(30);

/// What a plan's calls came to.
#[derive(Debug, Default)]
pub struct Done {
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
    pub ending: Option<Ending>,
}

/// Why a run ended before its plan did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    Throttled {
        until: DateTime<Utc>,
    },
    /// The token was refused, and so was the next one.
    Unauthorized,
    /// A new token was not had.
    Token(crate::domain::outcome::Outcome),
    Transient {
        why: String,
    },
}

/// What a run sends with.
pub struct Sender<'a> {
    pub house: &'a House,
    pub account: &'a mut Account,
    pub secret: &'a AccountSecret,
    pub text: &'a SecretText,
    pub access: Access,
    /// Nothing is sent that may not be answered by then.
    pub deadline: DateTime<Utc>,
    /// Of that, what is kept for the clean-up.
    pub reserve: TimeDelta,
    pub rng: ChaCha12Rng,
}

/// A step whose inputs are known.
struct Item {
    /// Index among all steps, those found by a sweep after the plan's own.
    step: usize,
    operation: &'static Operation,
    role: Role,
    url: String,
    payload: Payload,
}

impl Item {
    /// Whether it is still sent when the run must end: it removes what stands by itself.
    fn cleans(&self) -> bool {
        cleans(self.role, self.operation)
    }

    /// Whether it may be sent again though the first sending may have been carried out.
    fn repeatable(&self) -> bool {
        self.operation.method == Method::Get || matches!(self.operation.effect, Effect::Read | Effect::Remove { .. })
    }
}

fn cleans(role: Role, operation: &Operation) -> bool {
    role == Role::CleanUp || matches!(operation.effect, Effect::Remove { .. })
}

impl Sender<'_> {
    /// Sends the plan. Whatever ends it early, what was made is removed as far as the deadline allows.
    pub async fn send(mut self, plan: &Plan) -> Done {
        let mut work = Work::new(plan, &mut self.rng);
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
    fn must_end(&self, done: &Done) -> bool {
        done.ending.is_some() || self.out_of_time()
    }

    fn out_of_time(&self) -> bool {
        self.house.stopping() || self.house.clock.now() >= self.deadline - self.reserve
    }

    async fn send_items(&mut self, items: Vec<Item>, work: &mut Work<'_>) {
        let mut again = Vec::new();
        for chunk in Lanes::wide(items, |item| item.operation.service.outlook()) {
            if let Some(refused) = self.attempt(chunk, work, true).await {
                again.extend(refused);
            }
        }
        if again.is_empty() {
            return;
        }
        if !self.wait_before_again(&again, work).await {
            for (item, verdict) in again {
                work.give_up(&item, &verdict, self.house.clock.now());
            }
            return;
        }
        let items = again.into_iter().map(|(item, _)| item).collect();
        for chunk in Lanes::narrow(items, |item: &Item| item.operation.service.outlook()) {
            for (item, verdict) in self.attempt(chunk, work, false).await.unwrap_or_default() {
                work.give_up(&item, &verdict, self.house.clock.now());
            }
        }
    }

    /// Sends one batch. Gives back what may be sent once more, with why; what has ended is noted in `work`.
    async fn attempt(
        &mut self,
        chunk: Vec<(Item, Option<usize>)>,
        work: &mut Work<'_>,
        first: bool,
    ) -> Option<Vec<(Item, Verdict)>> {
        if chunk.is_empty() {
            return None;
        }
        let (chunk, unsendable): (Vec<_>, Vec<_>) =
            chunk.into_iter().partition(|(item, _)| self.sendable(item, &work.done));
        for (item, _) in unsendable {
            work.skip(&item);
        }
        if chunk.is_empty() {
            return None;
        }
        if let Err(ending) = self.pass_gate().await {
            for (item, _) in chunk {
                work.skip(&item);
            }
            work.end(ending);
            return None;
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
        let replies = match self.exchange(&batch, work).await {
            Ok(replies) => replies,
            Err(verdict) => {
                let again: Vec<_> =
                    chunk.into_iter().filter_map(|(item, _)| self.judge(item, &verdict, work, first)).collect();
                if matches!(verdict, Verdict::Transient { .. }) && again.is_empty() {
                    work.end_unanswered();
                }
                return Some(again);
            }
        };
        let mut replies: BTreeMap<String, BatchReply> =
            replies.into_iter().map(|reply| (reply.id.clone(), reply)).collect();
        let mut again = Vec::new();
        for (item, _) in chunk {
            let verdict = match replies.remove(&item.step.to_string()) {
                None => Verdict::Transient { status: 0, code: None, request_id: None, retry_after: None },
                Some(reply) => Verdict::of(reply, item.operation),
            };
            self.close_gate(&verdict);
            again.extend(self.judge(item, &verdict, work, first));
        }
        Some(again)
    }

    fn sendable(&self, item: &Item, done: &Done) -> bool {
        match &done.ending {
            Some(Ending::Unauthorized | Ending::Token(_)) => false,
            // Also when the house is asked to stop, what was made is removed while the deadline allows.
            _ if item.cleans() => self.house.clock.now() < self.deadline - self.reserve / 4,
            Some(_) => false,
            None => !self.out_of_time(),
        }
    }

    /// Ends here, asks for another chance, or fails.
    fn judge(&self, item: Item, verdict: &Verdict, work: &mut Work<'_>, first: bool) -> Option<(Item, Verdict)> {
        let again = first
            && match verdict {
                Verdict::Throttled { .. } | Verdict::Held => true,
                Verdict::Transient { .. } => item.repeatable(),
                Verdict::Unauthorized => true,
                Verdict::Ok { .. } | Verdict::Failed { .. } => false,
            };
        if again {
            work.doubt(&item, verdict);
            return Some((item, verdict.clone()));
        }
        work.settle(&item, verdict, self.house.clock.now());
        None
    }

    /// One HTTP request; its failure as a verdict on every item.
    async fn exchange(&mut self, batch: &[BatchItem], work: &mut Work<'_>) -> Result<Vec<BatchReply>, Verdict> {
        let left = (self.deadline - self.house.clock.now()).to_std().unwrap_or_default();
        let caller = Caller {
            cloud: self.secret.cloud,
            access_token: &self.access.token,
            within: left.min(REQUEST_TIME).max(Duration::from_millis(100)),
        };
        match self.house.graph.batch(&caller, batch).await {
            Ok(replies) => Ok(replies),
            Err(GraphError::Throttled { retry_after }) => {
                let verdict = Verdict::Throttled { status: 429, code: None, request_id: None, retry_after };
                self.close_gate(&verdict);
                Err(verdict)
            }
            Err(GraphError::Unauthorized) => Err(Verdict::Unauthorized),
            Err(GraphError::Transient { what, retry_after }) => {
                work.why.get_or_insert(what);
                let verdict = Verdict::Transient { status: 0, code: None, request_id: None, retry_after };
                self.close_gate(&verdict);
                Err(verdict)
            }
            Err(GraphError::Refused { status, code }) => {
                work.why.get_or_insert(format!("Graph refused a batch ({status} {code})"));
                Err(Verdict::Failed { status, code: Some(code), request_id: None })
            }
        }
    }

    /// Waits until the tenant may be called again.
    async fn pass_gate(&self) -> Result<(), Ending> {
        loop {
            let now = self.house.clock.now();
            let Some(until) = self.house.gates.opens_at(&self.secret.tenant_id, now) else { return Ok(()) };
            if until >= self.deadline - self.reserve {
                return Err(Ending::Throttled { until });
            }
            self.house.sleep((until - now).to_std().unwrap_or_default()).await;
            if self.house.stopping()
                && self.house.gates.opens_at(&self.secret.tenant_id, self.house.clock.now()).is_some()
            {
                return Err(Ending::Throttled { until });
            }
        }
    }

    fn close_gate(&self, verdict: &Verdict) {
        if let Some(wait) = verdict.retry_after().and_then(|wait| TimeDelta::from_std(wait).ok()) {
            let now = self.house.clock.now();
            self.house.gates.close(&self.secret.tenant_id, now + wait, now);
        }
    }

    /// Prepares the second sending: a new token, the wait that was asked for, or one of our own with
    /// jitter. `false` where it is not to be.
    async fn wait_before_again(&mut self, again: &[(Item, Verdict)], work: &mut Work<'_>) -> bool {
        if again.iter().any(|(_, verdict)| matches!(verdict, Verdict::Unauthorized)) {
            self.house.warm.drop_access(&self.account.id);
            match token::renew(self.house, self.account, self.secret, self.text).await {
                Ok(access) => self.access = access,
                Err(outcome) => {
                    work.end(Ending::Token(outcome));
                    return false;
                }
            }
        }
        let asked = again.iter().filter_map(|(_, verdict)| verdict.retry_after()).max();
        let refused =
            again.iter().any(|(_, verdict)| matches!(verdict, Verdict::Throttled { .. } | Verdict::Transient { .. }));
        if !refused {
            return true;
        }
        // At most a second beyond what was asked, so that a tenant's accounts do not return all at once.
        let wait = match asked {
            Some(asked) => asked + Duration::from_millis(self.rng.random_range(1..=1000)),
            None => Duration::from_millis(self.rng.random_range(2000..=6000)),
        };
        let now = self.house.clock.now();
        let until = TimeDelta::from_std(wait)
            .ok()
            .and_then(|wait| now.checked_add_signed(wait))
            .unwrap_or(DateTime::<Utc>::MAX_UTC);
        if asked.is_none() && again.iter().any(|(_, verdict)| matches!(verdict, Verdict::Throttled { .. })) {
            self.house.gates.close(&self.secret.tenant_id, until, now);
        }
        let throttled = again.iter().any(|(_, verdict)| matches!(verdict, Verdict::Throttled { .. }));
        if until >= self.deadline - self.reserve || self.house.stopping() {
            let why = work.why.clone().unwrap_or_else(|| "Graph is unavailable".to_owned());
            work.end(if throttled { Ending::Throttled { until } } else { Ending::Transient { why } });
            return false;
        }
        self.house.sleep(wait).await;
        true
    }
}

/// What became of one item.
#[derive(Clone, Debug)]
enum Verdict {
    Ok {
        status: u16,
        body: Value,
    },
    Failed {
        status: u16,
        code: Option<String>,
        request_id: Option<String>,
    },
    Throttled {
        status: u16,
        code: Option<String>,
        request_id: Option<String>,
        retry_after: Option<Duration>,
    },
    Transient {
        status: u16,
        code: Option<String>,
        request_id: Option<String>,
        retry_after: Option<Duration>,
    },
    /// Not carried out, since the item before it in its lane failed (424).
    Held,
    Unauthorized,
}

impl Verdict {
    fn of(reply: BatchReply, operation: &Operation) -> Self {
        let BatchReply { status, retry_after, error_code: code, request_id, body, .. } = reply;
        match status {
            200..=299 => Self::Ok { status, body },
            _ if operation.expected.contains(&status) => Self::Ok { status, body: Value::Null },
            401 => Self::Unauthorized,
            424 => Self::Held,
            429 => Self::Throttled { status, code, request_id, retry_after },
            500 | 502..=504 | 509 => Self::Transient { status, code, request_id, retry_after },
            _ => Self::Failed { status, code, request_id },
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Throttled { retry_after, .. } | Self::Transient { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

/// What is known so far of a plan under way.
struct Work<'a> {
    plan: &'a Plan,
    answers: Vec<Option<Value>>,
    /// Decides which element of each answer is taken.
    dice: Vec<u64>,
    /// Creations that may have happened, by step; removed again when their clean-up is answered.
    standing: BTreeMap<usize, u32>,
    found: Vec<Item>,
    sweeps_failed: bool,
    sweeping: bool,
    next_step: usize,
    /// All that this run writes: a sweep must not take it for an earlier run's.
    own: String,
    why: Option<String>,
    done: Done,
}

impl<'a> Work<'a> {
    fn new(plan: &'a Plan, rng: &mut ChaCha12Rng) -> Self {
        Self {
            plan,
            answers: vec![None; plan.steps.len()],
            dice: plan.steps.iter().map(|_| rng.random()).collect(),
            standing: BTreeMap::new(),
            found: Vec::new(),
            sweeps_failed: false,
            sweeping: plan.steps.iter().any(|step| step.role == Role::Sweep),
            next_step: plan.steps.len(),
            own: answers::written(plan),
            why: None,
            done: Done::default(),
        }
    }

    /// The items of a wave whose inputs are there.
    fn ready(&mut self, wave: usize, ending: bool) -> Vec<Item> {
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
            values.insert(input.need.placeholder, answers::take(answer, &input.need, *self.dice.get(input.step)?)?);
        }
        (step.inputs.len() == step.operation.needs.len() || step.leftover.is_some())
            .then(|| (answers::fill_url(&step.url, &values), answers::fill_payload(&step.payload, &values)))
    }

    /// The clean-up of what the sweeps have found since the last call.
    fn found(&mut self) -> Vec<Item> {
        std::mem::take(&mut self.found)
    }

    fn settle(&mut self, item: &Item, verdict: &Verdict, now: DateTime<Utc>) {
        match verdict {
            Verdict::Ok { status, body } => self.succeeded(item, *status, body),
            _ => self.give_up(item, verdict, now),
        }
    }

    fn succeeded(&mut self, item: &Item, status: u16, body: &Value) {
        self.done.ok += 1;
        self.note(item, true, status, None, None);
        if let Effect::Create { leftover, .. } = item.operation.effect {
            // Mail that was sent answers with no id: only a later run can find it.
            let known = body.get("id").is_some() || body.get(leftover.take).is_some();
            self.standing.insert(item.step, if known { SWEEPS_AFTER_DOUBT } else { SWEEPS_AFTER_MAIL });
        }
        self.removed(item);
        let step = self.plan.steps.get(item.step);
        if let Some((leftover, undo)) = step.and_then(|step| step.leftover) {
            for values in answers::leftovers(body, &leftover, undo, &self.own) {
                let url = answers::fill_url(&self.url_like(item, undo), &values);
                let step = self.next_step;
                self.next_step += 1;
                self.found.push(Item { step, operation: undo, role: Role::CleanUp, url, payload: Payload::None });
            }
        }
        if let Some(answer) = self.answers.get_mut(item.step) {
            *answer = Some(body.clone());
        }
    }

    /// The path of the clean-up for what a sweep found, rooted at the same user as the sweep.
    fn url_like(&self, item: &Item, undo: &Operation) -> String {
        let root = item.url.strip_prefix("/users/").and_then(|rest| rest.split(['/', '?']).next());
        match root {
            Some(user) if item.operation.personal() => undo.path_for(crate::domain::catalogue::Subject::App, user),
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
    fn doubt(&mut self, item: &Item, verdict: &Verdict) {
        let carried_out = matches!(verdict, Verdict::Throttled { .. } | Verdict::Transient { .. });
        if carried_out && matches!(item.operation.effect, Effect::Create { .. }) {
            self.done.sweeps = self.done.sweeps.max(SWEEPS_AFTER_DOUBT);
        }
    }

    fn give_up(&mut self, item: &Item, verdict: &Verdict, now: DateTime<Utc>) {
        self.doubt(item, verdict);
        if item.role == Role::Sweep || (item.role == Role::CleanUp && item.step >= self.plan.steps.len()) {
            self.sweeps_failed = true;
        }
        match verdict {
            Verdict::Ok { .. } => {}
            Verdict::Failed { status, code, request_id } => {
                self.done.failed += 1;
                self.note(item, false, *status, code.clone(), request_id.clone());
                self.learn(item.operation, *status, code.as_deref().unwrap_or_default(), now);
            }
            Verdict::Throttled { status, code, request_id, retry_after } => {
                self.done.throttled += 1;
                self.note(item, false, *status, code.clone(), request_id.clone());
                let wait = retry_after.and_then(|wait| TimeDelta::from_std(wait).ok()).unwrap_or_default();
                self.end(Ending::Throttled { until: now + wait });
            }
            Verdict::Transient { status, code, request_id, .. } => {
                self.done.failed += 1;
                self.note(item, false, *status, code.clone(), request_id.clone());
            }
            Verdict::Held => {
                self.done.failed += 1;
                self.note(item, false, 424, None, None);
            }
            Verdict::Unauthorized => {
                self.done.failed += 1;
                self.note(item, false, 401, None, None);
                self.end(Ending::Unauthorized);
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

    fn skip(&mut self, item: &Item) {
        self.done.skipped += 1;
        if item.role == Role::Sweep || item.step >= self.plan.steps.len() {
            self.sweeps_failed = true;
        }
    }

    /// The first ending stands, but for a token that is refused, which ends also the clean-up.
    fn end(&mut self, ending: Ending) {
        let last = matches!(ending, Ending::Unauthorized | Ending::Token(_));
        let later = match (&self.done.ending, &ending) {
            (Some(Ending::Throttled { until: old }), Ending::Throttled { until }) => until > old,
            _ => false,
        };
        if self.done.ending.is_none() || last || later {
            self.done.ending = Some(ending);
        }
    }

    fn end_unanswered(&mut self) {
        let why = self.why.clone().unwrap_or_else(|| "Graph left a request unanswered".to_owned());
        self.end(Ending::Transient { why });
    }

    fn finish(mut self) -> Done {
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
