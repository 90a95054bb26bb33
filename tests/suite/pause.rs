//! Pauses: a misconfigured account is paused, probed rarely, and resumes automatically.

use chrono::TimeDelta;
use fake_tenant::{Fault, FaultAction, Federated, When};
use serde_json::{Value, json};

use crate::support::sts;
use crate::support::test_app::{
    APP, INTERVAL, PASSWORD, PUBLIC_APP, TENANT, TestApp, app_only, password, reads, refresh_token, user, with_policy,
};

fn mistyped() -> Value {
    let mut secret = with_policy(app_only(0), reads(3));
    secret["client_secret"] = json!("mistyped");
    secret
}

/// An app whose only account was paused after three runs.
async fn paused() -> TestApp {
    let app = TestApp::new().await;
    app.put("a", &mistyped());
    app.sync().await;
    for run in 1..=3 {
        assert_eq!(app.status("a").await, "active", "before run {run}");
        app.next_round("a").await;
    }
    assert_eq!(app.status("a").await, "paused");
    app
}

#[tokio::test]
async fn wrong_secret_pauses_the_account_after_three_runs_with_cause_and_remedy() {
    let app = paused().await;
    let reason = app.attribute("a", "pause_cause").await.unwrap();
    assert!(reason.starts_with("AADSTS7000215: ") && reason.contains("Create a client secret"), "{reason}");
    assert_eq!(app.act("show", "a").await["pause_cause"], reason);
    assert_eq!(app.last_run("a").await.reason.as_deref(), Some(reason.as_str()));
    assert_eq!((app.token_requests().len(), app.batches().len()), (3, 0));
    let reports: Vec<_> = app.log.of("round").iter().map(|line| line["round"]["paused"].clone()).collect();
    assert_eq!(reports, [0, 0, 1]);
}

#[tokio::test]
async fn pause_after_of_the_policy_is_respected() {
    for pause_after in [1, 5] {
        let app = TestApp::new().await;
        let mut secret = mistyped();
        secret["policy"]["pause_after"] = json!(pause_after);
        app.put("a", &secret);
        app.sync().await;
        for run in 1..=pause_after {
            app.next_round("a").await;
            assert_eq!(app.status("a").await == "paused", run == pause_after, "{run} of {pause_after}");
        }
    }
}

#[tokio::test]
async fn paused_account_is_probed_after_6_h_12_h_then_daily_for_14_days() {
    let app = paused().await;
    let mut waits = Vec::new();
    while app.next_run("a").await.is_some() {
        waits.push(app.wait("a").await / 3600);
        app.advance_to_next_run("a").await;
        app.forget();
        let report = app.tick().await;
        assert_eq!((report["due"].as_u64(), report["paused"].as_u64()), (Some(1), Some(1)));
        assert_eq!((app.token_requests().len(), app.batches().len()), (1, 0));
        assert!(waits.len() < 30, "it is probed indefinitely");
    }
    assert_eq!(waits, [vec![6, 12], vec![24; 14]].concat());
    assert_eq!(app.status("a").await, "paused");
    app.advance(TimeDelta::days(60));
    assert_eq!(app.tick().await["due"], 0);
    let subjects: Vec<_> = app.log.of("alert").iter().map(|alert| alert["subject"].clone()).collect();
    assert_eq!(subjects, ["E5 Evergreen: a paused", "E5 Evergreen: a needs you"]);
    app.tenant.set_secret(TENANT, APP, "mistyped");
    app.act("resume", "a").await;
    assert_eq!(app.tick().await["succeeded"], 1, "the resume action always works");
}

#[tokio::test]
async fn account_resumes_automatically_when_its_login_works_again() {
    let app = paused().await;
    app.next_round("a").await;
    app.tenant.set_secret(TENANT, APP, "mistyped");
    app.forget();
    let report = app.next_round("a").await;
    assert_eq!(
        (report["resumed"].as_u64(), report["paused"].as_u64(), report["failed"].as_u64()),
        (Some(1), Some(0), Some(0))
    );
    assert_eq!((app.token_requests().len(), app.batches().len()), (1, 0), "a probe makes no calls");
    assert_eq!((app.status("a").await.as_str(), app.attribute("a", "pause_cause").await), ("active", None));
    assert!(INTERVAL.contains(&app.wait("a").await));
    let alerts = app.log.of("alert");
    assert_eq!((alerts.len(), &alerts[1]["subject"]), (2, &json!("E5 Evergreen: a resumed")));
    assert_eq!(app.next_round("a").await["succeeded"], 1);
}

