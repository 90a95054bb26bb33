//! Graph's refusals: what all answers of a run together mean for the token, the user, a service or an operation.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use e5_evergreen::domain::catalogue;
use fake_tenant::{Fault, FaultAction, FaultMatch, Stage, When};
use serde_json::{Value, json};

use crate::support::test_app::{READS, TestApp, app_only, password, with_policy, writes};

fn hourly(mut policy: Value) -> Value {
    policy["interval_seconds"] = json!({"min": 3600, "max": 3600});
    policy
}

/// All of these operations in every run, once an hour.
fn all(operations: &[&str]) -> Value {
    let count = operations.len();
    hourly(
        json!({"operations": {"include": operations}, "writes": false, "calls_per_run": {"min": count, "max": count}}),
    )
}

async fn with_account(secret: Value, policy: Value) -> TestApp {
    let app = TestApp::new().await;
    app.put("a", &with_policy(secret, policy));
    app.begin().await;
    app
}

fn refused(status: u16, code: &str, message: &str) -> FaultAction {
    FaultAction::Error { status, code: code.to_owned(), message: message.to_owned() }
}

async fn set_aside(app: &TestApp) -> BTreeSet<String> {
    app.act("show", "a").await["set_aside"].as_object().unwrap().keys().cloned().collect()
}

async fn pause_cause(app: &TestApp) -> String {
    app.attribute("a", "pause_cause").await.unwrap_or_default()
}

/// Rounds until the account is paused, at most three.
async fn rounds_until_paused(app: &TestApp) -> usize {
    for round in 1..=3 {
        app.next_round("a").await;
        if app.status("a").await == "paused" {
            return round;
        }
    }
    0
}

#[tokio::test]
async fn one_operation_that_always_answers_401_is_set_aside_and_the_run_still_removes_what_it_made() {
    let mut policy = writes(20);
    policy["operations"]["include"].as_array_mut().unwrap().push(json!("intune.*"));
    policy["calls_per_run"] = json!({"min": 40, "max": 40});
    let app = with_account(password(0), hourly(policy)).await;
    let before = app.snapshot();
    let role_missing = refused(401, "UnknownError", "{\"ErrorCode\":\"Unauthorized\"}");
    app.tenant.inject(Fault::item("GET", "/deviceManagement/*", When::Always, role_missing));
    for _ in 0..3 {
        assert_eq!(app.next_round("a").await["succeeded"], 1);
        app.assert_as_before(&before);
    }
    assert_eq!(set_aside(&app).await, BTreeSet::from(["intune.devices".to_owned()]));
    let refusal = &app.act("show", "a").await["refusals"]["intune.devices"];
    assert_eq!((refusal["status"].as_u64(), refusal["code"].as_str()), (Some(401), Some("UnknownError")));
    assert!(app.token_requests().len() <= 3, "the token was not to blame");
    let refused = app.runs("a").await.iter().filter(|run| run.calls.iter().any(|call| call.status == 401)).count();
    assert_eq!(refused, 1, "it is not drawn again");
}

#[tokio::test]
async fn a_tenant_without_exchange_goes_on_with_its_other_services_and_pauses_only_where_there_is_no_other() {
    let no_exchange = || {
        let requests = FaultMatch { stage: Stage::Item, outlook: Some(true), ..FaultMatch::default() };
        let action = refused(401, "OrganizationFromTenantGuidNotFound", "The tenant for tenant guid does not exist.");
        Fault { requests, when: When::Always, action }
    };
    let app = with_account(app_only(0), all(&READS)).await;
    app.tenant.inject(no_exchange());
    for _ in 0..4 {
        assert_eq!(app.next_round("a").await["succeeded"], 1);
    }
    let services = ["calendar", "contacts", "mail", "mailboxSettings", "people", "todo"].map(str::to_owned);
    assert_eq!(set_aside(&app).await, BTreeSet::from(services));
    assert_eq!(app.last_run("a").await.calls_failed, 0, "Outlook is not called again");

    let app = with_account(app_only(0), all(&["mail.messages.list", "mail.folders.list", "contact.list"])).await;
    app.tenant.inject(no_exchange());
    assert_eq!(rounds_until_paused(&app).await, 3);
    assert!(pause_cause(&app).await.starts_with("no_exchange: "), "{}", pause_cause(&app).await);
}

#[tokio::test]
async fn a_tenant_without_sharepoint_or_a_blocked_site_loses_the_services_in_it_with_the_cause() {
    for (refusal, cause) in [
        (refused(400, "BadRequest", "Tenant does not have a SPO license."), "no_sharepoint"),
        (refused(423, "notAllowed", "Access to this site has been blocked."), "site_blocked"),
    ] {
        let app = with_account(app_only(0), all(&READS)).await;
        app.tenant.inject(Fault::item("GET", "*/drive*", When::Always, refusal.clone()));
        app.tenant.inject(Fault::item("GET", "/sites*", When::Always, refusal));
        for _ in 0..2 {
            assert_eq!(app.next_round("a").await["succeeded"], 1);
        }
        assert_eq!(set_aside(&app).await, BTreeSet::from(["excel", "files", "onenote", "sites"].map(str::to_owned)));
        assert_eq!(app.last_run("a").await.calls_failed, 0, "{cause}");
        let means = app.act("show", "a").await["refusals"]["files"]["means"].clone();
        assert!(means.as_str().is_some_and(|means| means.starts_with(cause)), "{means}");
    }
}

