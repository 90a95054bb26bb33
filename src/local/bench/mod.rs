//! The benchmark: one round over many due accounts, beside the very same exchanges with no logic.
//!
//! Each part is a process, so that its cost is its own: the world (an embedded DynamoDB, a stand-in for Secrets Manager,
//! the fake tenant, each behind a door that records), the round (the house on its real adapters), and two floors (the
//! recorded requests, sent again in the same order, with no logic; the doors answer from the recording): one by the same
//! clients, the AWS SDK's to AWS and the HTTP client to the rest, and one of bare bytes. Nothing leaves loopback.

mod baseline;
mod baseline_sdk;
mod child;
mod environment;
mod figures;
mod recording;
mod recording_proxy;
mod round;
mod secrets_manager;
mod usage;

use clap::{Args, Subcommand};
use serde::Deserialize;

use child::{Child, World};
pub use figures::Figures;

/// What one benchmark measures.
#[derive(Clone, Copy, Debug, Args)]
pub struct BenchArgs {
    /// Accounts that are due, 1 to 100000
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub accounts: u32,
    /// Milliseconds that the login service takes
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(0..=60_000))]
    pub login_ms: u32,
    /// Milliseconds that Graph takes for a batch
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(0..=60_000))]
    pub graph_ms: u32,
    /// Accounts in flight, 1 to 1024
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub concurrency: u32,
}

/// A process of the benchmark; started by it alone.
#[derive(Debug, Subcommand)]
pub enum Part {
    World(BenchArgs),
    Round(Where),
    Floor(Where),
    BareFloor(Where),
}

/// Where the world's doors are.
#[derive(Clone, Debug, Args, Deserialize)]
pub struct Where {
    #[arg(long)]
    login: String,
    #[arg(long)]
    graph: String,
    /// The requests of the round, once it is over.
    #[arg(long)]
    recording: String,
    #[arg(long)]
    concurrency: u32,
    #[arg(skip)]
    #[serde(default)]
    dynamodb: String,
    #[arg(skip)]
    #[serde(default)]
    secrets: String,
}

/// Plays one part to its end.
pub async fn part(part: Part) -> anyhow::Result<()> {
    match part {
        Part::World(asked) => environment::serve(&asked).await,
        Part::Round(at) => child::alone(async move || round::measure(&at).await).await,
        Part::Floor(at) => child::alone(async move || baseline::measure(&at, true).await).await,
        Part::BareFloor(at) => child::alone(async move || baseline::measure(&at, false).await).await,
    }
}

/// Runs the whole.
///
/// # Errors
/// Also where a run did not go as it should: the figures would mean nothing.
pub async fn bench(asked: &BenchArgs) -> anyhow::Result<Figures> {
    let mut world = World::start(asked).await?;
    let round: round::Measured = Child::run("round", &world.doors).await?;
    round.check(asked.accounts)?;
    let traffic = world.replay().await?;
    let floor: baseline::Measured = Child::run("floor", &world.doors).await?;
    let bare_floor: baseline::Measured = Child::run("bare-floor", &world.doors).await?;
    world.end().await?;
    for floor in [&floor, &bare_floor] {
        floor.check(traffic.total())?;
    }
    Ok(Figures::of(asked, &round, &traffic, &floor, &bare_floor))
}
