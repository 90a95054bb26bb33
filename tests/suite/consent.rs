//! `consent_url`: requests exactly the policy's permissions, on the cloud's own login host.

use std::collections::BTreeSet;

use fake_tenant::{App, Registration};
use reqwest::Url;
use serde_json::{Value, json};

use crate::support::browser::{self, Shown};
use crate::support::test_app::{
    APP, APP_SECRET, PASSWORD, PUBLIC_APP, TENANT, TestApp, app_only, password, user, with_policy,
};

const COME_BACK: &str = "https://login.microsoftonline.com/common/oauth2/nativeclient";

fn parameter(url: &Value, name: &str) -> String {
    let url: Url = url.as_str().unwrap().parse().unwrap();
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned()).unwrap_or_default()
}

#[tokio::test]
async fn consent_links_request_every_permission_of_the_policy() {
    let app = TestApp::new().await;
    app.put("a", &with_policy(password(0), json!({"operations": {"include": ["mail.*", "drive.*"]}})));
    app.sync().await;
    let answer = app.act("consent_url", "a").await;
    assert!(!answer.to_string().contains(PASSWORD));
    let names: BTreeSet<String> = parameter(&answer["admin_consent_url"], "scope")
        .split(' ')
        .map(|scope| scope.strip_prefix("https://graph.microsoft.com/").unwrap().to_owned())
        .collect();
    let listed: Vec<&str> = answer["permissions"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert_eq!(names.iter().map(String::as_str).collect::<Vec<_>>(), listed);
    assert!(names.contains("Mail.ReadWrite") && !names.iter().any(|name| name.contains("Calendar")), "{names:?}");
    let own = parameter(&answer["user_consent_url"], "scope");
    assert!(own.contains("offline_access") && own.ends_with(&parameter(&answer["admin_consent_url"], "scope")));

    app.tenant.revoke_all_consent(TENANT, PUBLIC_APP);
    app.tenant.grant_consent(TENANT, PUBLIC_APP, &listed);
    let check = app.act("check", "a").await;
    assert_eq!(check["never_drawn"], json!([]), "{check}");
}

#[tokio::test]
async fn app_only_consent_link_covers_the_registered_permissions() {
    let app = TestApp::new().await;
    app.put("a", &app_only(0));
    app.sync().await;
    let answer = app.act("consent_url", "a").await;
    assert_eq!(
        answer["admin_consent_url"],
        format!("https://login.microsoftonline.com/{TENANT}/adminconsent?client_id={APP}")
    );
    assert!(answer["message"].as_str().unwrap().contains("First add"));
    assert!(!answer["permissions"].as_array().unwrap().is_empty() && !answer.to_string().contains(APP_SECRET));
}

#[tokio::test]
async fn consent_links_use_the_hosts_of_the_cloud() {
    let app = TestApp::new().await;
    for (cloud, login, graph) in [
        ("global", "login.microsoftonline.com", "https://graph.microsoft.com/"),
        ("us_gov", "login.microsoftonline.us", "https://graph.microsoft.us/"),
        ("us_gov_dod", "login.microsoftonline.us", "https://dod-graph.microsoft.us/"),
        ("china", "login.partner.microsoftonline.cn", "https://microsoftgraph.chinacloudapi.cn/"),
    ] {
        let mut secret = with_policy(password(0), json!({"operations": {"include": ["users.list"]}}));
        secret["cloud"] = json!(cloud);
        app.put("a", &secret);
        app.sync().await;
        let answer = app.act("consent_url", "a").await;
        for link in ["admin_consent_url", "user_consent_url"] {
            let url: Url = answer[link].as_str().unwrap().parse().unwrap();
            assert_eq!((url.scheme(), url.host_str()), ("https", Some(login)));
            assert!(parameter(&answer[link], "scope").contains(&format!("{graph}User.ReadBasic.All")), "{url}");
            assert!(parameter(&answer[link], "redirect_uri").contains(login));
        }
    }
    assert!(app.token_requests().is_empty(), "{}", user(0));
}

/// An app without any consent, with a registered redirect URI, whose user 0 is an
/// administrator.
async fn unconsented() -> TestApp {
    let app = TestApp::new().await;
    for client in [APP, PUBLIC_APP] {
        app.tenant.revoke_all_consent(TENANT, client);
        app.tenant.change_app(TENANT, client, |app| {
            app.registration.redirect_uris.insert(COME_BACK.to_owned());
        });
    }
    app.tenant.change_user(TENANT, &user(0), |user| {
        user.roles.insert("Global Administrator".to_owned());
    });
    app
}

/// The page after this user has accepted or declined at the link.
async fn answered(app: &TestApp, link: &Value, number: usize, accept: &str) -> Shown {
    let form = [("username", &*user(number)), ("password", PASSWORD), ("accept", accept)];
    browser::answer(&app.tenant.endpoint(), link.as_str().unwrap(), &form).await
}

#[tokio::test]
async fn administrator_consents_for_an_app_and_for_all_users_through_the_link() {
    for secret in [app_only(0), password(1)] {
        let app = unconsented().await;
        app.put("a", &with_policy(secret, json!({"operations": {"include": ["users.list", "mail.*"]}})));
        app.sync().await;
        let link = app.act("consent_url", "a").await["admin_consent_url"].clone();
        let page = browser::open(&app.tenant.endpoint(), link.as_str().unwrap()).await;
        assert!(page.status == 200 && page.text.contains("Mail.ReadWrite"), "{page:?}");
        let cancelled = answered(&app, &link, 0, "no").await.sent_to.unwrap();
        assert!(cancelled.as_str().starts_with(COME_BACK) && cancelled.query().unwrap().contains("access_denied"));
        let barred = answered(&app, &link, 1, "yes").await;
        assert!(barred.sent_to.is_none() && barred.text.contains("AADSTS90094"), "not an administrator: {barred:?}");
        assert_ne!(app.act("check", "a").await["never_drawn"], json!([]), "nothing is granted yet");
        let accepted = answered(&app, &link, 0, "yes").await.sent_to.unwrap();
        assert!(accepted.query().unwrap().contains("admin_consent=True"), "{accepted}");
        app.tenant.expire_access_tokens();
        let mut app = app;
        app.restart();
        assert_eq!(app.act("check", "a").await["never_drawn"], json!([]));
    }
}

#[tokio::test]
async fn user_consents_only_for_themselves_and_not_to_admin_permissions() {
    let app = unconsented().await;
    for (number, account) in [(1, "a"), (2, "b")] {
        app.put(account, &with_policy(password(number), json!({"operations": {"include": ["mail.messages.list"]}})));
    }
    app.put("all", &with_policy(password(1), json!({"operations": {"include": ["audit.*", "groups.list"]}})));
    app.sync().await;
    let link = app.act("consent_url", "all").await["user_consent_url"].clone();
    assert!(answered(&app, &link, 1, "yes").await.text.contains("AADSTS90094"));
    let link = app.act("consent_url", "a").await["user_consent_url"].clone();
    let sent_to = answered(&app, &link, 1, "yes").await.sent_to.unwrap();
    assert!(sent_to.as_str().starts_with(COME_BACK) && sent_to.query().unwrap().starts_with("code="), "{sent_to}");
    assert_eq!(app.act("run", "a").await["outcome"], "succeeded");
    assert!(app.act("run", "b").await["reason"].as_str().unwrap().starts_with("AADSTS65001"));
}

#[tokio::test]
async fn link_that_does_not_match_the_registration_is_refused_in_the_browser() {
    let app = unconsented().await;
    app.put("a", &with_policy(password(0), json!({"operations": {"include": ["mail.*"]}})));
    app.put("b", &app_only(0));
    app.sync().await;
    let delegated = app.act("consent_url", "a").await["admin_consent_url"].clone();
    let app_link = app.act("consent_url", "b").await["admin_consent_url"].clone();
    let change = |id: &'static str, change: fn(&mut App)| app.tenant.change_app(TENANT, id, change);
    let refused = async |link: &Value, code: &str| {
        let shown = answered(&app, link, 0, "yes").await;
        assert!(shown.status == 400 && shown.sent_to.is_none(), "{shown:?}");
        assert!(shown.text.contains(code), "{code}: {shown:?}");
    };
    change(PUBLIC_APP, |app| {
        app.registration.scopes.remove("Mail.ReadWrite");
    });
    refused(&delegated, "AADSTS650057").await;
    change(PUBLIC_APP, |app| app.registration.redirect_uris = ["https://elsewhere.example/".to_owned()].into());
    refused(&delegated, "AADSTS50011").await;
    change(APP, |app| app.registration.redirect_uris.clear());
    refused(&app_link, "AADSTS500113").await;
    change(APP, |app| app.registration = Registration::default());
    refused(&app_link, "AADSTS500113").await;
    let unknown = json!(app_link.as_str().unwrap().replace(APP, "00000000-7f0a-4d0c-8a86-6a0e4a1f0c01"));
    refused(&unknown, "AADSTS700016").await;
}
