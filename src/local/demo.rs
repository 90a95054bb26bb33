//! The demonstration: a simulated week of four accounts; everything is real except the tenant and the clock.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use chrono::{DateTime, TimeDelta, Utc};
use indicatif::{ProgressBar, ProgressStyle};
use rand::SeedableRng;
use rand::rngs::ChaCha12Rng;
use serde::Serialize;
use serde_json::{Value, json};

use crate::app::App;
use crate::domain::account::AccountId;
use crate::handler::handle;
use crate::local::app::{LocalApp, config_for};
use crate::local::dynamodb::LocalDynamoDb;
use crate::local::output::style::{Paint, Style};
use crate::local::output::table::{Cell, Column, Row, table};
use crate::local::output::text::hanging;
use crate::local::secret_files::SecretFiles;
use crate::local::secret_files::write::write_private;
use crate::local::virtual_clock::VirtualClock;
use crate::ports::Clock;
use fake_tenant::{App as TenantApp, FakeTenant, Tenant, User};

/// As the function's schedule.
const TICK_INTERVAL: TimeDelta = TimeDelta::minutes(5);
const DURATION: TimeDelta = TimeDelta::days(7);
/// History rows read per account: more than a week has.
const MAX_RUNS: u32 = 500;

const TENANT: &str = "0f3c1d7e-8a54-4c7e-9b51-2f6f3f1f7a10";
const DOMAIN: &str = "contoso.onmicrosoft.com";
const USER: &str = "megan@contoso.onmicrosoft.com";
const APP: &str = "5b1e7c52-7f0a-4d0c-8a86-6a0e4a1f0c01";
const PUBLIC_APP: &str = "5b1e7c52-7f0a-4d0c-8a86-6a0e4a1f0c02";

/// Simulates the week; returns the report.
pub(super) async fn week() -> anyhow::Result<Week> {
    let start: DateTime<Utc> = "2026-03-02T00:00:00Z".parse()?;
    let clock = VirtualClock::new(start);
    let tenant = FakeTenant::start(Arc::new(clock.clone()), 1).await.context("starting the simulated tenant")?;
    tenant.set_recording(false);
    tenant.add_tenant(
        Tenant::new(TENANT, DOMAIN)
            .with_user(User::new(USER, "correct horse"))
            .with_app(TenantApp::confidential(APP, "right-secret"))
            .with_app(TenantApp::public(PUBLIC_APP)),
    );
    let folder = temp_folder()?;
    write_secrets(folder.path(), &tenant)?;
    let local = local_app(&clock, &tenant, folder.path()).await?;
    let before = tenant.snapshot(TENANT);

    let bar = ProgressBar::new(DURATION.num_hours().unsigned_abs());
    bar.set_style(ProgressStyle::with_template("{bar:40} {pos}/{len} simulated hours  {msg}")?);
    let mut tick = start;
    let mut rounds = 0_u32;
    ask(&local.app, json!({"action": "sync"})).await?;
    while tick < start + DURATION {
        clock.set(tick.max(clock.now()));
        bar.set_position((tick - start).num_hours().unsigned_abs());
        ask(&local.app, json!({"action": "tick"})).await?;
        rounds += 1;
        tick = next_tick(&local.app, clock.now()).await?;
    }
    bar.finish_and_clear();

    tenant.deliver_mail();
    let report = report(&local.app, &tenant, rounds, before == tenant.snapshot(TENANT)).await;
    tenant.stop();
    report
}

fn write_secrets(folder: &Path, tenant: &FakeTenant) -> anyhow::Result<()> {
    let refresh_token = tenant.issue_refresh_token(TENANT, PUBLIC_APP, USER);
    let secrets = [
        ("app-only", json!({"client_id": APP, "client_secret": "right-secret", "user_id": USER})),
        ("delegated", json!({"client_id": PUBLIC_APP, "refresh_token": refresh_token})),
        (
            "shanghai-office",
            json!({
                "client_id": PUBLIC_APP, "username": USER, "password": "correct horse",
                "policy": {
                    "timezone": "Asia/Shanghai",
                    "working_hours": {"from": "09:00", "to": "18:30"},
                    "working_days": ["mon", "tue", "wed", "thu", "fri"]
                }
            }),
        ),
        ("wrong-secret", json!({"client_id": APP, "client_secret": "mistyped", "user_id": USER})),
    ];
    for (account, mut secret) in secrets {
        secret["tenant_id"] = json!(TENANT);
        write_private(&folder.join(format!("{account}.json")), &secret.to_string())?;
    }
    Ok(())
}

async fn local_app(clock: &VirtualClock, tenant: &FakeTenant, folder: &Path) -> anyhow::Result<LocalApp> {
    let http = crate::adapters::http::client(crate::adapters::http::Timeouts::default())?;
    let embedded = LocalDynamoDb::in_memory().await?;
    let config = config_for(tenant.endpoint().parse()?)?;
    let random = ChaCha12Rng::seed_from_u64(2026);
    Ok(LocalApp::build(embedded, SecretFiles::new(folder), Arc::new(clock.clone()), http, config, random))
}

