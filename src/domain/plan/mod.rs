//! Plan: the operations drawn for one run, with prerequisites and clean-up, ordered in waves.
//!
//! A plan is a value: it can be printed, stored, compared and tested before anything is sent.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;
use chrono::{DateTime, Utc};
use rand::rngs::ChaCha12Rng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use crate::domain::account::AccountId;
use crate::domain::account::recent_calls::RecentCalls;
use crate::domain::account::set_aside::SetAside;
use crate::domain::catalogue::contents::Contents;
use crate::domain::catalogue::granted::GrantedPermissions;
use crate::domain::catalogue::{self, Access, Body, Effect, Need, Operation, OrphanQuery};
use crate::domain::policy::Policy;
use crate::domain::secret::AccountSecret;
use crate::domain::seed::{RngStream, Seed};

pub use housekeeping::askable;

/// Items that one `$batch` may hold.
pub const BATCH: usize = 20;

/// Draws that are compared before one is sent.
const CANDIDATES: usize = 4;

/// What a plan is drawn from.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    pub policy: &'a Policy,
    pub subject: Access,
    /// App-only: the user whose mailbox and drive are called. Without it only tenant-wide operations are drawn.
    pub user_id: Option<&'a str>,
    pub granted: &'a GrantedPermissions,
    /// Operations or services left out, and until when.
    pub set_aside: &'a BTreeMap<SetAside, DateTime<Utc>>,
    /// Whether to look for what an earlier run left behind.
    pub sweep: bool,
    /// The account whose ends are to be looked up, on the first run of the day.
    pub watch: Option<&'a AccountSecret>,
    pub now: DateTime<Utc>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Plan {
    pub steps: Vec<Step>,
}

/// Why an operation stands in a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// By the draw.
    Drawn,
    /// Because a drawn one needs its answer.
    Prerequisite,
    /// To remove what another made.
    CleanUp,
    /// To find what an earlier run left.
    Sweep,
    /// To know when the subscription and the credential end.
    Watch,
}

/// One request of a plan. Placeholders that only an earlier answer can fill still stand in it.
#[derive(Clone, Debug)]
pub struct Step {
    pub operation: &'static Operation,
    pub role: Role,
    /// Its inputs are known once all earlier waves are answered.
    pub wave: usize,
    /// Path and query below the version.
    pub url: String,
    pub payload: Payload,
    pub inputs: Vec<Input>,
    /// A sweep's: what to look for, and the operation that removes it.
    pub leftover: Option<(OrphanQuery, &'static Operation)>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Payload {
    None,
    Json(Value),
    Bytes { content_type: &'static str, bytes: Vec<u8> },
}

/// A placeholder, and the step whose answer fills it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Input {
    pub need: Need,
    pub step: usize,
}

impl PartialEq for Step {
    fn eq(&self, other: &Self) -> bool {
        self.operation.id == other.operation.id
            && (self.role, self.wave, &self.url, &self.payload, &self.inputs)
                == (other.role, other.wave, &other.url, &other.payload, &other.inputs)
    }
}

impl Serialize for Step {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut shape = serializer.serialize_struct("Step", 6)?;
        shape.serialize_field("operation", self.operation.id)?;
        shape.serialize_field("role", &self.role)?;
        shape.serialize_field("wave", &self.wave)?;
        shape.serialize_field("method", self.operation.method.as_str())?;
        shape.serialize_field("url", &self.url)?;
        let body = match &self.payload {
            Payload::None => None,
            Payload::Json(value) => Some(value.clone()),
            Payload::Bytes { content_type, bytes } => {
                Some(json!({"content_type": content_type, "base64url": URL_SAFE.encode(bytes)}))
            }
        };
        shape.serialize_field("body", &body)?;
        shape.end()
    }
}

impl Plan {
    /// Draws a plan. Empty where the policy and the permissions leave nothing.
    pub fn draw(scope: &Scope, rng: &mut ChaCha12Rng) -> Self {
        let drawable = drawable(scope);
        let chosen = draw_operations(&drawable, scope, rng);
        let mut picked = Selection::default();
        for operation in &chosen {
            picked.add(operation, Role::Drawn);
        }
        for operation in chosen {
            picked.complete(operation);
        }
        let order = picked.order(rng);
        let mut contents = Contents::new(ChaCha12Rng::from_rng(rng), scope.now);
        let mut steps = render(&order, scope, &mut contents);
        if scope.sweep {
            steps.extend(housekeeping::sweeps(scope, &mut contents));
        }
        // Last, and without chance: the draw is the same with them and without.
        steps.extend(housekeeping::watches(scope, &steps));
        Self { steps }
    }

