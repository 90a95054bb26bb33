//! Secrecy of actions: searches every answer, error, log line and table for planted secrets.

use e5_evergreen::event::EventError;
use serde_json::{Value, json};

use crate::support::test_app::{PUBLIC_APP, TENANT, TestApp, app_only, refresh_token, user, with_policy};

const MARK: &str = "MARKEDmarkedMARKED";

#[tokio::test]
async fn no_action_leaks_a_secret_into_answers_errors_logs_or_tables() {
    let app = TestApp::traced().await;
    let mut wrong = app_only(0);
    wrong["client_secret"] = json!(MARK);
    app.put("wrong", &with_policy(wrong.clone(), json!({"pause_after": 1})));
    wrong["colour"] = json!(MARK);
    app.put("faulty", &wrong);
    let own = refresh_token(&app, 0);
    app.put("token", &own);
    app.secrets.force_put("evergreen/_defaults", &format!("{{\"timezone\": \"{MARK}\"}}"));
    app.begin().await;
    let csv = format!("account,tenant_id,client_id,client_secret\nnew,{TENANT},{PUBLIC_APP},{MARK}\n{MARK}\n");
    let sign_in = json!({"action": "sign_in", "account": "person", "tenant_id": TENANT, "client_id": PUBLIC_APP});
    let mut written = String::new();
    let mut device_codes = Vec::new();
    let mut events = vec![
        json!({"action": "import", "text": csv}),
        json!({"action": "import", "text": format!("{}|{MARK}|{PUBLIC_APP}\n{MARK}|{MARK}|{MARK}", user(1))}),
        json!({"action": "import", "format": "csv", "text": MARK}),
        json!({"action": "import", "format": "json", "text": format!("[{{\"{MARK}!\": \"{MARK}\"}}, \"{MARK}\"]")}),
        json!({"action": "import", "format": MARK, "text": MARK}),
        json!({"action": "export"}),
        json!({"action": "list"}),
        sign_in.clone(),
        json!({"action": "sign_in", "account": "wrong"}),
        json!({"action": "sync"}),
        json!({"action": "tick"}),
    ];
    for account in ["wrong", "faulty", "token", "new"] {
        for action in ["show", "run", "check", "consent_url", "history", "stop", "resume"] {
            events.push(json!({"action": action, "account": account}));
        }
        events.push(json!({"action": "run", "account": account, "dry_run": true}));
        events.push(json!({"action": "grant", "account": account, "apply": true}));
        events.push(json!({"action": "set_policy", "account": account, "policy": {"pause_after": 2}}));
        events.push(json!({"action": "set_policy", "account": account, "policy": {"timezone": MARK}}));
    }
    let accepted = EventError::Unknown.to_string();
    let (_, all) = accepted.split_once("one of ").unwrap();
    for action in all.split(", ").map(|action| action.split(' ').next().unwrap()) {
        assert!(events.iter().any(|event| event["action"] == action), "`{action}` is tried");
    }
    for event in events {
        ask(&app, &mut written, event).await;
        device_codes.extend(kept(&app, "device_code", "evergreen/_sign_in_person"));
    }
    let code = app.tenant.pending_device_codes().pop().unwrap();
    app.tenant.approve_device(&code, &user(2));
    ask(&app, &mut written, sign_in).await;
    let signed_in = kept(&app, "refresh_token", "evergreen/person").expect("the pending sign-in is stored");

    written.push_str(&app.log.text());
    written.push_str(&app.dynamo.everything());
    let mut secrets = device_codes;
    assert!(!secrets.is_empty());
    secrets.extend([MARK.to_owned(), signed_in, own["refresh_token"].as_str().unwrap().to_owned()]);
    for secret in secrets {
        let at =
            written.find(&secret).map(|at| written[at.saturating_sub(200)..].chars().take(300).collect::<String>());
        assert_eq!(at, None, "a secret was written");
    }
}

async fn ask(app: &TestApp, written: &mut String, event: Value) {
    match app.try_ask(event).await {
        Ok(answer) => written.push_str(&answer.to_string()),
        Err(error) => written.push_str(&format!("{error} {error:?}")),
    }
}

fn kept(app: &TestApp, field: &str, name: &str) -> Option<String> {
    Some(app.secrets.value(name)?[field].as_str()?.to_owned())
}