#[tokio::test]
async fn account_resumes_when_its_secret_changes() {
    let app = paused().await;
    app.put("a", &with_policy(app_only(0), reads(3)));
    assert_eq!(app.sync().await["resumed"], json!(["a"]));
    assert_eq!(app.status("a").await, "active");
    assert!(app.wait("a").await <= 3600);
    assert_eq!(app.next_round("a").await["succeeded"], 1);
}

#[tokio::test]
async fn resume_action_makes_a_paused_account_due_at_once() {
    let app = paused().await;
    app.tenant.set_secret(TENANT, APP, "mistyped");
    assert_eq!(app.act("resume", "a").await["status"], "active");
    assert_eq!(app.tick().await["succeeded"], 1);
}

#[tokio::test]
async fn run_action_calls_graph_for_a_paused_account() {
    let app = paused().await;
    app.tenant.set_secret(TENANT, APP, "mistyped");
    let run = app.act("run", "a").await;
    assert_eq!(
        (run["outcome"].as_str(), run["calls_ok"].as_u64(), run["status"].as_str()),
        (Some("succeeded"), Some(3), Some("active"))
    );
}

/// A refusal of the login service, and the expected cause.
const MISCONFIGURED: [u32; 48] = [
    7_000_215, 7_000_222, 700_016, 7_000_112, 700_027, 7_000_218, 90_002, 900_023, 500_011, 1_002_012, 9_002_313,
    50_034, 50_126, 50_055, 50_056, 50_057, 50_076, 50_079, 50_158, 53_003, 530_003, 530_035, 65_001, 50_058, 70_000,
    70_008, 700_082, 50_173, 70_043, 5_000_224, 5_000_225, 500_014, 700_084, 700_025, 50_072, 50_105, 50_059, 90_019,
    53_001, 53_011, 530_032, 50_131, 65_004, 650_052, 650_056, 650_057, 90_093, 7_000_229,
];
const LONG_BACKOFF: [u32; 2] = [50_053, 50_196];
const TRANSIENT: [u32; 8] = [90_033, 50_033, 90_006, 90_012, 90_024, 90_055, 90_090, 50_087];

/// An app with one account, for faults that a test injects.
async fn one(secret: Value, policy: Value) -> TestApp {
    let app = TestApp::new().await;
    app.put("a", &with_policy(secret, policy));
    app.begin().await;
    app
}

/// From now on the login service, or Graph, has exactly this fault.
async fn only(app: &TestApp, fault: Fault) {
    app.tenant.clear_faults();
    app.act("resume", "a").await;
    app.forget();
    app.log.clear();
    app.tenant.inject(fault);
}

/// Asserts that the third run in a row pauses, and that `pause_cause`, `show`, the history, the log and the alert contain
/// the same cause in plain words, with the remedy. Returns that text.
async fn pauses_after_three(app: &TestApp, code: &str) -> String {
    for run in 1..=3 {
        assert_eq!(app.status("a").await, "active", "{code}: before run {run}");
        assert_eq!(app.attribute("a", "pause_cause").await, None, "{code}");
        assert_eq!(app.next_round("a").await["failed"], 1, "{code}");
        assert_eq!(app.last_run("a").await.outcome, "misconfigured", "{code}");
    }
    assert_eq!(app.status("a").await, "paused", "{code}");
    assert_eq!(app.wait("a").await, 6 * 3600, "{code}: the first probe");
    let reason = app.attribute("a", "pause_cause").await.unwrap();
    let (name, words) = reason.split_once(": ").unwrap();
    assert_eq!(name, code);
    let (what, remedy) = words.split_once(". ").unwrap_or_else(|| panic!("no remedy: {reason}"));
    assert!(what.len() > 15 && remedy.len() > 15 && remedy.ends_with('.'), "{reason}");
    assert!(!what.contains("AADSTS") && !words.contains("Trace ID"), "the service's text is not repeated: {reason}");
    assert_eq!(app.act("show", "a").await["pause_cause"], reason);
    assert_eq!(app.last_run("a").await.reason.as_deref(), Some(reason.as_str()));
    let runs = app.log.of("run");
    assert_eq!(runs.len(), 3, "{code}");
    assert!(runs.iter().all(|line| line["reason"] == reason && line["level"] == "WARN"), "{runs:#?}");
    let alerts = app.log.of("alert");
    assert_eq!(alerts.len(), 1, "{alerts:#?}");
    assert_eq!(alerts[0]["subject"], "E5 Evergreen: a paused");
    let text = alerts[0]["text"].as_str().unwrap();
    assert!(text.starts_with("Account a is paused") && text.ends_with(&reason), "{text}");
    reason
}

