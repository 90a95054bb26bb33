//! Closure: an operation with its prerequisites and its clean-up, and the waves of such a set.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::LazyLock;

use rand::rngs::ChaCha12Rng;
use rand::seq::SliceRandom;

use crate::domain::catalogue::{self, Effect, Operation};
use crate::domain::plan::step::Role;

/// The operation with its prerequisites and clean-up, and with the lists in which a later run finds what a crash left
/// behind.
pub fn closure(operation: &Operation) -> &'static [&'static Operation] {
    /// By id; computed once.
    static CLOSURES: LazyLock<HashMap<&'static str, Vec<&'static Operation>>> = LazyLock::new(|| {
        let closure = |operation: &'static Operation| {
            let mut selection = Selection::default();
            selection.add(operation, Role::Drawn);
            selection.complete(operation);
            let list = |operation: &&Operation| match operation.effect {
                Effect::Create { orphans, .. } => catalogue::find(orphans.list),
                _ => None,
            };
            let lists: Vec<_> = selection.order.iter().filter_map(list).collect();
            (operation.id, selection.order.into_iter().chain(lists).collect())
        };
        catalogue::all().map(closure).collect()
    });
    CLOSURES.get(operation.id).map(Vec::as_slice).unwrap_or_default()
}

/// Operations with their roles, each at most once.
#[derive(Default)]
pub(super) struct Selection {
    roles: BTreeMap<&'static str, Role>,
    /// In the order in which they were added, which is the order of the draw.
    order: Vec<&'static Operation>,
}

impl Selection {
    /// Whether the operation is new to the selection.
    pub(super) fn add(&mut self, operation: &'static Operation, role: Role) -> bool {
        if self.roles.contains_key(operation.id) {
            return false;
        }
        self.roles.insert(operation.id, role);
        self.order.push(operation);
        true
    }

    /// Adds the prerequisites and the clean-up of the operation, and theirs.
    pub(super) fn complete(&mut self, operation: &'static Operation) {
        for need in operation.needs {
            if let Some(producer) = catalogue::find(need.from) {
                self.add(producer, Role::Prerequisite);
                self.complete(producer);
            }
        }
        if let Effect::Create { undo, .. } = operation.effect
            && let Some(undo) = catalogue::find(undo)
        {
            self.add(undo, Role::CleanUp);
        }
    }

    /// The operations with their waves, in random order within each wave.
    pub(super) fn order(&self, rng: &mut ChaCha12Rng) -> Vec<(&'static Operation, Role, usize)> {
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

/// The wave of each operation: after its prerequisites; a removal also after all operations that use the object.
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

/// Ids of all operations that the operation needs, directly or not.
pub(super) fn ancestors(operation: &Operation) -> BTreeSet<&'static str> {
    let mut found = BTreeSet::new();
    let mut open: Vec<_> = operation.needs.iter().map(|need| need.from).collect();
    while let Some(id) = open.pop() {
        if found.insert(id) {
            open.extend(catalogue::find(id).into_iter().flat_map(|producer| producer.needs).map(|need| need.from));
        }
    }
    found
}
