//! `consent_url`: just what the policy needs, at the cloud's own door.

use std::collections::BTreeSet;

use reqwest::Url;
use serde_json::{Value, json};

use crate::support::world::{APP, APP_SECRET, PASSWORD, PUBLIC_APP, TENANT, World, app_only, password, under, user};

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