#[tokio::test]
async fn every_misconfiguration_code_pauses_with_the_third_run_and_has_a_plain_message() {
    let app = one(password(0), json!({})).await;
    for code in MISCONFIGURED {
        only(&app, Fault::login(When::Always, FaultAction::Aadsts(code))).await;
        let reason = pauses_after_three(&app, &format!("AADSTS{code}")).await;
        assert!(!reason.contains("Look the code up"), "{reason}");
        assert_eq!((app.token_requests().len(), app.batches().len()), (3, 0), "no run made a call");
    }
}

#[tokio::test]
async fn unknown_code_pauses_too_and_is_named() {
    let app = one(password(0), json!({})).await;
    only(&app, Fault::login(When::Always, FaultAction::Aadsts(123_456))).await;
    assert!(pauses_after_three(&app, "AADSTS123456").await.contains("Look the code up"));
}

#[tokio::test]
async fn lockout_and_request_loop_are_retried_after_a_day_and_never_pause() {
    for code in LONG_BACKOFF {
        let app = one(password(0), json!({"pause_after": 1})).await;
        only(&app, Fault::login(When::Always, FaultAction::Aadsts(code))).await;
        for _ in 0..4 {
            app.next_round("a").await;
            assert_eq!((app.status("a").await.as_str(), app.attribute("a", "pause_cause").await), ("active", None));
            assert!(app.wait("a").await >= 86_400, "{code}");
            let run = app.last_run("a").await;
            let reason = run.reason.unwrap();
            assert_eq!(run.outcome, "long_backoff");
            assert!(reason.starts_with(&format!("AADSTS{code}: ")) && reason.contains("Nothing is tried for a day"));
        }
        assert_eq!(app.token_requests().len(), 4, "{code}: one attempt per day");
        assert_eq!(app.log.of("alert").len(), 0, "{code}");
        app.tenant.clear_faults();
        assert_eq!(app.next_round("a").await["succeeded"], 1);
    }
}

#[tokio::test]
async fn transient_faults_never_pause() {
    let app = one(password(0), json!({"pause_after": 1})).await;
    let status = |status| FaultAction::Status { status, retry_after: None, applied_anyway: false };
    // `each_error_class_of_graph_pauses_or_does_not` covers Graph's faults.
    let others = [status(429), status(500), status(503), FaultAction::Html, FaultAction::Reset { after: false }];
    for act in TRANSIENT.map(FaultAction::Aadsts).into_iter().chain(others) {
        let what = format!("{act:?}");
        // With a cached token the login service would not be called.
        app.tenant.expire_access_tokens();
        only(&app, Fault::login(When::Always, act)).await;
        for run in 1..=5_i64 {
            app.next_round("a").await;
            let last = app.last_run("a").await;
            assert!(["transient", "throttled"].contains(&last.outcome.as_str()), "{what}: {last:?}");
            assert_eq!(app.status("a").await, "active", "{what}");
            assert_eq!(app.attribute("a", "pause_cause").await, None, "{what}");
            let doubled = 3600 << run;
            assert!(app.wait("a").await >= doubled.min(86_400), "{what}: run {run}");
        }
        assert_eq!(app.log.of("alert").len(), 0, "{what}");
    }
}

