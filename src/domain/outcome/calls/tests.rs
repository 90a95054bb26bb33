//! What a run concludes from all answers together, over random runs.

use proptest::prelude::*;

use super::*;
use crate::domain::account::AccountId;

fn now() -> DateTime<Utc> {
    "2026-03-02T10:00:00Z".parse().unwrap()
}

fn rows() -> Vec<&'static Operation> {
    catalogue::all().collect()
}

fn call(operation: &Operation, status: u16, code: &str) -> CallResult {
    CallResult {
        operation: operation.id.to_owned(),
        ok: Answer::of(status, operation) == Answer::Ok,
        status,
        error_code: (!code.is_empty()).then(|| code.to_owned()),
        request_id: None,
    }
}

fn run(calls: Vec<CallResult>) -> RunCalls {
    RunCalls { calls, ..RunCalls::default() }
}

/// Answers as Graph gives them, the good ones more often than each other.
fn answer() -> impl Strategy<Value = (u16, &'static str)> {
    prop::sample::select(vec![
        (200, ""),
        (200, ""),
        (201, ""),
        (204, ""),
        (0, ""),
        (400, "BadRequest"),
        (401, "InvalidAuthenticationToken"),
        (403, "Authorization_RequestDenied"),
        (404, "itemNotFound"),
        (404, "MailboxNotEnabledForRESTAPI"),
        (404, NO_DRIVE),
        (409, "nameAlreadyExists"),
        (424, ""),
        (429, "TooManyRequests"),
        (503, "serviceNotAvailable"),
        (507, "quotaLimitReached"),
    ])
}

fn calls() -> impl Strategy<Value = Vec<CallResult>> {
    let count = catalogue::all().count();
    prop::collection::vec((0..count, answer()), 0..40)
        .prop_map(|calls| calls.into_iter().map(|(at, (status, code))| call(rows()[at], status, code)).collect())
}

fn early_end() -> impl Strategy<Value = Option<EarlyEnd>> {
    prop::option::of(prop::sample::select(vec![
        EarlyEnd::Throttled { until: now() },
        EarlyEnd::Throttled { until: now() + TimeDelta::hours(1) },
        EarlyEnd::Unauthorized,
        EarlyEnd::Token(Outcome::LongBackoff { cause: Cause::new("c", "what", "remedy") }),
        EarlyEnd::Transient { why: "503".to_owned() },
    ]))
}

