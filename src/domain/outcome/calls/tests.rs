//! What a run concludes from all answers together, over random runs.

use proptest::prelude::*;

use super::*;
use crate::domain::account::AccountId;
use crate::domain::catalogue::Service;
use crate::domain::cause::{NO_DRIVE, NO_SHAREPOINT_LICENCE, TENANT_WITHOUT_EXCHANGE};

const KNOWN: RunFacts = RunFacts { permissions_unknown: false, names_user: false };
const APP_ONLY: RunFacts = RunFacts { permissions_unknown: false, names_user: true };

fn now() -> DateTime<Utc> {
    "2026-03-02T10:00:00Z".parse().unwrap()
}

fn rows() -> Vec<&'static Operation> {
    catalogue::all().collect()
}

fn row(id: &str) -> &'static Operation {
    catalogue::find(id).unwrap()
}

fn call(operation: &Operation, status: u16, code: &str) -> CallResult {
    let code = Some(code).filter(|code| !code.is_empty());
    CallResult {
        operation: operation.id.to_owned(),
        ok: Answer::of(status, code, operation) == Answer::Ok,
        status,
        error_code: code.map(str::to_owned),
        request_id: None,
    }
}

fn run(calls: Vec<CallResult>) -> RunCalls {
    RunCalls { calls, ..RunCalls::default() }
}

fn account() -> Account {
    Account::new(AccountId::parse("a").unwrap(), now())
}

fn settled(account: &mut Account, calls: Vec<CallResult>, facts: RunFacts, at: DateTime<Utc>) -> Outcome {
    let calls = run(calls);
    let conclusion = calls.conclude(facts);
    settle(account, &Policy::default(), &calls, &conclusion, Seed::new(1), at);
    conclusion.outcome
}

fn cause_of(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Misconfigured { cause } => &cause.code,
        other => other.as_str(),
    }
}

