//! A pause: what is wrongly configured is set aside, probed gently, and comes back by itself.

use chrono::TimeDelta;
use fake_tenant::{Fault, FaultAction, Federated, When};
use serde_json::{Value, json};

use crate::support::sts;
use crate::support::world::{
    APP, INTERVAL, PASSWORD, PUBLIC_APP, TENANT, World, app_only, password, reads, refresh_token, under, user,
};

fn mistyped() -> Value {
    let mut secret = under(app_only(0), reads(3));
    secret["client_secret"] = json!("mistyped");
    secret
}

/// A world whose one account was paused after three runs.
async fn paused() -> World {
    let world = World::new().await;
    world.put("a", &mistyped());
    world.sync().await;
    for run in 1..=3 {
        assert_eq!(world.status("a").await, "active", "before run {run}");
        world.next_round("a").await;
    }
    assert_eq!(world.status("a").await, "paused");
    world
}

#[tokio::test]
async fn a_wrong_secret_pauses_the_account_after_three_runs_and_says_why_and_what_to_do() {
    let world = paused().await;
    let told = world.attribute("a", "pause_cause").await.unwrap();
    assert!(told.starts_with("AADSTS7000215: ") && told.contains("Create a client secret"), "{told}");
    assert_eq!(world.act("show", "a").await["pause_cause"], told);
    assert_eq!(world.last_run("a").await.reason.as_deref(), Some(told.as_str()));
    assert_eq!((world.token_requests().len(), world.batches().len()), (3, 0));
    let reports: Vec<_> = world.journal.of("round").iter().map(|line| line["round"]["paused"].clone()).collect();
    assert_eq!(reports, [0, 0, 1]);
}

#[tokio::test]
async fn the_policy_says_after_how_many_runs() {
    for pause_after in [1, 5] {
        let world = World::new().await;
        let mut secret = mistyped();
        secret["policy"]["pause_after"] = json!(pause_after);
        world.put("a", &secret);
        world.sync().await;
        for run in 1..=pause_after {
            world.next_round("a").await;
            assert_eq!(world.status("a").await == "paused", run == pause_after, "{run} of {pause_after}");
        }
    }
}

#[tokio::test]
async fn a_paused_account_is_probed_by_one_token_request_after_6_h_12_h_then_daily_for_14_days() {
    let world = paused().await;
    let mut waits = Vec::new();
    while world.next_run("a").await.is_some() {
        waits.push(world.wait("a").await / 3600);
        world.advance_to_next_run("a").await;
        world.forget();
        let report = world.tick().await;
        assert_eq!((report["due"].as_u64(), report["paused"].as_u64()), (Some(1), Some(1)));
        assert_eq!((world.token_requests().len(), world.batches().len()), (1, 0));
        assert!(waits.len() < 30, "it is probed for ever");
    }
    assert_eq!(waits, [vec![6, 12], vec![24; 14]].concat());
    assert_eq!(world.status("a").await, "paused");
    world.advance(TimeDelta::days(60));
    assert_eq!(world.tick().await["due"], 0);
    let subjects: Vec<_> = world.journal.of("alert").iter().map(|alert| alert["subject"].clone()).collect();
    assert_eq!(subjects, ["E5 Evergreen: a paused", "E5 Evergreen: a needs you"]);
    world.tenant.set_secret(TENANT, APP, "mistyped");
    world.act("resume", "a").await;
    assert_eq!(world.tick().await["succeeded"], 1, "a person can always resume it");
}

#[tokio::test]
async fn an_account_resumes_by_itself_when_its_login_works_again() {
    let world = paused().await;
    world.next_round("a").await;
    world.tenant.set_secret(TENANT, APP, "mistyped");
    world.forget();
    let report = world.next_round("a").await;
    assert_eq!(
        (report["resumed"].as_u64(), report["paused"].as_u64(), report["failed"].as_u64()),
        (Some(1), Some(0), Some(0))
    );
    assert_eq!((world.token_requests().len(), world.batches().len()), (1, 0), "a probe calls nothing");
    assert_eq!((world.status("a").await.as_str(), world.attribute("a", "pause_cause").await), ("active", None));
    assert!(INTERVAL.contains(&world.wait("a").await));
    let alerts = world.journal.of("alert");
    assert_eq!((alerts.len(), &alerts[1]["subject"]), (2, &json!("E5 Evergreen: a resumed")));
    assert_eq!(world.next_round("a").await["succeeded"], 1);
}

