//! The command line of the local program: each command is an event of the handler, and an answer for people.

pub mod args;
mod doctor;
mod help;
mod list;
mod log_args;
mod read;
mod session;
mod sign_in;

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use clap::{CommandFactory, Parser};
use serde_json::{Map, Value, json};

use crate::actions::sign_in::request::SignIn;
use crate::domain::account::AccountId;
use crate::domain::secret::import::Format;
use crate::domain::seed::Seed;
use crate::event::{Event, Hidden};
use crate::local::app::home;
use crate::local::bench;
use crate::local::catalogue_view::{markdown, operations, operations_table, permissions};
use crate::local::cli::args::{Account, Cli, Command, Data, Json, ServiceAction};
use crate::local::cli::doctor::doctor;
use crate::local::cli::list::{all_accounts, listed_accounts};
use crate::local::cli::session::Session;
use crate::local::cli::sign_in::sign_in;
use crate::local::demo;
use crate::local::init::init;
use crate::local::output::answer::{self, Round, Run};
use crate::local::output::style::Style;
use crate::local::output::table::{Cell, Column, Row, table};
use crate::local::output::text::{count, hanging, printable};
use crate::local::output::{accounts, check, history, links, plan, round, sync};
use crate::local::print;
use crate::local::repair::repair;
use crate::local::serve::serve;
use crate::local::service::{self, Manager};
use crate::local::simulate::simulate;

/// Reads the command line and carries it out. It fails if the command could not be carried out; an account's failure is
/// part of the answer.
pub async fn main() -> ExitCode {
    let Cli { command, log } = Cli::parse();
    let command = command.unwrap_or(Command::Demo(Json { json: false }));
    let sentences = command.log_role().is_some_and(|role| log.start(role, command.json()));
    match carry_out(command, sentences).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            print::note(&hanging("evergreen: ", &printable(&format!("{error:#}")), print::note_style().width));
            ExitCode::FAILURE
        }
    }
}

