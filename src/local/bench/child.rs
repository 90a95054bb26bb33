//! The processes of the benchmark: this very program, started again.

use std::process::Stdio;

use anyhow::Context;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{ChildStdin, ChildStdout, Command};

use super::recording::Traffic;
use super::{BenchArgs, Where};
use crate::telemetry::output;

/// What the parent looks for among the lines that a child writes.
const MARK: &str = "bench";

pub struct Child;

impl Child {
    /// Runs a part to its end; gives what it measured.
    pub async fn run<T: DeserializeOwned>(part: &str, doors: &Where) -> anyhow::Result<T> {
        let concurrency = doors.concurrency.to_string();
        let arguments = [
            ("--login", doors.login.as_str()),
            ("--graph", &doors.graph),
            ("--recording", &doors.recording),
            ("--concurrency", &concurrency),
        ];
        let mut command = command(part)?;
        command.args(arguments.iter().flat_map(|(name, value)| [*name, *value]));
        command.env("AWS_ENDPOINT_URL_DYNAMODB", &doors.dynamodb);
        command.env("AWS_ENDPOINT_URL_SECRETS_MANAGER", &doors.secrets);
        let mut child = command.stdin(Stdio::null()).spawn().with_context(|| format!("starting the {part}"))?;
        let stdout = child.stdout.take().context("the child has an output")?;
        let said = said(&mut BufReader::new(stdout).lines()).await;
        let status = child.wait().await?;
        anyhow::ensure!(status.success(), "the {part} ended with {status}");
        said.with_context(|| format!("the {part} measured nothing"))
    }
}

/// Nothing of the user's own surroundings: above all no AWS configuration.
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

/// What a part has to say to the one that started it.
pub fn say(what: &impl Serialize) -> anyhow::Result<()> {
    output::stdout(&serde_json::json!({ MARK: serde_json::to_value(what)? }).to_string());
    Ok(())
}

/// The next thing said, past the log lines before it.
async fn said<T: DeserializeOwned>(lines: &mut Lines<BufReader<ChildStdout>>) -> anyhow::Result<T> {
    while let Some(line) = lines.next_line().await? {
        // Log lines are many, and none of the parent's business.
        if line.starts_with("{\"bench\":") {
            let mut line: serde_json::Value = serde_json::from_str(&line)?;
            return Ok(serde_json::from_value(line[MARK].take())?);
        }
    }
    anyhow::bail!("it ended")
}

/// Runs a part on one thread, as the function runs, and tells what it measured.
pub async fn alone<T: Serialize + Send + 'static>(
    part: impl AsyncFnOnce() -> anyhow::Result<T> + Send + 'static,
) -> anyhow::Result<()> {
    let measured = tokio::task::spawn_blocking(move || {
        tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(part())
    });
    say(&measured.await??)
}

/// The process of the stand-ins. It ends when its standard input closes.
pub struct World {
    pub doors: Where,
    child: tokio::process::Child,
    stdin: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
}

impl World {
    /// Returns when all accounts are due and the doors are open.
    pub async fn start(asked: &BenchArgs) -> anyhow::Result<Self> {
        let BenchArgs { accounts, login_ms, graph_ms, concurrency } = asked;
        let mut command = command("world")?;
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
        let doors = said(&mut lines).await.context("the stand-ins did not start")?;
        Ok(Self { doors, child, stdin, lines })
    }

    /// The round is over: from now on its own recording is played. Tells what went over the wire.
    pub async fn replay(&mut self) -> anyhow::Result<Traffic> {
        self.stdin.write_all(b"replay\n").await.context("the stand-ins are gone")?;
        let traffic: Traffic = said(&mut self.lines).await.context("the stand-ins are gone")?;
        anyhow::ensure!(traffic.violations == 0, "the fake tenant saw {} breaches of rules", traffic.violations);
        Ok(traffic)
    }

    pub async fn end(mut self) -> anyhow::Result<()> {
        drop(self.stdin);
        self.child.wait().await.context("ending the stand-ins")?;
        Ok(())
    }
}
