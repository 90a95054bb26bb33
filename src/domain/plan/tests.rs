//! Properties of every plan, whatever is drawn.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::closure::ancestors;
use super::*;
use crate::domain::account::set_aside::SetAside;
use crate::domain::catalogue::generated_name::NameOwner;
use crate::domain::catalogue::granted::GrantedPermissions;
use crate::domain::catalogue::{self, Access};
use crate::domain::policy::Policy;
use crate::domain::secret::AccountSecret;

/// A scope that owns its parts.
struct OwnedScope {
    policy: Policy,
    access: Access,
    user_id: Option<&'static str>,
    granted: GrantedPermissions,
    set_aside: BTreeMap<SetAside, DateTime<Utc>>,
    sweep: bool,
    watch: Option<AccountSecret>,
}

impl OwnedScope {
    fn new(access: Access, policy: Value) -> Self {
        Self {
            policy: Policy::parse(policy).unwrap(),
            access,
            user_id: Some("megan@contoso.com"),
            granted: GrantedPermissions::Unknown,
            set_aside: BTreeMap::new(),
            sweep: false,
            watch: None,
        }
    }

    fn borrow(&self) -> Scope<'_> {
        Scope {
            policy: &self.policy,
            access: self.access,
            user_id: self.user_id,
            granted: &self.granted,
            set_aside: &self.set_aside,
            sweep: self.sweep,
            watch: self.watch.as_ref(),
            now: now(),
            owner: NameOwner::of("a"),
        }
    }

    fn draw(&self, seed: u64) -> Plan {
        let account = AccountId::parse("a").unwrap();
        Plan::draw(&self.borrow(), &mut Seed::new(seed).rng(&account, RngStream::Plan))
    }
}

fn now() -> DateTime<Utc> {
    "2026-03-02T10:00:00Z".parse().unwrap()
}

fn drawn(plan: &Plan) -> Vec<&'static str> {
    plan.steps.iter().filter(|step| step.role == Role::Drawn).map(|step| step.operation.id).collect()
}

fn accesses() -> impl Strategy<Value = Access> {
    prop_oneof![Just(Access::Delegated), Just(Access::AppOnly)]
}