async fn carry_out(command: Command, sentences: bool) -> anyhow::Result<()> {
    match command {
        Command::Demo(Json { json }) => demo(json).await,
        Command::Init { init: args, at } => done(&at, &init(&at.data, args)?),
        Command::Serve(at) => serve(&at, sentences).await,
        Command::Once(at) => once(&at).await,
        Command::Run { account, seed, at } => run_now(&at, account, seed).await,
        Command::Check(of) => {
            ask_after_sync(&of.at, &of.account, Event::Check { account: of.account.clone() }, |style, answer| {
                Ok(check::check(style, &answer::read(answer)?))
            })
            .await
        }
        Command::Plan { account, seed, at } => {
            ask_after_sync(&at, &account.clone(), Event::Run { account, dry_run: true, seed }, |style, answer| {
                Ok(plan::plan(style, &answer::read(answer)?))
            })
            .await
        }
        Command::List(at) => list(&at).await,
        Command::Show(of) => show_account(of, |account| Event::Show { account }).await,
        Command::Stop(of) => show_account(of, |account| Event::Stop { account }).await,
        Command::Resume(of) => show_account(of, |account| Event::Resume { account }).await,
        Command::History { account, limit, at } => {
            ask(&at, Event::History { account, limit }, |style, answer| {
                Ok(history::history(style, &answer::read(answer)?))
            })
            .await
        }
        Command::Sync(at) => ask(&at, Event::Sync, |style, answer| Ok(sync::sync(style, &answer::read(answer)?))).await,
        Command::SignIn { account, tenant_id, client_id, cloud, username, replace, at } => {
            sign_in(&at, account, SignIn { tenant_id, client_id, cloud, username, replace }).await
        }
        Command::ConsentUrl(of) => {
            ask_after_sync(&of.at, &of.account, Event::ConsentUrl { account: of.account.clone() }, |style, answer| {
                Ok(links::consent_url(style, &answer::read(answer)?))
            })
            .await
        }
        Command::Grant { account, apply, at } => {
            ask_after_sync(&at, &account.clone(), Event::Grant { account, apply }, |style, answer| {
                Ok(links::grant(style, &answer::read(answer)?))
            })
            .await
        }
        Command::SetPolicy { account, policy, at } => {
            let base = match policy.policy.as_deref().map(read::json).transpose()? {
                None => Map::new(),
                Some(Value::Object(fields)) => fields,
                Some(_) => anyhow::bail!("--policy must be a JSON object of fields"),
            };
            let event = Event::SetPolicy { account: account.clone(), policy: policy.changes(base) };
            ask_after_sync(&at, &account.clone(), event, move |style, mut answer| {
                let shown = accounts::policy(style, answer["policy"].take());
                Ok(format!("The policy of {account} is changed:\n{shown}"))
            })
            .await
        }
        Command::Import { file, format, replace, at } => {
            let text = Hidden(read::text(&file)?);
            let event = Event::Import { format: import_format(&format), text, replace };
            ask(&at, event, |style, answer| Ok(links::import(style, &answer::read(answer)?))).await
        }
        Command::Export(at) => {
            let session = Session::open(&at).await?;
            let accounts = all_accounts(&session, |after| Event::Export { after }).await?;
            print::json(&json!({"accounts": accounts}))
        }
        Command::Event { event, at } => {
            let event = read::json(&event)?;
            let session = Session::open(&at).await?;
            print::json(&session.ask_json(&event).await?)
        }
        Command::Operations { markdown: true, .. } => print::answer(markdown().trim_end()),
        Command::Operations { filter, json: Json { json: true }, .. } => print::json(&operations(&filter)?),
        Command::Operations { filter, .. } => print::answer(&operations_table(&print::output_style(), &filter)?),
        Command::Permissions { args, json } => {
            let permissions = permissions(&args)?;
            if json.json { print::json(&json!(permissions)) } else { print::answer(&permissions.join("\n")) }
        }
        Command::Doctor(at) => doctor(&at).await,
        Command::Repair { force, at } => repair_state(&at, force).await,
        Command::Service { action } => service_action(&action),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "evergreen", &mut script);
            print::answer(String::from_utf8_lossy(&script).trim_end())
        }
        Command::Man { folder } => manual_pages(&folder),
        Command::Bench { args, json } => {
            let figures = bench::bench(&args).await?;
            if json.json { print::json(&json!(figures)) } else { print::answer(&figures_table(&figures)) }
        }
        Command::BenchPart(part) => bench::part(part).await,
        Command::Simulate(args) => print::answer(&simulate(&args).await?),
    }
}

/// Carries an event out, and prints the answer as JSON or for people.
async fn ask(
    at: &Data,
    event: Event,
    show: impl FnOnce(&Style, Value) -> anyhow::Result<String>,
) -> anyhow::Result<()> {
    let session = Session::open(at).await?;
    print_answer(&session, event, show).await
}

/// As [`ask`], after the secret files were read: what was just written counts.
async fn ask_after_sync(
    at: &Data,
    account: &AccountId,
    event: Event,
    show: impl FnOnce(&Style, Value) -> anyhow::Result<String>,
) -> anyhow::Result<()> {
    let session = Session::open(at).await?;
    session.sync(Some(account)).await?;
    print_answer(&session, event, show).await
}

async fn print_answer(
    session: &Session,
    event: Event,
    show: impl FnOnce(&Style, Value) -> anyhow::Result<String>,
) -> anyhow::Result<()> {
    let answer = session.ask(event).await?;
    if session.json() { print::json(&answer) } else { print::answer(&show(&print::output_style(), answer)?) }
}

async fn show_account(of: Account, event: impl FnOnce(AccountId) -> Event) -> anyhow::Result<()> {
    ask_after_sync(&of.at, &of.account, event(of.account.clone()), |style, answer| {
        Ok(accounts::show(style, &answer::read(answer)?))
    })
    .await
}

async fn list(at: &Data) -> anyhow::Result<()> {
    let session = Session::open(at).await?;
    session.sync(None).await?;
    if session.json() {
        let accounts = all_accounts(&session, |after| Event::List { after }).await?;
        return print::json(&json!({"accounts": accounts}));
    }
    let listed = listed_accounts(&session).await?;
    if listed.is_empty() {
        print::note(&no_account(at));
    }
    print::answer(&accounts::list(&print::output_style(), &listed))
}

