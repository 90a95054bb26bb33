//! Outcome: what a run came to, and what follows for its account.

pub(crate) mod calls;
pub(crate) mod probe;

use chrono::{DateTime, TimeDelta, Utc};
use rand::Rng;

pub(crate) use crate::domain::account::notice::Change;
use crate::domain::account::{Account, Pause, Status};
use crate::domain::cause::Cause;
use crate::domain::policy::Policy;
use crate::domain::policy::schedule;

/// What a run, or the probe of a paused account, came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// A token was obtained and at least one call succeeded.
    Succeeded,
    /// The paused account's token request succeeded: it is active again.
    Probed,
    /// There was no time for a single call: due again at once.
    Deferred,
    /// Graph or the login service asked to wait, longer than the run could, and no call succeeded.
    /// `longer`: the wait that was asked for is longer than a day; the account is called again after a day.
    Throttled { until: Option<DateTime<Utc>>, longer: bool },
    /// No call succeeded, though nothing is wrong with network, service or configuration: what was drawn is
    /// not for this account (yet).
    Failed { why: String },
    /// The network's or the service's fault: the next run may well succeed.
    Transient { why: String },
    /// Trying again soon would make it worse.
    LongBackoff { cause: Cause },
    /// Only a change of the configuration helps.
    Misconfigured { cause: Cause },
}

impl Outcome {
    pub(crate) const fn as_str(&self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Probed => "probed",
            Self::Deferred => "deferred",
            Self::Throttled { .. } => "throttled",
            Self::Failed { .. } => "failed",
            Self::Transient { .. } => "transient",
            Self::LongBackoff { .. } => "long_backoff",
            Self::Misconfigured { .. } => "misconfigured",
        }
    }

    /// Of what may only need minutes to be known everywhere: two runs are patient, the third in a row is not.
    /// Runs are minutes apart at least (`interval_seconds`), and further the more of them fail.
    pub(crate) fn not_yet(cause: Cause, consecutive_failures: u32) -> Self {
        const PATIENT_RUNS: u32 = 2;
        if consecutive_failures < PATIENT_RUNS {
            Self::Transient { why: format!("{cause} It may take some minutes to be known everywhere.") }
        } else {
            Self::Misconfigured { cause }
        }
    }

    /// In plain words, where there is something to say.
    pub(crate) fn reason(&self) -> Option<String> {
        match self {
            Self::Succeeded | Self::Probed => None,
            Self::Deferred => Some("there was no time for a call; the account is due again at once".to_owned()),
            Self::Throttled { until: Some(until), longer } => {
                let until = format!("throttled until {}", until.format("%FT%TZ"));
                Some(if *longer { format!("{until}: Microsoft asked to wait for more than a day") } else { until })
            }
            Self::Throttled { until: None, .. } => Some("throttled".to_owned()),
            Self::Failed { why } | Self::Transient { why } => Some(why.clone()),
            Self::LongBackoff { cause } | Self::Misconfigured { cause } => Some(cause.to_string()),
        }
    }
}

/// Writes the outcome of a run that ended at `now` into the account: failures counted, paused or resumed,
/// next time drawn. Faults of network and service never pause; they double the interval, up to a day.
pub(crate) fn settle(
    account: &mut Account,
    policy: &Policy,
    outcome: &Outcome,
    now: DateTime<Utc>,
    rng: &mut impl Rng,
) -> Option<Change> {
    account.last_run_at = Some(now);
    let was_paused = account.status == Status::Paused;
    match outcome {
        Outcome::Succeeded | Outcome::Probed => {
            account.reactivate(schedule::next_run(now, policy, rng));
            return was_paused.then_some(Change::Resumed);
        }
        Outcome::Deferred => {
            account.next_run_at = Some(now);
            return None;
        }
        Outcome::Misconfigured { cause } => return misconfigured(account, policy, cause, now, rng),
        Outcome::Failed { .. } if !was_paused => {
            account.consecutive_failures = account.consecutive_failures.saturating_add(1);
            account.next_run_at = Some(schedule::next_run(now, policy, rng));
            return None;
        }
        Outcome::Failed { .. }
        | Outcome::Throttled { .. }
        | Outcome::Transient { .. }
        | Outcome::LongBackoff { .. } => {}
    }
    account.consecutive_failures = account.consecutive_failures.saturating_add(1);
    if was_paused {
        // The probe itself could not be made: the same wait again, and it does not count.
        account.next_run_at = probe::next_probe(account.pause.as_ref().map_or(0, |pause| pause.probes), now);
        return None;
    }
    let mut next = schedule::next_run_after_failures(now, policy, account.consecutive_failures, rng);
    if matches!(outcome, Outcome::LongBackoff { .. }) {
        next = next.max(schedule::into_working_hours(now + TimeDelta::days(1), policy, rng));
    }
    account.next_run_at = Some(next);
    if let Outcome::Throttled { until: Some(until), .. } = outcome {
        not_before(account, policy, *until, rng);
    }
    None
}

