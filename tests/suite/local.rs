//! The local program's binary: its output, its files and its exit status.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use e5_evergreen::domain::catalogue;
use fake_tenant::{Fault, FaultAction, When};
use serde_json::{Value, json};

use crate::support::local_program::{App, Finished, SECRET, TENANT, evergreen, run};

#[tokio::test]
async fn help_and_version_are_printed() {
    let help = run(&["--help"]).await;
    assert_eq!((help.status, help.err.as_str()), (Some(0), ""));
    let commands = help.out.lines().filter_map(|line| line.strip_prefix("  ")?.split("  ").next());
    let commands: Vec<&str> = commands.flat_map(|names| names.split(", ")).collect();
    assert!(commands.len() > 20 && help.out.contains("EVERGREEN_DATA"), "{}", help.out);
    assert!(help.out.lines().count() <= 24, "it fits a screen: {}", help.out);
    assert!(help.out.lines().all(|line| line.chars().count() <= 80), "{}", help.out);
    for command in commands {
        let command = command.trim_end_matches(" ACCOUNT");
        let help = run(&[command, "--help"]).await;
        assert!(help.status == Some(0) && help.out.contains("Usage: evergreen"), "{command}: {}", help.out);
        assert!(help.out.lines().all(|line| line.chars().count() <= 80), "{command}: {}", help.out);
    }
    assert_eq!(run(&["--version"]).await.out, concat!("evergreen ", env!("CARGO_PKG_VERSION"), "\n"));
    let unknown = run(&["prune"]).await;
    assert!(unknown.status == Some(2) && unknown.err.contains("prune"), "{}", unknown.err);
}

#[tokio::test]
async fn demo_shows_a_week_and_why_the_wrong_account_is_paused() {
    let output = run(&[]).await;
    assert_eq!((output.status, output.err.as_str()), (Some(0), ""));
    for said in ["app-only", "delegated", "shanghai-office", "wrong-secret", "AADSTS7000215", "paused"] {
        assert!(output.out.contains(said), "{said}: {}", output.out);
    }
    assert!(output.out.contains("everything that the runs created was deleted again"), "{}", output.out);
    assert!(!output.out.contains("simulated hours"), "the progress bar is not part of the answer: {}", output.out);
}

#[tokio::test]
async fn init_creates_a_private_folder_and_is_idempotent() {
    let folder = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        let output = Finished::from(evergreen(folder.path(), &["init", "--data", "data"]).output().await.unwrap());
        assert!(
            output.status == Some(0) && output.out.contains("`evergreen serve --data data`"),
            "{}{}",
            output.out,
            output.err
        );
        let example = folder.path().join("data/secrets/_example.jsonc");
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&folder.path().join("data")), mode(&folder.path().join("data/secrets"))), (0o700, 0o700));
        assert_eq!(mode(&example), 0o600);
        fs::write(&example, "mine").unwrap();
    }
    assert_eq!(fs::read_to_string(folder.path().join("data/secrets/_example.jsonc")).unwrap(), "mine");
}

#[tokio::test]
async fn missing_data_folder_is_refused_and_init_is_named() {
    for command in [vec!["serve"], vec!["once"], vec!["list"], vec!["history", "a"], vec!["plan", "a"]] {
        let output = run(&[&command[..], &["--data", "nowhere"]].concat()).await;
        assert_eq!((output.status, output.out.as_str()), (Some(1), ""), "{command:?}");
        assert!(
            output.err.starts_with("evergreen: ") && output.err.contains("nowhere is not a data folder"),
            "{}",
            output.err
        );
        assert!(output.err.contains("evergreen init --data nowhere"), "{}", output.err);
    }
}

#[tokio::test]
async fn accounts_in_files_can_be_run_planned_listed_and_shown() {
    let app = App::new().await;
    app.write("wrong", "mistyped", 0o600);
    let round = app.json(&["once", "--json"]).await;
    assert_eq!((&round["due"], &round["claimed"]), (&json!(0), &json!(0)), "new accounts are due a little later");
    let ran = app.event(json!({"action": "run", "account": "mine"})).await;
    assert_eq!((&ran["outcome"], &ran["unrecorded"]), (&json!("succeeded"), &Value::Null));
    let failed = app.event(json!({"action": "run", "account": "wrong"})).await;
    assert_eq!(failed["status"], "paused", "the failure of an account is an answer with exit status 0");

    let list = app.run(&["list"]).await;
    let row = |account: &str| list.out.lines().find(|line| line.contains(account)).unwrap().to_owned();
    assert!(row("mine").contains("ok") && row("wrong").contains("paused"), "{}", list.out);
    assert!(list.out.contains("AADSTS7000215"), "{}", list.out);
    let history = app.run(&["history", "mine"]).await;
    assert!(history.out.contains(" ok ") && history.out.contains("mail"), "{}", history.out);

    let seed = ran["seed"].to_string();
    let operations = async |seed: &str| -> Vec<Value> {
        let plan = app.json(&["plan", "mine", "--json", "--seed", seed]).await;
        plan["plan"].as_array().unwrap().iter().map(|step| step["operation"].clone()).collect()
    };
    let planned = operations(&seed).await;
    assert!(!planned.is_empty());
    assert_eq!(operations(&seed).await, planned);
    assert_ne!(operations("1").await, planned);
}

