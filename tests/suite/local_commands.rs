//! The commands of the local program, each as a person sends it.

use std::fs;
use std::process::Stdio;
use std::time::Duration;

use fake_tenant::{Fault, FaultAction, When};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;

use crate::support::local_program::{APP, App, Finished, SECRET, TENANT, USER, evergreen, run};

#[tokio::test]
async fn account_is_checked_run_shown_stopped_and_resumed_without_a_sync_before() {
    let app = App::new().await;
    let check = app.run(&["check", "mine"]).await;
    assert!(check.status == Some(0) && check.out.starts_with("✓ secret "), "{}{}", check.out, check.err);
    let ran = app.run(&["run", "mine"]).await.out;
    assert!(ran.starts_with("mine        ok: ") && ran.contains(" in ") && ran.contains("next run "), "{ran}");
    let list = app.run(&["list"]).await.out;
    assert!(list.lines().nth(1).is_some_and(|row| row.starts_with("mine     ok     ")), "{list}");
    let stopped = app.run(&["stop", "mine"]).await.out;
    assert!(stopped.contains("state                     stopped"), "{stopped}");
    assert!(app.run(&["run", "mine"]).await.err.contains("resume"), "a stopped account is not run");
    assert!(app.run(&["resume", "mine"]).await.out.contains("state                     ok"));
    assert!(app.run(&["show", "mine"]).await.out.contains("policy.pause_after        1"));
    let history = app.run(&["history", "mine"]).await.out;
    assert_eq!(history.lines().count(), 2, "{history}");
}

#[tokio::test]
async fn every_answer_is_also_printed_as_the_json_of_its_event() {
    let app = App::new().await;
    app.json(&["sync", "--json"]).await;
    for (command, event, field) in [
        (vec!["list"], json!({"action": "list"}), "accounts"),
        (vec!["show", "mine"], json!({"action": "show", "account": "mine"}), "policy"),
        (vec!["check", "mine"], json!({"action": "check", "account": "mine"}), "verdicts"),
        (vec!["history", "mine"], json!({"action": "history", "account": "mine"}), "runs"),
        (vec!["consent-url", "mine"], json!({"action": "consent_url", "account": "mine"}), "permissions"),
        (vec!["grant", "mine"], json!({"action": "grant", "account": "mine"}), "message"),
        (vec!["export"], json!({"action": "export"}), "accounts"),
        (
            vec!["plan", "mine", "--seed", "7"],
            json!({"action": "run", "account": "mine", "dry_run": true, "seed": 7}),
            "plan",
        ),
    ] {
        let of_command = app.json(&[&command[..], &["--json"]].concat()).await;
        let of_event = app.event(event).await;
        assert!(!of_command[field].is_null(), "{command:?}: {of_command:#}");
        assert_eq!(of_command[field], of_event[field], "{command:?}");
    }
}

