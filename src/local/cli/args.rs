//! The command line: commands, their arguments and their help.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;

use crate::domain::account::AccountId;
use crate::domain::cloud::Cloud;
use crate::domain::seed::Seed;
use crate::local::bench;
use crate::local::catalogue_view::{Filter, PermissionsArgs};
use crate::local::cli::help;
use crate::local::cli::log_args::{LogArgs, LogRole};
use crate::local::init::InitArgs;
use crate::local::policy_args::PolicyArgs;
use crate::local::simulate;

/// Keeps Microsoft 365 developer tenants in regular use, and watches what expires.
#[derive(Debug, Parser)]
#[command(name = "evergreen", version, help_template = help::TEMPLATE)]
#[command(disable_help_subcommand = true)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    pub log: LogArgs,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Simulate a week against a simulated tenant (the default)
    Demo(Json),
    /// Create a data folder and a first secret file
    ///
    /// On a terminal it asks for what is missing. Secrets are read from a
    /// hidden prompt or from standard input, never from an argument.
    /// Nothing that exists is changed.
    #[command(verbatim_doc_comment)]
    Init {
        #[command(flatten)]
        init: InitArgs,
        #[command(flatten)]
        at: Data,
    },
    /// Run the accounts, one round a minute, until Ctrl-C or SIGTERM
    ///
    /// Each round reads the secrets: new, changed and removed files need no
    /// restart. On a terminal it prints a line for each event; in a pipe, or
    /// with --json, log lines as JSON. When told to stop, runs under way
    /// clean up and are recorded; a second Ctrl-C ends at once.
    #[command(verbatim_doc_comment)]
    Serve(Data),
    /// Read the secrets, run the accounts that are due, once
    ///
    /// For cron and the like. A new account is due within two minutes;
    /// `evergreen run` does not wait.
    #[command(verbatim_doc_comment)]
    Once(Data),
    /// Run an account now, due or not
    Run {
        /// The account: its file's name without .json
        #[arg(value_parser = account)]
        account: AccountId,
        /// Send the plan of this seed
        #[arg(long, value_parser = seed)]
        seed: Option<Seed>,
        #[command(flatten)]
        at: Data,
    },
    /// Test an account: sign-in, permissions, user, expiry dates
    Check(Account),
    /// Print what a run would send; nothing is sent but a token request
    ///
    /// The token's permissions decide which operations may be called.
    #[command(verbatim_doc_comment)]
    #[command(after_help = "Example:\n  evergreen plan mine --seed 42 --json | jq -r '.plan[].url'")]
    Plan {
        /// The account: its file's name without .json
        #[arg(value_parser = account)]
        account: AccountId,
        /// The same seed, policy and permissions give the same plan
        #[arg(long, value_parser = seed)]
        seed: Option<Seed>,
        #[command(flatten)]
        at: Data,
    },
    /// Show every account's state
    List(Data),
    /// Show one account's state and policy
    Show(Account),
    /// Show an account's past runs, the newest first
    History {
        /// The account: its file's name without .json
        #[arg(value_parser = account)]
        account: AccountId,
        /// Rows at most, 1 to 500
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=500))]
        limit: u32,
        #[command(flatten)]
        at: Data,
    },
    /// Stop an account: it is not due again until resumed
    Stop(Account),
    /// Resume a stopped or paused account: it is due at once
    Resume(Account),
    /// Make accounts match the secret files
    Sync(Data),
    /// Sign in as the account's user, in a browser
    ///
    /// Prints an address and a code, and waits until you have signed in
    /// there, with MFA where your tenant wants it. Stores the refresh token.
    #[command(verbatim_doc_comment)]
    SignIn {
        /// The account: its file's name without .json
        #[arg(value_parser = account)]
        account: AccountId,
        /// The tenant, where no secret file names it yet
        #[arg(long)]
        tenant_id: Option<String>,
        /// The app registration, where no secret file names it yet
        #[arg(long)]
        client_id: Option<String>,
        /// The cloud, where no secret file names it yet
        #[arg(long, value_parser = cloud)]
        cloud: Option<Cloud>,
        /// Refuse any other user than this one
        #[arg(long)]
        username: Option<String>,
        /// Replace a credential of another kind, or of another tenant or app
        #[arg(long)]
        replace: bool,
        #[command(flatten)]
        at: Data,
    },
    /// Print links for consent to the permissions that the policy needs
    ConsentUrl(Account),
    /// Add permissions to the app and consent to them, if allowed to
    Grant {
        /// The account: its file's name without .json
        #[arg(value_parser = account)]
        account: AccountId,
        /// Do it; without this, print what would be done
        #[arg(long)]
        apply: bool,
        #[command(flatten)]
        at: Data,
    },
    /// Change fields of an account's policy
    #[command(
        override_usage = "evergreen set-policy [OPTIONS] <ACCOUNT>",
        after_help = "Examples:
  evergreen set-policy mine --timezone Asia/Shanghai --working-hours 09:00-18:30
  evergreen set-policy mine --writes false --reset operations
  evergreen set-policy mine --policy '{\"pause_after\": 5}'"
    )]
    SetPolicy {
        /// The account: its file's name without .json
        #[arg(value_parser = account)]
        account: AccountId,
        #[command(flatten)]
        policy: PolicyArgs,
        #[command(flatten)]
        at: Data,
    },
    /// Create secret files from lines, CSV or JSON
    Import {
        /// A file, or - for standard input
        file: String,
        /// The form of the text
        #[arg(long, default_value = "auto", value_parser = PossibleValuesParser::new(["auto", "csv", "json", "account_txt"]))]
        format: String,
        /// Replace secrets that exist
        #[arg(long)]
        replace: bool,
        #[command(flatten)]
        at: Data,
    },
    /// Print state and policy of all accounts as JSON, without secrets
    Export(Data),
    /// Carry out an event of the function and print its answer as JSON
    #[command(after_help = "Examples:
  evergreen event '{\"action\": \"run\", \"account\": \"mine\"}'
  evergreen event @events/run.json
  cat event.json | evergreen event -

