//! Housekeeping: steps beside the draw. Sweeps find objects that an earlier run left behind; expiry checks read when the
//! account's subscription and credential expire.

use crate::domain::account::expiry::{self, ExpiryQuery};
use crate::domain::catalogue::contents::Contents;
use crate::domain::catalogue::{self, Effect};
use crate::domain::plan::scope::{Scope, callable};
use crate::domain::plan::step::{ITEMS_PER_BATCH, Payload, Role, Step};
use crate::domain::plan::template::url;
use crate::domain::policy::Policy;
use crate::domain::secret::AccountSecret;

/// Lists in which objects of an earlier run may be found; only where they can also be removed.
pub(super) fn sweeps(scope: &Scope, contents: &mut Contents) -> Vec<Step> {
    // Even if the policy no longer allows writes: our own objects are removed.
    let policy = Policy { writes: true, ..scope.policy.clone() };
    let scope = Scope { policy: &policy, ..*scope };
    catalogue::all()
        .filter_map(|operation| match operation.effect {
            Effect::Create { undo, orphans } => Some((catalogue::find(orphans.list)?, catalogue::find(undo)?, orphans)),
            _ => None,
        })
        .filter(|(list, undo, _)| callable(&scope, list) && callable(&scope, undo))
        .map(|(list, undo, orphans)| Step {
            operation: list,
            role: Role::Sweep,
            wave: 0,
            url: url(list, orphans.query, &scope, contents),
            payload: Payload::None,
            inputs: Vec::new(),
            orphans: Some((orphans, undo)),
        })
        .collect()
}

/// The expiry queries that the account's permissions allow and its policy would also draw.
pub fn askable(scope: &Scope, secret: &AccountSecret) -> Vec<ExpiryQuery> {
    let allowed = |query: &ExpiryQuery| {
        catalogue::find(query.operation)
            .is_some_and(|operation| callable(scope, operation) && scope.policy.operations.draws(operation))
    };
    expiry::queries(secret).into_iter().filter(allowed).collect()
}

/// The expiry queries of the first run of a day, placed beside the `steps` that are sent anyway.
pub(super) fn watches(scope: &Scope, steps: &[Step]) -> Vec<Step> {
    let queries = scope.watch.map(|secret| askable(scope, secret)).unwrap_or_default();
    let wave = wave_with_room(steps, queries.len());
    queries.into_iter().filter_map(|query| watch(query, wave)).collect()
}

/// The first wave whose last batch has room for this many more items, so that they cost no request of their own.
fn wave_with_room(steps: &[Step], more: usize) -> usize {
    let has_room = |wave: &usize| {
        let last = steps.iter().filter(|step| step.wave == *wave).count() % ITEMS_PER_BATCH;
        last > 0 && last + more <= ITEMS_PER_BATCH
    };
    let waves = steps.iter().map(|step| step.wave + 1).max().unwrap_or(0);
    (0..waves).find(has_room).unwrap_or(0)
}

fn watch(query: ExpiryQuery, wave: usize) -> Option<Step> {
    Some(Step {
        operation: catalogue::find(query.operation)?,
        role: Role::Watch,
        wave,
        url: query.url,
        payload: Payload::None,
        inputs: Vec::new(),
        orphans: None,
    })
}