async fn run_now(at: &Data, account: AccountId, seed: Option<Seed>) -> anyhow::Result<()> {
    let session = Session::open(at).await?;
    session.sync(Some(&account)).await?;
    session.require_network().await?;
    print_answer(&session, Event::Run { account, dry_run: false, seed }, |style, answer| {
        let run: Run = answer::read(answer)?;
        let failures = round::failures(style, &run.failures);
        let shown = std::iter::once(round::run(style, "", &run)).chain(failures);
        Ok(shown.collect::<Vec<_>>().join("\n"))
    })
    .await
}

/// A sync and one round; a line for each run, then what the round came to.
async fn once(at: &Data) -> anyhow::Result<()> {
    let session = Session::open(at).await?;
    let synced = session.sync(None).await?;
    anyhow::ensure!(session.has_accounts().await?, "{}", no_account(at));
    session.require_network().await?;
    let answer = session.ask(Event::Tick).await?;
    if session.json() {
        return print::json(&answer);
    }
    let style = print::output_style();
    if !(synced.created.is_empty() && synced.resumed.is_empty() && synced.changed.is_empty()) {
        print::answer(&sync::sync(&style, &answer::Sync { errors: Vec::new(), ..synced }))?;
    }
    let summary: Round = answer::read(answer)?;
    print::answer(&round::round(&summary))
}

async fn repair_state(at: &Data, force: bool) -> anyhow::Result<()> {
    let Some(aside) = repair(&at.data, force).await? else {
        return done(at, "state.db is sound; nothing was changed.");
    };
    let synced = Session::open(at).await?.sync(None).await?;
    let accounts = count(synced.created.len(), "account");
    done(at, &format!("The old file is {}; a new state.db has {accounts} from your secret files.", aside.display()))
}

fn service_action(action: &ServiceAction) -> anyhow::Result<()> {
    let (manager, at) = (Manager::here(), action.at());
    let program = std::env::current_exe().context("finding this program")?;
    let text = match action {
        ServiceAction::Install(at) => service::install(manager, &home()?, &program, &at.data)?,
        ServiceAction::Remove(at) => service::remove(manager, &home()?, &at.data)?,
        ServiceAction::Status(at) => service::status(manager, &home()?, &at.data)?,
        ServiceAction::Print(at) => {
            let data = at.data.canonicalize().with_context(|| format!("finding {}", at.data.display()))?;
            return print::answer(manager.definition(&program, &data).trim_end());
        }
    };
    done(at, &text)
}

fn no_account(at: &Data) -> String {
    let data = at.data.display();
    format!("No account yet. Write {data}/secrets/mine.json, or let `evergreen init mine` write it.")
}

fn done(at: &Data, text: &str) -> anyhow::Result<()> {
    if at.json.json { print::json(&json!({"message": text})) } else { print::answer(text) }
}

async fn demo(json: bool) -> anyhow::Result<()> {
    let week = demo::week().await?;
    if json { print::json(&json!(week)) } else { print::answer(&week.text(&print::output_style())) }
}

fn import_format(name: &str) -> Format {
    match name {
        "csv" => Format::Csv,
        "json" => Format::Json,
        "account_txt" => Format::AccountTxt,
        _ => Format::Auto,
    }
}

fn figures_table(figures: &bench::Figures) -> String {
    let rows: Vec<Row> = figures.rows().into_iter().map(|cells| cells.map(Cell::new).to_vec().into()).collect();
    table(&print::output_style(), &[Column::new(""), Column::new("figure"), Column::wrapped("beside")], &rows)
}

fn manual_pages(folder: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("creating {}", folder.display()))?;
    clap_mangen::generate_to(Cli::command(), folder).with_context(|| format!("writing to {}", folder.display()))?;
    print::answer(&format!("Manual pages are in {}: man {}/evergreen.1", folder.display(), folder.display()))
}