#[tokio::test]
async fn mismatched_federated_credential_is_transient_twice_and_then_a_misconfiguration() {
    let other = |text: &str| text.replace("1f0c2d3e", "00000000").replace("function", "other");
    let trust = sts::trust();
    for (code, trusted) in [
        (70_021, vec![]),
        (700_211, vec![Federated { issuer: other(&trust.issuer), ..trust.clone() }]),
        (700_212, vec![Federated { audience: "api://another".to_owned(), ..trust.clone() }]),
        (700_213, vec![Federated { subject: other(&trust.subject), ..trust.clone() }]),
    ] {
        let app = TestApp::new().await;
        app.tenant.change_app(TENANT, APP, |app| {
            app.secrets.clear();
            app.federated = trusted;
        });
        app.put("a", &json!({"tenant_id": TENANT, "client_id": APP, "auth": "federated", "user_id": user(0)}));
        app.begin().await;
        for _ in 0..2 {
            app.next_round("a").await;
            assert_eq!(app.last_run("a").await.outcome, "transient", "{code}");
            assert_eq!((app.status("a").await.as_str(), app.attribute("a", "pause_cause").await), ("active", None));
        }
        app.log.clear();
        let reason = pauses_after_three(&app, &format!("AADSTS{code}")).await;
        assert!(reason.contains("issuer URL") && reason.contains(sts::AUDIENCE), "{reason}");
        app.tenant.change_app(TENANT, APP, |app| app.federated = vec![trust.clone()]);
        assert_eq!(app.next_round("a").await["resumed"], 1, "{code}");
    }
}

#[tokio::test]
async fn role_that_differs_in_case_is_a_misconfiguration_at_once() {
    let app = TestApp::new().await;
    app.tenant.change_app(TENANT, APP, |app| {
        app.secrets.clear();
        app.federated = vec![Federated { subject: sts::ROLE.to_uppercase(), ..sts::trust() }];
    });
    app.put("a", &json!({"tenant_id": TENANT, "client_id": APP, "auth": "federated", "user_id": user(0)}));
    app.begin().await;
    assert!(pauses_after_three(&app, "AADSTS7002138").await.contains("Copy the role's ARN"));
}

#[tokio::test]
async fn each_error_class_of_graph_pauses_or_does_not() {
    let error = |status, code: &str| FaultAction::Error { status, code: code.to_owned(), message: "MARKED".to_owned() };
    let app = one(password(0), reads(5)).await;
    // The worst case: each error class of Graph as the response to every call of every run.
    for (status, code, outcome, pauses) in [
        (401, "InvalidAuthenticationToken", "misconfigured", Some("InvalidAuthenticationToken")),
        (403, "Authorization_RequestDenied", "misconfigured", Some("forbidden")),
        (403, "accessDenied", "misconfigured", Some("forbidden")),
        (404, "MailboxNotEnabledForRESTAPI", "failed", None),
        (404, "mysiteNotFound", "failed", None),
        (404, "itemNotFound", "failed", None),
        (409, "nameAlreadyExists", "failed", None),
        (412, "ErrorIrresolvableConflict", "failed", None),
        (423, "resourceLocked", "failed", None),
        (507, "quotaLimitReached", "failed", None),
        (500, "generalException", "transient", None),
        (502, "badGateway", "transient", None),
        (503, "serviceNotAvailable", "transient", None),
        (504, "gatewayTimeout", "transient", None),
        (509, "bandwidthLimitExceeded", "transient", None),
        (429, "TooManyRequests", "throttled", None),
    ] {
        let what = format!("{status} {code}");
        let begin = Fault::item("GET", "*", When::Always, error(status, code));
        // Operations that an earlier class has set aside are drawn again.
        app.advance(TimeDelta::days(8));
        only(&app, begin).await;
        if let Some(cause) = pauses {
            pauses_after_three(&app, cause).await;
        } else {
            for _ in 0..3 {
                app.next_round("a").await;
                assert_eq!((app.status("a").await.as_str(), app.attribute("a", "pause_cause").await), ("active", None));
            }
            assert_eq!(app.log.of("alert").len(), 0, "{what}");
        }
        assert_eq!(app.last_run("a").await.outcome, outcome, "{what}");
        assert!(!app.log.text().contains("MARKED"));
    }
}

/// Runs an account that pauses at its first failure, and returns the code of its cause.
async fn cause(secret: Value, breaking: impl FnOnce(&TestApp)) -> String {
    let app = TestApp::new().await;
    app.put("a", &with_policy(secret, json!({"pause_after": 1})));
    breaking(&app);
    app.begin().await;
    app.tick().await;
    let reason = app.attribute("a", "pause_cause").await.unwrap_or_else(|| panic!("{}", app.log.text()));
    reason.split(':').next().unwrap().to_owned()
}

