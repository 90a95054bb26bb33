//! `import` and `export`: many accounts at once, and no secret in an answer.

use e5_evergreen::domain::account::{Account, AccountId};
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};

use crate::support::test_app::{APP, APP_SECRET, DOMAIN, PASSWORD, PUBLIC_APP, TENANT, TestApp, app_only, user};

fn import(text: &str) -> Value {
    json!({"action": "import", "format": "auto", "text": text})
}

#[tokio::test]
async fn lines_of_the_old_program_become_accounts_and_bad_lines_are_reported() {
    let mut app = TestApp::new().await;
    app.ignore_violations(&["refused with 501"]);
    let text = format!(
        "{}----{PASSWORD}----{PUBLIC_APP}\nMARKED----MARKED\n{APP}----{APP_SECRET}----{TENANT}\n{}|{PASSWORD}|{PUBLIC_APP}\n",
        user(0),
        user(1)
    );
    let answer = app.ask(import(&text)).await;
    assert_eq!(answer["created"], json!([user(0), APP, user(1)]));
    assert_eq!((&answer["failed"][0]["line"], &answer["failed"][1]), (&json!(2), &Value::Null));
    assert_eq!(answer["sync"]["created"].as_array().unwrap().len(), 3);
    for value in ["MARKED", PASSWORD, APP_SECRET] {
        assert!(!answer.to_string().contains(value) && !app.log.text().contains(value), "{answer}");
    }
    app.all_due().await;
    assert_eq!(app.tick().await["succeeded"], 3);
    assert_eq!(app.secrets.value(&format!("evergreen/{}", user(0))).unwrap()["tenant_id"], DOMAIN);
}

#[tokio::test]
async fn import_never_overwrites_an_existing_account() {
    let app = TestApp::new().await;
    app.put("a", &app_only(0));
    app.secrets.put("evergreen/shared", &json!({"accounts": {"b": app_only(1)}}));
    app.sync().await;
    let text = format!(
        "account,tenant_id,client_id,client_secret\na,{TENANT},{APP},x\nb,{TENANT},{APP},x\nc,{TENANT},{APP},x\nc,{TENANT},{APP},y\n"
    );
    let answer = app.ask(import(&text)).await;
    assert_eq!(answer["created"], json!(["c"]));
    assert_eq!(
        answer["existing"],
        json!([{"line": 2, "account": "a"}, {"line": 3, "account": "b"}, {"line": 5, "account": "c"}])
    );
    assert_eq!(app.secrets.value("evergreen/a").unwrap(), app_only(0));
    assert!(app.secrets.value("evergreen/b").is_none());
}

#[tokio::test]
async fn import_of_an_unknown_format_is_refused_without_a_value() {
    let app = TestApp::new().await;
    for event in [
        import("{\"MARKED\": "),
        json!({"action": "import", "text": "MARKED,client_id"}),
        json!({"action": "import", "format": "MARKED", "text": "x"}),
        json!({"action": "import", "text": ["MARKED"]}),
        import(""),
    ] {
        let refusal = app.refusal(event).await;
        assert!(!refusal.to_uppercase().contains("MARKED") && refusal.len() > 10, "{refusal}");
    }
}

#[tokio::test]
async fn export_contains_state_and_policy_and_no_secret() {
    let app = TestApp::new().await;
    app.put("a", &app_only(0));
    app.put("b", &json!({"client_secret": APP_SECRET}));
    app.sync().await;
    let answer = app.ask(json!({"action": "export"})).await;
    let accounts = answer["accounts"].as_array().unwrap();
    assert_eq!((&accounts[0]["account_id"], &accounts[0]["policy"]["writes"]), (&json!("a"), &json!(true)));
    assert!(accounts[1]["secret_error"].as_str().unwrap().contains("`tenant_id`"));
    assert!(!answer.to_string().contains(APP_SECRET));
}

#[tokio::test]
async fn long_answers_are_paged_and_contain_each_account_once() {
    const ALL: usize = 2_001;
    let app = TestApp::new().await;
    let ids: Vec<AccountId> = (0..ALL).map(|number| AccountId::parse(&format!("a{number:04}")).unwrap()).collect();
    let made = stream::iter(&ids)
        .map(async |id| app.inner.accounts.create(&Account::new(id.clone(), app.now())).await.unwrap())
        .buffer_unordered(16);
    assert!(made.all(async |made| made).await);

    for (action, answers) in [("list", 2), ("export", 5)] {
        let mut found = Vec::new();
        let mut after = json!(null);
        for number in 1..=answers {
            let answer = app.ask(json!({"action": action, "after": after})).await;
            let accounts = answer["accounts"].as_array().unwrap().clone();
            assert!(accounts.is_sorted_by_key(|account| account["account_id"].as_str().map(str::to_owned)));
            found.extend(
                accounts.iter().map(|account| AccountId::parse(account["account_id"].as_str().unwrap()).unwrap()),
            );
            after = answer["next"].clone();
            assert_eq!(after.is_null(), number == answers, "{action}: {number} of {answers}");
        }
        found.sort();
        assert_eq!(found, ids, "{action}");
    }
}