proptest! {
    #[test]
    fn prerequisites_come_before_and_removals_come_after(access in accesses(), seed in 0..Seed::MAX, most in 1_u32..=40) {
        let plan = OwnedScope::new(access, json!({"calls_per_run": {"min": 1, "max": most}})).draw(seed);
        for (index, step) in plan.steps.iter().enumerate() {
            prop_assert_eq!(step.inputs.len(), step.operation.needs.len());
            for input in &step.inputs {
                prop_assert!(plan.steps[input.step].wave < step.wave, "{}", step.operation.id);
                prop_assert_eq!(plan.steps[input.step].operation.id, input.need.from);
            }
            if let Effect::Remove { made_by } = step.operation.effect {
                for (other, user) in plan.steps.iter().enumerate() {
                    let uses = ancestors(user.operation).contains(made_by);
                    prop_assert!(other == index || !uses || user.wave < step.wave, "{} before {}", user.operation.id, step.operation.id);
                }
            }
            if let Effect::Create { undo, .. } = step.operation.effect {
                prop_assert!(plan.steps.iter().any(|step| step.operation.id == undo), "no {}", undo);
            }
        }
    }

    #[test]
    fn a_step_is_in_the_earliest_possible_wave(seed in 0..Seed::MAX) {
        let plan = OwnedScope::new(Access::Delegated, json!({"calls_per_run": {"min": 20, "max": 40}})).draw(seed);
        for step in plan.steps.iter().filter(|step| !matches!(step.operation.effect, Effect::Remove { .. })) {
            let after = step.inputs.iter().map(|input| plan.steps[input.step].wave + 1).max().unwrap_or(0);
            prop_assert_eq!(step.wave, after, "{}", step.operation.id);
        }
    }

    #[test]
    fn the_number_of_draws_is_within_the_policy_and_each_is_drawn_once(access in accesses(), seed in 0..Seed::MAX, a in 1_u32..=40, b in 1_u32..=40) {
        let plan = OwnedScope::new(access, json!({"calls_per_run": {"min": a.min(b), "max": a.max(b)}})).draw(seed);
        let mut ids: Vec<_> = plan.steps.iter().map(|step| step.operation.id).collect();
        prop_assert!((a.min(b)..=a.max(b)).contains(&(u32::try_from(drawn(&plan).len()).unwrap())));
        ids.sort_unstable();
        let all = ids.len();
        ids.dedup();
        prop_assert_eq!(ids.len(), all);
    }

    #[test]
    fn only_granted_operations_are_called(seed in 0..Seed::MAX, granted in prop::sample::subsequence(vec![
        "User.Read", "Mail.ReadWrite", "Mail.Send", "Calendars.ReadWrite", "Files.ReadWrite.All", "Contacts.Read", "Tasks.ReadWrite",
        "Directory.Read.All", "Sites.Read.All", "MailboxSettings.ReadWrite",
    ], 1..10)) {
        let mut scope = OwnedScope::new(Access::Delegated, json!({"calls_per_run": {"min": 40, "max": 40}}));
        scope.granted = GrantedPermissions::from_scope(&granted.join(" "));
        scope.sweep = true;
        for step in scope.draw(seed).steps {
            let accepted = step.operation.accepted(Access::Delegated);
            prop_assert!(accepted.iter().any(|name| granted.contains(name)), "{}", step.operation.id);
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_plan_and_another_gives_another(access in accesses(), seed in 0..Seed::MAX) {
        let scope = OwnedScope::new(access, json!({"calls_per_run": {"min": 12, "max": 12}}));
        prop_assert_eq!(scope.draw(seed), scope.draw(seed));
        prop_assert!(scope.draw(seed) != scope.draw(seed ^ 1));
    }

    #[test]
    fn the_only_open_placeholders_are_those_of_earlier_answers(access in accesses(), seed in 0..Seed::MAX) {
        let mut scope = OwnedScope::new(access, json!({"calls_per_run": {"min": 40, "max": 40}}));
        scope.sweep = true;
        for step in scope.draw(seed).steps {
            let names: Vec<_> = step.inputs.iter().map(|input| input.need.placeholder).collect();
            fill(&step.url, |placeholder| {
                assert!(names.contains(&placeholder), "{}: {placeholder}", step.operation.id);
                None
            });
            prop_assert!(!step.url.starts_with("/me/") || access == Access::Delegated, "{}", step.url);
        }
    }
}

#[test]
fn an_excluded_operation_is_never_called_not_even_as_a_prerequisite() {
    let policy =
        json!({"calls_per_run": {"min": 40, "max": 40}, "operations": {"exclude": ["mail.messages.list", "drive.*"]}});
    let scope = OwnedScope::new(Access::Delegated, policy);
    for seed in 0..200 {
        for step in scope.draw(seed).steps {
            assert!(step.operation.id != "mail.messages.list" && !step.operation.id.starts_with("drive."));
            assert!(step.operation.id != "mail.messages.get", "its prerequisite is excluded");
        }
    }
}

#[test]
fn a_policy_without_writes_changes_nothing() {
    let scope = OwnedScope::new(Access::Delegated, json!({"writes": false, "calls_per_run": {"min": 40, "max": 40}}));
    assert!((0..200).all(|seed| scope.draw(seed).steps.iter().all(|step| !step.operation.writes())));
}

#[test]
fn an_app_without_a_user_calls_only_tenant_wide_operations() {
    let mut scope = OwnedScope::new(Access::AppOnly, json!({"calls_per_run": {"min": 40, "max": 40}}));
    scope.user_id = None;
    let plan = scope.draw(1);
    assert!(!plan.is_empty());
    assert!(plan.steps.iter().all(|step| !step.operation.is_user_scoped()));
}

#[test]
fn an_operation_set_aside_is_left_out_until_its_time_is_over() {
    let mut scope = OwnedScope::new(Access::Delegated, json!({"operations": {"include": ["user.me.get"]}}));
    scope.set_aside.insert(SetAside::parse("user.me.get"), now() + TimeDelta::seconds(1));
    assert!(scope.draw(1).is_empty());
    scope.set_aside.insert(SetAside::parse("user.me.get"), now());
    assert_eq!(drawn(&scope.draw(1)), ["user.me.get"]);
    scope.set_aside.insert(SetAside::parse("users"), now() + TimeDelta::days(1));
    assert!(scope.draw(1).is_empty(), "a service may be set aside as a whole");
}

#[test]
fn a_sweep_lists_every_place_that_can_be_written_to_and_only_when_asked() {
    let mut scope = OwnedScope::new(Access::Delegated, json!({}));
    assert!(scope.draw(1).steps.iter().all(|step| step.role != Role::Sweep));
    scope.sweep = true;
    let sweeps = scope.draw(1).steps.iter().filter(|step| step.role == Role::Sweep).count();
    let places = catalogue::all().filter(|operation| matches!(operation.effect, Effect::Create { .. })).count();
    assert_eq!(sweeps, places);
}

#[test]
fn over_a_thousand_seeds_every_allowed_operation_is_drawn() {
    for access in [Access::Delegated, Access::AppOnly] {
        let scope = OwnedScope::new(access, json!({"calls_per_run": {"min": 12, "max": 12}}));
        let mut seen = BTreeSet::new();
        for seed in 0..1000 {
            seen.extend(drawn(&scope.draw(seed)));
        }
        let missing: Vec<_> = drawable(&scope.borrow())
            .into_iter()
            .filter(|operation| !seen.contains(operation.id))
            .map(|o| o.id)
            .collect();
        assert!(missing.is_empty(), "{missing:?}");
    }
}

#[test]
fn operations_of_equal_weight_are_drawn_equally_often() {
    let policy = json!({"calls_per_run": {"min": 1, "max": 1}, "writes": false});
    let scope = OwnedScope::new(Access::Delegated, policy);
    let equal: Vec<_> =
        drawable(&scope.borrow()).iter().filter(|operation| operation.weight == 100).map(|o| o.id).collect();
    let mut counts: BTreeMap<&str, f64> = equal.iter().map(|id| (*id, 0.0)).collect();
    for seed in 0..4_000 {
        for id in drawn(&scope.draw(seed)) {
            if let Some(count) = counts.get_mut(id) {
                *count += 1.0;
            }
        }
    }
    let total: f64 = counts.values().sum();
    let expected = total / counts.len() as f64;
    let chi_squared: f64 = counts.values().map(|count| (count - expected).powi(2) / expected).sum();
    // Mean of the distribution: the degrees of freedom n; its deviation: sqrt(2 n). Four deviations above.
    let freedom = (counts.len() - 1) as f64;
    assert!(chi_squared < freedom + 4.0 * (2.0 * freedom).sqrt(), "{chi_squared} for {freedom} degrees of freedom");
    assert!(counts.len() > 20);
}

#[test]
fn draws_avoid_operations_that_keep_failing() {
    let scope = OwnedScope::new(Access::Delegated, json!({"calls_per_run": {"min": 12, "max": 12}}));
    let account = AccountId::parse("a").unwrap();
    let call = |id: &str| crate::domain::account::history::CallResult {
        operation: id.to_owned(),
        ok: false,
        status: 404,
        error_code: None,
        request_id: None,
    };
    let failing: Vec<_> = drawable(&scope.borrow()).into_iter().take(30).map(|operation| operation.id).collect();
    let mut recent = RecentCalls::default();
    let often = |recent: &RecentCalls| -> usize {
        let seeds = (0..200).map(|round| Plan::seed(&scope.borrow(), recent, &account, Seed::new(round)));
        let draws = seeds.map(|seed| drawn(&Plan::draw(&scope.borrow(), &mut seed.rng(&account, RngStream::Plan))));
        draws.map(|draw| draw.iter().filter(|id| failing.contains(id)).count()).sum()
    };
    assert_eq!(
        Plan::seed(&scope.borrow(), &recent, &account, Seed::new(5)),
        Seed::new(5),
        "without recent, the round's own"
    );
    let before = often(&recent);
    recent.record(&failing.iter().map(|id| call(id)).collect::<Vec<_>>());
    let after = often(&recent);
    assert!(after * 3 < before * 2, "{after} of {before}");
}

fn watched() -> AccountSecret {
    let secret = json!({"tenant_id": "t", "client_id": "c", "client_secret": "s"}).to_string();
    let document = crate::domain::secret::SecretDocument::parse(&secret.into()).unwrap();
    document.account(&AccountId::parse("a").unwrap()).unwrap()
}

fn watches(plan: &Plan) -> Vec<&'static str> {
    plan.steps.iter().filter(|step| step.role == Role::Watch).map(|step| step.operation.id).collect()
}

proptest! {
    #[test]
    fn expiry_checks_do_not_change_the_draw_and_cost_no_batch_where_one_has_room(
        access in accesses(), seed in 0..Seed::MAX, most in 1_u32..=40, sweep in any::<bool>(),
    ) {
        let mut scope = OwnedScope::new(access, json!({"calls_per_run": {"min": most, "max": most}}));
        scope.sweep = sweep;
        let without = scope.draw(seed);
        scope.watch = Some(watched());
        let with = scope.draw(seed);
        prop_assert_eq!(&with.steps[..without.steps.len()], &without.steps[..]);
        prop_assert_eq!(watches(&with), ["subscriptions.commercial", "applications.list"]);
        let batches = |plan: &Plan| -> Vec<usize> {
            let of = |wave| plan.steps.iter().filter(|step| step.wave == wave).count();
            (0..plan.waves()).map(of).collect()
        };
        let room = batches(&without).iter().any(|items| (1..=ITEMS_PER_BATCH - 2).contains(&(items % ITEMS_PER_BATCH)));
        let sum = |plan: &Plan| -> usize { batches(plan).iter().map(|items| items.div_ceil(ITEMS_PER_BATCH)).sum() };
        prop_assert_eq!(sum(&with), sum(&without) + usize::from(!room));
    }
}

#[test]
fn an_expiry_is_checked_only_where_policy_and_permissions_allow() {
    let watching = |policy: Value, granted: &str, aside: Option<&str>| {
        let mut scope = OwnedScope::new(Access::AppOnly, policy);
        scope.watch = Some(watched());
        scope.granted = GrantedPermissions::from_scope(granted);
        scope.set_aside.extend(aside.map(|key| (SetAside::parse(key), now() + TimeDelta::days(7))));
        watches(&scope.draw(1))
    };
    let all = "User.Read.All Organization.Read.All Application.Read.All";
    assert_eq!(watching(json!({}), all, None), ["subscriptions.commercial", "applications.list"]);
    assert_eq!(watching(json!({}), "User.Read.All Directory.Read.All", None)[..1], ["subscriptions.commercial"]);
    assert_eq!(watching(json!({}), "User.Read.All", None), Vec::<&str>::new());
    assert_eq!(watching(json!({}), all, Some("subscriptions.commercial")), ["applications.list"]);
    assert_eq!(
        watching(json!({"operations": {"exclude": ["applications.*"]}}), all, None),
        ["subscriptions.commercial"]
    );
    assert_eq!(watching(json!({"operations": {"include": ["users.list"]}}), all, None), Vec::<&str>::new());
}

#[test]
fn a_plan_with_only_expiry_checks_is_empty() {
    let mut scope = OwnedScope::new(Access::AppOnly, json!({}));
    scope.watch = Some(watched());
    let mut plan = scope.draw(1);
    assert!(!plan.is_empty());
    plan.steps.retain(|step| step.role == Role::Watch);
    assert!(plan.is_empty() && plan.steps.len() == 2);
}
