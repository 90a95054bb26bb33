//! The command line of the benchmark and of its processes.

use clap::{Args, Subcommand};
use serde::Deserialize;

/// What one benchmark measures.
#[derive(Clone, Copy, Debug, Args)]
pub struct BenchArgs {
    /// Accounts that are due, 1 to 100000
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub accounts: u32,
    /// Latency of the login service, in milliseconds
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(0..=60_000))]
    pub login_ms: u32,
    /// Latency of a Graph batch, in milliseconds
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(0..=60_000))]
    pub graph_ms: u32,
    /// Accounts in flight, 1 to 1024
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub concurrency: u32,
}

/// A process of the benchmark; only the benchmark starts it.
#[derive(Debug, Subcommand)]
pub enum Part {
    Environment(BenchArgs),
    Round(Endpoints),
    Baseline(Endpoints),
    BareBaseline(Endpoints),
}

/// The addresses of the environment's proxies.
#[derive(Clone, Debug, Args, Deserialize)]
pub struct Endpoints {
    #[arg(long)]
    pub login: String,
    #[arg(long)]
    pub graph: String,
    /// Serves the requests of the round once it is over.
    #[arg(long)]
    pub recording: String,
    #[arg(long)]
    pub concurrency: u32,
    #[arg(skip)]
    #[serde(default)]
    pub dynamodb: String,
    #[arg(skip)]
    #[serde(default)]
    pub secrets: String,
}
