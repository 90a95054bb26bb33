//! The real local program, as a person starts it: what it prints, what it leaves, how it ends.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::sync::Arc;
use std::time::Duration;

use e5_evergreen::domain::catalogue;
use fake_tenant::{App as TenantApp, FakeTenant, Fault, FaultAction, SystemClock, Tenant, User, When};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

const TENANT: &str = "0f3c1d7e-8a54-4c7e-9b51-2f6f3f1f7a10";
const USER: &str = "megan@contoso.onmicrosoft.com";
const APP: &str = "5b1e7c52-7f0a-4d0c-8a86-6a0e4a1f0c01";
const SECRET: &str = "planted-a4f1";

/// The program in a folder of its own, with nothing of our environment.
fn evergreen(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_evergreen"));
    command.args(arguments).current_dir(folder).env_clear().stdin(Stdio::null()).kill_on_drop(true);
    command
}

/// What a command came to.
struct Told {
    status: Option<i32>,
    out: String,
    err: String,
}

impl From<Output> for Told {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { status: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }
}

async fn tell(arguments: &[&str]) -> Told {
    let folder = tempfile::tempdir().unwrap();
    evergreen(folder.path(), arguments).output().await.unwrap().into()
}

/// A data folder made by `init`, with one account, and the tenant that it is at.
struct App {
    folder: TempDir,
    tenant: FakeTenant,
}

impl App {
    async fn new() -> Self {
        let tenant = FakeTenant::start(Arc::new(SystemClock), 1).await.unwrap();
        tenant.add_tenant(
            Tenant::new(TENANT, "contoso.onmicrosoft.com")
                .with_user(User::new(USER, "-"))
                .with_app(TenantApp::confidential(APP, SECRET)),
        );
        let app = Self { folder: tempfile::tempdir().unwrap(), tenant };
        assert_eq!(app.tell(&["init"]).await.status, Some(0));
        app.write("mine", SECRET, 0o600);
        app
    }

    fn secret_file(&self, account: &str) -> PathBuf {
        self.folder.path().join("evergreen-data/secrets").join(account).with_extension("json")
    }

    fn write(&self, account: &str, secret: &str, mode: u32) {
        let operations = json!({"include": ["mail.*", "users.*"], "exclude": ["mail.send_self"]});
        let secret = json!({
            "tenant_id": TENANT, "client_id": APP, "client_secret": secret, "user_id": USER,
            "policy": {"pause_after": 1, "operations": operations},
        });
        let path = self.secret_file(account);
        fs::write(&path, secret.to_string()).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let endpoint = self.tenant.endpoint();
        let mut command = evergreen(self.folder.path(), arguments);
        command.env("LOGIN_ENDPOINT", &endpoint).env("GRAPH_ENDPOINT", &endpoint);
        command
    }

    async fn tell(&self, arguments: &[&str]) -> Told {
        let told = Told::from(self.command(arguments).output().await.unwrap());
        assert!(!told.out.contains(SECRET) && !told.err.contains(SECRET), "{arguments:?}");
        told
    }

    /// What a command prints, which is JSON.
    async fn json(&self, arguments: &[&str]) -> Value {
        let told = self.tell(arguments).await;
        assert_eq!(told.status, Some(0), "{arguments:?}: {}", told.err);
        serde_json::from_str(&told.out).unwrap()
    }

    async fn event(&self, event: Value) -> Value {
        self.json(&["event", &event.to_string()]).await
    }

