//! `import` and `export`: many accounts at once, and nothing that was given comes back.

use e5_evergreen::domain::account::{Account, AccountId};
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};

use crate::support::world::{APP, APP_SECRET, DOMAIN, PASSWORD, PUBLIC_APP, TENANT, World, app_only, user};

fn import(text: &str) -> Value {
    json!({"action": "import", "format": "auto", "text": text})
}

#[tokio::test]
async fn the_old_programs_lines_become_accounts_that_run_and_bad_lines_are_told() {
    let mut world = World::new().await;
    world.overlook(&["refused with 501"]);
    let text = format!(
        "{}----{PASSWORD}----{PUBLIC_APP}\nMARKED----MARKED\n{APP}----{APP_SECRET}----{TENANT}\n{}|{PASSWORD}|{PUBLIC_APP}\n",
        user(0),
        user(1)
    );
    let answer = world.ask(import(&text)).await;
    assert_eq!(answer["created"], json!([user(0), APP, user(1)]));
    assert_eq!((&answer["failed"][0]["line"], &answer["failed"][1]), (&json!(2), &Value::Null));
    assert_eq!(answer["sync"]["created"].as_array().unwrap().len(), 3);
    for value in ["MARKED", PASSWORD, APP_SECRET] {
        assert!(!answer.to_string().contains(value) && !world.journal.text().contains(value), "{answer}");
    }
    world.all_due().await;
    assert_eq!(world.tick().await["succeeded"], 3);
    assert_eq!(world.secrets.value(&format!("evergreen/{}", user(0))).unwrap()["tenant_id"], DOMAIN);
}

#[tokio::test]
async fn an_existing_account_is_never_overwritten_wherever_it_stands() {
    let world = World::new().await;
    world.put("a", &app_only(0));
    world.secrets.put("evergreen/shared", &json!({"accounts": {"b": app_only(1)}}));
    world.sync().await;
    let text = format!(
        "account,tenant_id,client_id,client_secret\na,{TENANT},{APP},x\nb,{TENANT},{APP},x\nc,{TENANT},{APP},x\nc,{TENANT},{APP},y\n"
    );
    let answer = world.ask(import(&text)).await;
    assert_eq!(answer["created"], json!(["c"]));
    assert_eq!(
        answer["existing"],
        json!([{"line": 2, "account": "a"}, {"line": 3, "account": "b"}, {"line": 5, "account": "c"}])
    );
    assert_eq!(world.secrets.value("evergreen/a").unwrap(), app_only(0));
    assert!(world.secrets.value("evergreen/b").is_none());
}

#[tokio::test]
async fn a_text_that_is_none_of_the_forms_is_refused_without_a_value() {
    let world = World::new().await;
    for event in [
        import("{\"MARKED\": "),
        json!({"action": "import", "text": "MARKED,client_id"}),
        json!({"action": "import", "format": "MARKED", "text": "x"}),
        json!({"action": "import", "text": ["MARKED"]}),
        import(""),
    ] {
        let refusal = world.refusal(event).await;
        assert!(!refusal.to_uppercase().contains("MARKED") && refusal.len() > 10, "{refusal}");
    }
}

#[tokio::test]
async fn an_export_holds_state_and_policy_and_no_secret() {
    let world = World::new().await;
    world.put("a", &app_only(0));
    world.put("b", &json!({"client_secret": APP_SECRET}));
    world.sync().await;
    let answer = world.ask(json!({"action": "export"})).await;
    let accounts = answer["accounts"].as_array().unwrap();
    assert_eq!((&accounts[0]["account_id"], &accounts[0]["policy"]["writes"]), (&json!("a"), &json!(true)));
    assert!(accounts[1]["secret_error"].as_str().unwrap().contains("`tenant_id`"));
    assert!(!answer.to_string().contains(APP_SECRET));
}

#[tokio::test]
async fn more_accounts_than_one_answer_holds_are_told_of_in_several_and_each_once() {
    const ALL: usize = 2_001;
    let world = World::new().await;
    let ids: Vec<AccountId> = (0..ALL).map(|number| AccountId::parse(&format!("a{number:04}")).unwrap()).collect();
    let made = stream::iter(&ids)
        .map(async |id| world.app.accounts.create(&Account::new(id.clone(), world.now())).await.unwrap())
        .buffer_unordered(16);
    assert!(made.all(async |made| made).await);

    for (action, answers) in [("list", 2), ("export", 5)] {
        let mut told = Vec::new();
        let mut after = json!(null);
        for number in 1..=answers {
            let answer = world.ask(json!({"action": action, "after": after})).await;
            let accounts = answer["accounts"].as_array().unwrap().clone();
            assert!(accounts.is_sorted_by_key(|account| account["account_id"].as_str().map(str::to_owned)));
            told.extend(
                accounts.iter().map(|account| AccountId::parse(account["account_id"].as_str().unwrap()).unwrap()),
            );
            after = answer["next"].clone();
            assert_eq!(after.is_null(), number == answers, "{action}: {number} of {answers}");
        }
        told.sort();
        assert_eq!(told, ids, "{action}");
    }
}
