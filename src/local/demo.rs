//! The demonstration: a simulated week of four accounts; everything is real except the tenant and the clock.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use chrono::{DateTime, TimeDelta, Utc};
use indicatif::{ProgressBar, ProgressStyle};
use rand::SeedableRng;
use rand::rngs::ChaCha12Rng;
use serde_json::{Value, json};

use crate::app::App;
use crate::domain::account::AccountId;
use crate::handler::handle;
use crate::local::app::{LocalApp, config_for};
use crate::local::dynamodb::LocalDynamoDb;
use crate::local::secret_files::{SecretFiles, write_private};
use crate::local::table::table;
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
pub async fn week() -> anyhow::Result<String> {
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

async fn report(app: &Arc<App>, tenant: &FakeTenant, rounds: u32, clean: bool) -> anyhow::Result<String> {
    let listed = ask(app, json!({"action": "list"})).await?;
    let mut rows = Vec::new();
    for account in listed["accounts"].as_array().into_iter().flatten() {
        let id = AccountId::parse(account["account_id"].as_str().unwrap_or_default())?;
        let runs = app.accounts.history(&id, MAX_RUNS, app.clock.now()).await?;
        let (ok, failed) = runs
            .iter()
            .fold((0, 0), |(ok, failed), run| (ok + run.calls_ok, failed + run.calls_failed + run.calls_throttled));
        let share = if ok + failed == 0 {
            "-".to_owned()
        } else {
            format!("{:.1} %", 100.0 * f64::from(ok) / f64::from(ok + failed))
        };
        rows.push(json!({
            "account": id, "status": account["status"], "runs": runs.len(), "calls": ok + failed, "success": share,
            "next": account["next_run_at"], "why": account["pause_cause"],
        }));
    }
    let columns = [
        ("account", "account"),
        ("status", "status"),
        ("runs", "runs"),
        ("calls", "calls"),
        ("success", "success"),
        ("next run", "next"),
        ("why paused", "why"),
    ];
    let violations = tenant.violations();
    let rules = match violations.first() {
        None => "The simulated tenant saw no violation of Microsoft's rules".to_owned(),
        Some(first) => {
            format!("The simulated tenant saw {} violations of Microsoft's rules, the first: {first}", violations.len())
        }
    };
    let left = if clean {
        "everything that the runs created was deleted again"
    } else {
        "something that the runs created still exists"
    };
    Ok(format!(
        "A simulated week, {rounds} rounds:\n{}\n{rules}; {left}.\nNext: `evergreen init --data DIR`, or `sam deploy` (see README.md).",
        table(&columns, &rows)
    ))
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
