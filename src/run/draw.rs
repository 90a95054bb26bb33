//! The draw of a run: its seed, and the plan that follows from it.

use chrono::{DateTime, Utc};

use crate::app::token_cache::AccessToken;
use crate::domain::account::Account;
use crate::domain::catalogue::generated_name::NameOwner;
use crate::domain::catalogue::granted::GrantedPermissions;
use crate::domain::plan::{Plan, Scope};
use crate::domain::secret::AccountSecret;
use crate::domain::seed::{RngStream, Seed};

/// Where a run's seed comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) enum SeedChoice {
    /// Of the seeds that follow from the round's, the one that suits the account's recent calls best.
    FromRound(Seed),
    /// This one: a person asked for it, or it was chosen before.
    Fixed(Seed),
}

impl SeedChoice {
    /// The seed; from now on it is fixed.
    pub(crate) fn fix(&mut self, scope: &Scope, account: &Account) -> Seed {
        if let Self::FromRound(round) = *self {
            *self = Self::Fixed(Plan::seed(scope, &account.habits, &account.id, round));
        }
        self.seed()
    }

    pub(crate) fn seed(self) -> Seed {
        match self {
            Self::FromRound(seed) | Self::Fixed(seed) => seed,
        }
    }
}

/// What the account's plan may be drawn from.
pub(crate) fn scope<'a>(
    account: &'a Account,
    secret: &'a AccountSecret,
    granted: &'a GrantedPermissions,
    now: DateTime<Utc>,
) -> Scope<'a> {
    Scope {
        policy: &secret.policy,
        access: secret.credential.access(),
        user_id: secret.user_id.as_deref(),
        granted,
        set_aside: &account.set_aside,
        sweep: account.sweeps > 0,
        watch: account.expiries.check_due(now).then_some(secret),
        now,
        owner: NameOwner::of(account.id.as_str()),
    }
}

/// The plan that a run with this token would send now, and its seed.
pub(crate) fn draw(
    account: &Account,
    secret: &AccountSecret,
    access: &AccessToken,
    mut seed: SeedChoice,
    now: DateTime<Utc>,
) -> (Seed, Plan) {
    let scope = scope(account, secret, &access.granted, now);
    let seed = seed.fix(&scope, account);
    (seed, Plan::draw(&scope, &mut seed.rng(&account.id, RngStream::Plan)))
}