#[tokio::test]
async fn misconfiguration_of_the_tenant_is_named() {
    assert_eq!(cause(app_only(0), |app| app.tenant.expire_secret(TENANT, APP)).await, "AADSTS7000222");
    assert_eq!(cause(app_only(0), |app| app.tenant.set_app_enabled(TENANT, APP, false)).await, "AADSTS7000112");
    assert_eq!(cause(app_only(0), |app| app.tenant.remove_app(TENANT, APP)).await, "AADSTS700016");
    assert_eq!(cause(app_only(0), |app| app.tenant.revoke_all_consent(TENANT, APP)).await, "no_operation");
    assert_eq!(cause(password(0), |app| app.tenant.revoke_all_consent(TENANT, PUBLIC_APP)).await, "AADSTS65001");
    assert_eq!(cause(password(0), |app| app.tenant.disable_user(TENANT, &user(0))).await, "AADSTS50057");
    assert_eq!(cause(password(0), |app| app.tenant.set_password(TENANT, &user(0), "other")).await, "AADSTS50126");
    assert_eq!(cause(password(0), |app| app.tenant.set_mfa(TENANT, &user(0), Some(50076))).await, "AADSTS50076");
    assert_eq!(
        cause(password(0), |app| app.tenant.change_user(TENANT, &user(0), |user| user.password_expired = true)).await,
        "AADSTS50055"
    );
    let mut unknown = password(0);
    unknown["username"] = json!("nobody@contoso.onmicrosoft.com");
    assert_eq!(cause(unknown, |_| ()).await, "AADSTS50034");
    let mut nowhere = app_only(0);
    nowhere["tenant_id"] = json!("ffffffff-8a54-4c7e-9b51-2f6f3f1f7a10");
    assert_eq!(cause(nowhere, |_| ()).await, "AADSTS90002");
    let mut bare = app_only(0);
    bare["policy"] = json!({});
    bare.as_object_mut().unwrap().remove("client_secret");
    bare["username"] = json!(user(0));
    bare["password"] = json!(PASSWORD);
    bare.as_object_mut().unwrap().remove("user_id");
    assert_eq!(cause(bare, |_| ()).await, "AADSTS7000218", "a confidential app must authenticate");
}

#[tokio::test]
async fn revoked_or_expired_refresh_token_pauses_and_a_new_one_resumes() {
    for (expired, code) in [(false, "AADSTS50173"), (true, "AADSTS700082")] {
        let app = TestApp::new().await;
        let mut policy = reads(2);
        policy["pause_after"] = json!(1);
        app.put("a", &with_policy(refresh_token(&app, 0), policy.clone()));
        if expired {
            app.advance(TimeDelta::days(91));
        } else {
            app.tenant.revoke_refresh_tokens(TENANT, &user(0));
        }
        app.begin().await;
        app.tick().await;
        let cause = app.attribute("a", "pause_cause").await.unwrap();
        assert!(cause.starts_with(code) && cause.contains("`sign_in`"), "{cause}");
        app.put("a", &with_policy(refresh_token(&app, 0), policy));
        app.sync().await;
        assert_eq!(app.next_round("a").await["succeeded"], 1);
    }
}

#[tokio::test]
async fn transient_fault_between_misconfigured_runs_neither_pauses_nor_resets_the_count() {
    let app = TestApp::new().await;
    app.put("a", &mistyped());
    app.sync().await;
    for act in [None, Some(FaultAction::Html), None, Some(FaultAction::Reset { after: false })] {
        app.tenant.clear_faults();
        if let Some(act) = act {
            app.tenant.inject(Fault::login(When::Always, act));
        }
        app.next_round("a").await;
        assert_eq!(app.status("a").await, "active");
    }
    app.tenant.clear_faults();
    app.next_round("a").await;
    assert_eq!(app.status("a").await, "paused");
}

#[tokio::test]
async fn probe_during_an_outage_is_repeated_and_does_not_count() {
    let app = paused().await;
    app.tenant.inject(Fault::login(When::First(1), FaultAction::Html));
    for _ in 0..2 {
        assert_eq!(app.wait("a").await, 6 * 3600);
        app.next_round("a").await;
    }
    assert_eq!(app.wait("a").await, 12 * 3600);
}