    fn serve(&self) -> Serving {
        let mut child = self.command(&["serve"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Serving { child, lines }
    }
}

/// `evergreen serve` at work.
struct Serving {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Serving {
    /// Waits for the log line with this message.
    async fn line(&mut self, message: &str) -> Value {
        loop {
            let line = self.lines.next_line().await.unwrap().unwrap_or_else(|| panic!("it ended before `{message}`"));
            let line: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line} is not JSON"));
            if line["message"] == message {
                return line;
            }
        }
    }

    /// Sends a signal, and waits for the end: its exit status, what it still logged, what it complained of.
    async fn end(mut self, signal: &str) -> (Option<i32>, Vec<Value>, String) {
        let pid = self.child.id().expect("it runs").to_string();
        assert!(std::process::Command::new("kill").args([signal, &pid]).status().unwrap().success());
        let ending = async {
            let mut rest = Vec::new();
            while let Some(line) = self.lines.next_line().await.unwrap() {
                rest.push(serde_json::from_str(&line).unwrap());
            }
            let output = self.child.wait_with_output().await.unwrap();
            (output.status.code(), rest, String::from_utf8(output.stderr).unwrap())
        };
        tokio::time::timeout(Duration::from_secs(20), ending).await.expect("it ends within seconds")
    }
}

#[tokio::test]
async fn help_and_version_say_what_there_is() {
    let help = tell(&["--help"]).await;
    assert_eq!((help.status, help.err.as_str()), (Some(0), ""));
    let commands = ["demo", "init", "serve", "once", "plan", "list", "history", "event", "operations", "permissions"];
    for said in commands.into_iter().chain(["EVERGREEN_DATA", "GRAPH_ENDPOINT", "nothing is promised"]) {
        assert!(help.out.contains(said), "{said}: {}", help.out);
    }
    for command in commands {
        let help = tell(&[command, "--help"]).await;
        assert!(help.status == Some(0) && help.out.contains("Usage: evergreen"), "{command}: {}", help.out);
    }
    assert_eq!(tell(&["--version"]).await.out, concat!("evergreen ", env!("CARGO_PKG_VERSION"), "\n"));
    let unknown = tell(&["prune"]).await;
    assert!(unknown.status == Some(2) && unknown.err.contains("prune"), "{}", unknown.err);
}

#[tokio::test]
async fn without_arguments_it_shows_a_week_and_tells_why_the_wrong_account_is_paused() {
    let told = tell(&[]).await;
    assert_eq!((told.status, told.err.as_str()), (Some(0), ""));
    for said in ["app-only", "delegated", "shanghai-office", "wrong-secret", "AADSTS7000215", "paused", "next run"] {
        assert!(told.out.contains(said), "{said}: {}", told.out);
    }
    assert!(told.out.contains("everything that was written was removed again"), "{}", told.out);
    assert!(!told.out.contains("simulated hours"), "the progress bar is no part of the answer: {}", told.out);
}

#[tokio::test]
async fn init_makes_a_private_folder_and_a_second_one_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        let told = Told::from(evergreen(folder.path(), &["init", "--data", "data"]).output().await.unwrap());
        assert!(told.status == Some(0) && told.out.contains("evergreen serve --data data"), "{}{}", told.out, told.err);
        let example = folder.path().join("data/secrets/_example.jsonc");
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&folder.path().join("data")), mode(&folder.path().join("data/secrets"))), (0o700, 0o700));
        assert_eq!(mode(&example), 0o600);
        fs::write(&example, "mine").unwrap();
    }
    assert_eq!(fs::read_to_string(folder.path().join("data/secrets/_example.jsonc")).unwrap(), "mine");
}

#[tokio::test]
async fn a_data_folder_that_is_not_there_is_refused_with_what_makes_it() {
    for command in [vec!["serve"], vec!["once"], vec!["list"], vec!["history", "a"], vec!["plan", "a"]] {
        let told = tell(&[&command[..], &["--data", "nowhere"]].concat()).await;
        assert_eq!((told.status, told.out.as_str()), (Some(1), ""), "{command:?}");
        assert!(
            told.err.starts_with("evergreen: ") && told.err.contains("nowhere/secrets is not there"),
            "{}",
            told.err
        );
        assert!(told.err.contains("`evergreen init --data nowhere`"), "{}", told.err);
    }
}

