//! A simulated day of very many accounts: how late their runs begin, how many wait, and what each costs.
//!
//! Real: schedule, plans, outcomes, and in one series the adapter and the embedded tables. Modelled: time, Microsoft's
//! latencies, and the places in which runs go on (`docs/scale.md` tells of it).

mod account_store;
mod capacity;
mod chart;
mod cost;
mod day;
mod latency;
mod latency_histogram;
mod table;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::Args;

use account_store::{Memory, Store, Tables};
use capacity::Topology;
use day::{Setting, day};
use latency::Latency;

#[derive(Clone, Debug, Args)]
pub struct SimulateArgs {
    /// How many accounts, one simulated day for each number; in memory
    #[arg(long, value_delimiter = ',', default_value = "1000,10000,100000,300000,1000000")]
    accounts: Vec<u32>,
    /// The same with the embedded tables, through the adapter; 0 for none
    #[arg(long, value_delimiter = ',', default_value = "100,1000,10000")]
    table_accounts: Vec<u32>,
    /// Accounts in flight in one round without fan-out
    #[arg(long, default_value_t = 32)]
    concurrency: usize,
    /// Workers of ten accounts each, with fan-out
    #[arg(long, default_value_t = 32)]
    workers: usize,
    /// Partitions of the due index, 1 to 64
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=64))]
    shards: u16,
    /// Latency of a token request, in milliseconds
    #[arg(long, default_value_t = 100)]
    login_ms: u32,
    /// Latency of a batch, in milliseconds
    #[arg(long, default_value_t = 200)]
    graph_ms: u32,
    /// Begin no further day after so many minutes
    #[arg(long, default_value_t = 10)]
    minutes: u64,
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Draw the growth curves into this file
    #[arg(long)]
    svg: Option<PathBuf>,
}

/// Plans that are really drawn.
const PLANS: u64 = 1024;
/// Latency of a write to the tables, in milliseconds.
const TABLE: i64 = 10;

/// Simulates the days and tells of them in Markdown.
///
/// # Errors
/// Where the tables fail, or the drawing cannot be written.
pub async fn simulate(asked: &SimulateArgs) -> anyhow::Result<String> {
    let clock = Instant::now();
    let latency = Latency { login: asked.login_ms.into(), graph: asked.graph_ms.into(), table: TABLE };
    let setting = Setting::new(PLANS, latency, asked.seed)?;
    let one = Topology::OneInvocation { concurrency: asked.concurrency };
    let fan_out = Topology::FanOut { workers: asked.workers };
    let series = [
        ("tables", one, &asked.table_accounts),
        ("one invocation", one, &asked.accounts),
        ("fan-out", fan_out, &asked.accounts),
    ];
    let (mut days, mut left_out) = (Vec::new(), Vec::new());
    for (name, form, counts) in series {
        for accounts in counts.iter().filter(|accounts| **accounts > 0) {
            if clock.elapsed() > Duration::from_secs(asked.minutes * 60) {
                left_out.push(format!("{accounts} ({name})"));
                continue;
            }
            let store = match name {
                "tables" => Store::Tables(Tables::open(asked.shards).await?),
                _ => Store::Memory(Memory::default()),
            };
            days.push(day(name, *accounts, form, store, &setting).await?);
        }
    }
    if let Some(path) = &asked.svg {
        std::fs::write(path, chart::svg(&days)).with_context(|| format!("writing {}", path.display()))?;
    }
    let stale: usize = days.iter().map(|day| day.stale).sum();
    let mut told = table::markdown(&days);
    told += &format!("\n\nClaims whose lease ended before a worker was free: {}.", table::grouped(stale));
    if !left_out.is_empty() {
        told += &format!("\nNo time was left for: {}.", left_out.join(", "));
    }
    Ok(told)
}
