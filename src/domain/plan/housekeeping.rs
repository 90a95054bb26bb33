//! Errands: what a run does beside its draw: looks for what an earlier one left, and when the account's ends are.

use crate::domain::account::expiry::{self, ExpiryQuery};
use crate::domain::catalogue::contents::Contents;
use crate::domain::catalogue::{self, Effect};
use crate::domain::plan::{BATCH, Payload, Role, Scope, Step, callable, find, url};
use crate::domain::policy::Policy;
use crate::domain::secret::AccountSecret;

/// Lists that may show what an earlier run left; only where it could also be removed.
pub fn sweeps(scope: &Scope, contents: &mut Contents) -> Vec<Step> {
    // Also where the policy allows no writes by now: what is ours goes.
    let policy = Policy { writes: true, ..scope.policy.clone() };
    let scope = Scope { policy: &policy, ..*scope };
    catalogue::all()
        .filter_map(|operation| match operation.effect {
            Effect::Create { undo, leftover } => Some((find(leftover.list)?, find(undo)?, leftover)),
            _ => None,
        })
        .filter(|(list, undo, _)| callable(&scope, list) && callable(&scope, undo))
        .map(|(list, undo, leftover)| Step {
            operation: list,
            role: Role::Sweep,
            wave: 0,
            url: url(list, leftover.query, &scope, contents),
            payload: Payload::None,
            inputs: Vec::new(),
            leftover: Some((leftover, undo)),
        })
        .collect()
}

/// The questions about the account's ends that its permissions allow, and that its policy would also draw.
pub fn askable(scope: &Scope, secret: &AccountSecret) -> Vec<ExpiryQuery> {
    let may_ask = |question: &ExpiryQuery| {
        find(question.row).is_some_and(|row| callable(scope, row) && scope.policy.operations.draws(row.id))
    };
    expiry::questions(secret).into_iter().filter(may_ask).collect()
}

/// Asks them, on the first run of the day, beside the `steps` that are sent anyway.
pub fn watches(scope: &Scope, steps: &[Step]) -> Vec<Step> {
    let questions = scope.watch.map(|secret| askable(scope, secret)).unwrap_or_default();
    let wave = roomy(steps, questions.len());
    questions.into_iter().filter_map(|question| watch(question, wave)).collect()
}

/// The first wave whose last batch has room for this many more, so that they cost no request of their own.
fn roomy(steps: &[Step], more: usize) -> usize {
    let has_room = |wave: &usize| {
        let last = steps.iter().filter(|step| step.wave == *wave).count() % BATCH;
        last > 0 && last + more <= BATCH
    };
    let waves = steps.iter().map(|step| step.wave + 1).max().unwrap_or(0);
    (0..waves).find(has_room).unwrap_or(0)
}

fn watch(question: ExpiryQuery, wave: usize) -> Option<Step> {
    Some(Step {
        operation: find(question.row)?,
        role: Role::Watch,
        wave,
        url: question.url,
        payload: Payload::None,
        inputs: Vec::new(),
        leftover: None,
    })
}