#[tokio::test]
async fn an_account_resumes_when_its_secret_changes() {
    let world = paused().await;
    world.put("a", &under(app_only(0), reads(3)));
    assert_eq!(world.sync().await["resumed"], json!(["a"]));
    assert_eq!(world.status("a").await, "active");
    assert!(world.wait("a").await <= 3600);
    assert_eq!(world.next_round("a").await["succeeded"], 1);
}

#[tokio::test]
async fn an_account_resumes_by_hand_and_is_due_at_once() {
    let world = paused().await;
    world.tenant.set_secret(TENANT, APP, "mistyped");
    assert_eq!(world.act("resume", "a").await["status"], "active");
    assert_eq!(world.tick().await["succeeded"], 1);
}

#[tokio::test]
async fn a_run_by_hand_calls_a_paused_account_in_earnest() {
    let world = paused().await;
    world.tenant.set_secret(TENANT, APP, "mistyped");
    let run = world.act("run", "a").await;
    assert_eq!(
        (run["outcome"].as_str(), run["calls_ok"].as_u64(), run["status"].as_str()),
        (Some("succeeded"), Some(3), Some("active"))
    );
}

/// What the login service says, and what it comes to.
const MISCONFIGURED: [u32; 48] = [
    7_000_215, 7_000_222, 700_016, 7_000_112, 700_027, 7_000_218, 90_002, 900_023, 500_011, 1_002_012, 9_002_313,
    50_034, 50_126, 50_055, 50_056, 50_057, 50_076, 50_079, 50_158, 53_003, 530_003, 530_035, 65_001, 50_058, 70_000,
    70_008, 700_082, 50_173, 70_043, 5_000_224, 5_000_225, 500_014, 700_084, 700_025, 50_072, 50_105, 50_059, 90_019,
    53_001, 53_011, 530_032, 50_131, 65_004, 650_052, 650_056, 650_057, 90_093, 7_000_229,
];
const LONG_BACKOFF: [u32; 2] = [50_053, 50_196];
const TRANSIENT: [u32; 8] = [90_033, 50_033, 90_006, 90_012, 90_024, 90_055, 90_090, 50_087];

/// A world whose one account meets what a test injects.
async fn one(secret: Value, policy: Value) -> World {
    let world = World::new().await;
    world.put("a", &under(secret, policy));
    world.begin().await;
    world
}

/// From now on the login service, or Graph, does just this.
async fn only(world: &World, fault: Fault) {
    world.tenant.clear_faults();
    world.act("resume", "a").await;
    world.forget();
    world.journal.clear();
    world.tenant.inject(fault);
}

/// Asserts that the third run in a row pauses, and that `pause_cause`, `show`, the history, the log and the alert say
/// the same: what is wrong, in plain words, and what to do. Gives back what is said.
async fn pauses_after_three(world: &World, code: &str) -> String {
    for run in 1..=3 {
        assert_eq!(world.status("a").await, "active", "{code}: before run {run}");
        assert_eq!(world.attribute("a", "pause_cause").await, None, "{code}");
        assert_eq!(world.next_round("a").await["failed"], 1, "{code}");
        assert_eq!(world.last_run("a").await.outcome, "misconfigured", "{code}");
    }
    assert_eq!(world.status("a").await, "paused", "{code}");
    assert_eq!(world.wait("a").await, 6 * 3600, "{code}: the first probe");
    let told = world.attribute("a", "pause_cause").await.unwrap();
    let (name, words) = told.split_once(": ").unwrap();
    assert_eq!(name, code);
    let (what, remedy) = words.split_once(". ").unwrap_or_else(|| panic!("no remedy: {told}"));
    assert!(what.len() > 15 && remedy.len() > 15 && remedy.ends_with('.'), "{told}");
    assert!(!what.contains("AADSTS") && !words.contains("Trace ID"), "the service's words are not repeated: {told}");
    assert_eq!(world.act("show", "a").await["pause_cause"], told);
    assert_eq!(world.last_run("a").await.reason.as_deref(), Some(told.as_str()));
    let runs = world.journal.of("run");
    assert_eq!(runs.len(), 3, "{code}");
    assert!(runs.iter().all(|line| line["reason"] == told && line["level"] == "WARN"), "{runs:#?}");
    let alerts = world.journal.of("alert");
    assert_eq!(alerts.len(), 1, "{alerts:#?}");
    assert_eq!(alerts[0]["subject"], "E5 Evergreen: a paused");
    let text = alerts[0]["text"].as_str().unwrap();
    assert!(text.starts_with("Account a is paused") && text.ends_with(&told), "{text}");
    told
}