Each action has a command of its own: evergreen --help lists them.")]
    Event {
        /// The event as JSON, @FILE, or - for standard input
        event: String,
        #[command(flatten)]
        at: Data,
    },
    /// Print the catalogue of operations
    #[command(after_help = "Examples:
  evergreen operations --service mail
  evergreen operations --permission Mail.Read --auth app
  evergreen operations --json | jq -r '.[] | select(.writes) | .id'")]
    Operations {
        /// The whole catalogue as in docs/operations.md
        #[arg(long, conflicts_with_all = ["json", "service", "permission", "auth", "kind"])]
        markdown: bool,
        #[command(flatten)]
        filter: Filter,
        #[command(flatten)]
        json: Json,
    },
    /// Print the permissions that a policy needs, one per line
    ///
    /// With these granted, everything that the policy selects can be called.
    /// Operations without permission are skipped: granting fewer is fine.
    #[command(verbatim_doc_comment)]
    #[command(after_help = "Examples:
  evergreen permissions --auth app
  evergreen permissions --auth delegated --policy policy.json --json

A refresh_token also needs offline_access, which is no permission of Microsoft
Graph.")]
    Permissions {
        #[command(flatten)]
        args: PermissionsArgs,
        #[command(flatten)]
        json: Json,
    },
    /// Examine this machine, its folder, the network and each account
    Doctor(Data),
    /// Set a damaged state.db aside and create a new one
    ///
    /// It holds only times and history; accounts come from the secret files.
    #[command(verbatim_doc_comment)]
    Repair {
        /// Also where it is sound
        #[arg(long)]
        force: bool,
        #[command(flatten)]
        at: Data,
    },
    /// Start `evergreen serve` with your session
    ///
    /// A user unit of systemd, an agent of launchd, or a task of Windows.
    #[command(verbatim_doc_comment)]
    Service {
        #[command(subcommand)]
        action: ServiceAction,
    },
    /// Print the completions of a shell
    #[command(after_help = "Example:\n  evergreen completions bash > /etc/bash_completion.d/evergreen")]
    Completions { shell: Shell },
    /// Write manual pages into a folder
    Man {
        /// The folder; it is created if missing
        folder: PathBuf,
    },
    /// Measure one round over many due accounts
    ///
    /// Everything is on this machine: an embedded DynamoDB, a stand-in for
    /// Secrets Manager, a simulated tenant. The ratios count, not the times.
    #[command(verbatim_doc_comment)]
    Bench {
        #[command(flatten)]
        args: bench::BenchArgs,
        #[command(flatten)]
        json: Json,
    },
    #[command(hide = true, subcommand)]
    BenchPart(bench::Part),
    /// Simulate a day of very many accounts: lateness, queue, cost
    ///
    /// Prints a table in Markdown; docs/scale.md describes the model.
    #[command(verbatim_doc_comment)]
    Simulate(simulate::SimulateArgs),
}