    /// The seed for a run: of a few that follow from the round's, the one whose draw suits the account's habits
    /// best. So draws vary and failures fade, while a seed alone still gives its plan again.
    pub fn seed(scope: &Scope, habits: &RecentCalls, account: &AccountId, round: Seed) -> Seed {
        if habits.is_empty() {
            return round;
        }
        let drawable = drawable(scope);
        let suits =
            |seed: &Seed| habits.score(&draw_operations(&drawable, scope, &mut seed.rng(account, RngStream::Plan)));
        // The first of equals.
        round
            .candidates()
            .take(CANDIDATES)
            .reduce(|best, next| if suits(&next) > suits(&best) { next } else { best })
            .unwrap_or(round)
    }

    pub fn waves(&self) -> usize {
        self.steps.iter().map(|step| step.wave + 1).max().unwrap_or(0)
    }

    pub fn is_empty(&self) -> bool {
        self.steps.iter().all(|step| matches!(step.role, Role::Sweep | Role::Watch))
    }
}

/// The operations that may be drawn, with all that each brings along.
pub fn drawable(scope: &Scope) -> Vec<&'static Operation> {
    catalogue::all()
        .filter(|operation| scope.policy.operations.draws(operation.id) && !removes_another_way(operation))
        .filter(|operation| closure(operation).iter().all(|operation| callable(scope, operation)))
        .collect()
}

/// The operation with all that it brings along: prerequisites, clean-up, and the lists by which a later run
/// finds what a crash left.
pub fn closure(operation: &Operation) -> &'static [&'static Operation] {
    /// Worked out once.
    static WHOLES: LazyLock<HashMap<&'static str, Vec<&'static Operation>>> = LazyLock::new(|| {
        let closure = |operation: &'static Operation| {
            let mut picked = Selection::default();
            picked.add(operation, Role::Drawn);
            picked.complete(operation);
            let list = |operation: &&Operation| match operation.effect {
                Effect::Create { leftover, .. } => find(leftover.list),
                _ => None,
            };
            let lists: Vec<_> = picked.order.iter().filter_map(list).collect();
            (operation.id, picked.order.into_iter().chain(lists).collect())
        };
        catalogue::all().map(closure).collect()
    });
    WHOLES.get(operation.id).map(Vec::as_slice).unwrap_or_default()
}

/// Whether permissions and policy allow the request itself.
fn callable(scope: &Scope, operation: &Operation) -> bool {
    let aside = |key: &SetAside| scope.set_aside.get(key).is_some_and(|until| *until > scope.now);
    scope.granted.allow(operation, scope.subject)
        && !scope.policy.operations.forbids(operation.id)
        && (scope.policy.writes || !operation.writes())
        && (scope.subject == Access::Delegated || scope.user_id.is_some() || !operation.is_user_scoped())
        && !aside(&SetAside::operation(operation))
        && !aside(&SetAside::Service(operation.service))
        && !(operation.writes() && aside(&SetAside::Writes))
}

/// What stands by itself is removed by its own clean-up alone: another way might leave it in a waste-bin.
fn removes_another_way(operation: &Operation) -> bool {
    let Effect::Remove { made_by } = operation.effect else { return false };
    matches!(find(made_by).map(|maker| maker.effect), Some(Effect::Create { undo, .. }) if undo != operation.id)
}

fn find(id: &str) -> Option<&'static Operation> {
    catalogue::find(id)
}