#[tokio::test]
async fn every_code_of_wrong_configuration_pauses_with_the_third_run_and_is_told_in_plain_words() {
    let world = one(password(0), json!({})).await;
    for code in MISCONFIGURED {
        only(&world, Fault::login(When::Always, FaultAction::Aadsts(code))).await;
        let told = pauses_after_three(&world, &format!("AADSTS{code}")).await;
        assert!(!told.contains("Look the code up"), "{told}");
        assert_eq!((world.token_requests().len(), world.batches().len()), (3, 0), "no run came to a call");
    }
}

#[tokio::test]
async fn a_code_that_nobody_knows_pauses_too_and_is_named() {
    let world = one(password(0), json!({})).await;
    only(&world, Fault::login(When::Always, FaultAction::Aadsts(123_456))).await;
    assert!(pauses_after_three(&world, "AADSTS123456").await.contains("Look the code up"));
}

#[tokio::test]
async fn a_lockout_and_a_request_loop_are_left_alone_for_a_day_each_time_and_never_pause() {
    for code in LONG_BACKOFF {
        let world = one(password(0), json!({"pause_after": 1})).await;
        only(&world, Fault::login(When::Always, FaultAction::Aadsts(code))).await;
        for _ in 0..4 {
            world.next_round("a").await;
            assert_eq!((world.status("a").await.as_str(), world.attribute("a", "pause_cause").await), ("active", None));
            assert!(world.wait("a").await >= 86_400, "{code}");
            let run = world.last_run("a").await;
            let reason = run.reason.unwrap();
            assert_eq!(run.outcome, "long_backoff");
            assert!(reason.starts_with(&format!("AADSTS{code}: ")) && reason.contains("Nothing is tried for a day"));
        }
        assert_eq!(world.token_requests().len(), 4, "{code}: one attempt a day");
        assert_eq!(world.journal.of("alert").len(), 0, "{code}");
        world.tenant.clear_faults();
        assert_eq!(world.next_round("a").await["succeeded"], 1);
    }
}

#[tokio::test]
async fn what_passes_never_pauses_however_long_it_lasts() {
    let world = one(password(0), json!({"pause_after": 1})).await;
    let status = |status| FaultAction::Status { status, retry_after: None, applied_anyway: false };
    // Of Graph's faults `every_error_of_graph_pauses_or_does_not` tells.
    let others = [status(429), status(500), status(503), FaultAction::Html, FaultAction::Reset { after: false }];
    for act in TRANSIENT.map(FaultAction::Aadsts).into_iter().chain(others) {
        let what = format!("{act:?}");
        // A token from the memory of the function would not meet the login service.
        world.tenant.expire_access_tokens();
        only(&world, Fault::login(When::Always, act)).await;
        for run in 1..=5_i64 {
            world.next_round("a").await;
            let last = world.last_run("a").await;
            assert!(["transient", "throttled"].contains(&last.outcome.as_str()), "{what}: {last:?}");
            assert_eq!(world.status("a").await, "active", "{what}");
            assert_eq!(world.attribute("a", "pause_cause").await, None, "{what}");
            let doubled = 3600 << run;
            assert!(world.wait("a").await >= doubled.min(86_400), "{what}: run {run}");
        }
        assert_eq!(world.journal.of("alert").len(), 0, "{what}");
    }
}

