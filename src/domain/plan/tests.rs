//! What a plan must be, whatever is drawn.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::domain::account::AccountId;
use crate::domain::account::recent_calls::RecentCalls;
use crate::domain::account::set_aside::SetAside;
use crate::domain::seed::{RngStream, Seed};

/// Everything that a plan is drawn from, owned.
struct World {
    policy: Policy,
    subject: Access,
    user_id: Option<&'static str>,
    granted: GrantedPermissions,
    set_aside: BTreeMap<SetAside, DateTime<Utc>>,
    sweep: bool,
    watch: Option<AccountSecret>,
}

impl World {
    fn new(subject: Access, policy: Value) -> Self {
        Self {
            policy: Policy::parse(policy).unwrap(),
            subject,
            user_id: Some("megan@contoso.com"),
            granted: GrantedPermissions::Unknown,
            set_aside: BTreeMap::new(),
            sweep: false,
            watch: None,
        }
    }

    fn scope(&self) -> Scope<'_> {
        Scope {
            policy: &self.policy,
            subject: self.subject,
            user_id: self.user_id,
            granted: &self.granted,
            set_aside: &self.set_aside,
            sweep: self.sweep,
            watch: self.watch.as_ref(),
            now: now(),
        }
    }

    fn draw(&self, seed: u64) -> Plan {
        let account = AccountId::parse("a").unwrap();
        Plan::draw(&self.scope(), &mut Seed::new(seed).rng(&account, RngStream::Plan))
    }
}

fn now() -> DateTime<Utc> {
    "2026-03-02T10:00:00Z".parse().unwrap()
}

fn drawn(plan: &Plan) -> Vec<&'static str> {
    plan.steps.iter().filter(|step| step.role == Role::Drawn).map(|step| step.operation.id).collect()
}

fn subjects() -> impl Strategy<Value = Access> {
    prop_oneof![Just(Access::Delegated), Just(Access::AppOnly)]
}