#[tokio::test]
async fn accounts_come_from_files_and_are_run_planned_listed_and_told_of() {
    let app = App::new().await;
    app.write("wrong", "mistyped", 0o600);
    assert!(app.tell(&["list"]).await.err.contains("`evergreen once`"), "an empty list says what fills it");
    let round = app.json(&["once"]).await;
    assert_eq!((&round["due"], &round["claimed"]), (&json!(0), &json!(0)), "new accounts are due a little later");
    let ran = app.event(json!({"action": "run", "account": "mine"})).await;
    assert_eq!((&ran["outcome"], &ran["unrecorded"]), (&json!("succeeded"), &Value::Null));
    let failed = app.event(json!({"action": "run", "account": "wrong"})).await;
    assert_eq!(failed["status"], "paused", "an account's failure is an answer, and exits with 0");

    let list = app.tell(&["list"]).await;
    let row = |account: &str| list.out.lines().find(|line| line.contains(account)).unwrap().to_owned();
    assert!(row("mine").contains("active") && row("wrong").contains("paused"), "{}", list.out);
    assert!(list.out.contains("AADSTS7000215"), "{}", list.out);
    assert!(list.out.lines().all(|line| line.chars().count() <= 120), "{}", list.out);
    let history = app.tell(&["history", "mine"]).await;
    assert!(history.out.contains("succeeded") && history.out.contains(&ran["seed"].to_string()), "{}", history.out);

    let seed = ran["seed"].to_string();
    let operations = async |seed: &str| -> Vec<Value> {
        let plan = app.json(&["plan", "mine", "--seed", seed]).await;
        plan["plan"].as_array().unwrap().iter().map(|step| step["operation"].clone()).collect()
    };
    let planned = operations(&seed).await;
    assert!(!planned.is_empty());
    assert_eq!(operations(&seed).await, planned);
    assert_ne!(operations("1").await, planned);
}

