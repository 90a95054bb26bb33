//! The accounts of a simulated day: in memory, or in the embedded tables through the adapter.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use anyhow::{Context, bail};
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::adapters::aws::dynamodb::DynamoAccounts;
use crate::domain::account::history::{CallResult, HistoryRow};
use crate::domain::account::{Account, AccountId};
use crate::domain::plan::Step;
use crate::local::dynamodb::{ACCOUNTS, LocalDynamoDb, RUNS};
use crate::local::simulate::latency::time;
use crate::local::simulate::run::Run;
use crate::ports::{AccountStore, Claim, ClaimKind, ClaimRequest, RecordResult};
use crate::run::claim::LEASE;

/// Concurrent requests to the tables.
const MAX_IN_FLIGHT: usize = 32;

pub(super) enum Store {
    Memory(Memory),
    Tables(Tables),
}

/// Keeps of an account only what its next run depends on.
#[derive(Default)]
pub(super) struct Memory {
    consecutive_failures: Vec<u32>,
    due: BinaryHeap<Reverse<(i64, u32)>>,
}

pub(super) struct Tables {
    accounts: DynamoAccounts,
    shards: u16,
}

/// An account's number, and since when it has been due.
pub(super) type Due = (u32, i64);

fn id(number: u32) -> anyhow::Result<AccountId> {
    Ok(AccountId::parse(&format!("account-{number}"))?)
}

fn number(id: &AccountId) -> anyhow::Result<u32> {
    let number = id.as_str().strip_prefix("account-").and_then(|number| number.parse().ok());
    number.with_context(|| format!("the table holds an account of another program: {id}"))
}

impl Store {
    /// Creates the accounts, each due at its time.
    pub(super) async fn fill(&mut self, times: Vec<DateTime<Utc>>) -> anyhow::Result<()> {
        match self {
            Self::Memory(memory) => {
                memory.consecutive_failures = vec![0; times.len()];
                memory.due = (0..).zip(times).map(|(number, at)| Reverse((at.timestamp_millis(), number))).collect();
                Ok(())
            }
            Self::Tables(tables) => tables.fill(times).await,
        }
    }

    /// Updates the list of due accounts, oldest first; those that an earlier tick left in `due` stay due.
    pub(super) async fn list(&mut self, now: i64, due: &mut VecDeque<Due>) -> anyhow::Result<()> {
        match self {
            Self::Memory(memory) => {
                while let Some(Reverse((at, number))) = memory.due.peek().copied().filter(|Reverse((at, _))| *at <= now)
                {
                    memory.due.pop();
                    due.push_back((number, at));
                }
                Ok(())
            }
            Self::Tables(tables) => {
                *due = tables.list(now).await?;
                Ok(())
            }
        }
    }

    /// Claims that no worker takes: the accounts are due again when the lease ends.
    pub(super) async fn abandon(&mut self, claims: &[(u32, i64)]) -> anyhow::Result<()> {
        match self {
            Self::Memory(memory) => {
                let lease = LEASE.num_milliseconds();
                memory.due.extend(claims.iter().map(|(number, claimed)| Reverse((claimed + lease, *number))));
                Ok(())
            }
            Self::Tables(tables) => {
                let claim = |(number, claimed): (u32, i64)| tables.claim(number, claimed);
                let claims = stream::iter(claims.iter().copied()).map(claim).buffer_unordered(MAX_IN_FLIGHT);
                claims.try_for_each(|_| async { Ok(()) }).await
            }
        }
    }

    /// Carries runs out: claim, outcome, record and history.
    pub(super) async fn carry_out(&mut self, runs: &[Run<'_>]) -> anyhow::Result<()> {
        match self {
            Self::Memory(memory) => runs.iter().try_for_each(|run| memory.carry_out(run)),
            Self::Tables(tables) => {
                let runs = stream::iter(runs).map(|run| tables.carry_out(run)).buffer_unordered(MAX_IN_FLIGHT);
                runs.try_collect::<()>().await
            }
        }
    }
}

impl Memory {
    fn carry_out(&mut self, run: &Run<'_>) -> anyhow::Result<()> {
        let failures = self.consecutive_failures.get_mut(run.number as usize).context("an account of the day")?;
        let mut account = Account::new(id(run.number)?, time(run.claimed));
        account.consecutive_failures = *failures;
        run.settle(&mut account);
        *failures = account.consecutive_failures;
        let next = account.next_run_at.context("an active account has a next run")?;
        self.due.push(Reverse((next.timestamp_millis(), run.number)));
        Ok(())
    }
}

impl Tables {
    pub(super) async fn open(shards: u16) -> anyhow::Result<Self> {
        let database = LocalDynamoDb::in_memory().await?;
        let (client, retention) = (database.client.clone(), TimeDelta::days(30));
        let accounts = DynamoAccounts::new(client, ACCOUNTS.to_owned(), RUNS.to_owned(), shards, retention);
        Ok(Self { accounts, shards })
    }

    async fn fill(&self, times: Vec<DateTime<Utc>>) -> anyhow::Result<()> {
        let create = |(number, at): (u32, DateTime<Utc>)| async move {
            anyhow::ensure!(
                self.accounts.create(&Account::new(id(number)?, at)).await?,
                "account {number} exists already"
            );
            Ok(())
        };
        stream::iter((0..).zip(times)).map(create).buffer_unordered(MAX_IN_FLIGHT).try_collect::<()>().await
    }

    async fn list(&self, now: i64) -> anyhow::Result<VecDeque<Due>> {
        let mut found = Vec::new();
        for shard in 0..self.shards {
            let mut after = None;
            loop {
                let page = self.accounts.due(shard, time(now), after).await?;
                for due in page.accounts {
                    let since: DateTime<Utc> = due.next_run_at.parse()?;
                    found.push((number(&due.id)?, since.timestamp_millis()));
                }
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
        }
        found.sort_unstable_by_key(|(number, since)| (*since, *number));
        Ok(found.into())
    }

    async fn claim(&self, number: u32, at: i64) -> anyhow::Result<(Account, String)> {
        let run_id = format!("{number}-{at}");
        let now = time(at);
        let request = ClaimRequest { run_id: run_id.clone(), now, lease_ends_at: now + LEASE, kind: ClaimKind::Due };
        match self.accounts.claim(&id(number)?, &request).await? {
            Claim::Taken { found, .. } => Ok((found.account, run_id)),
            Claim::Lost => bail!("account {number} was due at {now}, but its claim was lost"),
        }
    }

    async fn carry_out(&self, run: &Run<'_>) -> anyhow::Result<()> {
        let (mut account, run_id) = self.claim(run.number, run.claimed).await?;
        account.run_id = None;
        run.settle(&mut account);
        let call = |step: &Step| CallResult {
            operation: step.operation.id.to_owned(),
            ok: true,
            status: 200,
            error_code: None,
            request_id: None,
        };
        let row = HistoryRow {
            account_id: account.id.clone(),
            started_at: time(run.begins),
            ended_at: time(run.ends),
            run_id: run_id.clone(),
            seed: run.seed,
            outcome: run.outcome.as_str().to_owned(),
            reason: run.outcome.reason(),
            calls_ok: u32::try_from(run.plan.steps.len())?,
            calls_failed: 0,
            calls_throttled: 0,
            calls: run.plan.steps.iter().map(call).collect(),
            next_run_at: account.next_run_at,
        };
        let recorded = self.accounts.record(&account, &run_id).await?;
        anyhow::ensure!(recorded == RecordResult::Written, "account {}: the claim was lost", run.number);
        Ok(self.accounts.add_history(&row).await?)
    }
}