proptest! {
    #[test]
    fn what_is_needed_comes_before_and_what_removes_comes_after(subject in subjects(), seed in 0..Seed::MAX, most in 1_u32..=40) {
        let plan = World::new(subject, json!({"calls_per_run": {"min": 1, "max": most}})).draw(seed);
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
    fn a_step_stands_in_the_first_wave_in_which_it_can(seed in 0..Seed::MAX) {
        let plan = World::new(Access::Delegated, json!({"calls_per_run": {"min": 20, "max": 40}})).draw(seed);
        for step in plan.steps.iter().filter(|step| !matches!(step.operation.effect, Effect::Remove { .. })) {
            let after = step.inputs.iter().map(|input| plan.steps[input.step].wave + 1).max().unwrap_or(0);
            prop_assert_eq!(step.wave, after, "{}", step.operation.id);
        }
    }

    #[test]
    fn as_many_are_drawn_as_the_policy_says_each_once(subject in subjects(), seed in 0..Seed::MAX, a in 1_u32..=40, b in 1_u32..=40) {
        let plan = World::new(subject, json!({"calls_per_run": {"min": a.min(b), "max": a.max(b)}})).draw(seed);
        let mut ids: Vec<_> = plan.steps.iter().map(|step| step.operation.id).collect();
        prop_assert!((a.min(b)..=a.max(b)).contains(&(u32::try_from(drawn(&plan).len()).unwrap())));
        ids.sort_unstable();
        let all = ids.len();
        ids.dedup();
        prop_assert_eq!(ids.len(), all);
    }

    #[test]
    fn only_what_is_granted_is_called(seed in 0..Seed::MAX, granted in prop::sample::subsequence(vec![
        "User.Read", "Mail.ReadWrite", "Mail.Send", "Calendars.ReadWrite", "Files.ReadWrite.All", "Contacts.Read", "Tasks.ReadWrite",
        "Directory.Read.All", "Sites.Read.All", "MailboxSettings.ReadWrite",
    ], 1..10)) {
        let mut world = World::new(Access::Delegated, json!({"calls_per_run": {"min": 40, "max": 40}}));
        world.granted = GrantedPermissions::from_scope(&granted.join(" "));
        world.sweep = true;
        for step in world.draw(seed).steps {
            let accepted = step.operation.accepted(Access::Delegated);
            prop_assert!(accepted.iter().any(|name| granted.contains(name)), "{}", step.operation.id);
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_plan_and_another_gives_another(subject in subjects(), seed in 0..Seed::MAX) {
        let world = World::new(subject, json!({"calls_per_run": {"min": 12, "max": 12}}));
        prop_assert_eq!(world.draw(seed), world.draw(seed));
        prop_assert!(world.draw(seed) != world.draw(seed ^ 1));
    }

    #[test]
    fn nothing_is_left_to_fill_in_but_what_an_earlier_answer_gives(subject in subjects(), seed in 0..Seed::MAX) {
        let mut world = World::new(subject, json!({"calls_per_run": {"min": 40, "max": 40}}));
        world.sweep = true;
        for step in world.draw(seed).steps {
            let names: Vec<_> = step.inputs.iter().map(|input| input.need.placeholder).collect();
            fill(&step.url, |placeholder| {
                assert!(names.contains(&placeholder), "{}: {placeholder}", step.operation.id);
                None
            });
            prop_assert!(!step.url.starts_with("/me/") || subject == Access::Delegated, "{}", step.url);
        }
    }
}

#[test]
fn what_the_policy_excludes_is_never_called_not_even_as_a_prerequisite() {
    let policy =
        json!({"calls_per_run": {"min": 40, "max": 40}, "operations": {"exclude": ["mail.messages.list", "drive.*"]}});
    let world = World::new(Access::Delegated, policy);
    for seed in 0..200 {
        for step in world.draw(seed).steps {
            assert!(step.operation.id != "mail.messages.list" && !step.operation.id.starts_with("drive."));
            assert!(step.operation.id != "mail.messages.get", "its prerequisite is excluded");
        }
    }
}

#[test]
fn a_policy_without_writes_changes_nothing() {
    let world = World::new(Access::Delegated, json!({"writes": false, "calls_per_run": {"min": 40, "max": 40}}));
    assert!((0..200).all(|seed| world.draw(seed).steps.iter().all(|step| !step.operation.writes())));
}

#[test]
fn an_app_without_a_user_calls_only_what_is_the_tenants() {
    let mut world = World::new(Access::AppOnly, json!({"calls_per_run": {"min": 40, "max": 40}}));
    world.user_id = None;
    let plan = world.draw(1);
    assert!(!plan.is_empty());
    assert!(plan.steps.iter().all(|step| !step.operation.is_user_scoped()));
}

#[test]
fn what_is_set_aside_is_left_out_until_its_time_is_over() {
    let mut world = World::new(Access::Delegated, json!({"operations": {"include": ["user.me.get"]}}));
    world.set_aside.insert(SetAside::parse("user.me.get"), now() + chrono::TimeDelta::seconds(1));
    assert!(world.draw(1).is_empty());
    world.set_aside.insert(SetAside::parse("user.me.get"), now());
    assert_eq!(drawn(&world.draw(1)), ["user.me.get"]);
    world.set_aside.insert(SetAside::parse("users"), now() + chrono::TimeDelta::days(1));
    assert!(world.draw(1).is_empty(), "a service may be set aside as a whole");
}

#[test]
fn a_sweep_looks_in_every_place_that_can_be_written_to_and_only_when_asked() {
    let mut world = World::new(Access::Delegated, json!({}));
    assert!(world.draw(1).steps.iter().all(|step| step.role != Role::Sweep));
    world.sweep = true;
    let sweeps = world.draw(1).steps.iter().filter(|step| step.role == Role::Sweep).count();
    let places = catalogue::all().filter(|operation| matches!(operation.effect, Effect::Create { .. })).count();
    assert_eq!(sweeps, places);
}

#[test]
fn over_a_thousand_seeds_every_allowed_operation_is_drawn() {
    for subject in [Access::Delegated, Access::AppOnly] {
        let world = World::new(subject, json!({"calls_per_run": {"min": 12, "max": 12}}));
        let mut seen = BTreeSet::new();
        for seed in 0..1000 {
            seen.extend(drawn(&world.draw(seed)));
        }
        let missing: Vec<_> = drawable(&world.scope())
            .into_iter()
            .filter(|operation| !seen.contains(operation.id))
            .map(|o| o.id)
            .collect();
        assert!(missing.is_empty(), "{missing:?}");
    }
}

#[test]
fn equal_weights_come_out_equal() {
    let policy = json!({"calls_per_run": {"min": 1, "max": 1}, "writes": false});
    let world = World::new(Access::Delegated, policy);
    let equal: Vec<_> =
        drawable(&world.scope()).iter().filter(|operation| operation.weight == 100).map(|o| o.id).collect();
    let mut counts: BTreeMap<&str, f64> = equal.iter().map(|id| (*id, 0.0)).collect();
    for seed in 0..4_000 {
        for id in drawn(&world.draw(seed)) {
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
fn draws_avoid_what_keeps_failing_and_what_was_seen_lately_and_a_seed_alone_gives_its_plan_again() {
    let world = World::new(Access::Delegated, json!({"calls_per_run": {"min": 12, "max": 12}}));
    let account = AccountId::parse("a").unwrap();
    let call = |id: &str| crate::domain::account::history::CallResult {
        operation: id.to_owned(),
        ok: false,
        status: 404,
        error_code: None,
        request_id: None,
    };
    let failing: Vec<_> = drawable(&world.scope()).into_iter().take(30).map(|operation| operation.id).collect();
    let mut habits = RecentCalls::default();
    let often = |habits: &RecentCalls| -> usize {
        let seeds = (0..200).map(|round| Plan::seed(&world.scope(), habits, &account, Seed::new(round)));
        let draws = seeds.map(|seed| drawn(&Plan::draw(&world.scope(), &mut seed.rng(&account, RngStream::Plan))));
        draws.map(|draw| draw.iter().filter(|id| failing.contains(id)).count()).sum()
    };
    assert_eq!(
        Plan::seed(&world.scope(), &habits, &account, Seed::new(5)),
        Seed::new(5),
        "without habits, the round's own"
    );
    let before = often(&habits);
    habits.record(&failing.iter().map(|id| call(id)).collect::<Vec<_>>());
    let after = often(&habits);
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
    fn watching_changes_nothing_of_the_draw_and_costs_no_batch_where_one_has_room(
        subject in subjects(), seed in 0..Seed::MAX, most in 1_u32..=40, sweep in any::<bool>(),
    ) {
        let mut world = World::new(subject, json!({"calls_per_run": {"min": most, "max": most}}));
        world.sweep = sweep;
        let without = world.draw(seed);
        world.watch = Some(watched());
        let with = world.draw(seed);
        prop_assert_eq!(&with.steps[..without.steps.len()], &without.steps[..]);
        prop_assert_eq!(watches(&with), ["subscriptions.commercial", "applications.list"]);
        let batches = |plan: &Plan| -> Vec<usize> {
            let of = |wave| plan.steps.iter().filter(|step| step.wave == wave).count();
            (0..plan.waves()).map(of).collect()
        };
        let room = batches(&without).iter().any(|items| (1..=BATCH - 2).contains(&(items % BATCH)));
        let sum = |plan: &Plan| -> usize { batches(plan).iter().map(|items| items.div_ceil(BATCH)).sum() };
        prop_assert_eq!(sum(&with), sum(&without) + usize::from(!room));
    }
}

#[test]
fn only_what_the_policy_would_draw_and_the_permissions_allow_is_watched() {
    let watching = |policy: Value, granted: &str, aside: Option<&str>| {
        let mut world = World::new(Access::AppOnly, policy);
        world.watch = Some(watched());
        world.granted = GrantedPermissions::from_scope(granted);
        world.set_aside.extend(aside.map(|key| (SetAside::parse(key), now() + chrono::TimeDelta::days(7))));
        watches(&world.draw(1))
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
fn a_plan_of_nothing_but_watching_is_empty() {
    let mut world = World::new(Access::AppOnly, json!({}));
    world.watch = Some(watched());
    let mut plan = world.draw(1);
    assert!(!plan.is_empty());
    plan.steps.retain(|step| step.role == Role::Watch);
    assert!(plan.is_empty() && plan.steps.len() == 2);
}