#[tokio::test]
async fn a_federated_credential_that_does_not_fit_is_a_blip_twice_and_then_wrong_and_says_what_to_add() {
    let other = |text: &str| text.replace("1f0c2d3e", "00000000").replace("function", "other");
    let trust = sts::trust();
    for (code, trusted) in [
        (70_021, vec![]),
        (700_211, vec![Federated { issuer: other(&trust.issuer), ..trust.clone() }]),
        (700_212, vec![Federated { audience: "api://another".to_owned(), ..trust.clone() }]),
        (700_213, vec![Federated { subject: other(&trust.subject), ..trust.clone() }]),
    ] {
        let world = World::new().await;
        world.tenant.change_app(TENANT, APP, |app| {
            app.secrets.clear();
            app.federated = trusted;
        });
        world.put("a", &json!({"tenant_id": TENANT, "client_id": APP, "auth": "federated", "user_id": user(0)}));
        world.begin().await;
        for _ in 0..2 {
            world.next_round("a").await;
            assert_eq!(world.last_run("a").await.outcome, "transient", "{code}");
            assert_eq!((world.status("a").await.as_str(), world.attribute("a", "pause_cause").await), ("active", None));
        }
        world.journal.clear();
        let told = pauses_after_three(&world, &format!("AADSTS{code}")).await;
        assert!(told.contains("issuer URL") && told.contains(sts::AUDIENCE), "{told}");
        world.tenant.change_app(TENANT, APP, |app| app.federated = vec![trust.clone()]);
        assert_eq!(world.next_round("a").await["resumed"], 1, "{code}");
    }
}

#[tokio::test]
async fn a_role_whose_name_differs_in_case_is_wrong_at_once() {
    let world = World::new().await;
    world.tenant.change_app(TENANT, APP, |app| {
        app.secrets.clear();
        app.federated = vec![Federated { subject: sts::ROLE.to_uppercase(), ..sts::trust() }];
    });
    world.put("a", &json!({"tenant_id": TENANT, "client_id": APP, "auth": "federated", "user_id": user(0)}));
    world.begin().await;
    assert!(pauses_after_three(&world, "AADSTS7002138").await.contains("Copy the role's ARN"));
}

#[tokio::test]
async fn every_error_of_graph_pauses_or_does_not() {
    let error = |status, code: &str| FaultAction::Error { status, code: code.to_owned(), message: "MARKED".to_owned() };
    let world = one(password(0), reads(5)).await;
    // Each of Graph's classes as the answer to every call of every run: the worst case.
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
        // What an earlier class has set aside is drawn again.
        world.advance(TimeDelta::days(8));
        only(&world, begin).await;
        if let Some(cause) = pauses {
            pauses_after_three(&world, cause).await;
        } else {
            for _ in 0..3 {
                world.next_round("a").await;
                assert_eq!(
                    (world.status("a").await.as_str(), world.attribute("a", "pause_cause").await),
                    ("active", None)
                );
            }
            assert_eq!(world.journal.of("alert").len(), 0, "{what}");
        }
        assert_eq!(world.last_run("a").await.outcome, outcome, "{what}");
        assert!(!world.journal.text().contains("MARKED"));
    }
}

/// Runs an account that is paused at once, and gives back the code of its cause.
async fn cause(secret: Value, breaking: impl FnOnce(&World)) -> String {
    let world = World::new().await;
    world.put("a", &under(secret, json!({"pause_after": 1})));
    breaking(&world);
    world.begin().await;
    world.tick().await;
    let told = world.attribute("a", "pause_cause").await.unwrap_or_else(|| panic!("{}", world.journal.text()));
    told.split(':').next().unwrap().to_owned()
}

