//! Serve: one round a minute until told to stop.

use std::time::Duration;

use anyhow::Context;
use chrono::TimeDelta;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

use tracing::error;

use crate::app::App;
use crate::config::LOCAL_ROUND;
use crate::local::app::LocalApp;
use crate::round::round;
use crate::sync::sync;

const MINUTE: Duration = Duration::from_secs(60);

/// Rounds between two looks for expired history: an hour's.
const SWEEP_EVERY: u32 = 60;

/// Rounds, a minute apart, until Ctrl-C or SIGTERM. A round under way ends its runs and records them.
pub async fn serve(station: LocalApp) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("listening for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("listening for Ctrl-C")?;
    let (stopped, mut stop) = oneshot::channel();
    let watcher = tokio::spawn({
        let app = station.app.clone();
        async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            app.stop.set();
            let _ = stopped.send(());
        }
    });
    let mut rounds = 0_u32;
    while !station.app.stopping() {
        turn(&station.app).await;
        if rounds.is_multiple_of(SWEEP_EVERY)
            && let Err(error) = station.embedded.sweep()
        {
            error!(%error, "expired history could not be removed");
        }
        rounds = rounds.wrapping_add(1);
        tokio::select! {
            () = tokio::time::sleep(MINUTE) => {}
            _ = &mut stop => break,
        }
    }
    watcher.abort();
    Ok(())
}

/// Sync and a round. What fails is logged; the next turn tries again.
async fn turn(app: &std::sync::Arc<App>) {
    if let Err(error) = sync(app).await {
        error!(%error, "accounts could not be brought in line with the secrets");
    }
    let deadline = app.clock.now() + TimeDelta::from_std(LOCAL_ROUND).unwrap_or(TimeDelta::minutes(5));
    if let Err(error) = round(app, deadline).await {
        error!(%error, "the round failed");
    }
}