/// Answers as Graph and others give them, the good ones more often than each other.
fn answer() -> impl Strategy<Value = (u16, &'static str)> {
    prop::sample::select(vec![
        (200, ""),
        (200, ""),
        (201, ""),
        (204, ""),
        (0, ""),
        (400, "BadRequest"),
        (400, NO_SHAREPOINT_LICENCE),
        (401, "UnknownError"),
        (401, TENANT_WITHOUT_EXCHANGE),
        (401, ""),
        (403, "Authorization_RequestDenied"),
        (403, ""),
        (404, "itemNotFound"),
        (404, "MailboxNotEnabledForRESTAPI"),
        (404, "Request_ResourceNotFound"),
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

/// All items answered in the same way.
fn alike(ids: &[&str], status: u16, code: &str) -> Vec<CallResult> {
    ids.iter().map(|id| call(row(id), status, code)).collect()
}

fn early_end() -> impl Strategy<Value = Option<EarlyEnd>> {
    prop::option::of(prop::sample::select(vec![
        EarlyEnd::Throttled { until: now(), longer: false },
        EarlyEnd::Throttled { until: now() + TimeDelta::hours(1), longer: true },
        EarlyEnd::Unauthorized,
        EarlyEnd::Token(Outcome::LongBackoff { cause: Cause::new("c", "what", "remedy") }),
        EarlyEnd::Transient { why: "503".to_owned() },
    ]))
}

fn facts() -> impl Strategy<Value = RunFacts> {
    (any::<bool>(), any::<bool>())
        .prop_map(|(permissions_unknown, names_user)| RunFacts { permissions_unknown, names_user })
}

proptest! {
    #[test]
    fn one_call_that_succeeded_makes_the_run_succeed_unless_the_user_is_missing(
        calls in calls(), early_end in early_end(), facts in facts(),
    ) {
        let run = RunCalls { calls, early_end, ..RunCalls::default() };
        let missing = facts.names_user && run.user_is_missing();
        let succeeded = run.conclude(facts).outcome == Outcome::Succeeded;
        prop_assert_eq!(succeeded, !missing && run.calls.iter().any(|call| call.ok));
        prop_assert_eq!(run.ok() + run.failed() + run.throttled(), u32::try_from(run.calls.len()).unwrap());
    }

    #[test]
    fn the_order_of_answers_decides_no_outcome_and_sets_the_same_aside(calls in calls(), facts in facts()) {
        let mut reversed = calls.clone();
        reversed.reverse();
        let (one, other) = (run(calls).conclude(facts), run(reversed).conclude(facts));
        prop_assert_eq!(one.outcome.as_str(), other.outcome.as_str());
        prop_assert!(one.set_aside.keys().eq(other.set_aside.keys()));
    }

    #[test]
    fn nothing_is_set_aside_but_what_graph_itself_refused(calls in calls(), facts in facts()) {
        let run = run(calls);
        let conclusion = run.conclude(facts);
        for (set_aside, reason) in conclusion.set_aside {
            prop_assert!((UNAVAILABLE_FOR..=REFUSED_FOR).contains(&reason.lasts));
            let mut because = run.calls.iter().filter(|call| !call.ok && call.error_code == reason.code);
            prop_assert!(reason.code.is_some() && because.any(|call| match &set_aside {
                SetAside::Operation(id) => call.operation == *id && matches!(call.status, 401 | 403),
                SetAside::Service(_) => service_of(call).is_some(),
                SetAside::Writes => call.status == 507,
            }), "{}", set_aside);
        }
    }

    #[test]
    fn a_401_sets_an_operation_aside_only_where_graph_took_the_token_for_another_call(calls in calls()) {
        let run = run(calls);
        let by_401 = run.conclude(KNOWN).set_aside.into_iter().any(|(key, reason)| {
            matches!(key, SetAside::Operation(_)) && reason.status == 401
        });
        let other = run.calls.iter().any(|call| call.ok || (call.status != 401 && (400..500).contains(&call.status)));
        prop_assert!(!by_401 || other);
    }

    #[test]
    fn a_run_pauses_only_where_graph_itself_refused_every_call_or_found_no_user(calls in calls(), facts in facts()) {
        let run = run(calls);
        if matches!(run.conclude(facts).outcome, Outcome::Misconfigured { .. }) {
            let refused = |call: &CallResult| {
                call.status == 424 || (!call.ok && call.error_code.is_some() && call.status < 500 && call.status != 429)
            };
            let by_user = facts.names_user && run.user_is_missing();
            prop_assert!(by_user || run.calls.iter().all(refused));
        }
    }

    #[test]
    fn an_answer_of_another_than_graph_neither_pauses_nor_sets_aside(
        ids in prop::collection::vec(0..catalogue::all().count(), 1..20), status in prop::sample::select(vec![401, 403]),
    ) {
        let run = run(ids.into_iter().map(|at| call(rows()[at], status, "")).collect());
        let conclusion = run.conclude(KNOWN);
        prop_assert_eq!(conclusion.outcome.as_str(), "transient");
        prop_assert!(conclusion.set_aside.is_empty() && conclusion.refused.is_empty());
    }

    #[test]
    fn an_early_end_without_a_success_is_the_outcome(end in early_end(), facts in facts()) {
        let refused = vec![call(rows()[0], 503, "serviceNotAvailable")];
        let outcome = RunCalls { calls: refused, early_end: end.clone(), ..RunCalls::default() }.conclude(facts).outcome;
        match end {
            Some(EarlyEnd::Throttled { until, longer }) => {
                prop_assert_eq!(outcome, Outcome::Throttled { until: Some(until), longer });
            }
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
            (Some(EarlyEnd::Throttled { until: a, longer: x }), EarlyEnd::Throttled { until: b, longer: y }) => {
                prop_assert_eq!(merged, EarlyEnd::Throttled { until: *a.max(b), longer: *x || *y });
            }
            (Some(first), second) => prop_assert_eq!(&merged, if second.without_token() { second } else { first }),
        }
    }

    #[test]
    fn what_an_account_remembers_of_refusals_stays_bounded(runs in prop::collection::vec(calls(), 1..30)) {
        let mut account = account();
        for (number, calls) in (0..).zip(runs) {
            settled(&mut account, calls, KNOWN, now() + TimeDelta::hours(number));
        }
        prop_assert!(account.refusals.iter().count() <= 48 + account.set_aside.len());
    }
}

#[test]
fn a_401_of_one_operation_while_others_succeed_is_set_aside_like_a_403() {
    let mut calls = alike(&["users.list", "drive.root"], 200, "");
    calls.push(call(row("intune.devices"), 401, "UnknownError"));
    let conclusion = run(calls).conclude(KNOWN);
    assert_eq!(conclusion.outcome, Outcome::Succeeded);
    let reason = Reason { lasts: REFUSED_FOR, status: 401, code: Some("UnknownError".to_owned()) };
    assert_eq!(conclusion.set_aside, BTreeMap::from([(SetAside::parse("intune.devices"), reason)]));
}

#[test]
fn where_every_item_says_401_the_token_is_to_blame_and_nothing_is_set_aside() {
    let conclusion = run(alike(&["users.list", "drive.root"], 401, "InvalidAuthenticationToken")).conclude(KNOWN);
    assert_eq!(cause_of(&conclusion.outcome), "InvalidAuthenticationToken");
    assert!(conclusion.set_aside.is_empty() && conclusion.refused.is_empty());
}

#[test]
fn without_a_mailbox_every_outlook_service_is_set_aside_people_included() {
    for (status, code) in [(404, "MailboxNotEnabledForRESTAPI"), (401, TENANT_WITHOUT_EXCHANGE)] {
        let conclusion = run(alike(&["mail.messages.list"], status, code)).conclude(KNOWN);
        let set_aside: Vec<String> = conclusion.set_aside.keys().map(ToString::to_string).collect();
        assert_eq!(set_aside, ["calendar", "contacts", "mail", "mailboxSettings", "people", "todo"]);
        assert!(conclusion.set_aside.values().all(|reason| reason.lasts == REFUSED_FOR));
    }
}

#[test]
fn a_service_that_the_tenant_does_not_have_is_set_aside_and_pauses_only_where_nothing_else_is_called() {
    for (id, status, code, services, cause) in [
        ("mail.messages.list", 401, TENANT_WITHOUT_EXCHANGE, 6, "no_exchange"),
        ("drive.root", 400, NO_SHAREPOINT_LICENCE, 4, "no_sharepoint"),
        ("drive.root", 423, "notAllowed", 4, "site_blocked"),
        ("intune.devices", 400, "notApplicableToTenant", 1, "not_in_tenant"),
        ("onenote.notebooks", 404, "30105", 1, "no_drive_for_onenote"),
        ("onenote.notebooks", 403, "10008", 1, "library_too_large"),
    ] {
        let alone = run(alike(&[id], status, code)).conclude(KNOWN);
        assert_eq!((alone.set_aside.len(), cause_of(&alone.outcome)), (services, cause), "{code}");
        let beside = run([alike(&[id], status, code), alike(&["users.list"], 200, "")].concat()).conclude(KNOWN);
        assert_eq!((beside.set_aside, beside.outcome), (alone.set_aside, Outcome::Succeeded), "{code}");
    }
    let locked = run(alike(&["planner.tasks.mine"], 423, "notAllowed")).conclude(KNOWN);
    assert!(locked.set_aside.keys().all(|key| !matches!(key, SetAside::Service(_))), "{locked:?}");
}

#[test]
fn a_user_that_does_not_exist_is_named_though_calls_of_the_whole_tenant_succeed() {
    let of_user = ["user.me.get", "mail.messages.list", "drive.root"];
    for code in ["Request_ResourceNotFound", "ErrorInvalidUser"] {
        let calls = [alike(&of_user, 404, code), alike(&["users.list"], 200, "")].concat();
        let conclusion = run(calls.clone()).conclude(APP_ONLY);
        assert_eq!(cause_of(&conclusion.outcome), "no_user");
        assert!(conclusion.set_aside.is_empty() && conclusion.refused.is_empty());
        assert_eq!(run(calls.clone()).conclude(KNOWN).outcome, Outcome::Succeeded, "a signed-in user exists");
        let one_exists = [calls, alike(&["contact.list"], 200, "")].concat();
        assert_eq!(run(one_exists).conclude(APP_ONLY).outcome, Outcome::Succeeded);
    }
    assert_eq!(run(alike(&["users.list"], 200, "")).conclude(APP_ONLY).outcome, Outcome::Succeeded);
}

#[test]
fn what_is_refused_in_the_same_way_three_runs_in_a_row_is_set_aside_for_a_week_with_status_and_code() {
    let mut account = account();
    let key = SetAside::parse("sites.root");
    let once = |account: &mut Account, status, code, hours| {
        let calls = [alike(&["sites.root"], status, code), alike(&["users.list"], 200, "")].concat();
        settled(account, calls, KNOWN, now() + TimeDelta::hours(hours));
        account.set_aside.get(&key).copied()
    };
    for (hours, status, code) in
        [(0, 400, "a"), (1, 400, "a"), (2, 400, "b"), (3, 200, ""), (4, 400, "b"), (5, 400, "b")]
    {
        assert_eq!(once(&mut account, status, code, hours), None, "{hours}");
    }
    assert_eq!(once(&mut account, 400, "b", 6), Some(now() + TimeDelta::hours(6) + REFUSED_FOR));
    let refusal = account.refusals.get(&key).unwrap();
    assert_eq!((refusal.status, refusal.code.as_deref(), refusal.runs), (400, Some("b"), 3));
    settled(&mut account, alike(&["users.list"], 200, ""), KNOWN, now() + TimeDelta::hours(6) + REFUSED_FOR);
    assert!(account.set_aside.is_empty() && account.refusals.is_empty());
}

#[test]
fn where_all_is_set_aside_the_cause_is_the_one_that_it_was_refused_for() {
    let mut account = account();
    let outcome = settled(&mut account, alike(&["mail.messages.list"], 401, TENANT_WITHOUT_EXCHANGE), KNOWN, now());
    assert_eq!(cause_of(&outcome), "no_exchange");
    assert_eq!(cause_of(&all_set_aside(&account)), "no_exchange");
    settled(&mut account, alike(&["users.list"], 403, "Authorization_RequestDenied"), KNOWN, now());
    assert_eq!(cause_of(&all_set_aside(&account)), "no_exchange", "a service comes before an operation");
}

#[test]
fn a_run_without_a_call_is_deferred() {
    assert_eq!(run(Vec::new()).conclude(KNOWN).outcome, Outcome::Deferred);
}

#[test]
fn a_batch_that_is_refused_as_a_whole_says_nothing_about_its_operations() {
    for (status, code, cause) in [(403, "Forbidden", "forbidden"), (400, "BadRequest", "failed")] {
        let calls = RunCalls {
            unanswered: alike(&["users.list", "drive.root"], status, code),
            batch_refusal: Some((status, code.to_owned())),
            ..RunCalls::default()
        };
        let conclusion = calls.conclude(KNOWN);
        assert_eq!(cause_of(&conclusion.outcome), cause);
        assert!(conclusion.set_aside.is_empty() && conclusion.refused.is_empty());
        assert_eq!(calls.failed(), 2);
    }
}

#[test]
fn a_token_is_to_blame_for_a_batch_only_where_all_of_it_says_401_and_no_call_before_was_accepted() {
    let (list, root) = (row("users.list"), row("drive.root"));
    let blamed = |before: Vec<CallResult>, batch: &[(&'static Operation, Answer, Option<&'static str>)]| {
        blames_token(&run(before), batch.iter().copied())
    };
    let refused = (root, Answer::Unauthorized, Some("InvalidAuthenticationToken"));
    assert!(blamed(Vec::new(), &[refused, (list, Answer::DependencyFailed, None)]));
    assert!(!blamed(Vec::new(), &[refused, (list, Answer::Ok, None)]));
    assert!(!blamed(alike(&["users.list"], 200, ""), &[refused]));
    assert!(!blamed(Vec::new(), &[(row("mail.messages.list"), Answer::Unauthorized, Some(TENANT_WITHOUT_EXCHANGE))]));
    assert!(!blamed(Vec::new(), &[]));
}

#[test]
fn a_sweep_that_found_everything_counts_down_and_an_object_that_may_be_left_counts_up() {
    let mut account = account();
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
    let mut account = account();
    settled(&mut account, vec![call(rows()[0], 507, "quotaLimitReached")], KNOWN, now());
    assert_eq!(account.set_aside, BTreeMap::from([(SetAside::Writes, now() + UNAVAILABLE_FOR)]));
    settled(&mut account, Vec::new(), KNOWN, now() + UNAVAILABLE_FOR);
    assert!(account.set_aside.is_empty());
}

#[test]
fn the_services_in_sharepoint_go_together() {
    let (services, _) = missing_services(Service::Excel, 400, NO_SHAREPOINT_LICENCE).unwrap();
    assert_eq!(services, [Service::Excel, Service::Files, Service::Onenote, Service::Sites]);
}
