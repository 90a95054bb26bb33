//! Notifications: what changed about accounts, published to the person who runs them.
//!
//! A notice is written with the record that causes it, and removed once it has been published: what a crash, a deadline
//! or a topic that is down left untold is published by the account's next run, or by the next sync. So it may come
//! twice, with the same id; it is never lost.

mod messages;

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::join_all;
use futures_util::stream::{self, StreamExt};
use tracing::{error, warn};

use crate::app::App;
use crate::domain::account::AccountId;
use crate::domain::account::notice::Notices;
use crate::notifications::messages::{Message, Untold, messages};
use crate::ports::{Alerts, InfraError};
use crate::run::report::RunReport;

/// Time for sending all messages of a round or a sync.
const SEND_TIMEOUT: Duration = Duration::from_secs(5);

/// Changes that one call of [`notify`] publishes; the next sync publishes the rest.
const MAX_CHANGES: usize = 1000;

/// Accounts from which told changes are removed at once.
const CONCURRENT_WRITES: usize = 16;

/// The changes that accounts have yet to tell, gathered from runs or by a sync.
#[derive(Default)]
pub(crate) struct Outbox(Vec<Untold>);

impl Outbox {
    pub(crate) fn of(run: &RunReport) -> Self {
        let mut outbox = Self::default();
        outbox.add(&run.row.account_id, &run.untold);
        outbox
    }

    pub(crate) fn add(&mut self, account: &AccountId, notices: &Notices) {
        let room = MAX_CHANGES - self.0.len();
        let untold = |notice| Untold { account: account.clone(), notice };
        self.0.extend(notices.iter().take(room).cloned().map(untold));
    }

    pub(crate) fn append(&mut self, mut other: Self) {
        other.0.truncate(MAX_CHANGES - self.0.len());
        self.0.append(&mut other.0);
    }
}

/// Publishes the changes, where there is a topic, and removes from the accounts what has been told. A failure is logged:
/// what it leaves untold is tried again later.
pub(crate) async fn notify(app: &App, outbox: &Outbox) {
    let Some(alerts) = &app.alerts else { return };
    let messages = messages(&outbox.0);
    if messages.is_empty() {
        return;
    }
    let count = messages.len();
    let (published, failure) = publish(alerts.as_ref(), &messages).await;
    if let Some(error) = failure {
        error!(%error, messages = count, "not every alert could be sent; it is tried again with the next run or sync");
    }
    let told = published.iter().flat_map(|message| &outbox.0[message.tells.clone()]);
    let mut by_account: BTreeMap<&AccountId, Vec<String>> = BTreeMap::new();
    for untold in told {
        by_account.entry(&untold.account).or_default().push(untold.notice.id.clone());
    }
    stream::iter(&by_account).for_each_concurrent(CONCURRENT_WRITES, |(account, ids)| forget(app, account, ids)).await;
}

/// The messages that were published in time, and the first failure.
async fn publish<'a>(alerts: &dyn Alerts, messages: &'a [Message]) -> (Vec<&'a Message>, Option<InfraError>) {
    let send = |message: &'a Message| async move {
        match tokio::time::timeout(SEND_TIMEOUT, alerts.publish(&message.alert)).await {
            Ok(Ok(())) => Ok(message),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(InfraError::unavailable("publishing changes", "no answer in time")),
        }
    };
    let (mut published, mut failure) = (Vec::new(), None);
    for result in join_all(messages.iter().map(send)).await {
        match result {
            Ok(message) => published.push(message),
            Err(error) => failure = failure.or(Some(error)),
        }
    }
    (published, failure)
}

/// Removes what has been told from the account. Where that fails, or a run holds the account, it is told again.
async fn forget(app: &App, id: &AccountId, ids: &[String]) {
    let removed = async {
        let Some(found) = app.accounts.get(id).await? else { return Ok(()) };
        let mut account = found.account;
        if account.untold.remove(ids) {
            app.accounts.update(&account, app.clock.now()).await?;
        }
        Ok::<_, InfraError>(())
    };
    if let Err(error) = removed.await {
        warn!(account = %id, %error, "a notice that has been published could not be removed; it is published again");
    }
}
