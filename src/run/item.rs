//! Items: steps of a plan whose inputs are known, ready to be sent.

use crate::domain::catalogue::{Effect, Method, Operation, OrphanQuery};
use crate::domain::plan::{Payload, Role};
use crate::run::batching::Numbered;

/// A step whose inputs are known.
pub(super) struct Item {
    /// Index among all steps; those found by a sweep come after the plan's own.
    pub step: usize,
    pub operation: &'static Operation,
    pub role: Role,
    pub url: String,
    pub payload: Payload,
    /// A sweep's: how an orphan is recognised in the answer, and the operation that removes it.
    pub sweep: Option<(OrphanQuery, &'static Operation)>,
}

impl Item {
    /// Whether it is still sent when the run must end: it removes an object that would otherwise be left.
    pub(super) fn cleans(&self) -> bool {
        cleans(self.role, self.operation)
    }

    /// Whether it may be sent again though the first sending may have taken effect.
    pub(super) fn repeatable(&self) -> bool {
        self.operation.method == Method::Get || matches!(self.operation.effect, Effect::Read | Effect::Remove { .. })
    }

    pub(super) fn creates(&self) -> bool {
        matches!(self.operation.effect, Effect::Create { .. })
    }
}

/// Whether a step of this role and operation removes an object that would otherwise be left.
pub(super) fn cleans(role: Role, operation: &Operation) -> bool {
    role == Role::CleanUp || matches!(operation.effect, Effect::Remove { .. })
}

impl Numbered for Item {
    fn number(&self) -> usize {
        self.step
    }
}