#[tokio::test]
async fn what_cannot_be_done_is_said_on_standard_error_and_by_the_exit_status() {
    let app = App::new().await;
    for (arguments, said) in [
        (vec!["event", "{"], "not JSON"),
        (vec!["event", r#"{"action": "tock"}"#], "accepted are"),
        (vec!["history", "nobody"], "no account nobody"),
        (vec!["plan", "nobody"], "no account nobody"),
        (vec!["history", "mine", "--limit", "501"], "from 1 to 500"),
        (vec!["plan", "mine", "--seed", "9007199254740992"], "`seed`"),
    ] {
        let told = app.tell(&arguments).await;
        assert_eq!((told.status, told.out.as_str()), (Some(1), ""), "{arguments:?}");
        assert!(told.err.contains(said), "{arguments:?}: {}", told.err);
    }
    let endpoint = "http://graph.example.com/planted";
    let told = Told::from(app.command(&["list"]).env("GRAPH_ENDPOINT", endpoint).output().await.unwrap());
    assert!(
        told.status == Some(1) && told.err.contains("GRAPH_ENDPOINT") && !told.err.contains("planted"),
        "{}",
        told.err
    );
}

#[tokio::test]
async fn a_secret_that_others_can_read_is_refused_with_what_to_do() {
    let app = App::new().await;
    app.write("open", SECRET, 0o644);
    let told = app.tell(&["once"]).await;
    assert_eq!(told.status, Some(0), "the other account is not held up");
    assert!(told.err.contains("chmod 600") && told.err.contains("open.json"), "{}", told.err);
    let list = app.tell(&["list"]).await.out;
    assert!(list.contains("mine") && !list.contains("open"), "{list}");
    fs::set_permissions(app.secret_file("open"), fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(app.tell(&["once"]).await.err.matches("chmod").count(), 0);
    assert!(app.tell(&["list"]).await.out.contains("open"));
}

#[tokio::test]
async fn serve_rounds_at_once_and_ends_cleanly_when_told_to() {
    let app = App::new().await;
    for signal in ["-TERM", "-INT"] {
        let mut serving = app.serve();
        let synced = serving.line("sync").await;
        assert_eq!(synced["sync"]["errors"], json!([]));
        serving.line("round").await;
        // Others may look at the folder meanwhile.
        assert!(app.tell(&["list"]).await.out.contains("mine"));
        let (status, _, err) = serving.end(signal).await;
        assert_eq!((status, err.as_str()), (Some(0), ""), "{signal}");
    }
}

#[tokio::test]
async fn a_run_under_way_cleans_up_and_is_recorded_before_serve_ends() {
    let app = App::new().await;
    let before = app.tenant.snapshot(TENANT);
    app.json(&["once"]).await;
    app.event(json!({"action": "resume", "account": "mine"})).await;
    app.tenant.clear_requests();
    app.tenant.inject(Fault::http(When::Always, FaultAction::Slow(Duration::from_millis(100))));
    let serving = app.serve();
    while app.tenant.requests().iter().all(|request| request.is_login()) {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let (status, lines, err) = serving.end("-TERM").await;
    assert_eq!((status, err.as_str()), (Some(0), ""));
    let told = |message: &str| lines.iter().filter(|line| line["message"] == message).count();
    assert_eq!((told("run"), told("round")), (1, 1), "{lines:#?}");
    app.tenant.clear_faults();
    let account = &app.event(json!({"action": "show", "account": "mine"})).await;
    assert_eq!((&account["run_id"], &account["status"]), (&Value::Null, &json!("active")));
    let runs = app.event(json!({"action": "history", "account": "mine"})).await;
    assert_eq!(runs["runs"].as_array().unwrap().len(), 1);
    assert!(app.tenant.snapshot(TENANT) == before, "what the run made is removed");
}

#[tokio::test]
async fn operations_are_printed_as_the_contract_has_them() {
    let told = tell(&["operations", "--json"]).await;
    let rows: Vec<Value> = serde_json::from_str(&told.out).unwrap();
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
        &tell(&["operations", "--json", "--service", "mail", "--permission", "Mail.Read", "--auth", "app"]).await.out,
    )
    .unwrap();
    assert!((1..rows.len()).contains(&some.as_array().unwrap().len()));
    let unknown = tell(&["operations", "--service", "male"]).await;
    assert!(unknown.status == Some(2) && unknown.err.contains("mailboxSettings"), "{}", unknown.err);
    assert!(tell(&["operations"]).await.out.lines().all(|line| line.chars().count() <= 120));
}

#[tokio::test]
async fn a_reader_that_has_seen_enough_is_no_failure_but_a_full_disk_is() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = evergreen(folder.path(), &["operations"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let told = Told::from(child.wait_with_output().await.unwrap());
    assert_eq!((told.status, told.err.as_str()), (Some(0), ""));
    if let Ok(full) = fs::OpenOptions::new().write(true).open("/dev/full") {
        let mut command = evergreen(folder.path(), &["operations"]);
        let child = command.stdout(full).stderr(Stdio::piped()).spawn().unwrap();
        let told = Told::from(child.wait_with_output().await.unwrap());
        assert!(told.status == Some(1) && told.err.contains("writing the answer"), "{}", told.err);
    }
}

#[tokio::test]
async fn permissions_are_printed_one_a_line_or_as_json() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("policy.json"), r#"{"operations": {"include": ["mail.folder.create"]}}"#).unwrap();
    fs::write(folder.path().join("bad.json"), r#"{"operation": {}}"#).unwrap();
    let told = async |more: &[&str]| -> Told {
        let arguments = [&["permissions", "--auth", "delegated"], more].concat();
        evergreen(folder.path(), &arguments).output().await.unwrap().into()
    };
    assert_eq!(told(&["--policy", "policy.json"]).await.out, "Mail.ReadWrite\n");
    assert_eq!(told(&["--policy", "policy.json", "--json"]).await.out, "[\n  \"Mail.ReadWrite\"\n]\n");
    let all = told(&[]).await.out;
    let lines: Vec<&str> = all.lines().collect();
    assert!(lines.len() > 20 && lines.is_sorted(), "{all}");
    for (file, said) in [("bad.json", "`policy.operation` is not a known field"), ("none.json", "none.json")] {
        let told = told(&["--policy", file]).await;
        assert!(told.status == Some(1) && told.err.contains(said), "{}", told.err);
    }
}