#[derive(Debug, Subcommand)]
pub enum ServiceAction {
    /// Write the definition and start it
    Install(Data),
    /// Stop it and delete the definition
    Remove(Data),
    /// Show whether it runs
    Status(Data),
    /// Print the definition; write nothing
    Print(Data),
}

impl ServiceAction {
    pub const fn at(&self) -> &Data {
        match self {
            Self::Install(at) | Self::Remove(at) | Self::Status(at) | Self::Print(at) => at,
        }
    }
}

impl Command {
    /// The part that log lines play, if there are any.
    pub const fn log_role(&self) -> Option<LogRole> {
        match self {
            // The demonstration shows itself; the benchmark's parts log what they measure.
            Self::Demo(_) | Self::BenchPart(_) => None,
            Self::Serve(_) => Some(LogRole::Output),
            Self::Once(_) => Some(LogRole::Runs),
            Self::Event { .. } => Some(LogRole::BesideJson),
            _ => Some(LogRole::BesideAnswer),
        }
    }

    /// Whether `--json` is given.
    pub const fn json(&self) -> bool {
        match self {
            Self::Demo(json)
            | Self::Operations { json, .. }
            | Self::Permissions { json, .. }
            | Self::Bench { json, .. } => json.json,
            Self::Serve(at)
            | Self::Once(at)
            | Self::List(at)
            | Self::Sync(at)
            | Self::Export(at)
            | Self::Doctor(at) => at.json.json,
            Self::Service { action } => action.at().json.json,
            Self::Check(of) | Self::Show(of) | Self::Stop(of) | Self::Resume(of) | Self::ConsentUrl(of) => {
                of.at.json.json
            }
            Self::Init { at, .. }
            | Self::Run { at, .. }
            | Self::Plan { at, .. }
            | Self::History { at, .. }
            | Self::SignIn { at, .. }
            | Self::Grant { at, .. }
            | Self::SetPolicy { at, .. }
            | Self::Import { at, .. }
            | Self::Repair { at, .. }
            | Self::Event { at, .. } => at.json.json,
            Self::Completions { .. } | Self::Man { .. } | Self::BenchPart(_) | Self::Simulate(_) => false,
        }
    }
}

/// The data folder, and the form of the answer.
#[derive(Clone, Debug, Args)]
pub struct Data {
    /// The folder with secrets/ and state.db
    #[arg(
        long,
        env = "EVERGREEN_DATA",
        hide_env_values = true,
        default_value = "evergreen-data",
        value_name = "FOLDER"
    )]
    pub data: PathBuf,
    #[command(flatten)]
    pub json: Json,
}

#[derive(Clone, Copy, Debug, Args)]
pub struct Json {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// One account of a data folder.
#[derive(Clone, Debug, Args)]
pub struct Account {
    /// The account: its file's name without .json
    #[arg(value_parser = account)]
    pub account: AccountId,
    #[command(flatten)]
    pub at: Data,
}

/// Reads an account's id, also where a file is named.
pub fn account(text: &str) -> Result<AccountId, String> {
    AccountId::parse(text).map_err(|_| {
        "an account's name has 1 to 128 letters, digits and . _ @ + - only, and begins with a letter or a digit"
            .to_owned()
    })
}

fn seed(text: &str) -> Result<Seed, String> {
    let seed = text.parse().ok().filter(|seed| *seed <= Seed::MAX);
    seed.map(Seed::new).ok_or_else(|| "a seed is a whole number from 0 to 2^53 - 1".to_owned())
}

fn cloud(text: &str) -> Result<Cloud, String> {
    Cloud::parse(text).ok_or_else(|| "must be one of global, us_gov, us_gov_dod, china".to_owned())
}
