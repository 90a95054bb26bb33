//! The processes of the benchmark: this same program, started again.

use std::process::Stdio;

use anyhow::Context;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{ChildStdin, ChildStdout, Command};

use super::args::{BenchArgs, Endpoints};
use super::recording::Traffic;
use crate::telemetry::output;

/// The field by which the parent knows a child's result among its log lines.
const RESULT_FIELD: &str = "bench";

pub(super) struct Child;

impl Child {
    /// Runs a part to its end and returns what it measured.
    pub(super) async fn run<T: DeserializeOwned>(part: &str, at: &Endpoints) -> anyhow::Result<T> {
        let concurrency = at.concurrency.to_string();
        let arguments = [
            ("--login", at.login.as_str()),
            ("--graph", &at.graph),
            ("--recording", &at.recording),
            ("--concurrency", &concurrency),
        ];
        let mut command = command(part)?;
        command.args(arguments.iter().flat_map(|(name, value)| [*name, *value]));
        command.env("AWS_ENDPOINT_URL_DYNAMODB", &at.dynamodb);
        command.env("AWS_ENDPOINT_URL_SECRETS_MANAGER", &at.secrets);
        let mut child = command.stdin(Stdio::null()).spawn().with_context(|| format!("starting the {part}"))?;
        let stdout = child.stdout.take().context("the child has an output")?;
        let result = next_result(&mut BufReader::new(stdout).lines()).await;
        let status = child.wait().await?;
        anyhow::ensure!(status.success(), "the {part} ended with {status}");
        result.with_context(|| format!("the {part} measured nothing"))
    }
}

/// A command without the user's environment: above all without their AWS configuration.
fn command(part: &str) -> anyhow::Result<Command> {
    let mut command = Command::new(std::env::current_exe().context("finding this program")?);
    command.args(["bench-part", part]).env_clear().kill_on_drop(true).stdout(Stdio::piped());
    command.envs([
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ACCESS_KEY_ID", "AKIDBENCH"),
        ("AWS_SECRET_ACCESS_KEY", "bench"),
        ("AWS_SESSION_TOKEN", "bench"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ]);
    Ok(command)
}

/// Reports a part's result to its parent.
pub(super) fn report(result: &impl Serialize) -> anyhow::Result<()> {
    output::stdout(&serde_json::json!({ RESULT_FIELD: serde_json::to_value(result)? }).to_string());
    Ok(())
}

/// The child's next result; log lines before it are skipped.
async fn next_result<T: DeserializeOwned>(lines: &mut Lines<BufReader<ChildStdout>>) -> anyhow::Result<T> {
    while let Some(line) = lines.next_line().await? {
        // Parse only results: log lines are many.
        if line.starts_with("{\"bench\":") {
            let mut line: serde_json::Value = serde_json::from_str(&line)?;
            return Ok(serde_json::from_value(line[RESULT_FIELD].take())?);
        }
    }
    anyhow::bail!("it ended without a result")
}

/// Runs a part on one thread, as the function runs, and reports what it measured.
pub(super) async fn on_one_thread<T: Serialize + Send + 'static>(
    part: impl AsyncFnOnce() -> anyhow::Result<T> + Send + 'static,
) -> anyhow::Result<()> {
    let measured = tokio::task::spawn_blocking(move || {
        tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(part())
    });
    report(&measured.await??)
}

/// The process of the stand-ins. It ends when its standard input closes.
pub(super) struct EnvironmentProcess {
    pub endpoints: Endpoints,
    child: tokio::process::Child,
    stdin: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
}

impl EnvironmentProcess {
    /// Returns once all accounts are due and the proxies listen.
    pub(super) async fn start(args: &BenchArgs) -> anyhow::Result<Self> {
        let BenchArgs { accounts, login_ms, graph_ms, concurrency } = args;
        let mut command = command("environment")?;
        for (name, value) in [
            ("--accounts", accounts),
            ("--login-ms", login_ms),
            ("--graph-ms", graph_ms),
            ("--concurrency", concurrency),
        ] {
            command.args([name, &value.to_string()]);
        }
        let mut child = command.stdin(Stdio::piped()).spawn().context("starting the stand-ins")?;
        let stdin = child.stdin.take().context("the child has an input")?;
        let mut lines = BufReader::new(child.stdout.take().context("the child has an output")?).lines();
        let endpoints = next_result(&mut lines).await.context("the stand-ins did not start")?;
        Ok(Self { endpoints, child, stdin, lines })
    }

    /// Ends the recording; the proxies answer from it from now on. Returns the traffic of the round.
    pub(super) async fn replay(&mut self) -> anyhow::Result<Traffic> {
        self.stdin.write_all(b"replay\n").await.context("the stand-ins ended")?;
        let traffic: Traffic = next_result(&mut self.lines).await.context("the stand-ins ended")?;
        anyhow::ensure!(
            traffic.violations == 0,
            "the fake tenant saw {} violations of Microsoft's rules",
            traffic.violations
        );
        Ok(traffic)
    }

    pub(super) async fn end(mut self) -> anyhow::Result<()> {
        drop(self.stdin);
        self.child.wait().await.context("ending the stand-ins")?;
        Ok(())
    }
}
