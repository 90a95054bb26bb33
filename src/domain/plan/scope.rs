//! Scope: the policy, the permissions and the state that a plan is drawn from, and the operations that they allow.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::domain::account::set_aside::SetAside;
use crate::domain::catalogue::generated_name::NameOwner;
use crate::domain::catalogue::granted::GrantedPermissions;
use crate::domain::catalogue::{self, Access, Effect, Operation};
use crate::domain::plan::closure::closure;
use crate::domain::policy::Policy;
use crate::domain::secret::AccountSecret;

/// All that a plan is drawn from.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    pub policy: &'a Policy,
    pub access: Access,
    /// Of an app-only account: the user whose mailbox and drive are called. Without one, only tenant-wide operations are
    /// drawn.
    pub user_id: Option<&'a str>,
    pub granted: &'a GrantedPermissions,
    /// Operations and services left out, and until when.
    pub set_aside: &'a BTreeMap<SetAside, DateTime<Utc>>,
    /// Whether to look for objects that an earlier run left behind.
    pub sweep: bool,
    /// The account whose expiry dates are looked up: given on the first run of a day.
    pub watch: Option<&'a AccountSecret>,
    pub now: DateTime<Utc>,
    /// The account that made objects are named for.
    pub owner: NameOwner,
}

/// The operations that may be drawn: each together with its prerequisites and its clean-up.
pub fn drawable(scope: &Scope) -> Vec<&'static Operation> {
    catalogue::all()
        .filter(|operation| scope.policy.operations.draws(operation) && !removes_another_way(operation))
        .filter(|operation| closure(operation).iter().all(|operation| callable(scope, operation)))
        .collect()
}

/// Whether permissions and policy allow this request itself.
pub(super) fn callable(scope: &Scope, operation: &Operation) -> bool {
    let is_set_aside = |key: &SetAside| scope.set_aside.get(key).is_some_and(|until| *until > scope.now);
    scope.granted.allow(operation, scope.access)
        && !scope.policy.operations.forbids(operation.id)
        && (scope.policy.writes || !operation.writes())
        && (scope.access == Access::Delegated || scope.user_id.is_some() || !operation.is_user_scoped())
        && !is_set_aside(&SetAside::operation(operation))
        && !is_set_aside(&SetAside::Service(operation.service))
        && !(operation.writes() && is_set_aside(&SetAside::Writes))
}

/// Whether the operation removes an object in another way than its own clean-up, which might leave it in a recycle bin.
fn removes_another_way(operation: &Operation) -> bool {
    let Effect::Remove { made_by } = operation.effect else { return false };
    matches!(catalogue::find(made_by).map(|maker| maker.effect), Some(Effect::Create { undo, .. }) if undo != operation.id)
}
