//! The demonstration: a simulated week of four accounts, every part real but the tenant and the clock.

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

/// The schedule of production.
const TICK: TimeDelta = TimeDelta::minutes(5);
const WEEK: TimeDelta = TimeDelta::days(7);

const TENANT: &str = "0f3c1d7e-8a54-4c7e-9b51-2f6f3f1f7a10";
const DOMAIN: &str = "contoso.onmicrosoft.com";
const USER: &str = "megan@contoso.onmicrosoft.com";
const APP: &str = "5b1e7c52-7f0a-4d0c-8a86-6a0e4a1f0c01";
const PUBLIC_APP: &str = "5b1e7c52-7f0a-4d0c-8a86-6a0e4a1f0c02";

/// Runs the week and tells of it.
pub async fn week() -> anyhow::Result<String> {
    let start: DateTime<Utc> = "2026-03-02T00:00:00Z".parse()?;
    let clock = VirtualClock::new(start);
    let tenant = FakeTenant::start(Arc::new(clock.clone()), 1).await.context("starting the tenant in a box")?;
    tenant.set_recording(false);
    tenant.add_tenant(
        Tenant::new(TENANT, DOMAIN)
            .with_user(User::new(USER, "correct horse"))
            .with_app(TenantApp::confidential(APP, "right-secret"))
            .with_app(TenantApp::public(PUBLIC_APP)),
    );
    let folder = tempfolder()?;
    write_secrets(folder.path(), &tenant)?;
    let station = station(&clock, &tenant, folder.path()).await?;
    let before = tenant.snapshot(TENANT);

    let bar = ProgressBar::new(WEEK.num_hours().unsigned_abs());
    bar.set_style(ProgressStyle::with_template("{bar:40} {pos}/{len} simulated hours  {msg}")?);
    let mut tick = start;
    let mut rounds = 0_u32;
    ask(&station.app, json!({"action": "sync"})).await?;
    while tick < start + WEEK {
        clock.set(tick.max(clock.now()));
        bar.set_position((tick - start).num_hours().unsigned_abs());
        ask(&station.app, json!({"action": "tick"})).await?;
        rounds += 1;
        tick = next_tick(&station.app, clock.now()).await?;
    }
    bar.finish_and_clear();

    tenant.deliver_mail();
    let told = tell(&station.app, &tenant, rounds, before == tenant.snapshot(TENANT)).await;
    station.close().await;
    tenant.stop();
    told
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

async fn station(clock: &VirtualClock, tenant: &FakeTenant, folder: &Path) -> anyhow::Result<LocalApp> {
    let http = crate::adapters::http::client(crate::adapters::http::Timeouts::default())?;
    let embedded = LocalDynamoDb::in_memory(http.clone()).await?;
    let config = config_for(tenant.endpoint().parse()?)?;
    let random = ChaCha12Rng::seed_from_u64(2026);
    Ok(LocalApp::build(embedded, SecretFiles::new(folder), Arc::new(clock.clone()), http, config, random))
}

async fn ask(app: &Arc<App>, event: Value) -> anyhow::Result<Value> {
    let deadline = app.clock.now() + TICK;
    Ok(handle(app, &event, deadline).await?)
}

/// The next tick of the schedule at which an account is due: those in between would find nothing to do.
async fn next_tick(app: &Arc<App>, now: DateTime<Utc>) -> anyhow::Result<DateTime<Utc>> {
    let listed = ask(app, json!({"action": "list"})).await?;
    let due = listed["accounts"].as_array().into_iter().flatten().filter_map(|account| account["next_run_at"].as_str());
    let due: Option<DateTime<Utc>> = due.min().and_then(|due| due.parse().ok());
    let seconds = due.map_or(WEEK, |due| due - now).num_seconds().max(1);
    let ticks = (seconds + TICK.num_seconds() - 1) / TICK.num_seconds();
    Ok(now + TICK * i32::try_from(ticks).unwrap_or(i32::MAX))
}

async fn tell(app: &Arc<App>, tenant: &FakeTenant, rounds: u32, clean: bool) -> anyhow::Result<String> {
    let listed = ask(app, json!({"action": "list"})).await?;
    let mut rows = Vec::new();
    for account in listed["accounts"].as_array().into_iter().flatten() {
        let id = AccountId::parse(account["account_id"].as_str().unwrap_or_default())?;
        let runs = app.accounts.history(&id, 500, app.clock.now()).await?;
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
    let manners = match violations.first() {
        None => "The tenant in a box saw no breach of Microsoft's rules".to_owned(),
        Some(first) => {
            format!("The tenant in a box saw {} breaches of Microsoft's rules, the first: {first}", violations.len())
        }
    };
    let left = if clean {
        "everything that was written was removed again"
    } else {
        "something that was written is still there"
    };
    Ok(format!(
        "A simulated week, {rounds} rounds:\n{}\n{manners}; {left}.\nNext: `evergreen init --data DIR`, or `sam deploy` (see README.md).",
        table(&columns, &rows)
    ))
}

/// A folder of its own, removed at the end.
struct TempFolder(std::path::PathBuf);

impl TempFolder {
    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TempFolder {
    fn drop(&mut self) {
        // Best effort: it holds nothing but the made-up secrets of the demonstration.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn tempfolder() -> anyhow::Result<TempFolder> {
    let path = std::env::temp_dir().join(format!("evergreen-demo-{}", std::process::id()));
    std::fs::create_dir(&path).with_context(|| format!("making {}", path.display()))?;
    Ok(TempFolder(path))
}