proptest! {
    #[test]
    fn one_call_that_succeeded_makes_the_run_succeed_whatever_else_was_answered(
        calls in calls(), early_end in early_end(), unknown: bool,
    ) {
        let run = RunCalls { calls, early_end, ..RunCalls::default() };
        let succeeded = run.conclude(unknown).outcome == Outcome::Succeeded;
        prop_assert_eq!(succeeded, run.calls.iter().any(|call| call.ok));
        prop_assert_eq!(run.ok() + run.failed() + run.throttled(), u32::try_from(run.calls.len()).unwrap());
    }

    #[test]
    fn the_order_of_answers_makes_no_difference(calls in calls(), unknown: bool) {
        let mut reversed = calls.clone();
        reversed.reverse();
        prop_assert_eq!(run(calls).conclude(unknown), run(reversed).conclude(unknown));
    }

    #[test]
    fn nothing_is_set_aside_but_what_was_refused(calls in calls(), unknown: bool) {
        let run = run(calls);
        for (set_aside, time) in run.conclude(unknown).set_aside {
            prop_assert!((UNAVAILABLE_FOR..=REFUSED_FOR).contains(&time));
            let refused = run.calls.iter().filter(|call| !call.ok);
            let mut because = refused.filter(|call| match &set_aside {
                SetAside::Operation(id) => call.operation == *id && call.status == 403,
                SetAside::Service(_) => [Some("MailboxNotEnabledForRESTAPI"), Some(NO_DRIVE)].contains(&call.error_code.as_deref()),
                SetAside::Writes => call.status == 507,
            });
            prop_assert!(because.next().is_some(), "{}", set_aside);
        }
    }

    #[test]
    fn a_run_pauses_only_where_every_call_was_refused(calls in calls(), unknown: bool) {
        let run = run(calls);
        if matches!(run.conclude(unknown).outcome, Outcome::Misconfigured { .. }) {
            prop_assert!(!unknown && run.calls.iter().all(|call| call.status == 403));
        }
    }

    #[test]
    fn an_early_end_without_a_success_is_the_outcome(end in early_end(), unknown: bool) {
        let refused = vec![call(rows()[0], 503, "serviceNotAvailable")];
        let outcome = RunCalls { calls: refused, early_end: end.clone(), ..RunCalls::default() }.conclude(unknown).outcome;
        match end {
            Some(EarlyEnd::Throttled { until }) => prop_assert_eq!(outcome, Outcome::Throttled { until: Some(until) }),
            Some(EarlyEnd::Token(token)) => prop_assert_eq!(outcome, token),
            Some(EarlyEnd::Unauthorized) => prop_assert_eq!(outcome.as_str(), "misconfigured"),
            Some(EarlyEnd::Transient { .. }) | None => prop_assert_eq!(outcome.as_str(), "transient"),
        }
    }

    #[test]
    fn of_two_ends_a_refused_token_counts_then_the_longer_wait_then_the_first(first in early_end(), second in early_end()) {
        let Some(second) = second else { return Ok(()) };
        let merged = EarlyEnd::merge(first.clone(), second.clone());
        match (&first, &second) {
            (None, _) => prop_assert_eq!(merged, second),
            (Some(EarlyEnd::Throttled { until: a }), EarlyEnd::Throttled { until: b }) => {
                prop_assert_eq!(merged, EarlyEnd::Throttled { until: *a.max(b) });
            }
            (Some(first), second) => prop_assert_eq!(&merged, if second.without_token() { second } else { first }),
        }
    }
}

#[test]
fn without_a_mailbox_every_outlook_service_is_set_aside_people_included() {
    let row = catalogue::find("mail.messages.list").unwrap();
    let conclusion = run(vec![call(row, 404, "MailboxNotEnabledForRESTAPI")]).conclude(false);
    let set_aside: Vec<String> = conclusion.set_aside.keys().map(ToString::to_string).collect();
    assert_eq!(set_aside, ["calendar", "contacts", "mail", "mailboxSettings", "people", "todo"]);
    assert!(conclusion.set_aside.values().all(|time| *time == REFUSED_FOR));
}

#[test]
fn a_run_without_a_call_is_deferred() {
    assert_eq!(run(Vec::new()).conclude(false).outcome, Outcome::Deferred);
}

#[test]
fn a_sweep_that_found_everything_counts_down_and_an_object_that_may_be_left_counts_up() {
    let mut account = Account::new(AccountId::parse("a").unwrap(), now());
    let conclusion = Conclusion::without_calls(Outcome::Succeeded);
    let mut settled = |swept, sweeps| {
        let calls = RunCalls { swept, sweeps, ..RunCalls::default() };
        settle(&mut account, &Policy::default(), &calls, &conclusion, Seed::new(1), now());
        account.sweeps
    };
    assert_eq!([settled(false, 3), settled(false, 0), settled(true, 0), settled(true, 2)], [3, 3, 2, 2]);
}

#[test]
fn a_set_aside_ends_with_its_time() {
    let mut account = Account::new(AccountId::parse("a").unwrap(), now());
    let full = run(vec![call(rows()[0], 507, "quotaLimitReached")]);
    settle(&mut account, &Policy::default(), &full, &full.conclude(false), Seed::new(1), now());
    assert_eq!(account.set_aside, BTreeMap::from([(SetAside::Writes, now() + UNAVAILABLE_FOR)]));
    let later = now() + UNAVAILABLE_FOR;
    let none = Conclusion::without_calls(Outcome::Deferred);
    settle(&mut account, &Policy::default(), &RunCalls::default(), &none, Seed::new(1), later);
    assert!(account.set_aside.is_empty());
}
