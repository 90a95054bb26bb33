//! `consent_url`: just what the policy needs, at the cloud's own door.

use std::collections::BTreeSet;

use fake_tenant::{App, Registration};
use reqwest::Url;
use serde_json::{Value, json};

use crate::support::browser::{self, Shown};
use crate::support::world::{APP, APP_SECRET, PASSWORD, PUBLIC_APP, TENANT, World, app_only, password, under, user};

const COME_BACK: &str = "https://login.microsoftonline.com/common/oauth2/nativeclient";

fn parameter(url: &Value, name: &str) -> String {
    let url: Url = url.as_str().unwrap().parse().unwrap();
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned()).unwrap_or_default()
}

#[tokio::test]
async fn what_the_links_ask_for_is_enough_for_every_operation_of_the_policy() {
    let world = World::new().await;
    world.put("a", &under(password(0), json!({"operations": {"include": ["mail.*", "drive.*"]}})));
    world.sync().await;
    let answer = world.act("consent_url", "a").await;
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

    world.tenant.revoke_all_consent(TENANT, PUBLIC_APP);
    world.tenant.grant_consent(TENANT, PUBLIC_APP, &listed);
    let check = world.act("check", "a").await;
    assert_eq!(check["never_drawn"], json!([]), "{check}");
}

#[tokio::test]
async fn an_app_consents_to_what_is_in_its_registration() {
    let world = World::new().await;
    world.put("a", &app_only(0));
    world.sync().await;
    let answer = world.act("consent_url", "a").await;
    assert_eq!(
        answer["admin_consent_url"],
        format!("https://login.microsoftonline.com/{TENANT}/adminconsent?client_id={APP}")
    );
    assert!(answer["message"].as_str().unwrap().contains("First add"));
    assert!(!answer["permissions"].as_array().unwrap().is_empty() && !answer.to_string().contains(APP_SECRET));
}

#[tokio::test]
async fn each_cloud_has_its_own_hosts() {
    let world = World::new().await;
    for (cloud, login, graph) in [
        ("global", "login.microsoftonline.com", "https://graph.microsoft.com/"),
        ("us_gov", "login.microsoftonline.us", "https://graph.microsoft.us/"),
        ("us_gov_dod", "login.microsoftonline.us", "https://dod-graph.microsoft.us/"),
        ("china", "login.partner.microsoftonline.cn", "https://microsoftgraph.chinacloudapi.cn/"),
    ] {
        let mut secret = under(password(0), json!({"operations": {"include": ["users.list"]}}));
        secret["cloud"] = json!(cloud);
        world.put("a", &secret);
        world.sync().await;
        let answer = world.act("consent_url", "a").await;
        for link in ["admin_consent_url", "user_consent_url"] {
            let url: Url = answer[link].as_str().unwrap().parse().unwrap();
            assert_eq!((url.scheme(), url.host_str()), ("https", Some(login)));
            assert!(parameter(&answer[link], "scope").contains(&format!("{graph}User.ReadBasic.All")), "{url}");
            assert!(parameter(&answer[link], "redirect_uri").contains(login));
        }
    }
    assert!(world.token_requests().is_empty(), "{}", user(0));
}

/// A world in which nobody has consented to anything, an address to come back to is registered, and user 0 is an
/// administrator.
async fn unconsented() -> World {
    let world = World::new().await;
    for app in [APP, PUBLIC_APP] {
        world.tenant.revoke_all_consent(TENANT, app);
        world.tenant.change_app(TENANT, app, |app| {
            app.registration.redirect_uris.insert(COME_BACK.to_owned());
        });
    }
    world.tenant.change_user(TENANT, &user(0), |user| {
        user.roles.insert("Global Administrator".to_owned());
    });
    world
}

/// What becomes of the link where this user accepts, or does not.
async fn answered(world: &World, link: &Value, number: usize, accept: &str) -> Shown {
    let form = [("username", &*user(number)), ("password", PASSWORD), ("accept", accept)];
    browser::answer(&world.tenant.endpoint(), link.as_str().unwrap(), &form).await
}

#[tokio::test]
async fn an_administrator_who_follows_the_link_has_consented_for_an_app_and_for_all_users() {
    for secret in [app_only(0), password(1)] {
        let world = unconsented().await;
        world.put("a", &under(secret, json!({"operations": {"include": ["users.list", "mail.*"]}})));
        world.sync().await;
        let link = world.act("consent_url", "a").await["admin_consent_url"].clone();
        let page = browser::open(&world.tenant.endpoint(), link.as_str().unwrap()).await;
        assert!(page.status == 200 && page.text.contains("Mail.ReadWrite"), "{page:?}");
        let cancelled = answered(&world, &link, 0, "no").await.sent_to.unwrap();
        assert!(cancelled.as_str().starts_with(COME_BACK) && cancelled.query().unwrap().contains("access_denied"));
        let barred = answered(&world, &link, 1, "yes").await;
        assert!(barred.sent_to.is_none() && barred.text.contains("AADSTS90094"), "no administrator: {barred:?}");
        assert_ne!(world.act("check", "a").await["never_drawn"], json!([]), "nothing is granted yet");
        let accepted = answered(&world, &link, 0, "yes").await.sent_to.unwrap();
        assert!(accepted.query().unwrap().contains("admin_consent=True"), "{accepted}");
        world.tenant.expire_access_tokens();
        let mut world = world;
        world.restart();
        assert_eq!(world.act("check", "a").await["never_drawn"], json!([]));
    }
}

#[tokio::test]
async fn a_user_consents_for_themselves_alone_and_not_to_what_concerns_others() {
    let world = unconsented().await;
    for (number, account) in [(1, "a"), (2, "b")] {
        world.put(account, &under(password(number), json!({"operations": {"include": ["mail.messages.list"]}})));
    }
    world.put("all", &under(password(1), json!({"operations": {"include": ["auditLogs.*", "groups.list"]}})));
    world.sync().await;
    let link = world.act("consent_url", "all").await["user_consent_url"].clone();
    assert!(answered(&world, &link, 1, "yes").await.text.contains("AADSTS90094"));
    let link = world.act("consent_url", "a").await["user_consent_url"].clone();
    let sent_to = answered(&world, &link, 1, "yes").await.sent_to.unwrap();
    assert!(sent_to.as_str().starts_with(COME_BACK) && sent_to.query().unwrap().starts_with("code="), "{sent_to}");
    assert_eq!(world.act("run", "a").await["outcome"], "succeeded");
    assert!(world.act("run", "b").await["reason"].as_str().unwrap().starts_with("AADSTS65001"));
}

#[tokio::test]
async fn a_link_that_does_not_fit_the_registration_is_refused_in_the_browser() {
    let world = unconsented().await;
    world.put("a", &under(password(0), json!({"operations": {"include": ["mail.*"]}})));
    world.put("b", &app_only(0));
    world.sync().await;
    let delegated = world.act("consent_url", "a").await["admin_consent_url"].clone();
    let app = world.act("consent_url", "b").await["admin_consent_url"].clone();
    let change = |id: &'static str, change: fn(&mut App)| world.tenant.change_app(TENANT, id, change);
    let refused = async |link: &Value, code: &str| {
        let shown = answered(&world, link, 0, "yes").await;
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
    refused(&app, "AADSTS500113").await;
    change(APP, |app| app.registration = Registration::default());
    refused(&app, "AADSTS500113").await;
    let nobody = json!(app.as_str().unwrap().replace(APP, "00000000-7f0a-4d0c-8a86-6a0e4a1f0c01"));
    refused(&nobody, "AADSTS700016").await;
}
