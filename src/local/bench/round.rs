//! The measured process: the application on its real adapters, for one round.

use std::sync::Arc;
use std::time::Instant;

use chrono::TimeDelta;
use rand::SeedableRng;
use rand::rngs::ChaCha12Rng;
use serde::{Deserialize, Serialize};
use tracing::instrument::WithSubscriber;
use tracing::level_filters::LevelFilter;

use super::args::Endpoints;
use super::usage;
use crate::app::App;
use crate::bootstrap::Parts;
use crate::config::Config;
use crate::local::dynamodb::{ACCOUNTS, RUNS};
use crate::telemetry::{self, LogFormat, output};

/// Cost of one round. Wall time and CPU are the round's; memory is the whole process's.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Measured {
    pub wall_s: f64,
    pub cpu_s: f64,
    pub peak_rss_mb: Option<f64>,
    claimed: u32,
    succeeded: u32,
    calls_ok: u32,
}

impl Measured {
    /// # Errors
    /// If not every account's run succeeded with all its calls.
    pub(crate) fn check(&self, accounts: u32) -> anyhow::Result<()> {
        let Self { claimed, succeeded, calls_ok, .. } = *self;
        anyhow::ensure!(
            claimed == accounts && succeeded == accounts && calls_ok == 12 * accounts,
            "of {accounts} accounts {claimed} were claimed, {succeeded} succeeded, with {calls_ok} calls"
        );
        Ok(())
    }
}

/// Measures one round over all due accounts.
pub(super) async fn measure(at: &Endpoints) -> anyhow::Result<Measured> {
    let app = Arc::new(app(at).await?);
    let log = telemetry::dispatch(LevelFilter::INFO, LogFormat::Json, output::stdout);
    let deadline = app.clock.now() + TimeDelta::days(1);
    let (cpu, started) = (usage::cpu()?, Instant::now());
    let report = crate::round::round(&app, deadline).with_subscriber(log).await?;
    let (wall, cpu) = (started.elapsed(), usage::cpu()? - cpu);
    Ok(Measured {
        wall_s: wall.as_secs_f64(),
        cpu_s: cpu.as_secs_f64(),
        peak_rss_mb: usage::peak_rss_mb(),
        claimed: report.claimed,
        succeeded: report.succeeded,
        calls_ok: report.calls_ok,
    })
}

/// As the function builds it; region, credentials and endpoints of AWS come from the environment.
async fn app(at: &Endpoints) -> anyhow::Result<App> {
    let config = Config::read(|name| match name {
        "ACCOUNTS_TABLE" => Some(ACCOUNTS.to_owned()),
        "RUNS_TABLE" => Some(RUNS.to_owned()),
        "CONCURRENCY" => Some(at.concurrency.to_string()),
        "LOGIN_ENDPOINT" => Some(at.login.clone()),
        "GRAPH_ENDPOINT" => Some(at.graph.clone()),
        _ => None,
    })?;
    Ok(Parts::on_aws(config).await?.app(ChaCha12Rng::seed_from_u64(2026)))
}