#[tokio::test]
async fn a_user_id_that_does_not_exist_pauses_with_that_cause() {
    let mut secret = app_only(0);
    secret["user_id"] = json!("mistyped@contoso.onmicrosoft.com");
    let mut app = TestApp::new().await;
    app.allow_violations();
    app.put("a", &with_policy(secret, all(&READS)));
    app.begin().await;
    assert_eq!(rounds_until_paused(&app).await, 3);
    assert!(pause_cause(&app).await.starts_with("no_user: "), "{}", pause_cause(&app).await);
    assert!(set_aside(&app).await.is_empty());
}

#[tokio::test]
async fn an_answer_that_is_not_graphs_neither_pauses_nor_sets_aside() {
    for status in [401, 403, 407] {
        let item = FaultMatch { stage: Stage::Item, ..FaultMatch::default() };
        let foreign = FaultAction::Foreign(status);
        for fault in
            [Fault::http(When::Always, foreign.clone()), Fault { requests: item, when: When::Always, action: foreign }]
        {
            let app = with_account(app_only(0), all(&READS)).await;
            app.tenant.inject(fault);
            for _ in 0..3 {
                app.next_round("a").await;
                assert_eq!(app.status("a").await, "active");
                assert!(set_aside(&app).await.is_empty());
            }
            if status != 407 {
                assert_eq!(app.last_run("a").await.outcome, "transient");
            }
        }
    }
}

#[tokio::test]
async fn what_is_refused_in_the_same_way_three_runs_in_a_row_is_set_aside_for_a_week_and_shown() {
    let app = with_account(app_only(0), all(&READS)).await;
    app.tenant.inject(Fault::item("GET", "*/drive/root", When::Always, refused(400, "invalidRequest", "no")));
    for round in 1..=3 {
        assert_eq!(app.next_round("a").await["succeeded"], 1);
        assert_eq!(set_aside(&app).await.contains("drive.root"), round == 3, "round {round}");
    }
    let shown = app.act("show", "a").await;
    assert_eq!(shown["refusals"]["drive.root"], json!({"status": 400, "code": "invalidRequest"}));
    app.next_round("a").await;
    assert_eq!(app.last_run("a").await.calls_failed, 0);
    app.tenant.clear_faults();
    app.clock.set(app.now() + TimeDelta::days(7));
    app.next_round("a").await;
    assert!(app.last_run("a").await.calls.iter().any(|call| call.operation == "drive.root" && call.ok));
    assert!(app.act("show", "a").await.get("refusals").is_none());
}

#[tokio::test]
async fn a_run_never_reads_what_it_is_about_to_remove() {
    let mut reads_of_elements = 0;
    // What is made and what is read stand in one list, and the next wave both reads and removes.
    let operations = [
        "drive.folder.create",
        "drive.item.get",
        "drive.item.permissions",
        "drive.item.thumbnails",
        "todo.list.create",
        "todo.tasks",
    ];
    let policy = json!({"operations": {"include": operations}, "calls_per_run": {"min": 6, "max": 6}});
    for seed in 1..=20 {
        let app = TestApp::seeded(seed).await;
        let secret = if seed % 2 == 0 { app_only(0) } else { password(0) };
        app.put("a", &with_policy(secret, hourly(policy.clone())));
        app.begin().await;
        for _ in 0..3 {
            app.next_round("a").await;
            let run = app.last_run("a").await;
            let missing: Vec<_> = run.calls.iter().filter(|call| !call.ok && call.status == 404).collect();
            assert!(missing.is_empty(), "seed {seed}: {missing:?}");
            let of_list = |id: &str| catalogue::find(id).is_some_and(|row| !row.writes() && !row.needs.is_empty());
            reads_of_elements += run.calls.iter().filter(|call| of_list(&call.operation)).count();
        }
    }
    assert!(reads_of_elements > 100, "{reads_of_elements}: too little was read to prove anything");
}

#[tokio::test]
async fn a_wait_of_years_lasts_a_day_and_a_person_is_told() {
    let app = with_account(app_only(0), all(&READS)).await;
    let years = FaultAction::Status429 { retry_after: Some(1_000_000_000), applied_anyway: false };
    app.tenant.inject(Fault::http(When::First(1), years));
    app.next_round("a").await;
    let run = app.last_run("a").await;
    assert_eq!(run.outcome, "throttled");
    assert!(run.reason.is_some_and(|reason| reason.contains("more than a day")));
    assert_eq!(app.log.of("Graph asked to wait for more than a day; the tenant is called again after one").len(), 1);
    let wait = app.wait("a").await;
    assert!((86_000..=90_000).contains(&wait), "{wait}");
}