async fn ask(app: &Arc<App>, event: Value) -> anyhow::Result<Value> {
    let deadline = app.clock.now() + TICK_INTERVAL;
    Ok(handle(app, &event, deadline).await?)
}

/// The next tick at which an account is due; the ticks before it would find nothing to do.
async fn next_tick(app: &Arc<App>, now: DateTime<Utc>) -> anyhow::Result<DateTime<Utc>> {
    let listed = ask(app, json!({"action": "list"})).await?;
    let due = listed["accounts"].as_array().into_iter().flatten().filter_map(|account| account["next_run_at"].as_str());
    let due: Option<DateTime<Utc>> = due.min().and_then(|due| due.parse().ok());
    let seconds = due.map_or(DURATION, |due| due - now).num_seconds().max(1);
    let ticks = (seconds + TICK_INTERVAL.num_seconds() - 1) / TICK_INTERVAL.num_seconds();
    Ok(now + TICK_INTERVAL * i32::try_from(ticks).unwrap_or(i32::MAX))
}

async fn report(app: &Arc<App>, tenant: &FakeTenant, rounds: u32, clean: bool) -> anyhow::Result<Week> {
    let listed = ask(app, json!({"action": "list"})).await?;
    let mut accounts = Vec::new();
    for mut listed in listed["accounts"].as_array().cloned().into_iter().flatten() {
        let id = AccountId::parse(listed["account_id"].as_str().unwrap_or_default())?;
        let runs = app.accounts.history(&id, MAX_RUNS, app.clock.now()).await?;
        let ok = runs.iter().map(|run| run.calls_ok).sum();
        let refused: u32 = runs.iter().map(|run| run.calls_failed + run.calls_throttled).sum();
        accounts.push(AccountOfWeek {
            account: id.to_string(),
            status: listed["status"].as_str().unwrap_or_default().to_owned(),
            runs: runs.len(),
            calls: ok + refused,
            calls_ok: ok,
            pause_cause: listed["pause_cause"].take().as_str().map(str::to_owned),
        });
    }
    let violations = tenant.violations().iter().map(ToString::to_string).collect();
    Ok(Week { rounds, accounts, violations, clean })
}

/// What the week came to.
#[derive(Debug, Serialize)]
pub(super) struct Week {
    rounds: u32,
    accounts: Vec<AccountOfWeek>,
    /// Of Microsoft's rules, as the simulated tenant saw them.
    violations: Vec<String>,
    /// Whether everything that the runs created was deleted.
    clean: bool,
}

#[derive(Debug, Serialize)]
struct AccountOfWeek {
    account: String,
    status: String,
    runs: usize,
    calls: u32,
    calls_ok: u32,
    pause_cause: Option<String>,
}

const COLUMNS: [Column; 5] =
    [Column::new("account"), Column::new("state"), Column::new("runs"), Column::new("calls"), Column::new("success")];

impl Week {
    /// The week for people.
    pub(super) fn text(&self, style: &Style) -> String {
        let rows: Vec<Row> = self.accounts.iter().map(AccountOfWeek::row).collect();
        let rules = match self.violations.first() {
            None => "The simulated tenant saw no violation of Microsoft's rules".to_owned(),
            Some(first) => {
                let count = self.violations.len();
                format!("The simulated tenant saw {count} violations of Microsoft's rules, the first: {first}")
            }
        };
        let left = if self.clean {
            "everything that the runs created was deleted again"
        } else {
            "something that the runs created still exists"
        };
        let next = "Next: `evergreen init` on this machine, or `sam deploy` on AWS (see README.md).";
        format!(
            "A simulated week, {} rounds:\n\n{}\n\n{}\n{}",
            self.rounds,
            table(style, &COLUMNS, &rows),
            hanging("", &format!("{rules}; {left}."), style.width),
            hanging("", next, style.width)
        )
    }
}

impl AccountOfWeek {
    fn row(&self) -> Row {
        let good = self.status == "active";
        let success = match self.calls {
            0 => "-".to_owned(),
            calls => format!("{:.1} %", 100.0 * f64::from(self.calls_ok) / f64::from(calls)),
        };
        let state = Cell::painted(if good { "ok" } else { &self.status }, if good { Paint::Good } else { Paint::Bad });
        let counts = [self.runs.to_string(), self.calls.to_string(), success].map(Cell::new);
        let cells = [Cell::new(&self.account), state].into_iter().chain(counts).collect();
        Row { cells, note: self.pause_cause.clone() }
    }
}

/// A temporary folder, removed when dropped.
struct TempFolder(std::path::PathBuf);

impl TempFolder {
    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TempFolder {
    fn drop(&mut self) {
        // Best effort: it only holds invented secrets.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn temp_folder() -> anyhow::Result<TempFolder> {
    let path = std::env::temp_dir().join(format!("evergreen-demo-{}", std::process::id()));
    std::fs::create_dir(&path).with_context(|| format!("creating {}", path.display()))?;
    Ok(TempFolder(path))
}
