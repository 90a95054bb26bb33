//! Secrecy: what is secret is searched for in everything that leaves the house.

use e5_evergreen::event::EventError;
use serde_json::{Value, json};

use crate::support::world::{PUBLIC_APP, TENANT, World, app_only, refresh_token, under, user};

const MARK: &str = "MARKEDmarkedMARKED";

#[tokio::test]
async fn no_action_tells_a_secret_in_an_answer_an_error_a_log_or_a_table() {
    let world = World::traced().await;
    let mut wrong = app_only(0);
    wrong["client_secret"] = json!(MARK);
    world.put("wrong", &under(wrong.clone(), json!({"pause_after": 1})));
    wrong["colour"] = json!(MARK);
    world.put("faulty", &wrong);
    let own = refresh_token(&world, 0);
    world.put("token", &own);
    world.secrets.force_put("evergreen/_defaults", &format!("{{\"timezone\": \"{MARK}\"}}"));
    world.begin().await;
    let csv = format!("account,tenant_id,client_id,client_secret\nnew,{TENANT},{PUBLIC_APP},{MARK}\n{MARK}\n");
    let sign_in = json!({"action": "sign_in", "account": "person", "tenant_id": TENANT, "client_id": PUBLIC_APP});
    let mut told = String::new();
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
        tell(&world, &mut told, event).await;
        device_codes.extend(kept(&world, "device_code", "evergreen/_sign_in_person"));
    }
    let code = world.tenant.pending_device_codes().pop().unwrap();
    world.tenant.approve_device(&code, &user(2));
    tell(&world, &mut told, sign_in).await;
    let signed_in = kept(&world, "refresh_token", "evergreen/person").expect("the sign-in is stored");

    told.push_str(&world.journal.text());
    told.push_str(&world.dynamo.everything());
    let mut secrets = device_codes;
    assert!(!secrets.is_empty());
    secrets.extend([MARK.to_owned(), signed_in, own["refresh_token"].as_str().unwrap().to_owned()]);
    for secret in secrets {
        let at = told.find(&secret).map(|at| told[at.saturating_sub(200)..].chars().take(300).collect::<String>());
        assert_eq!(at, None, "a secret is told");
    }
}

async fn tell(world: &World, told: &mut String, event: Value) {
    match world.try_ask(event).await {
        Ok(answer) => told.push_str(&answer.to_string()),
        Err(error) => told.push_str(&format!("{error} {error:?}")),
    }
}

fn kept(world: &World, field: &str, name: &str) -> Option<String> {
    Some(world.secrets.value(name)?[field].as_str()?.to_owned())
}
