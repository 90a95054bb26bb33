//! The command line of the local program.

use std::io::{ErrorKind, IsTerminal, Write, stderr, stdout};
use std::path::{Path, PathBuf};

use anyhow::Context;
use chrono::TimeDelta;
use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};
use serde_json::{Value, json};
use tracing::dispatcher;
use tracing::level_filters::LevelFilter;

use crate::config::LOCAL_ROUND;
use crate::handler::handle;
use crate::local::app::LocalApp;
use crate::local::bench;
use crate::local::catalogue_view::{self, Filter, PermissionsArgs};
use crate::local::demo;
use crate::local::init::init;
use crate::local::serve::serve;
use crate::local::simulate::{self, simulate};
use crate::local::table::table;
use crate::telemetry::{self, LogFormat, output};

/// Keeps Microsoft 365 developer tenants exercised and watched.
///
/// Without a command it shows itself: a simulated week of four accounts against a tenant of its own, in seconds,
/// touching nothing outside.
///
/// Everything else works on a data folder: `init` makes one, secrets/<account>.json in it define the accounts,
/// `serve` runs them, and `list` and `history` show how it went.
#[derive(Debug, Parser)]
#[command(name = "evergreen", version, after_help = AFTER)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    log: LogArgs,
}

/// What is logged, and how.
#[derive(Clone, Copy, Debug, Args)]
struct LogArgs {
    /// Log more: each Graph call and token request; twice for all there is
    #[arg(short, long, global = true, action = ArgAction::Count, conflicts_with = "quiet")]
    verbose: u8,
    /// Log less: warnings and errors; twice for errors alone
    #[arg(short, long, global = true, action = ArgAction::Count)]
    quiet: u8,
    /// Form of log lines: on a terminal text, elsewhere json, where nothing is said
    #[arg(long, global = true, value_enum, value_name = "FORM")]
    log_format: Option<LogForm>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum LogForm {
    /// Short lines, coloured on a terminal
    Text,
    /// One JSON object a line, as the function writes them
    Json,
}

impl LogArgs {
    /// From now on lines go to `write`. `terminal`: whether a person reads there; `colour`: whether the terminal's
    /// environment (NO_COLOR and the like) allows it.
    fn start(self, terminal: bool, colour: bool, write: fn(&str)) {
        let level = match (self.verbose, self.quiet) {
            (0, 0) => LevelFilter::INFO,
            (0, 1) => LevelFilter::WARN,
            (0, _) => LevelFilter::ERROR,
            (1, _) => LevelFilter::DEBUG,
            _ => LevelFilter::TRACE,
        };
        let format = match self.log_format {
            Some(LogForm::Json) => LogFormat::Json,
            None if !terminal => LogFormat::Json,
            _ => LogFormat::Short { colour: terminal && colour },
        };
        // Fails only where one is set already.
        let _ = dispatcher::set_global_default(telemetry::dispatch(level, format, write));
    }
}

const AFTER: &str = "\
Begin with:
  evergreen init                                make evergreen-data/ with an example of a secret
  evergreen permissions --auth app              what to grant the app registration
  $EDITOR evergreen-data/secrets/mine.json      write a secret (chmod 600)
  evergreen once                                bring the account in, run what is due
  evergreen plan mine --seed 1                  what a run would send, with nothing sent
  evergreen event '{\"action\": \"run\", \"account\": \"mine\"}'   one run now
  evergreen serve                               a round a minute from now on
  evergreen list                                how it goes

Answers go to standard output, log lines and complaints to standard error; `serve` logs to standard output. The
exit status is 0 where the command was carried out, 1 where it was not, 2 where the command line is wrong. An
account that fails is no failure of the command: `list` and `history` tell of it.

The environment may set CONCURRENCY, DUE_SHARDS, RUN_RETENTION_DAYS, LOGIN_ENDPOINT and GRAPH_ENDPOINT, as for the
function, and EVERGREEN_DATA for --data.

AccountStore must be your own. Microsoft may not count artificial activity towards a renewal: nothing is promised.";

#[derive(Debug, Subcommand)]
enum Command {
    /// Simulate a week against a tenant in a box (the default)
    Demo,
    /// Make a data folder with a commented example of a secret
    ///
    /// Makes what is missing and changes nothing that is there.
    Init(Data),
    /// Run the accounts of a data folder, one round a minute, until Ctrl-C or SIGTERM
    ///
    /// Each round reads the secrets, so that new, changed and removed ones need no restart, and logs one line
    /// for each run and each round. When told to stop, runs under way clean up and are recorded, then it ends.
    Serve(Data),
    /// Read the secrets, run the accounts that are due, once
    ///
    /// For cron and the like. A new account is due within its interval's minimum, not at once.
    Once(Data),
    /// Print what a run of an account would send; nothing is sent but a token request
    #[command(after_help = "The token is asked for since its permissions decide what may be drawn. Example:
  evergreen plan mine --seed 42 | jq -r '.plan[] | [.wave, .method, .url] | @tsv'")]
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
    #[command(after_help = "Events are those of the function:
  {\"action\": \"tick\"}                                      run what is due
  {\"action\": \"sync\"}                                      make accounts match the secrets
  {\"action\": \"list\"}                                      every account's state
  {\"action\": \"show\", \"account\": \"a\"}                      one account's state and policy
  {\"action\": \"run\", \"account\": \"a\"}                       one run now, due or not
  {\"action\": \"run\", \"account\": \"a\", \"dry_run\": true}      its plan alone
  {\"action\": \"stop\", \"account\": \"a\"}                      not due again until resumed
  {\"action\": \"resume\", \"account\": \"a\"}                    due at once, with a clean slate
  {\"action\": \"history\", \"account\": \"a\", \"limit\": 20}      past runs")]
    Event {
        /// The event, as JSON
        event: String,
        #[command(flatten)]
        data: Data,
    },
    /// Print the catalogue of operations
    #[command(after_help = "Examples:
  evergreen operations --service mail
  evergreen operations --permission Mail.Read --auth app
  evergreen operations --json | jq -r '.[] | select(.writes) | .id'")]
    Operations {
        /// As JSON, with app-only paths and whether it writes
        #[arg(long)]
        json: bool,
        /// The whole catalogue, as docs/operations.md shows it
        #[arg(long, conflicts_with_all = ["json", "service", "permission", "auth", "kind"])]
        markdown: bool,
        #[command(flatten)]
        filter: Filter,
    },
    /// Print the least permissions that a policy needs, one a line
    ///
    /// With these granted and consented to, everything that the policy selects can be drawn, with all that it needs
    /// and all that cleans up after it. Fewer do no harm: what is not granted is not drawn.
    #[command(after_help = "Examples:
  evergreen permissions --auth app
  evergreen permissions --auth delegated --policy policy.json --json

A refresh_token also needs offline_access, which is no permission of Microsoft Graph.")]
    Permissions {
        #[command(flatten)]
        asked: PermissionsArgs,
        /// As a JSON array
        #[arg(long)]
        json: bool,
    },
    /// Measure one round over many due accounts, beside the bare exchange of the same bytes
    ///
    /// Everything is on this machine: an embedded DynamoDB, a stand-in for Secrets Manager, a fake tenant. The ratios
    /// count, not the times: those are the machine's.
    Bench {
        #[command(flatten)]
        asked: bench::BenchArgs,
        /// As one JSON object
        #[arg(long)]
        json: bool,
    },
    #[command(hide = true, subcommand)]
    BenchPart(bench::Part),
    /// Simulate a day of very many accounts: lateness, queue and cost as their number grows
    ///
    /// Prints a table in Markdown; docs/scale.md tells what is real in it and what is modelled.
    Simulate(simulate::SimulateArgs),
}

#[derive(Debug, Args)]
struct Data {
    /// The folder with secrets/ and state.db
    #[arg(long, env = "EVERGREEN_DATA", default_value = "evergreen-data")]
    data: PathBuf,
}

/// Reads the command line and carries it out.
pub async fn main() -> anyhow::Result<()> {
    let Cli { command, log } = Cli::parse();
    let command = command.unwrap_or(Command::Demo);
    match command {
        // The demonstration shows itself; the benchmark's parts log what they measure.
        Command::Demo | Command::BenchPart(_) => {}
        Command::Serve(_) => log.start(stdout().is_terminal(), console::colors_enabled(), output::stdout),
        _ => log.start(stderr().is_terminal(), console::colors_enabled_stderr(), output::stderr),
    }
    match command {
        Command::Demo => print(&demo::week().await?)?,
        Command::Init(Data { data }) => print(&init(&data)?)?,
        Command::Serve(Data { data }) => serve(LocalApp::open(&data).await?).await?,
        Command::Once(Data { data }) => {
            let synced = ask(&data, &json!({"action": "sync"})).await?;
            for error in synced["errors"].as_array().into_iter().flatten() {
                eprintln!("{}: {}", text(&error["secret"]), text(&error["error"]));
            }
            print_json(&ask(&data, &json!({"action": "tick"})).await?)?;
        }
        Command::Plan { account, seed, data: Data { data } } => {
            let event = json!({"action": "run", "account": account, "dry_run": true, "seed": seed});
            print_json(&ask(&data, &event).await?)?;
        }
        Command::List(Data { data }) => {
            let accounts = list(&data).await?;
            let columns = [
                ("account", "account_id"),
                ("status", "status"),
                ("next run", "next_run_at"),
                ("last run", "last_run_at"),
                ("failures", "consecutive_failures"),
                ("why paused", "pause_cause"),
            ];
            if accounts.is_empty() {
                eprintln!(
                    "There is no account yet: `evergreen once` and `evergreen serve` make them from the secrets."
                );
            }
            print(&table(&columns, &accounts))?;
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
            print(&table(&columns, answer["runs"].as_array().map(Vec::as_slice).unwrap_or_default()))?;
        }
        Command::Event { event, data: Data { data } } => {
            let event =
                serde_json::from_str(&event).map_err(|error| anyhow::anyhow!("the event is not JSON: {error}"))?;
            print_json(&ask(&data, &event).await?)?;
        }
        Command::Operations { markdown: true, .. } => print(catalogue_view::markdown().trim_end())?,
        Command::Operations { json: true, filter, .. } => print_json(&catalogue_view::operations(&filter))?,
        Command::Operations { json: false, filter, .. } => print(&catalogue_view::operations_table(&filter))?,
        Command::Bench { asked, json: true } => print_json(&json!(bench::bench(&asked).await?))?,
        Command::Bench { asked, json: false } => {
            let columns = [("", "what"), ("figure", "figure"), ("beside", "beside")];
            print(&table(&columns, &bench::bench(&asked).await?.lines()))?;
        }
        Command::BenchPart(part) => bench::part(part).await?,
        Command::Simulate(asked) => print(&simulate(&asked).await?)?,
        Command::Permissions { asked, json: true } => print_json(&json!(catalogue_view::permissions(&asked)?))?,
        Command::Permissions { asked, json: false } => print(&catalogue_view::permissions(&asked)?.join("\n"))?,
    }
    Ok(())
}

/// Every account's state, by id, answer after answer.
async fn list(data: &Path) -> anyhow::Result<Vec<Value>> {
    let mut accounts = Vec::new();
    let mut after = Value::Null;
    loop {
        let mut answer = ask(data, &json!({"action": "list", "after": after})).await?;
        if let Value::Array(listed) = answer["accounts"].take() {
            accounts.extend(listed);
        }
        after = answer["next"].take();
        if after.is_null() {
            accounts.sort_by(|a, b| text(&a["account_id"]).cmp(text(&b["account_id"])));
            return Ok(accounts);
        }
    }
}

/// Carries an event out on a data folder; log lines go to standard error.
async fn ask(data: &Path, event: &Value) -> anyhow::Result<Value> {
    let station = LocalApp::open(data).await?;
    let deadline = station.app.clock.now() + TimeDelta::from_std(LOCAL_ROUND)?;
    let answer = handle(&station.app, event, deadline).await;
    Ok(answer?)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn print_json(value: &Value) -> anyhow::Result<()> {
    print(&format!("{value:#}"))
}

/// What a command answers. A reader that has seen enough (`| head`) is no failure.
fn print(text: &str) -> anyhow::Result<()> {
    match writeln!(stdout().lock(), "{text}") {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error).context("writing the answer"),
        _ => Ok(()),
    }
}
