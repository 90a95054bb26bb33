//! Due accounts, oldest first over all shards, a page at a time.

use std::collections::VecDeque;

use chrono::{DateTime, Utc};
use futures_util::future::try_join_all;

use crate::app::App;
use crate::ports::{Cursor, Due, DuePage, InfraError};

/// Streams the due accounts. Memory holds one page of each shard, however many accounts are due.
pub(crate) struct DueStream<'a> {
    app: &'a App,
    now: DateTime<Utc>,
    shards: Vec<Shard>,
}

struct Shard {
    number: u16,
    page: VecDeque<Due>,
    next: Next,
}

enum Next {
    First,
    After(Cursor),
    End,
}

impl<'a> DueStream<'a> {
    pub(crate) fn new(app: &'a App, now: DateTime<Utc>) -> Self {
        let shards = (0..app.settings.due_shards)
            .map(|number| Shard { number, page: VecDeque::new(), next: Next::First })
            .collect();
        Self { app, now, shards }
    }

    /// The account that has been due longest, of those not returned yet.
    pub(crate) async fn next(&mut self) -> Result<Option<Due>, InfraError> {
        self.refill().await?;
        let oldest = self
            .shards
            .iter_mut()
            .filter(|shard| !shard.page.is_empty())
            .min_by(|a, b| a.page.front().map(key).cmp(&b.page.front().map(key)));
        Ok(oldest.and_then(|shard| shard.page.pop_front()))
    }

    /// Fetches the next page of every shard whose page is used up, all at once.
    async fn refill(&mut self) -> Result<(), InfraError> {
        loop {
            let (app, now) = (self.app, self.now);
            let empty: Vec<&mut Shard> = self
                .shards
                .iter_mut()
                .filter(|shard| shard.page.is_empty() && !matches!(shard.next, Next::End))
                .collect();
            if empty.is_empty() {
                return Ok(());
            }
            try_join_all(empty.into_iter().map(|shard| shard.fetch(app, now))).await?;
        }
    }
}

impl Shard {
    async fn fetch(&mut self, app: &App, now: DateTime<Utc>) -> Result<(), InfraError> {
        let after = match std::mem::replace(&mut self.next, Next::End) {
            Next::First => None,
            Next::After(cursor) => Some(cursor),
            Next::End => return Ok(()),
        };
        let DuePage { accounts, next } = app.accounts.due(self.number, now, after).await?;
        self.page = accounts.into();
        self.next = next.map_or(Next::End, Next::After);
        Ok(())
    }
}

fn key(due: &Due) -> (&str, &str) {
    (&due.next_run_at, due.id.as_str())
}