/// Moves the account's next run, if it has one, to after `moment`.
pub(crate) fn not_before(account: &mut Account, policy: &Policy, moment: DateTime<Utc>, rng: &mut impl Rng) {
    if account.next_run_at.is_some_and(|next| next <= moment) {
        account.next_run_at = Some(schedule::into_working_hours(moment + TimeDelta::seconds(1), policy, rng));
    }
}

fn misconfigured(
    account: &mut Account,
    policy: &Policy,
    cause: &Cause,
    now: DateTime<Utc>,
    rng: &mut impl Rng,
) -> Option<Change> {
    account.consecutive_failures = account.consecutive_failures.saturating_add(1);
    account.misconfigured_runs = account.misconfigured_runs.saturating_add(1);
    if let Some(pause) = &mut account.pause {
        pause.probes += 1;
        pause.cause = cause.to_string();
        account.next_run_at = probe::next_probe(pause.probes, now);
        return account.next_run_at.is_none().then_some(Change::NeedsPerson);
    }
    if account.misconfigured_runs < policy.pause_after {
        account.next_run_at = Some(schedule::next_run(now, policy, rng));
        return None;
    }
    account.status = Status::Paused;
    account.pause = Some(Pause { cause: cause.to_string(), since: now, probes: 0 });
    account.next_run_at = probe::next_probe(0, now);
    Some(Change::Paused)
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::ChaCha12Rng;
    use serde_json::json;

    use super::*;
    use crate::domain::account_id::AccountId;

    fn now() -> DateTime<Utc> {
        "2026-03-02T10:00:00Z".parse().unwrap()
    }

    fn account() -> Account {
        Account::new(AccountId::parse("a").unwrap(), now())
    }

    fn wrong() -> Outcome {
        Outcome::Misconfigured { cause: Cause::new("AADSTS7000215", "wrong", "mend it") }
    }

    fn down() -> Outcome {
        Outcome::Transient { why: "503".to_owned() }
    }

    fn settled(account: &mut Account, policy: &Policy, outcome: &Outcome, at: DateTime<Utc>) -> Option<Change> {
        settle(account, policy, outcome, at, &mut ChaCha12Rng::seed_from_u64(7))
    }

    fn wait(account: &Account, since: DateTime<Utc>) -> i64 {
        (account.next_run_at.unwrap() - since).num_seconds()
    }

    #[test]
    fn wrong_configuration_pauses_after_as_many_runs_as_the_policy_says() {
        for pause_after in 1..=10 {
            let policy = Policy::parse(json!({"pause_after": pause_after})).unwrap();
            let mut account = account();
            for _ in 1..pause_after {
                assert_eq!(settled(&mut account, &policy, &wrong(), now()), None);
                assert_eq!(account.status, Status::Active);
                assert!((3600..=14_400).contains(&wait(&account, now())));
            }
            assert_eq!(settled(&mut account, &policy, &wrong(), now()), Some(Change::Paused));
            assert_eq!(account.status, Status::Paused);
            assert_eq!(account.consecutive_failures, pause_after);
            assert_eq!(account.pause.as_ref().unwrap().cause, "AADSTS7000215: wrong. mend it.");
        }
    }

    #[test]
    fn what_is_not_there_yet_is_a_blip_twice_and_wrong_from_the_third_run_on() {
        let mut account = account();
        let missing = || Cause::new("AADSTS70021", "missing", "add it");
        let mut outcomes = Vec::new();
        while account.status == Status::Active {
            let outcome = Outcome::not_yet(missing(), account.consecutive_failures);
            settled(&mut account, &Policy::default(), &outcome, now());
            outcomes.push(outcome.as_str());
        }
        assert_eq!(outcomes, ["transient", "transient", "misconfigured", "misconfigured", "misconfigured"]);
        assert_eq!(
            Outcome::not_yet(missing(), account.consecutive_failures).as_str(),
            "misconfigured",
            "a probe counts"
        );
    }

    #[test]
    fn a_success_between_wrong_runs_starts_the_count_again() {
        let mut account = account();
        for outcome in [wrong(), wrong(), Outcome::Succeeded, wrong(), wrong()] {
            settled(&mut account, &Policy::default(), &outcome, now());
        }
        assert_eq!((account.status, account.misconfigured_runs), (Status::Active, 2));
    }

    #[test]
    fn a_paused_account_is_probed_after_6_h_12_h_then_daily_for_14_days_and_then_left_to_a_person() {
        let mut account = account();
        let mut at = now();
        for _ in 0..3 {
            settled(&mut account, &Policy::default(), &wrong(), at);
        }
        let mut waits = Vec::new();
        while let Some(next) = account.next_run_at {
            waits.push((next - at).num_hours());
            at = next;
            let change = settled(&mut account, &Policy::default(), &wrong(), at);
            assert_eq!(change, account.next_run_at.is_none().then_some(Change::NeedsPerson));
        }
        assert_eq!(waits, [vec![6, 12], vec![24; 14]].concat());
        assert_eq!(account.status, Status::Paused);
    }

    #[test]
    fn a_probe_that_succeeds_resumes_the_account() {
        let mut account = account();
        for _ in 0..3 {
            settled(&mut account, &Policy::default(), &wrong(), now());
        }
        assert_eq!(settled(&mut account, &Policy::default(), &Outcome::Probed, now()), Some(Change::Resumed));
        assert_eq!((account.status, account.consecutive_failures, account.pause.clone()), (Status::Active, 0, None));
        assert!((3600..=14_400).contains(&wait(&account, now())));
    }

    #[test]
    fn a_probe_that_could_not_be_made_does_not_count() {
        let mut account = account();
        for _ in 0..3 {
            settled(&mut account, &Policy::default(), &wrong(), now());
        }
        settled(&mut account, &Policy::default(), &down(), now());
        assert_eq!((account.status, account.pause.as_ref().unwrap().probes), (Status::Paused, 0));
        assert_eq!(wait(&account, now()), 6 * 3600);
    }

    #[test]
    fn faults_of_network_and_service_never_pause_and_double_the_interval_up_to_a_day() {
        let policy = Policy::parse(json!({"interval_seconds": {"min": 3600, "max": 3600}})).unwrap();
        let mut account = account();
        let mut waits = Vec::new();
        for outcome in [down(), Outcome::Throttled { until: None, longer: false }, down(), down(), down(), down()] {
            assert_eq!(settled(&mut account, &policy, &outcome, now()), None);
            waits.push(wait(&account, now()));
        }
        assert_eq!(waits, [7200, 14_400, 28_800, 57_600, 86_400, 86_400]);
        assert_eq!((account.status, account.misconfigured_runs), (Status::Active, 0));
        settled(&mut account, &policy, &Outcome::Succeeded, now());
        assert_eq!(wait(&account, now()), 3600);
    }

    #[test]
    fn a_blip_neither_counts_as_wrong_configuration_nor_forgives_it() {
        let mut account = account();
        for outcome in [wrong(), down(), wrong()] {
            settled(&mut account, &Policy::default(), &outcome, now());
        }
        assert_eq!((account.status, account.misconfigured_runs), (Status::Active, 2));
        assert_eq!(settled(&mut account, &Policy::default(), &wrong(), now()), Some(Change::Paused));
    }

    #[test]
    fn no_run_comes_before_the_throttling_is_over() {
        let until = now() + TimeDelta::days(2);
        let mut account = account();
        settled(&mut account, &Policy::default(), &Outcome::Throttled { until: Some(until), longer: false }, now());
        assert!(account.next_run_at.unwrap() > until);
    }

    #[test]
    fn a_lockout_is_left_alone_for_a_day() {
        let mut account = account();
        let cause = Cause::new("AADSTS50053", "locked", "wait");
        settled(&mut account, &Policy::default(), &Outcome::LongBackoff { cause }, now());
        assert!(wait(&account, now()) >= 86_400);
        assert_eq!(account.status, Status::Active);
    }
}