#[tokio::test]
async fn failure_is_reported_on_stderr_and_by_the_exit_status() {
    let app = App::new().await;
    for (arguments, said) in [
        (vec!["event", "{"], "not JSON"),
        (vec!["event", r#"{"action": "tock"}"#], "unknown action `tock`; expected "),
        (vec!["history", "unknown"], "no account unknown"),
        (vec!["plan", "unknown"], "no account unknown"),
        (vec!["set-policy", "unknown", "--writes", "false"], "no account unknown"),
    ] {
        let output = app.run(&arguments).await;
        assert_eq!((output.status, output.out.as_str()), (Some(1), ""), "{arguments:?}");
        assert!(output.err.contains(said), "{arguments:?}: {}", output.err);
    }
    for (arguments, said) in [
        (vec!["history", "mine", "--limit", "501"], "1..=500"),
        (vec!["plan", "mine", "--seed", "9007199254740992"], "from 0 to 2^53 - 1"),
        (vec!["run", "my tenant"], "letters, digits"),
    ] {
        let output = app.run(&arguments).await;
        assert_eq!((output.status, output.out.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(output.err.contains(said), "{arguments:?}: {}", output.err);
    }
    let endpoint = "http://graph.example.com/planted";
    let output = Finished::from(app.command(&["list"]).env("GRAPH_ENDPOINT", endpoint).output().await.unwrap());
    assert!(
        output.status == Some(1) && output.err.contains("GRAPH_ENDPOINT") && !output.err.contains("planted"),
        "{}",
        output.err
    );
}

#[tokio::test]
async fn secret_file_readable_by_others_is_refused_with_the_remedy() {
    let app = App::new().await;
    app.write("open", SECRET, 0o644);
    let output = app.run(&["once"]).await;
    assert_eq!(output.status, Some(0), "the other account is not delayed");
    assert!(output.err.contains("chmod 600") && output.err.contains("open.json"), "{}", output.err);
    let list = app.run(&["list"]).await.out;
    assert!(list.contains("mine") && !list.contains("open"), "{list}");
    fs::set_permissions(app.secret_file("open"), fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(app.run(&["once"]).await.err.matches("chmod").count(), 0);
    assert!(app.run(&["list"]).await.out.contains("open"));
}

#[tokio::test]
async fn serve_starts_with_a_round_and_exits_cleanly_on_a_signal() {
    let app = App::new().await;
    for signal in ["-TERM", "-INT", "-HUP"] {
        let mut serving = app.serve();
        let synced = serving.line("sync").await;
        assert_eq!(synced["sync"]["errors"], json!([]));
        serving.line("round").await;
        // Another process may read the folder meanwhile.
        assert!(app.run(&["list"]).await.out.contains("mine"));
        let (status, _, err) = serving.end(signal).await;
        assert!(status == Some(0) && err.starts_with("stopping: ") && err.lines().count() == 1, "{signal}: {err}");
    }
}

#[tokio::test]
async fn serve_cleans_up_and_records_the_current_run_before_it_exits() {
    let app = App::new().await;
    let before = app.tenant.snapshot(TENANT);
    app.json(&["once", "--json"]).await;
    app.event(json!({"action": "resume", "account": "mine"})).await;
    app.tenant.clear_requests();
    app.tenant.inject(Fault::http(When::Always, FaultAction::Slow(Duration::from_millis(100))));
    let serving = app.serve();
    while app.tenant.requests().iter().all(|request| request.is_login()) {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let (status, lines, err) = serving.end("-TERM").await;
    assert!(status == Some(0) && err.lines().count() == 1, "{err}");
    let output = |message: &str| lines.iter().filter(|line| line["message"] == message).count();
    assert_eq!((output("run"), output("round")), (1, 1), "{lines:#?}");
    app.tenant.clear_faults();
    let account = &app.event(json!({"action": "show", "account": "mine"})).await;
    assert_eq!((&account["run_id"], &account["status"]), (&Value::Null, &json!("active")));
    let runs = app.event(json!({"action": "history", "account": "mine"})).await;
    assert_eq!(runs["runs"].as_array().unwrap().len(), 1);
    assert!(app.tenant.snapshot(TENANT) == before, "what the run created is removed");
}

#[tokio::test]
async fn operations_are_printed_as_documented() {
    let output = run(&["operations", "--json"]).await;
    let rows: Vec<Value> = serde_json::from_str(&output.out).unwrap();
    assert_eq!(rows.len(), catalogue::all().count());
    for row in &rows {
        let mut fields: Vec<&str> = row.as_object().unwrap().keys().map(String::as_str).collect();
        fields.sort_unstable();
        let wanted = ["application", "delegated", "id", "method", "path", "path_app", "service", "writes"];
        assert_eq!(fields, wanted);
        assert!(["id", "service", "method", "path"].iter().all(|field| row[*field].is_string()), "{row}");
        assert!(
            ["path_app", "delegated", "application"]
                .iter()
                .all(|field| row[*field].is_string() || row[*field].is_null())
        );
        assert!(row["writes"].is_boolean() && (row["path_app"].is_null() == row["application"].is_null()), "{row}");
    }
    let some: Value = serde_json::from_str(
        &run(&["operations", "--json", "--service", "mail", "--permission", "Mail.Read", "--auth", "app"]).await.out,
    )
    .unwrap();
    assert!((1..rows.len()).contains(&some.as_array().unwrap().len()));
    let unknown = run(&["operations", "--service", "male"]).await;
    assert!(unknown.status == Some(2) && unknown.err.contains("mailboxSettings"), "{}", unknown.err);
    let lines = run(&["operations"]).await.out.lines().count();
    assert_eq!(lines, rows.len() + 1, "one line per operation, for grep");
}

#[tokio::test]
async fn log_lines_are_json_or_short_text_as_many_as_asked_and_a_full_disk_stops_no_work() {
    let app = App::new().await;
    let run = r#"{"action": "run", "account": "mine"}"#;
    app.json(&["once", "--json"]).await;
    let logged = async |more: &[&str]| app.run(&[&["event", run], more].concat()).await.err;
    let is_json = |line: &str| serde_json::from_str::<Value>(line).is_ok();
    assert!(logged(&[]).await.lines().all(is_json), "not a terminal");
    assert!(logged(&["--log-format", "json"]).await.lines().all(is_json));
    let text = logged(&["--log-format", "text"]).await;
    assert!(
        text.contains(" INFO  run account=mine ") && !text.contains('\u{1b}') && text.lines().count() == 1,
        "{text}"
    );
    assert_eq!(logged(&["-q"]).await, "");
    assert!(logged(&["-v"]).await.lines().any(|line| line.contains(r#""message":"graph item""#)));
    if let Ok(full) = fs::OpenOptions::new().write(true).open("/dev/full") {
        let output = Finished::from(app.command(&["event", run]).stderr(full).output().await.unwrap());
        assert!(output.status == Some(0) && output.out.contains("succeeded"), "{}", output.out);
    }
}

#[tokio::test]
async fn closed_stdout_is_not_a_failure_but_a_full_disk_is() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = evergreen(folder.path(), &["operations"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = Finished::from(child.wait_with_output().await.unwrap());
    assert_eq!((output.status, output.err.as_str()), (Some(0), ""));
    if let Ok(full) = fs::OpenOptions::new().write(true).open("/dev/full") {
        let mut command = evergreen(folder.path(), &["operations"]);
        let child = command.stdout(full).stderr(Stdio::piped()).spawn().unwrap();
        let output = Finished::from(child.wait_with_output().await.unwrap());
        assert!(output.status == Some(1) && output.err.contains("writing the answer"), "{}", output.err);
    }
}

#[tokio::test]
async fn permissions_are_printed_one_per_line_or_as_json() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("policy.json"), r#"{"operations": {"include": ["mail.folder.create"]}}"#).unwrap();
    fs::write(folder.path().join("bad.json"), r#"{"operation": {}}"#).unwrap();
    let output = async |more: &[&str]| -> Finished {
        let arguments = [&["permissions", "--auth", "delegated"], more].concat();
        evergreen(folder.path(), &arguments).output().await.unwrap().into()
    };
    assert_eq!(output(&["--policy", "policy.json"]).await.out, "Mail.ReadWrite\n");
    assert_eq!(output(&["--policy", "policy.json", "--json"]).await.out, "[\n  \"Mail.ReadWrite\"\n]\n");
    let all = output(&[]).await.out;
    let lines: Vec<&str> = all.lines().collect();
    assert!(lines.len() > 20 && lines.is_sorted(), "{all}");
    for (file, said) in [
        ("bad.json", "`policy.operation` is not a known field; did you mean `operations`?"),
        ("none.json", "none.json"),
    ] {
        let output = output(&["--policy", file]).await;
        assert!(output.status == Some(1) && output.err.contains(said), "{}", output.err);
    }
}