#[tokio::test]
async fn what_goes_wrong_at_the_tenant_is_named() {
    assert_eq!(cause(app_only(0), |world| world.tenant.expire_secret(TENANT, APP)).await, "AADSTS7000222");
    assert_eq!(cause(app_only(0), |world| world.tenant.set_app_enabled(TENANT, APP, false)).await, "AADSTS7000112");
    assert_eq!(cause(app_only(0), |world| world.tenant.remove_app(TENANT, APP)).await, "AADSTS700016");
    assert_eq!(cause(app_only(0), |world| world.tenant.revoke_all_consent(TENANT, APP)).await, "no_operation");
    assert_eq!(cause(password(0), |world| world.tenant.revoke_all_consent(TENANT, PUBLIC_APP)).await, "AADSTS65001");
    assert_eq!(cause(password(0), |world| world.tenant.disable_user(TENANT, &user(0))).await, "AADSTS50057");
    assert_eq!(cause(password(0), |world| world.tenant.set_password(TENANT, &user(0), "other")).await, "AADSTS50126");
    assert_eq!(cause(password(0), |world| world.tenant.set_mfa(TENANT, &user(0), Some(50076))).await, "AADSTS50076");
    assert_eq!(
        cause(password(0), |world| world.tenant.change_user(TENANT, &user(0), |user| user.password_expired = true))
            .await,
        "AADSTS50055"
    );
    let mut nobody = password(0);
    nobody["username"] = json!("nobody@contoso.onmicrosoft.com");
    assert_eq!(cause(nobody, |_| ()).await, "AADSTS50034");
    let mut nowhere = app_only(0);
    nowhere["tenant_id"] = json!("ffffffff-8a54-4c7e-9b51-2f6f3f1f7a10");
    assert_eq!(cause(nowhere, |_| ()).await, "AADSTS90002");
    let mut bare = app_only(0);
    bare["policy"] = json!({});
    bare.as_object_mut().unwrap().remove("client_secret");
    bare["username"] = json!(user(0));
    bare["password"] = json!(PASSWORD);
    bare.as_object_mut().unwrap().remove("user_id");
    assert_eq!(cause(bare, |_| ()).await, "AADSTS7000218", "a confidential app must prove itself");
}

#[tokio::test]
async fn a_refresh_token_that_was_revoked_or_has_expired_pauses_and_a_new_one_resumes() {
    for (expired, code) in [(false, "AADSTS50173"), (true, "AADSTS700082")] {
        let world = World::new().await;
        let mut policy = reads(2);
        policy["pause_after"] = json!(1);
        world.put("a", &under(refresh_token(&world, 0), policy.clone()));
        if expired {
            world.advance(TimeDelta::days(91));
        } else {
            world.tenant.revoke_refresh_tokens(TENANT, &user(0));
        }
        world.begin().await;
        world.tick().await;
        let cause = world.attribute("a", "pause_cause").await.unwrap();
        assert!(cause.starts_with(code) && cause.contains("`sign_in`"), "{cause}");
        world.put("a", &under(refresh_token(&world, 0), policy));
        world.sync().await;
        assert_eq!(world.next_round("a").await["succeeded"], 1);
    }
}

#[tokio::test]
async fn a_passing_fault_between_wrong_runs_neither_pauses_nor_forgives() {
    let world = World::new().await;
    world.put("a", &mistyped());
    world.sync().await;
    for act in [None, Some(FaultAction::Html), None, Some(FaultAction::Reset { after: false })] {
        world.tenant.clear_faults();
        if let Some(act) = act {
            world.tenant.inject(Fault::login(When::Always, act));
        }
        world.next_round("a").await;
        assert_eq!(world.status("a").await, "active");
    }
    world.tenant.clear_faults();
    world.next_round("a").await;
    assert_eq!(world.status("a").await, "paused");
}

#[tokio::test]
async fn a_probe_that_meets_an_outage_is_made_again_and_does_not_count() {
    let world = paused().await;
    world.tenant.inject(Fault::login(When::First(1), FaultAction::Html));
    for _ in 0..2 {
        assert_eq!(world.wait("a").await, 6 * 3600);
        world.next_round("a").await;
    }
    assert_eq!(world.wait("a").await, 12 * 3600);
}
