//! The command line of the local program.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::TimeDelta;
use clap::{Args, Parser, Subcommand};
use serde_json::{Value, json};

use crate::config::LOCAL_ROUND;
use crate::domain::catalogue::{self, Operation, Subject};
use crate::handler::handle;
use crate::local::demo;
use crate::local::init::init;
use crate::local::serve::serve;
use crate::local::station::Station;
use crate::local::table::table;
use crate::log::Stdout;
use crate::ports::Journal;

/// Keeps Microsoft 365 developer tenants exercised and watched.
///
/// Without a command it shows itself: a simulated week of four accounts against a tenant of its own, in seconds,
/// touching nothing outside. Everything else works on a data folder: `init` makes one, secrets/<account>.json in
/// it define the accounts, `serve` runs them, and `list` and `history` show how it went.
#[derive(Debug, Parser)]
#[command(name = "evergreen", version, after_help = AFTER)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

const AFTER: &str = "Accounts must be your own. Microsoft may not count artificial activity towards a renewal: nothing is promised.

The environment may set CONCURRENCY, DUE_SHARDS, RUN_RETENTION_DAYS, LOGIN_ENDPOINT and GRAPH_ENDPOINT, as for the function.";

#[derive(Debug, Subcommand)]
enum Command {
    /// Simulate a week against a tenant in a box (the default)
    Demo,
    /// Make a data folder with a commented example of a secret
    Init(Data),
    /// Run the accounts of a data folder, one round a minute, until Ctrl-C or SIGTERM
    Serve(Data),
    /// Read the secrets, run the accounts that are due, once
    Once(Data),
    /// Print what a run of an account would send; nothing is sent but a token request
    Plan {
        account: String,
        /// The same seed, policy and permissions give the same plan; history shows the seeds of past runs
        #[arg(long)]
        seed: Option<u64>,
        #[command(flatten)]
        data: Data,
    },
    /// Show every account's state
    List(Data),
    /// Show an account's past runs, the newest first
    History {
        account: String,
        /// Rows at most, 1 to 500
        #[arg(long, default_value_t = 20)]
        limit: u32,
        #[command(flatten)]
        data: Data,
    },
    /// Carry out an event of the function, e.g. '{"action": "run", "account": "a"}', and print its answer
    Event {
        /// The event, as JSON
        event: String,
        #[command(flatten)]
        data: Data,
    },
    /// Print the catalogue of operations
    Operations {
        /// As JSON, with paths and permissions
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Args)]
struct Data {
    /// The folder with secrets/ and state.db
    #[arg(long, env = "EVERGREEN_DATA", default_value = "evergreen-data")]
    data: PathBuf,
}

/// Reads the command line and carries it out.
pub async fn main() -> anyhow::Result<()> {
    match Cli::parse().command.unwrap_or(Command::Demo) {
        Command::Demo => print(&demo::week().await?),
        Command::Init(Data { data }) => print(&init(&data)?),
        Command::Serve(Data { data }) => serve(Station::open(&data, Arc::new(Stdout)).await?).await?,
        Command::Once(Data { data }) => {
            let synced = ask(&data, &json!({"action": "sync"})).await?;
            for error in synced["errors"].as_array().into_iter().flatten() {
                eprintln!("{}: {}", text(&error["secret"]), text(&error["error"]));
            }
            print_json(&ask(&data, &json!({"action": "tick"})).await?);
        }
        Command::Plan { account, seed, data: Data { data } } => {
            let event = json!({"action": "run", "account": account, "dry_run": true, "seed": seed});
            print_json(&ask(&data, &event).await?);
        }
        Command::List(Data { data }) => {
            let answer = ask(&data, &json!({"action": "list"})).await?;
            let columns = [
                ("account", "account_id"),
                ("status", "status"),
                ("next run", "next_run_at"),
                ("last run", "last_run_at"),
                ("failures", "consecutive_failures"),
                ("why paused", "pause_cause"),
            ];
            print(&table(&columns, answer["accounts"].as_array().map(Vec::as_slice).unwrap_or_default()));
        }
        Command::History { account, limit, data: Data { data } } => {
            let event = json!({"action": "history", "account": account, "limit": limit});
            let answer = ask(&data, &event).await?;
            let columns = [
                ("started", "started_at"),
                ("outcome", "outcome"),
                ("ok", "calls_ok"),
                ("failed", "calls_failed"),
                ("throttled", "calls_throttled"),
                ("seed", "seed"),
                ("reason", "reason"),
            ];
            print(&table(&columns, answer["runs"].as_array().map(Vec::as_slice).unwrap_or_default()));
        }
        Command::Event { event, data: Data { data } } => {
            let event =
                serde_json::from_str(&event).map_err(|error| anyhow::anyhow!("the event is not JSON: {error}"))?;
            print_json(&ask(&data, &event).await?);
        }
        Command::Operations { json: true } => print_json(&catalogue::all().map(shape).collect()),
        Command::Operations { json: false } => {
            let columns = [
                ("operation", "id"),
                ("method", "method"),
                ("path", "path"),
                ("delegated", "delegated"),
                ("app-only", "application"),
            ];
            print(&table(&columns, &catalogue::all().map(shape).collect::<Vec<_>>()));
        }
    }
    Ok(())
}

/// Carries an event out on a data folder; log lines go to standard error.
async fn ask(data: &Path, event: &Value) -> anyhow::Result<Value> {
    let station = Station::open(data, Arc::new(Stderr)).await?;
    let deadline = station.house.clock.now() + TimeDelta::from_std(LOCAL_ROUND)?;
    let answer = handle(&station.house, event, deadline).await;
    station.close().await;
    Ok(answer?)
}

/// A row as the contract has it.
fn shape(operation: &Operation) -> Value {
    json!({
        "id": operation.id,
        "service": operation.service.as_str(),
        "method": operation.method.as_str(),
        "path": operation.path,
        "path_app": operation.permission(Subject::App).map(|_| operation.path_for(Subject::App, "{user-id}")),
        "delegated": operation.permission(Subject::User),
        "application": operation.permission(Subject::App),
        "writes": operation.writes(),
    })
}

struct Stderr;

impl Journal for Stderr {
    fn write(&self, line: &Value) {
        eprintln!("{line}");
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn print_json(value: &Value) {
    print(&format!("{value:#}"));
}

#[allow(clippy::print_stdout, reason = "what a command answers goes to standard output")]
fn print(text: &str) {
    println!("{text}");
}
