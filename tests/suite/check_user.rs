//! `check` of the user, the licences and the services that an account's calls depend on.

use serde_json::{Value, json};

use crate::support::test_app::{APP, PUBLIC_APP, TENANT, TestApp, app_only, password, user};

/// The finding on something: whether it is good, and the sentence.
fn finding(answer: &Value, about: &str) -> (Option<bool>, String) {
    let found = answer["verdicts"].as_array().unwrap().iter().find(|finding| finding["about"] == about);
    let found = found.unwrap_or_else(|| panic!("{about}: {answer:#}"));
    (found["good"].as_bool(), found["verdict"].as_str().unwrap().to_owned())
}

async fn checked(app: &TestApp, secret: &Value) -> Value {
    app.put("a", secret);
    app.sync().await;
    app.act("check", "a").await
}

#[tokio::test]
async fn user_with_mailbox_drive_and_licences_is_good() {
    for secret in [app_only(0), password(0)] {
        let app = TestApp::new().await;
        let answer = checked(&app, &secret).await;
        for about in ["clock", "user", "mailbox", "drive", "licences", "service_health"] {
            assert_eq!(finding(&answer, about).0, Some(true), "{about}: {answer:#}");
        }
        let licences = finding(&answer, "licences").1;
        for service in
            ["Exchange", "SharePoint", "OneDrive", "Teams", "Intune", "Planner", "Entra ID P1", "Entra ID P2"]
        {
            assert!(licences.contains(service), "{licences}");
        }
    }
}

#[tokio::test]
async fn user_id_that_does_not_exist_is_named() {
    let mut secret = app_only(0);
    secret["user_id"] = json!("megn@contoso.example");
    let app = TestApp::new().await;
    let answer = checked(&app, &secret).await;
    for about in ["user", "mailbox", "drive"] {
        let (good, verdict) = finding(&answer, about);
        assert!(good == Some(false) && verdict.contains("user of `user_id` does not exist"), "{about}: {verdict}");
    }
    assert!(!answer.to_string().contains("megn"), "a value of the secret is not repeated");
}

#[tokio::test]
async fn missing_user_is_named_even_where_only_mail_may_be_read() {
    let mut secret = app_only(0);
    secret["user_id"] = json!("megn@contoso.example");
    let app = TestApp::new().await;
    app.tenant.revoke_all_consent(TENANT, APP);
    app.tenant.grant_consent(TENANT, APP, &["Mail.Read"]);
    let answer = checked(&app, &secret).await;
    assert_eq!(finding(&answer, "user").0, None, "{answer:#}");
    let (good, verdict) = finding(&answer, "mailbox");
    assert!(good == Some(false) && verdict.contains("`user_id`"), "{verdict}");
}

#[tokio::test]
async fn app_without_user_id_is_told_what_is_not_called() {
    let mut secret = app_only(0);
    secret.as_object_mut().unwrap().remove("user_id");
    let app = TestApp::new().await;
    let answer = checked(&app, &secret).await;
    let (good, verdict) = finding(&answer, "user");
    assert!(good.is_none() && verdict.contains("`user_id`") && verdict.contains("not called"), "{verdict}");
    assert!(answer["verdicts"].as_array().unwrap().iter().all(|finding| finding["about"] != "mailbox"));
}

#[tokio::test]
async fn user_without_mailbox_or_drive_is_told_so_and_neither_is_created() {
    for (secret, drive) in [(app_only(0), Some(false)), (password(0), None)] {
        let app = TestApp::without(|user| (user.mailbox, user.drive) = (false, false)).await;
        app.put("a", &secret);
        app.sync().await;
        let before = app.snapshot();
        let answer = app.act("check", "a").await;
        let (good, verdict) = finding(&answer, "mailbox");
        assert!(good == Some(false) && verdict.contains("no mailbox"), "{verdict}");
        let (good, verdict) = finding(&answer, "drive");
        assert!(good == drive && verdict.contains("no OneDrive"), "{verdict}");
        app.assert_as_before(&before);
    }
}

#[tokio::test]
async fn service_that_the_licences_lack_is_named() {
    let app = TestApp::new().await;
    app.tenant.restrict_licences(TENANT, &user(0), Some(&["INTUNE_A"]));
    let (good, verdict) = finding(&checked(&app, &app_only(0)).await, "licences");
    assert!(good == Some(true) && verdict.contains("Not among them: Intune,"), "{verdict}");
    app.tenant.restrict_licences(TENANT, &user(0), Some(&["EXCHANGE_S_ENTERPRISE"]));
    let (good, verdict) = finding(&app.act("check", "a").await, "licences");
    assert!(good == Some(false) && verdict.contains("Not among them: Exchange,"), "{verdict}");
    app.tenant.restrict_licences(TENANT, &user(0), None);
    let (good, verdict) = finding(&app.act("check", "a").await, "licences");
    assert!(good == Some(false) && verdict.contains("no licence"), "{verdict}");
}

#[tokio::test]
async fn licences_of_the_tenant_say_nothing_of_the_user() {
    let app = TestApp::new().await;
    app.tenant.revoke_all_consent(TENANT, APP);
    // Allows `subscribedSkus`, not a user's `licenseDetails`.
    app.tenant.grant_consent(TENANT, APP, &["Organization.Read.All"]);
    let answer = checked(&app, &app_only(0)).await;
    let (good, verdict) = finding(&answer, "licences");
    assert!(good.is_none() && verdict.contains("Exchange") && verdict.contains("is not seen"), "{verdict}");
}

#[tokio::test]
async fn incident_of_a_service_is_named() {
    let app = TestApp::new().await;
    app.tenant.set_exchange_health(TENANT, "serviceDegradation");
    let (good, verdict) = finding(&checked(&app, &app_only(0)).await, "service_health");
    assert!(good == Some(false) && verdict.contains("Exchange Online (serviceDegradation)"), "{verdict}");
    for healthy in ["serviceRestored", "falsePositive", "postIncidentReviewPublished"] {
        app.tenant.set_exchange_health(TENANT, healthy);
        assert_eq!(finding(&app.act("check", "a").await, "service_health").0, Some(true), "{healthy}");
    }
}

#[tokio::test]
async fn nothing_is_called_good_that_the_token_may_not_see() {
    let app = TestApp::new().await;
    app.tenant.revoke_all_consent(TENANT, PUBLIC_APP);
    app.tenant.grant_consent(TENANT, PUBLIC_APP, &["openid"]);
    let answer = checked(&app, &password(0)).await;
    for about in ["user", "mailbox", "drive", "licences", "service_health", "subscription", "app_credentials"] {
        let (good, verdict) = finding(&answer, about);
        assert!(good.is_none() && verdict.starts_with("Not allowed to look: grant "), "{about}: {verdict}");
    }
    let (good, verdict) = finding(&answer, "permissions");
    assert!(good == Some(false) && verdict.contains("none of the permissions"), "{verdict}");
    assert!(app.batches().is_empty(), "no query is sent that would be refused");
}

#[tokio::test]
async fn token_that_says_nothing_of_its_time_leaves_the_clock_unknown() {
    let changes: [fn(&mut fake_tenant::App); 2] = [|app| app.omit_expires_in = true, |app| app.opaque_tokens = true];
    for change in changes {
        let app = TestApp::new().await;
        app.tenant.change_app(TENANT, APP, change);
        assert_eq!(finding(&checked(&app, &app_only(0)).await, "clock").0, None);
    }
}