#[tokio::test]
async fn policy_is_changed_by_flags_and_by_json_from_standard_input() {
    let app = App::new().await;
    let flags = ["set-policy", "mine", "--timezone", "Asia/Shanghai", "--calls", "3-5", "--writes", "false"];
    let output = app.run(&flags).await;
    assert!(output.out.contains("calls_per_run             3 to 5"), "{}{}", output.out, output.err);
    let more = ["set-policy", "mine", "--policy", "-", "--reset", "timezone", "--json"];
    let changed: Value = serde_json::from_str(&with_input(&app, &more, r#"{"pause_after": 4}"#).await.out).unwrap();
    let policy = &changed["policy"];
    assert_eq!((&policy["pause_after"], &policy["writes"]), (&json!(4), &json!(false)));
    assert_eq!(policy["timezone"], "UTC");
    assert_eq!(app.run(&["set-policy", "mine"]).await.status, Some(2), "nothing to change");
}

#[tokio::test]
async fn events_and_imports_come_from_files_and_standard_input_so_that_no_secret_is_an_argument() {
    let app = App::new().await;
    let event = r#"{"action": "list"} // a comment"#;
    fs::write(app.folder.path().join("list.json"), event).unwrap();
    assert!(app.json(&["event", "@list.json"]).await["accounts"].is_array());
    assert!(with_input(&app, &["event", "-"], event).await.out.contains("accounts"));
    let other =
        json!([{"account": "second", "tenant_id": TENANT, "client_id": APP, "client_secret": SECRET}]).to_string();
    let imported = with_input(&app, &["import", "-"], &other).await;
    assert!(imported.out.starts_with("1 account created"), "{}{}", imported.out, imported.err);
    let utf_16: Vec<u8> = std::iter::once(0xfeff).chain(other.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    fs::write(app.folder.path().join("more.json"), utf_16).unwrap();
    let again = app.run(&["import", "more.json"]).await;
    assert!(again.out.contains("1 left as they are") && again.out.contains("--replace"), "{}{}", again.out, again.err);
}

#[tokio::test]
async fn init_writes_a_secret_that_check_accepts() {
    let app = App::new().await;
    let flags = ["init", "second", "--tenant-id", TENANT, "--client-id", APP, "--user-id", USER];
    let output = with_input(&app, &flags, SECRET).await;
    assert!(output.status == Some(0) && output.out.contains("evergreen check second"), "{}{}", output.out, output.err);
    let check = app.run(&["check", "second"]).await.out;
    assert!(check.contains("✓ token"), "{check}");
    let again = with_input(&app, &flags, "other").await;
    assert!(again.status == Some(1) && again.err.contains("exists already"), "{}", again.err);
    let id = with_input(&app, &["init", "third", "--tenant-id", TENANT, "--client-id", APP], APP).await;
    assert!(id.status == Some(1) && id.err.contains("Secret ID") && !app.secret_file("third").exists(), "{}", id.err);
}

#[tokio::test]
async fn once_without_any_account_fails_and_says_what_to_write() {
    let app = App::new().await;
    fs::remove_file(app.secret_file("mine")).unwrap();
    let output = app.run(&["once"]).await;
    assert!(output.status == Some(1) && output.err.contains("secrets/mine.json"), "{}", output.err);
}

#[tokio::test]
async fn once_prints_runs_and_their_sum_in_sentences() {
    let app = App::new().await;
    app.run(&["once"]).await;
    app.run(&["resume", "mine"]).await;
    let output = app.run(&["once"]).await.out;
    assert!(output.contains("  mine        ok: ") && output.ends_with("1 account due: 1 ok.\n"), "{output}");
    assert!(!output.contains("_aws"), "{output}");
}

#[tokio::test]
async fn second_signal_ends_at_once() {
    let app = App::new().await;
    app.run(&["sync"]).await;
    app.run(&["resume", "mine"]).await;
    app.tenant.inject(Fault::login(When::Always, FaultAction::Slow(Duration::from_secs(20))));
    app.tenant.clear_requests();
    let mut command = app.command(&["run", "mine"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let pid = child.id().unwrap().to_string();
    while app.tenant.requests().is_empty() {
        tokio::task::yield_now().await;
    }
    let waiting = tokio::spawn(child.wait_with_output());
    let interrupt = || assert!(std::process::Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    interrupt();
    while !waiting.is_finished() {
        interrupt();
        tokio::task::yield_now().await;
    }
    let output = Finished::from(waiting.await.unwrap().unwrap());
    assert_eq!(output.status, Some(130), "{}", output.err);
    assert!(output.err.contains("ended at once"), "{}", output.err);
}

#[tokio::test]
async fn full_disk_for_messages_ends_no_run() {
    let app = App::new().await;
    app.write("open", SECRET, 0o644);
    let Ok(full) = fs::OpenOptions::new().write(true).open("/dev/full") else { return };
    let output = Finished::from(app.command(&["once"]).stderr(full).output().await.unwrap());
    assert!(output.status == Some(0) && output.out.contains("due"), "{}", output.out);
}

#[tokio::test]
async fn completions_and_manual_pages_name_every_command() {
    let folder = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = run(&["completions", shell]).await;
        assert!(script.status == Some(0) && script.out.contains("set-policy"), "{shell}");
    }
    let output = Finished::from(evergreen(folder.path(), &["man", "man"]).output().await.unwrap());
    assert_eq!(output.status, Some(0), "{}", output.err);
    for page in ["evergreen.1", "evergreen-serve.1", "evergreen-sign-in.1"] {
        assert!(fs::read_to_string(folder.path().join("man").join(page)).unwrap().contains("evergreen"), "{page}");
    }
}

#[tokio::test]
async fn permissions_take_the_auth_of_a_secret_and_the_policy_of_its_file() {
    let app = App::new().await;
    let of_file = ["permissions", "--auth", "client_secret", "--policy", "evergreen-data/secrets/mine.json"];
    let output = app.run(&of_file).await;
    assert!(output.out.lines().any(|line| line == "User.Read.All"), "{}{}", output.out, output.err);
    assert!(!output.out.contains("Sites."), "only what the policy includes: {}", output.out);
    assert_eq!(
        run(&["permissions", "--auth", "refresh_token"]).await.out,
        run(&["permissions", "--auth", "delegated"]).await.out
    );
    let typo = run(&["operations", "--permission", "Mail.Raed"]).await;
    assert!(typo.status == Some(1) && typo.err.contains("did you mean Mail.Read?"), "{}", typo.err);
}

async fn with_input(app: &App, arguments: &[&str], input: &str) -> Finished {
    let mut command = app.command(arguments);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).await.unwrap();
    let output = Finished::from(child.wait_with_output().await.unwrap());
    assert!(!output.out.contains(SECRET) && !output.err.contains(SECRET), "{arguments:?}");
    output
}
