//! The benchmark: one round over many due accounts, and two baselines that exchange the same messages without our logic.
//!
//! Each part is a process of its own, so that its cost is its own: the environment (an embedded DynamoDB, a stand-in for
//! Secrets Manager, the fake tenant, each behind a proxy that records), the round (the application on its real
//! adapters), and two baselines. A baseline sends the recorded requests again in the same order, and the proxies answer
//! from the recording. One uses the same clients, the AWS SDK for AWS and the HTTP client for the rest; the other sends
//! bare bytes. Nothing leaves loopback.

mod args;
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

pub(super) use args::{BenchArgs, Part};
use child::{Child, EnvironmentProcess};
pub(super) use figures::Figures;

/// Runs one process of the benchmark to its end.
///
/// # Errors
/// If the part fails.
pub(super) async fn part(part: Part) -> anyhow::Result<()> {
    match part {
        Part::Environment(args) => environment::serve(&args).await,
        Part::Round(at) => child::on_one_thread(async move || round::measure(&at).await).await,
        Part::Baseline(at) => child::on_one_thread(async move || baseline::measure(&at, true).await).await,
        Part::BareBaseline(at) => child::on_one_thread(async move || baseline::measure(&at, false).await).await,
    }
}

/// Runs the whole benchmark.
///
/// # Errors
/// Also if a run did not succeed: the figures would mean nothing.
pub(super) async fn bench(args: &BenchArgs) -> anyhow::Result<Figures> {
    let mut environment = EnvironmentProcess::start(args).await?;
    let round: round::Measured = Child::run("round", &environment.endpoints).await?;
    round.check(args.accounts)?;
    let traffic = environment.replay().await?;
    let baseline: baseline::Measured = Child::run("baseline", &environment.endpoints).await?;
    let bare_baseline: baseline::Measured = Child::run("bare-baseline", &environment.endpoints).await?;
    environment.end().await?;
    for baseline in [&baseline, &bare_baseline] {
        baseline.check(traffic.total())?;
    }
    Ok(Figures::of(args, &round, &traffic, &baseline, &bare_baseline))
}
