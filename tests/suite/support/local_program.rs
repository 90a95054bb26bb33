//! The real local program in a data folder of its own, with a fake tenant.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::sync::Arc;
use std::time::Duration;

use fake_tenant::{App as TenantApp, FakeTenant, SystemClock, Tenant, User};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

pub(crate) const TENANT: &str = "0f3c1d7e-8a54-4c7e-9b51-2f6f3f1f7a10";
pub(crate) const USER: &str = "megan@contoso.onmicrosoft.com";
pub(crate) const APP: &str = "5b1e7c52-7f0a-4d0c-8a86-6a0e4a1f0c01";
pub(crate) const SECRET: &str = "planted-a4f1";

/// The program in its own folder, without the environment of the test.
pub(crate) fn evergreen(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_evergreen"));
    command.args(arguments).current_dir(folder).env_clear().stdin(Stdio::null()).kill_on_drop(true);
    command
}

/// The result of a command.
pub(crate) struct Finished {
    pub status: Option<i32>,
    pub out: String,
    pub err: String,
}

impl From<Output> for Finished {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { status: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }
}

pub(crate) async fn run(arguments: &[&str]) -> Finished {
    let folder = tempfile::tempdir().unwrap();
    evergreen(folder.path(), arguments).output().await.unwrap().into()
}

/// A data folder created by `init` with one account, and its tenant.
pub(crate) struct App {
    pub folder: TempDir,
    pub tenant: FakeTenant,
}

impl App {
    pub(crate) async fn new() -> Self {
        let tenant = FakeTenant::start(Arc::new(SystemClock), 1).await.unwrap();
        tenant.add_tenant(
            Tenant::new(TENANT, "contoso.onmicrosoft.com")
                .with_user(User::new(USER, "-"))
                .with_app(TenantApp::confidential(APP, SECRET)),
        );
        let app = Self { folder: tempfile::tempdir().unwrap(), tenant };
        assert_eq!(app.run(&["init"]).await.status, Some(0));
        app.write("mine", SECRET, 0o600);
        app
    }

    pub(crate) fn secret_file(&self, account: &str) -> PathBuf {
        self.folder.path().join("evergreen-data/secrets").join(account).with_extension("json")
    }

    pub(crate) fn write(&self, account: &str, secret: &str, mode: u32) {
        let operations = json!({"include": ["mail.*", "users.*"], "exclude": ["mail.send_self"]});
        let secret = json!({
            "tenant_id": TENANT, "client_id": APP, "client_secret": secret, "user_id": USER,
            "policy": {"pause_after": 1, "operations": operations},
        });
        let path = self.secret_file(account);
        fs::write(&path, secret.to_string()).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let endpoint = self.tenant.endpoint();
        let mut command = evergreen(self.folder.path(), arguments);
        command.env("LOGIN_ENDPOINT", &endpoint).env("GRAPH_ENDPOINT", &endpoint);
        command
    }

    pub(crate) async fn run(&self, arguments: &[&str]) -> Finished {
        let output = Finished::from(self.command(arguments).output().await.unwrap());
        assert!(!output.out.contains(SECRET) && !output.err.contains(SECRET), "{arguments:?}");
        output
    }

    /// The JSON that a command prints.
    pub(crate) async fn json(&self, arguments: &[&str]) -> Value {
        let output = self.run(arguments).await;
        assert_eq!(output.status, Some(0), "{arguments:?}: {}", output.err);
        serde_json::from_str(&output.out).unwrap()
    }

    pub(crate) async fn event(&self, event: Value) -> Value {
        self.json(&["event", &event.to_string()]).await
    }

    pub(crate) fn serve(&self) -> Serving {
        self.serve_with(&[])
    }

    /// With these variables of the environment.
    pub(crate) fn serve_with(&self, variables: &[(&str, &str)]) -> Serving {
        let mut command = self.command(&["serve"]);
        command.envs(variables.iter().copied());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Serving { child, lines }
    }
}

/// A running `evergreen serve`.
pub(crate) struct Serving {
    pub child: Child,
    pub lines: Lines<BufReader<ChildStdout>>,
}

impl Serving {
    /// Waits for the log line with this message.
    pub(crate) async fn line(&mut self, message: &str) -> Value {
        loop {
            let line = self.lines.next_line().await.unwrap().unwrap_or_else(|| panic!("it exited before `{message}`"));
            let line: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line} is not JSON"));
            if line["message"] == message {
                return line;
            }
        }
    }

    /// Sends a signal and waits for the exit: status, remaining log lines and standard error.
    pub(crate) async fn end(mut self, signal: &str) -> (Option<i32>, Vec<Value>, String) {
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
        tokio::time::timeout(Duration::from_secs(20), ending).await.expect("it exits within seconds")
    }
}
