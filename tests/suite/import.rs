//! `import` and `export`: many accounts at once, and no secret in an answer.

use e5_evergreen::domain::account::{Account, AccountId};
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};

use crate::support::test_app::{
    APP, APP_SECRET, DOMAIN, PASSWORD, PUBLIC_APP, TENANT, TestApp, app_only, user, with_policy,
};

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

const SECRET: &str = "ab18Q~cdEFghijKLmnopQRstuvWXyz0123456789.";
const OLD_SECRET: &str = "Ab1.cD2-eF3_gH4iJ5kL6mN7oP8qR9sT0uV";
const TOKEN: &str = "0.AXoAexampleexampleexample-example_example";

#[tokio::test]
async fn each_line_is_answered_with_what_was_understood_and_without_values() {
    let app = TestApp::new().await;
    let text = format!(
        "sep=;\n# accounts\n;;;\n{};{PASSWORD};{PUBLIC_APP};;\n{};{SECRET};{APP}\n{};{PASSWORD};{PUBLIC_APP};{TOKEN}\n\
         {TENANT};{APP};{OLD_SECRET}\n{APP};{OLD_SECRET};{TENANT}\n",
        user(0),
        user(1),
        user(2)
    );
    let answer = app.ask(import(&text)).await;
    assert_eq!(
        answer["understood"],
        json!([
            {"line": 4, "account": user(0), "kind": "password",
                "fields": ["tenant_id", "client_id", "auth", "username", "password"]},
            {"line": 5, "account": user(1), "kind": "client_secret",
                "fields": ["tenant_id", "client_id", "client_secret", "user_id"]},
            {"line": 6, "account": user(2), "kind": "refresh_token",
                "fields": ["tenant_id", "client_id", "auth", "refresh_token"], "ignored": ["password"]},
            {"line": 8, "account": APP, "kind": "client_secret", "fields": ["tenant_id", "client_id", "client_secret"]},
        ])
    );
    let reason = answer["failed"][0]["reason"].as_str().unwrap();
    assert!(reason.starts_with("has two GUIDs, and nothing says which is the tenant"), "{reason}");
    assert_eq!((&answer["failed"][0]["line"], &answer["failed"][1]), (&json!(7), &Value::Null));
    assert_eq!(app.secrets.value(&format!("evergreen/{}", user(1))).unwrap()["user_id"], user(1));
    let mut shown = vec![answer, app.ask(json!({"action": "export"})).await, app.ask(json!({"action": "list"})).await];
    shown.push(app.act("show", &user(2)).await);
    let shown = json!(shown).to_string() + &app.log.text() + &app.dynamo.everything();
    for value in [PASSWORD, SECRET, OLD_SECRET, TOKEN] {
        assert!(!shown.contains(value), "{value}");
    }
}

#[tokio::test]
async fn accounts_are_made_at_once_though_lists_lag_behind() {
    let app = TestApp::new().await;
    app.put("old", &app_only(0));
    app.sync().await;
    app.secrets.lag();
    let row = |account: &str| format!("{account},{TENANT},{APP},{APP_SECRET},{}\n", user(1));
    let head = "account,tenant_id,client_id,client_secret,user_id\n";
    let mut event = import(&[head, &row("new"), &row("old")].concat());
    event["replace"] = json!(true);
    let answer = app.ask(event).await;
    assert_eq!((&answer["created"], &answer["sync"]["created"]), (&json!(["new"]), &json!(["new"])));
    assert_eq!((&answer["replaced"], &answer["sync"]["changed"]), (&json!(["old"]), &json!(["old"])));
    for account in ["old", "new"] {
        assert_eq!(app.status(account).await, "active");
        let version = app.secrets.version(&format!("evergreen/{account}"));
        assert_eq!(app.attribute(account, "secret_version").await, version);
    }
    app.all_due().await;
    assert_eq!(app.tick().await["succeeded"], 2);
}

#[tokio::test]
async fn with_replace_the_secret_is_another_and_its_policy_stays() {
    let app = TestApp::new().await;
    let policy = json!({"writes": false});
    app.put("a", &with_policy(app_only(0), policy.clone()));
    app.secrets.put("evergreen/shared", &json!({"accounts": {"b": app_only(1)}}));
    app.sync().await;
    let other = "5b1e7c52-7f0a-4d0c-8a86-6a0e4a1f0c09";
    let rows = format!("a,fabrikam.com,{other},x\nb,{TENANT},{APP},x\nshared,{TENANT},{APP},x\n");
    let mut event = import(&format!("account,tenant_id,client_id,client_secret\n{rows}"));
    let left = app.ask(event.clone()).await;
    assert!(left["message"].as_str().unwrap().contains("\"replace\": true"), "{left}");
    assert_eq!(left["existing"].as_array().unwrap().len(), 3);
    assert_eq!(app.secrets.versions_written("evergreen/a"), 1);

    event["replace"] = json!(true);
    let answer = app.ask(event.clone()).await;
    assert_eq!((&answer["replaced"], &answer["created"], &answer["existing"]), (&json!(["a"]), &json!([]), &json!([])));
    let reasons: Vec<&str> =
        answer["failed"].as_array().unwrap().iter().map(|failed| failed["reason"].as_str().unwrap()).collect();
    assert!(reasons[0].contains("defined by secret `evergreen/shared`"), "{answer}");
    assert!(reasons[1].contains("many accounts"), "{answer}");
    let expected = json!({"tenant_id": "fabrikam.com", "client_id": other, "client_secret": "x", "policy": policy});
    assert_eq!(app.secrets.value("evergreen/a").unwrap(), expected);
    assert_eq!(app.secrets.value("evergreen/shared").unwrap(), json!({"accounts": {"b": app_only(1)}}));

    let again = app.ask(event).await;
    assert_eq!(
        again["existing"],
        json!([{"line": 2, "account": "a"}]),
        "a secret that says the same is not written again"
    );
    assert_eq!(app.secrets.versions_written("evergreen/a"), 2);
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
        json!({"action": "import", "text": "x", "replace": "MARKED"}),
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