/// A random number of operations, each chosen by weight among those not chosen yet, in random order.
fn draw_operations(drawable: &[&'static Operation], scope: &Scope, rng: &mut ChaCha12Rng) -> Vec<&'static Operation> {
    let span = scope.policy.calls_per_run;
    let count = rng.random_range(span.min..=span.max) as usize;
    let mut left: Vec<(&'static Operation, u64)> =
        drawable.iter().map(|operation| (*operation, u64::from(operation.weight))).collect();
    let mut chosen: Vec<&'static Operation> = Vec::new();
    while chosen.len() < count {
        let total: u64 = left.iter().map(|(_, weight)| weight).sum();
        if total == 0 {
            break;
        }
        let mut mark = rng.random_range(0..total);
        let at = left.iter().position(|(_, weight)| {
            let hit = mark < *weight;
            mark = mark.saturating_sub(*weight);
            hit
        });
        let (operation, _) = left.remove(at.unwrap_or(0));
        // One thing is removed once: of two ways to remove it only the first stays.
        if let Effect::Remove { made_by } = operation.effect {
            left.retain(|(other, _)| other.effect != Effect::Remove { made_by });
        }
        chosen.push(operation);
    }
    chosen
}

/// Operations with their roles, each at most once.
#[derive(Default)]
struct Selection {
    roles: BTreeMap<&'static str, Role>,
    /// In the order of arrival, which is the order of the draw.
    order: Vec<&'static Operation>,
}

impl Selection {
    fn add(&mut self, operation: &'static Operation, role: Role) -> bool {
        if self.roles.contains_key(operation.id) {
            return false;
        }
        self.roles.insert(operation.id, role);
        self.order.push(operation);
        true
    }

    /// Adds what the operation needs and what cleans up after it, and after those.
    fn complete(&mut self, operation: &'static Operation) {
        for need in operation.needs {
            if let Some(producer) = find(need.from) {
                self.add(producer, Role::Prerequisite);
                self.complete(producer);
            }
        }
        if let Effect::Create { undo, .. } = operation.effect
            && let Some(undo) = find(undo)
        {
            self.add(undo, Role::CleanUp);
        }
    }

    /// The operations with their waves, in random order within each wave.
    fn order(&self, rng: &mut ChaCha12Rng) -> Vec<(&'static Operation, Role, usize)> {
        let waves = waves(&self.order);
        let mut order: Vec<_> = self
            .order
            .iter()
            .map(|operation| {
                let role = self.roles.get(operation.id).copied().unwrap_or(Role::Drawn);
                (*operation, role, waves.get(operation.id).copied().unwrap_or(0))
            })
            .collect();
        order.shuffle(rng);
        order.sort_by_key(|(_, _, wave)| *wave);
        order
    }
}

/// The wave of each operation: after all that it needs, and a removal after all that use what it removes.
fn waves(operations: &[&'static Operation]) -> HashMap<&'static str, usize> {
    let ancestors: HashMap<&str, BTreeSet<&str>> =
        operations.iter().map(|operation| (operation.id, ancestors(operation))).collect();
    let after = |operation: &&'static Operation| -> Vec<&'static str> {
        let mut after: Vec<_> = operation.needs.iter().map(|need| need.from).collect();
        if let Effect::Remove { made_by } = operation.effect {
            after.extend(
                operations
                    .iter()
                    .filter(|other| other.id != operation.id && ancestors[other.id].contains(made_by))
                    .map(|other| other.id),
            );
        }
        after
    };
    let edges: HashMap<&str, Vec<&'static str>> = operations.iter().map(|o| (o.id, after(o))).collect();
    let mut waves: HashMap<&'static str, usize> = operations.iter().map(|operation| (operation.id, 0)).collect();
    // Longest paths, by relaxation; the catalogue's tests prove that there is no cycle.
    for _ in 0..operations.len() {
        let mut changed = false;
        for operation in operations {
            let wave =
                edges[operation.id].iter().filter_map(|id| waves.get(id)).map(|wave| wave + 1).max().unwrap_or(0);
            changed |= waves.insert(operation.id, wave) != Some(wave);
        }
        if !changed {
            break;
        }
    }
    waves
}

/// Everything that the operation needs, directly or not.
fn ancestors(operation: &Operation) -> BTreeSet<&'static str> {
    let mut found = BTreeSet::new();
    let mut open: Vec<_> = operation.needs.iter().map(|need| need.from).collect();
    while let Some(id) = open.pop() {
        if found.insert(id) {
            open.extend(find(id).into_iter().flat_map(|producer| producer.needs).map(|need| need.from));
        }
    }
    found
}

fn render(order: &[(&'static Operation, Role, usize)], scope: &Scope, contents: &mut Contents) -> Vec<Step> {
    let at = |id: &str| order.iter().position(|(operation, ..)| operation.id == id);
    order
        .iter()
        .map(|(operation, role, wave)| Step {
            operation,
            role: *role,
            wave: *wave,
            url: url(operation, operation.query, scope, contents),
            payload: match operation.body {
                Body::None => Payload::None,
                Body::Json(make) => Payload::Json(make(contents)),
                Body::Bytes { content_type, make } => Payload::Bytes { content_type, bytes: make(contents) },
            },
            inputs: operation
                .needs
                .iter()
                .filter_map(|need| at(need.from).map(|step| Input { need: *need, step }))
                .collect(),
            leftover: None,
        })
        .collect()
}

/// Path and query with all filled in that is known before the first answer.
fn url(operation: &Operation, query: &str, scope: &Scope, contents: &mut Contents) -> String {
    let path = operation.path_for(scope.subject, &encode(scope.user_id.unwrap_or_default()));
    let whole = if query.is_empty() { path } else { format!("{path}?{query}") };
    fill(&whole, |placeholder| contents.fill(placeholder).map(|value| encode(&value)))
}

/// Replaces each `{placeholder}` for which there is a value; the others stay.
pub fn fill(text: &str, mut value: impl FnMut(&str) -> Option<String>) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        let Some(close) = rest[open..].find('}').map(|length| open + length) else { break };
        filled.push_str(&rest[..open]);
        match value(&rest[open + 1..close]) {
            Some(value) => filled.push_str(&value),
            None => filled.push_str(&rest[open..=close]),
        }
        rest = &rest[close + 1..];
    }
    filled.push_str(rest);
    filled
}

/// Percent-encodes a value for a segment of a path or a query's value.
pub fn encode(value: &str) -> String {
    let mut encoded = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~!$*,;:@".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

mod housekeeping;
#[cfg(test)]
mod tests;
