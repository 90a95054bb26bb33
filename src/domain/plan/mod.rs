//! Plan: the operations drawn for one run, with prerequisites and clean-up, ordered in waves.
//!
//! A plan is a value: it can be printed, stored, compared and tested before anything is sent.

mod closure;
mod housekeeping;
mod scope;
mod step;
mod template;
#[cfg(test)]
mod tests;

use rand::rngs::ChaCha12Rng;
use rand::{RngExt, SeedableRng};
use serde::Serialize;

use crate::domain::account::recent_calls::RecentCalls;
use crate::domain::account_id::AccountId;
use crate::domain::catalogue::contents::Contents;
use crate::domain::catalogue::{Body, Effect, Operation};
use crate::domain::plan::closure::Selection;
use crate::domain::seed::{RngStream, Seed};

pub use closure::closure;
pub use housekeeping::askable;
pub use scope::{Scope, drawable};
pub use step::{ITEMS_PER_BATCH, Input, Payload, Role, Step};
pub use template::fill;

/// Seeds whose draws are compared before one is chosen.
const CANDIDATES: usize = 4;

/// The requests of one run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Plan {
    pub steps: Vec<Step>,
}

impl Plan {
    /// Draws a plan. It is empty where the policy and the permissions allow no operation.
    pub fn draw(scope: &Scope, rng: &mut ChaCha12Rng) -> Self {
        let drawable = drawable(scope);
        let chosen = draw_operations(&drawable, scope, rng);
        let mut selection = Selection::default();
        for operation in &chosen {
            selection.add(operation, Role::Drawn);
        }
        for operation in chosen {
            selection.complete(operation);
        }
        let order = selection.order(rng);
        let mut contents = Contents::new(ChaCha12Rng::from_rng(rng), scope.now, scope.owner);
        let mut steps = render(&order, scope, &mut contents);
        if scope.sweep {
            steps.extend(housekeeping::sweeps(scope, &mut contents));
        }
        // Last, and without randomness, so that they do not change the draw.
        steps.extend(housekeeping::watches(scope, &steps));
        Self { steps }
    }

    /// The seed for a run: of a few candidates that follow from the round's seed, the one whose draw has the best score
    /// in the account's recent calls. Draws vary and failing operations become rare, while a seed alone still gives
    /// the same plan.
    pub fn seed(scope: &Scope, recent: &RecentCalls, account: &AccountId, round: Seed) -> Seed {
        if recent.is_empty() {
            return round;
        }
        let drawable = drawable(scope);
        let score =
            |seed: &Seed| recent.score(&draw_operations(&drawable, scope, &mut seed.rng(account, RngStream::Plan)));
        // The first of those with equal scores.
        round
            .candidates()
            .take(CANDIDATES)
            .reduce(|best, next| if score(&next) > score(&best) { next } else { best })
            .unwrap_or(round)
    }

    /// Number of waves.
    pub fn waves(&self) -> usize {
        self.steps.iter().map(|step| step.wave + 1).max().unwrap_or(0)
    }

    /// Whether no operation was drawn.
    pub fn is_empty(&self) -> bool {
        self.steps.iter().all(|step| matches!(step.role, Role::Sweep | Role::Watch))
    }
}

/// Draws a random number of operations, each chosen by weight among those not chosen yet, in random order.
fn draw_operations(drawable: &[&'static Operation], scope: &Scope, rng: &mut ChaCha12Rng) -> Vec<&'static Operation> {
    let calls = scope.policy.calls_per_run;
    let count = rng.random_range(calls.min..=calls.max) as usize;
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
        // An object is removed once: after one way to remove it is chosen, the others are out.
        if let Effect::Remove { made_by } = operation.effect {
            left.retain(|(other, _)| other.effect != Effect::Remove { made_by });
        }
        chosen.push(operation);
    }
    chosen
}

/// The steps of a selection, with all that is known before the first answer filled in.
fn render(order: &[(&'static Operation, Role, usize)], scope: &Scope, contents: &mut Contents) -> Vec<Step> {
    let at = |id: &str| order.iter().position(|(operation, ..)| operation.id == id);
    order
        .iter()
        .map(|(operation, role, wave)| Step {
            operation,
            role: *role,
            wave: *wave,
            url: template::url(operation, operation.query, scope, contents),
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
            orphans: None,
        })
        .collect()
}
