//! `serve`: one round a minute until told to stop.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use tracing::{error, info, warn};

use crate::app::App;
use crate::config::LOCAL_ROUND;
use crate::domain::account::AccountId;
use crate::local::app::{LocalApp, connection};
use crate::local::cli::args::Data;
use crate::local::file_faults::file_faults;
use crate::local::network::Connection;
use crate::local::output::answer::{self, Sync};
use crate::local::output::changes::{NewAccount, changes};
use crate::local::output::text::printable;
use crate::local::print;
use crate::local::signals::stop_on_signal;
use crate::round::round;
use crate::sync::sync;

const ROUND_INTERVAL: Duration = Duration::from_secs(60);
/// Rounds between two deletions of expired history: an hour's.
const ROUNDS_PER_SWEEP: u32 = 60;
/// New accounts whose first run is printed.
const MAX_NEW_SHOWN: usize = 20;

/// Runs rounds, a minute apart, until a signal. A round under way ends its runs and records them. `sentences`: whether
/// people read the output.
///
/// # Errors
/// If the folder cannot be opened. Later faults are logged, and the next round tries again.
pub(super) async fn serve(at: &Data, sentences: bool) -> anyhow::Result<()> {
    let connection = connection()?;
    let local = LocalApp::open(&at.data, connection.client.clone()).await?;
    let _signals = stop_on_signal(&local.app).context("listening for signals")?;
    let mut faults = Faults { sentences, offline: false, shown: BTreeSet::new() };
    let mut rounds = 0_u32;
    if sentences {
        let data = printable(&at.data.display().to_string());
        print::line(&format!("evergreen {} · {data} · Ctrl-C stops", env!("CARGO_PKG_VERSION")));
        connection.notes.iter().for_each(|note| print::line(note));
    } else {
        connection.notes.iter().for_each(|note| info!(network = note, "network"));
    }
    while !local.app.stopping() {
        turn(&local.app, &connection, &at.data, &mut faults).await;
        if rounds.is_multiple_of(ROUNDS_PER_SWEEP)
            && let Err(error) = local.embedded.sweep()
        {
            error!(%error, "expired history could not be removed");
        }
        rounds = rounds.wrapping_add(1);
        local.app.sleep(ROUND_INTERVAL).await;
    }
    if sentences {
        print::line("stopped; 0 runs under way");
    }
    Ok(())
}

/// A sync and a round. What fails is logged; the next turn tries again.
async fn turn(app: &Arc<App>, connection: &Connection, data: &Path, faults: &mut Faults) {
    match sync(app).await {
        Ok(report) if faults.sentences => {
            if let Ok(sync) = answer::read(json!(report)) {
                show_changes(app, &sync, data, faults).await;
            }
        }
        Ok(_) => {}
        Err(error) => error!(%error, "accounts could not be brought in line with the secrets"),
    }
    let offline = if any_due(app).await { connection.offline().await } else { None };
    if let Some(cause) = offline {
        // A run that sends nothing would fail and put its account off for hours.
        if !std::mem::replace(&mut faults.offline, true) {
            warn!(error = cause, "due accounts wait; trying again every minute");
        }
        return;
    }
    faults.offline = false;
    let deadline = app.clock.now() + TimeDelta::from_std(LOCAL_ROUND).unwrap_or(TimeDelta::minutes(5));
    if let Err(error) = round(app, deadline).await {
        error!(%error, "the round failed");
    }
}

/// The faults that were shown already: they are shown once, and again after they changed.
struct Faults {
    sentences: bool,
    /// Whether due accounts wait for the network.
    offline: bool,
    shown: BTreeSet<String>,
}

async fn any_due(app: &App) -> bool {
    let now = app.clock.now();
    for shard in 0..app.settings.due_shards {
        // The round itself reports a table that cannot be read.
        if app.accounts.due(shard, now, None).await.is_ok_and(|page| !page.accounts.is_empty()) {
            return true;
        }
    }
    false
}

async fn show_changes(app: &Arc<App>, sync: &Sync, data: &Path, faults: &mut Faults) {
    let style = print::output_style();
    let mut created = Vec::new();
    for account in sync.created.iter().take(MAX_NEW_SHOWN) {
        created.push(NewAccount { account: account.clone(), first_run: first_run(app, account).await });
    }
    for line in changes(&style, sync, &created) {
        print::line(&line);
    }
    let found: BTreeSet<String> = file_faults(&style, data, sync, None).into_iter().collect();
    for line in found.difference(&faults.shown) {
        print::line(line);
    }
    faults.shown = found;
}

async fn first_run(app: &App, account: &str) -> Option<DateTime<Utc>> {
    let id = AccountId::parse(account).ok()?;
    app.accounts.get(&id).await.ok()??.account.next_run_at
}
