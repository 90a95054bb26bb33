//! A command's work on a data folder: opens it, carries events out, and stops on a signal.

use anyhow::Context;
use chrono::TimeDelta;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::config::LOCAL_ROUND;
use crate::domain::account::AccountId;
use crate::event::Event;
use crate::handler::{handle, handle_event};
use crate::local::app::{LocalApp, connection};
use crate::local::cli::args::Data;
use crate::local::file_faults::file_faults;
use crate::local::network::Connection;
use crate::local::output::answer::{self, Sync};
use crate::local::print;
use crate::local::signals::{SignalWatcher, stop_on_signal};

pub(super) struct Session {
    local: LocalApp,
    at: Data,
    connection: Connection,
    _signals: SignalWatcher,
}

impl Session {
    /// Opens the folder.
    pub(super) async fn open(at: &Data) -> anyhow::Result<Self> {
        let connection = connection()?;
        let local = LocalApp::open(&at.data, connection.client.clone()).await?;
        let signals = stop_on_signal(&local.app).context("listening for signals")?;
        Ok(Self { local, at: at.clone(), connection, _signals: signals })
    }

    /// Carries an event out.
    pub(super) async fn ask(&self, event: Event) -> anyhow::Result<Value> {
        Ok(handle_event(&self.local.app, event, self.deadline()?).await?)
    }

    /// Carries an event out, and reads the answer.
    pub(super) async fn answer<T: DeserializeOwned>(&self, event: Event) -> anyhow::Result<T> {
        answer::read(self.ask(event).await?)
    }

    /// Carries out an event of the function.
    pub(super) async fn ask_json(&self, event: &Value) -> anyhow::Result<Value> {
        Ok(handle(&self.local.app, event, self.deadline()?).await?)
    }

    fn deadline(&self) -> anyhow::Result<chrono::DateTime<chrono::Utc>> {
        Ok(self.local.app.clock.now() + TimeDelta::from_std(LOCAL_ROUND)?)
    }

    /// Whether there is any account.
    pub(super) async fn has_accounts(&self) -> anyhow::Result<bool> {
        let answer = self.ask(Event::List { after: None }).await?;
        Ok(answer["accounts"].as_array().is_some_and(|accounts| !accounts.is_empty()))
    }

    /// Whether the login service can be reached.
    ///
    /// # Errors
    /// If it cannot: the host and the cause. A run would fail, and the next one would be hours away.
    pub(super) async fn require_network(&self) -> anyhow::Result<()> {
        match self.connection.offline().await {
            Some(cause) => anyhow::bail!("{cause} Nothing was run."),
            None => Ok(()),
        }
    }

    pub(super) fn stopping(&self) -> bool {
        self.local.app.stopping()
    }

    pub(super) fn json(&self) -> bool {
        self.at.json.json
    }

    /// Makes accounts match the secret files, so that a file that was just written counts. Faulty and unused files are
    /// named on standard error: all of them, or those of one account.
    pub(super) async fn sync(&self, only: Option<&AccountId>) -> anyhow::Result<Sync> {
        let sync: Sync = self.answer(Event::Sync).await?;
        let style = print::note_style();
        for line in file_faults(&style, &self.at.data, &sync, only) {
            print::note(&line);
        }
        Ok(sync)
    }
}
