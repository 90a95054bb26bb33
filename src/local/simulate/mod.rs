//! A simulated day of very many accounts: lateness of their runs, accounts waiting, and cost.
//!
//! Real: schedule, plans, outcomes, and in one series the adapter and the embedded tables. Modelled: time, Microsoft's
//! latencies, and capacity (`docs/scale.md` describes the model).

mod account_store;
mod capacity;
mod chart;
mod cost;
mod day;
mod latency;
mod latency_histogram;
mod run;
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
    /// Numbers of accounts, one simulated day for each; in memory
    #[arg(long, value_delimiter = ',', default_value = "1000,10000,100000,300000,1000000")]
    accounts: Vec<u32>,
    /// The same, with the embedded tables through the adapter; 0 for none
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
    /// Start no further day after this many minutes
    #[arg(long, default_value_t = 10)]
    minutes: u64,
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Write the growth curves to this SVG file
    #[arg(long)]
    svg: Option<PathBuf>,
}

/// Number of real plans that runs choose from.
const PLAN_COUNT: u64 = 1024;
/// Latency of a write to the tables.
const TABLE_LATENCY_MS: i64 = 10;

/// Simulates the days; returns a report in Markdown.
///
/// # Errors
/// If the tables fail, or the chart cannot be written.
pub(super) async fn simulate(args: &SimulateArgs) -> anyhow::Result<String> {
    let clock = Instant::now();
    let latency = Latency { login: args.login_ms.into(), graph: args.graph_ms.into(), table: TABLE_LATENCY_MS };
    let setting = Setting::new(PLAN_COUNT, latency, args.seed)?;
    let one = Topology::OneInvocation { concurrency: args.concurrency };
    let fan_out = Topology::FanOut { workers: args.workers };
    let series = [
        ("tables", one, &args.table_accounts),
        ("one invocation", one, &args.accounts),
        ("fan-out", fan_out, &args.accounts),
    ];
    let (mut days, mut left_out) = (Vec::new(), Vec::new());
    for (name, topology, counts) in series {
        for accounts in counts.iter().filter(|accounts| **accounts > 0) {
            if clock.elapsed() > Duration::from_secs(args.minutes * 60) {
                left_out.push(format!("{accounts} ({name})"));
                continue;
            }
            let store = match name {
                "tables" => Store::Tables(Tables::open(args.shards).await?),
                _ => Store::Memory(Memory::default()),
            };
            days.push(day(name, *accounts, topology, store, &setting).await?);
        }
    }
    if let Some(path) = &args.svg {
        std::fs::write(path, chart::svg(&days)).with_context(|| format!("writing {}", path.display()))?;
    }
    let stale: usize = days.iter().map(|day| day.stale).sum();
    let mut report = table::markdown(&days);
    report += &format!("\n\nClaims whose lease ended before a worker was free: {}.", table::grouped(stale));
    if !left_out.is_empty() {
        report += &format!("\nLeft out for lack of time: {}.", left_out.join(", "));
    }
    Ok(report)
}
